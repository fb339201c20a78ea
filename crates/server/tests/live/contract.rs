//! The contract as it stands in files for others.

use std::{fs, path::Path};

use serde_json::{Value, json};

fn is_kept(name: &str, now: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas").join(name);
    let kept = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if kept.as_ref() == Some(now) {
        return;
    }
    assert!(
        std::env::var_os("SWARM_UPDATE").is_some(),
        "schemas/{name} is not what the types say: run the test `contract` with SWARM_UPDATE=1, and if an old client would \
         not read it, make a new version"
    );
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // In the order of the alphabet: a change is then as small in the file as it is.
    let mut now = now.clone();
    now.sort_all_objects();
    fs::write(path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
}

#[test]
fn the_kept_schemas_are_those_of_the_types() {
    is_kept("ws_messages.schema.json", &swarm_server::live_schema());
    is_kept("asyncapi.json", &swarm_server::asyncapi());
}

#[test]
fn every_reference_in_them_leads_somewhere() {
    for document in [swarm_server::live_schema(), swarm_server::asyncapi()] {
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}

#[test]
fn the_schema_takes_frames_and_refuses_what_lacks_a_part_of_the_head() {
    let schema = jsonschema::validator_for(&swarm_server::live_schema()).unwrap();
    let whole = json!({ "id": "c1-1", "version": "2026-11-21", "time": "2026-11-21T00:00:00Z", "correlation_id": "c",
        "type": "pong", "position": 7, "re": null });
    assert!(schema.is_valid(&whole));
    for part in ["id", "version", "time", "correlation_id", "type", "position"] {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(part);
        assert!(!schema.is_valid(&without), "{part}");
    }
    assert!(schema.is_valid(&json!({ "type": "subscribe", "paths": ["events"] })));
    assert!(!schema.is_valid(&json!({ "type": "subscribe", "paths": "events" })));
    assert!(!schema.is_valid(&json!({ "type": "nothing" })));
}

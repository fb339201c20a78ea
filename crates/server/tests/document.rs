//! The document that clients are made from.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(swarm_server::document()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let path = path.clone();
        let methods = item.as_object().unwrap().clone();
        methods
            .into_iter()
            .map(move |(method, operation)| (method, path.clone(), operation))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn the_clients_copy_of_the_document_is_this_servers() {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/openapi.json");
    let mut document = document();
    let stored = fs::read_to_string(&copy).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if stored.as_ref() == Some(&document) {
        return;
    }
    assert!(
        std::env::var_os("SWARM_UPDATE").is_some(),
        "crates/client/openapi.json is not what the routes say: run this test with SWARM_UPDATE=1, then the client's"
    );
    // In the order of the alphabet: a change is then as small in the file as it is.
    document.sort_all_objects();
    fs::write(copy, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
}

#[test]
fn it_is_openapi_3_1_and_every_operation_says_what_it_is_and_how_it_fails() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].to_string()), "{place}: the name is taken");
        assert!(operation["summary"].is_string(), "{place}: no summary");
        assert!(operation["tags"][0].is_string(), "{place}: no tag");
        let problem =
            &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(problem, "#/components/schemas/ProblemDocument", "{place}");
    }
}

#[test]
fn every_path_parameter_is_described() {
    for (method, path, operation) in operations(&document()) {
        let named: BTreeSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described: BTreeSet<_> =
            parameters.iter().filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
        assert_eq!(named, described, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

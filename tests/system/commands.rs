//! What one asks of a run, and does to it.

use serde_json::Value;

use crate::{
    model::{WRITES_GREET, WRITES_SHOUT},
    world::{World, count, git},
};

#[test]
fn a_configuration_with_an_unknown_key_stops_a_build_before_it_begins() {
    let Some(world) = World::new() else { return };
    world.write("swarm.toml", "[build]\nmax_paralel = 2\n");
    let ended = world.built(&[]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("config.") && ended.err.contains("swarm config check"), "{ended:?}");
    let checked = world.swarm(&["config", "check"]);
    assert_eq!(checked.code, 2, "{checked:?}");
    let said = format!("{}{}", checked.out, checked.err);
    assert!(said.contains("max_paralel") && said.contains("max_parallel"), "{checked:?}");
    let ended = {
        world.write("swarm.toml", "");
        world.built(&["--max-paralel", "2"])
    };
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(!world.data().exists(), "something was made for it");
}

#[test]
fn everything_that_a_build_did_can_be_asked_for_afterwards() {
    let Some(world) = World::new() else { return };
    for missing in [&["run", "show"][..], &["ticket", "list"], &["pr", "show"], &["trace", "REQ-1"]] {
        world.swarm(missing).failed(1, "run.none");
    }
    let ended = world.built(&["--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for line in ended.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["body"]["type"].is_string(), "{line}");
    }
    assert_eq!(count(&ended.documents(), "merged"), 2);
    world.is_whole();

    let trace = world.swarm(&["trace", "REQ-2"]);
    for expected in ["PROVEN", "sh shout.sh Ada", "HELLO, ADA!", "commit "] {
        assert!(trace.out.contains(expected), "{expected}: {trace:?}");
    }
    let trace = world.json(&["trace", "REQ-1"]);
    assert_eq!(trace["requirements"][0]["requirement"]["id"], "REQ-1");
    world.swarm(&["trace", "REQ-9"]).failed(1, "store.not_found");

    let request = world.swarm(&["pr", "show", "--diff"]);
    for expected in ["2 of 2 are proven", "HELLO, ADA!", "+sh greet.sh"] {
        assert!(request.out.contains(expected), "{expected}: {request:?}");
    }
    assert!(world.json(&["pr", "show", "--diff"])["diff"].is_string());
    assert_eq!(world.json(&["ticket", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(world.json(&["run", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&["plan", "show"])["plan"]["tickets"].as_array().unwrap().len(), 2);

    let found = world.json(&["doctor"]);
    let faults = |one: &&Value| one["standing"] == "missing";
    let faults: Vec<_> = found.as_array().unwrap().iter().filter(faults).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_ticket_that_is_given_up_does_not_take_merged_work_with_it() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[WRITES_SHOUT]);
    let _up = world.up();
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_SHOUT, 0);
    let tickets = world.json(&["ticket", "list"]);
    let of = |requirement: &str| {
        let serves = |ticket: &&Value| ticket["requirements"][0] == requirement;
        let found = tickets.as_array().unwrap().iter().find(serves).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    world.swarm(&["ticket", "cancel", &of("REQ-1")]).failed(1, "ticket.not_allowed");
    world.swarm(&["ticket", "cancel", "T-99"]).failed(1, "store.not_found");
    let ended = world.swarm(&["ticket", "cancel", &of("REQ-2"), "--reason", "not needed"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = build.ended();
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(world.state(), "cancelled");
    let request = world.swarm(&["pr", "show"]);
    assert!(request.out.contains("1 of 2"), "{request:?}");
    let events = world.events();
    assert_eq!((count(&events, "merged"), count(&events, "person_asked")), (1, 1));
}

#[test]
fn a_run_that_is_cancelled_stops_and_stays_stopped() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    let ended = world.swarm(&["run", "cancel", "--reason", "changed my mind"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(build.ended().code, 1);
    drop(up);

    world.model.hold(&[]);
    let known = world.model.calls().len();
    let _up = world.up();
    assert_eq!(world.state(), "cancelled");
    assert_eq!(world.model.calls().len(), known, "nobody works on it");
    assert_eq!(git(&world.repo(), &["branch", "--all"]), "");
}

//! A build that is made by workers elsewhere: real processes with data folders of their own, over real HTTP.

use std::{fs, net::TcpListener, path::Path, process::Command};

use nix::sys::signal::Signal;

use crate::{
    model::{WRITES_GREET, WRITES_SHOUT},
    program::Running,
    world::{World, count, eventually},
};

/// A server that keeps its address when it starts anew, and leases that do not keep a test waiting.
pub fn settle(world: &World) -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "[server]\nport = {port}\n[flows.retry]\nwaits_ms = [10, 10]\n[flows.claims]\nlease_seconds = 10\n"
    );
    world.write("swarm.toml", config);
    format!("http://127.0.0.1:{port}")
}

pub fn worker(world: &World, url: &str, name: &str) -> Running {
    worker_with(world, url, name, &world.data().join("server.json"))
}

pub fn worker_with(world: &World, url: &str, name: &str, token: &Path) -> Running {
    world.start(worker_command(world, url, name, token))
}

/// A worker that knows nothing of the server's data folder but the token.
pub fn worker_command(world: &World, url: &str, name: &str, token: &Path) -> Command {
    let arguments = ["worker", "--server", url, "--token-file", token.to_str().unwrap(), "--name", name];
    let mut command = world.command(&arguments);
    command.env("SWARM_DATA", world.path().join(name)).env_remove("DATABASE_URL");
    command
}

/// Waits until this worker has claimed something.
pub fn holds(world: &World, name: &str) {
    world.until(&format!("a claim of {name}"), |events| {
        events.iter().any(|event| event["body"]["type"] == "work_claimed" && event["body"]["worker"] == name)
    });
}

#[test]
fn two_workers_elsewhere_build_it_though_one_of_them_and_the_server_are_killed() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let first = worker(&world, &url, "first");
    world.model.asked(WRITES_GREET, 0);
    holds(&world, "first");
    let known = world.model.calls().len();
    first.signal(Signal::SIGKILL);
    first.ended();
    world.model.hold(&[WRITES_SHOUT]);
    // The lease of the dead one runs out, and the other takes over.
    let second = worker(&world, &url, "second");
    world.model.asked(WRITES_GREET, known);
    world.until("returned work", |events| count(events, "work_returned") > 0);
    up.signal(Signal::SIGKILL);
    up.ended();
    world.model.hold(&[]);
    let up = world.up();
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    let events = world.events();
    assert!(count(&events, "claim_expired") >= 1, "the dead one's");
    assert_eq!(count(&events, "attempt_started"), 2, "a worker that is lost costs no attempt");
    assert_eq!(count(&events, "tool_called"), 0, "the server made none of it itself");
    second.signal(Signal::SIGTERM);
    assert_eq!(second.ended().code, 0);
    drop(up);
}

#[test]
fn a_worker_that_is_told_to_stop_gives_its_work_to_the_next_at_once() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    world.model.hold(&[WRITES_GREET]);
    let _up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let first = worker(&world, &url, "first");
    world.model.asked(WRITES_GREET, 0);
    first.signal(Signal::SIGTERM);
    let ended = first.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("given back"), "{ended:?}");
    world.model.hold(&[]);
    let second = worker(&world, &url, "second");
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    assert_eq!(count(&world.events(), "claim_expired"), 0);
    assert!(!second.has_ended());
}

#[test]
fn a_worker_without_a_server_waits_for_it_and_one_of_a_taken_name_is_refused() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    let token = world.path().join("token.json");
    fs::write(&token, "the-token-of-before").unwrap();
    let early = worker_with(&world, &url, "early", &token);
    eventually("the worker's word", || {
        fs::read_to_string(&early.err).unwrap().contains("client.unreachable").then_some(())
    });
    worker_with(&world, &url, "early", &token).ended().failed(1, "worker.name_taken");
    let _up = world.up();
    // Refused until the new token is copied.
    fs::copy(world.data().join("server.json"), &token).unwrap();
    let ended = world.built(&["--claimed"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    assert!(!early.has_ended());
}

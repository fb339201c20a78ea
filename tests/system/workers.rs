//! Several processes that work on one database: one that is killed, stopped or told to end is replaced by another, and
//! nothing is done twice.

use std::{fs, time::Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    model::{PLANS, WRITES_GREET, WRITES_SHOUT},
    program::Running,
    world::{PATIENCE, World, count, eventually, git},
};

const GPU: [&str; 2] = ["--labels", "gpu"];

/// Starts a worker, and waits until it works.
pub fn worker(world: &World, name: &str, more: &[&str]) -> Running {
    let worker = world.start(world.command(&[&["worker", "--name", name], more].concat()));
    eventually("the worker", || {
        assert!(!worker.has_ended(), "{}", said(&worker));
        fs::read_to_string(&worker.out).unwrap().contains("the worker works").then_some(())
    });
    worker
}

/// What it has said so far to standard error.
fn said(running: &Running) -> String {
    fs::read_to_string(&running.err).unwrap()
}

/// What `swarm worker list` says of one.
fn seen(world: &World, name: &str) -> Value {
    let list = world.json(&["worker", "list", "--all"]);
    let mut found = list.as_array().unwrap().iter().filter(|worker| worker["name"] == name);
    let one = found.next().unwrap_or_else(|| panic!("{name} is not in {list}")).clone();
    assert!(found.next().is_none(), "once: {list}");
    one
}

/// Whether a node works on something of this kind.
pub fn works_on(world: &World, name: &str, kind: &str) -> bool {
    let worker = seen(world, name);
    let works = worker["works_on"].as_array().into_iter().flatten();
    works.filter_map(Value::as_str).any(|id| id.starts_with(kind))
}

/// A run whose tickets only a worker with the label may work on, which one does by now.
fn begun_by_one(world: &World) -> (Running, Running, Running) {
    let up = world.up();
    let one = worker(world, "one", &GPU);
    world.model.hold(&[WRITES_GREET]);
    let build = world.start(world.build(&["--json", "--label", "gpu"]));
    world.model.asked(WRITES_GREET, 0);
    assert!(works_on(world, "one", "ticket/"), "{}", seen(world, "one"));
    (up, one, build)
}

/// Waits until the question is asked once more, by whoever took over.
fn taken_over(world: &World, known: usize, what: &str) {
    let began = Instant::now();
    world.model.asked(WRITES_GREET, known);
    let after = began.elapsed();
    println!("{what}: taken over after {} ms", after.as_millis());
    assert!(after < PATIENCE / 4, "{after:?}");
}

fn is_done(world: &World, build: Running) {
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
}

/// Everything that git knows, of the repository and of what the nodes keep.
fn refs(world: &World) -> String {
    let mirrors = fs::read_dir(world.data().join("mirrors")).into_iter().flatten().flatten();
    let folders = mirrors.map(|entry| entry.path()).filter(|path| path.is_dir()).chain([world.repo()]);
    folders.map(|folder| git(&folder, &["for-each-ref"]) + "\n").collect()
}

#[test]
fn a_killed_workers_ticket_is_finished_by_another_one() {
    let Some(world) = World::shared() else { return };
    let (_up, one, build) = begun_by_one(&world);
    let _two = worker(&world, "two", &GPU);
    let known = world.model.calls().len();
    one.signal(Signal::SIGKILL);
    one.ended();
    taken_over(&world, known, "a killed worker's ticket");
    assert_eq!(seen(&world, "one")["state"], "dead");
    world.model.hold(&[]);
    is_done(&world, build);
    assert_eq!(world.model.answers(WRITES_GREET), 1);
    assert_eq!(count(&world.events(), "attempt_started"), 2);
}

#[test]
fn a_killed_servers_build_is_finished_by_a_worker() {
    let Some(world) = World::shared() else { return };
    let up = world.up();
    world.model.hold(&[WRITES_GREET]);
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    let _one = worker(&world, "one", &[]);
    let known = world.model.calls().len();
    up.signal(Signal::SIGKILL);
    up.ended();
    taken_over(&world, known, "a killed server's build");
    world.model.hold(&[]);
    eventually("the run's end", || (world.state() == "done").then_some(()));
    world.is_whole();
    drop(build);
}

#[test]
fn a_worker_that_was_stopped_for_too_long_writes_nothing_when_it_wakes() {
    let Some(world) = World::shared() else { return };
    let (_up, one, build) = begun_by_one(&world);
    let token = seen(&world, "one")["token"].as_u64().unwrap();
    let _two = worker(&world, "two", &GPU);
    let known = world.model.calls().len();
    one.signal(Signal::SIGSTOP);
    taken_over(&world, known, "a stopped worker's ticket");
    // Both are answered; one of them does not hear it.
    world.model.hold(&[]);
    is_done(&world, build);

    let (events, known) = (world.events(), refs(&world));
    one.signal(Signal::SIGCONT);
    eventually("a new token", || {
        assert!(!one.has_ended(), "{}", said(&one));
        let seen = seen(&world, "one");
        (seen["token"].as_u64().unwrap() > token && seen["state"] == "live").then_some(())
    });
    let why = said(&one);
    assert!(why.contains("others do its work now") && why.contains("writes nothing more"), "{why}");
    assert_eq!(world.events(), events, "{why}");
    assert_eq!(refs(&world), known);
    world.is_whole();

    one.signal(Signal::SIGTERM);
    let ended = one.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(seen(&world, "one")["state"], "left");
}

#[test]
fn a_worker_that_is_told_to_stop_ends_its_step_and_another_one_goes_on() {
    let Some(world) = World::shared() else { return };
    let (_up, one, build) = begun_by_one(&world);
    let _two = worker(&world, "two", &GPU);
    one.signal(Signal::SIGTERM);
    eventually("draining", || (seen(&world, "one")["state"] == "draining").then_some(()));
    assert!(!one.has_ended(), "a step is under way: {}", said(&one));
    let held = world.model.calls().len();
    world.model.hold(&[WRITES_SHOUT]);
    let began = Instant::now();
    let ended = one.ended();
    println!("drained {} ms after its step could end", began.elapsed().as_millis());
    assert_eq!(ended.code, 0, "{ended:?}");
    let left = seen(&world, "one");
    assert_eq!(left["state"], "left", "{left}");
    world.model.asked(WRITES_SHOUT, held);
    assert!(works_on(&world, "two", "ticket/"), "{}", seen(&world, "two"));
    world.model.hold(&[]);
    is_done(&world, build);
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "what was answered is not asked again: {who}");
    }
}

#[test]
fn a_second_signal_stops_a_draining_worker_at_once() {
    let Some(world) = World::shared() else { return };
    let (_up, one, build) = begun_by_one(&world);
    one.signal(Signal::SIGTERM);
    eventually("draining", || said(&one).contains("again to stop at once").then_some(()));
    one.signal(Signal::SIGTERM);
    let ended = one.ended();
    assert_eq!(ended.code, 130, "{ended:?}");
    let _two = worker(&world, "two", &GPU);
    world.model.hold(&[]);
    is_done(&world, build);
}

#[test]
fn a_name_that_lives_and_another_data_folder_are_refused() {
    let Some(world) = World::shared() else { return };
    let one = worker(&world, "one", &[]);
    world.swarm(&["worker", "--name", "one"]).failed(1, "worker.name_taken");
    let mut elsewhere = world.command(&["worker", "--name", "two"]);
    elsewhere.env("SWARM_DATA", world.path().join("elsewhere"));
    world.start(elsewhere).ended().failed(1, "worker.other_folder");
    assert!(!one.has_ended());
    // The name of one that was killed is free at once.
    one.signal(Signal::SIGKILL);
    one.ended();
    let _again = worker(&world, "one", &[]);
    assert_eq!(seen(&world, "one")["token"], 2);
}

#[test]
fn a_run_that_needs_a_label_waits_and_says_so_until_a_worker_offers_it() {
    let Some(world) = World::shared() else { return };
    let _up = world.up();
    let _plain = worker(&world, "plain", &[]);
    let build = world.start(world.build(&["--json", "--label", "gpu"]));
    world.until("a run", |events| count(events, "run_started") > 0);
    let shown = eventually("the warning", || {
        let shown = world.swarm(&["run", "show"]);
        (shown.out.contains("--labels gpu") || shown.err.contains("--labels gpu")).then_some(shown)
    });
    println!("{}{}", shown.out, shown.err);
    assert_eq!(world.model.answers(WRITES_GREET), 0);
    assert_eq!(count(&world.events(), "attempt_started"), 0);
    let _gpu = worker(&world, "big", &["--labels", "gpu,eu", "--only-labels"]);
    is_done(&world, build);
    let shown = world.swarm(&["run", "show"]);
    assert!(!shown.out.contains("--labels gpu"), "{shown:?}");
    println!("{}", world.swarm(&["worker", "list"]).out);
}

#[test]
fn work_goes_on_by_itself_when_the_private_postgresql_is_killed() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[PLANS, WRITES_GREET, WRITES_SHOUT]);
    let up = world.up();
    let build = world.start(world.build(&["--json"]));
    for held in [&[PLANS, WRITES_GREET, WRITES_SHOUT][..], &[WRITES_GREET, WRITES_SHOUT], &[WRITES_SHOUT]] {
        world.model.hold(held);
        world.model.asked(held[0], 0);
        world.kill_postgres();
    }
    world.model.hold(&[]);
    is_done(&world, build);
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "{who}");
    }
    assert!(!up.has_ended());
}

#[test]
fn work_goes_on_by_itself_when_a_shared_postgresql_is_killed_and_comes_back() {
    let Some(world) = World::shared() else { return };
    let (up, one, build) = begun_by_one(&world);
    let two = worker(&world, "two", &GPU);
    let database = world.database();
    database.kill();
    // What the model says meanwhile is kept until it can be written down.
    world.model.hold(&[WRITES_SHOUT]);
    eventually("an answer", || (world.model.answers(WRITES_GREET) == 1).then_some(()));
    database.revive();
    world.model.asked(WRITES_SHOUT, 0);
    database.kill();
    database.revive();
    world.model.hold(&[]);
    is_done(&world, build);
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "{who}");
    }
    for (name, running) in [("one", &one), ("two", &two)] {
        let seen = seen(&world, name);
        assert_eq!((&seen["state"], &seen["token"]), (&"live".into(), &1.into()), "nobody was dead: {seen}");
        assert!(!running.has_ended());
    }
    assert!(!up.has_ended());
}

#[test]
fn two_that_start_at_once_take_up_a_build_once() {
    let Some(world) = World::shared() else { return };
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    up.signal(Signal::SIGKILL);
    up.ended();
    drop(build);
    world.model.hold(&[]);
    let start = |name| world.start(world.command(&["worker", "--name", name]));
    let both = ["one", "two"].map(start);
    eventually("the run's end", || {
        assert!(!both.iter().any(Running::has_ended), "{both:?}", both = both.each_ref().map(said));
        (world.state() == "done").then_some(())
    });
    world.is_whole();
    assert_eq!(world.model.answers(WRITES_GREET), 1);
    assert_eq!(count(&world.events(), "attempt_started"), 2);
}

#[test]
fn a_stopped_workers_build_is_not_written_to_by_it_when_it_wakes() {
    let Some(world) = World::shared() else { return };
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    let watching = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    up.signal(Signal::SIGKILL);
    up.ended();
    drop(watching);
    let known = world.model.calls().len();
    let names = ["one", "two"];
    let both = names.map(|name| worker(&world, name, &[]));
    world.model.asked(WRITES_GREET, known);
    let builds = eventually("who took the build over", || {
        names.iter().position(|name| works_on(&world, name, "build/"))
    });
    let token = seen(&world, names[builds])["token"].as_u64().unwrap();
    both[builds].signal(Signal::SIGSTOP);
    world.model.hold(&[]);
    eventually("the run's end", || (world.state() == "done").then_some(()));
    world.is_whole();
    let (events, known) = (world.events(), refs(&world));
    both[builds].signal(Signal::SIGCONT);
    eventually("a new token", || {
        assert!(!both[builds].has_ended(), "{}", said(&both[builds]));
        (seen(&world, names[builds])["token"].as_u64().unwrap() > token).then_some(())
    });
    assert_eq!(world.events(), events, "{}", said(&both[builds]));
    assert_eq!(refs(&world), known);
    world.is_whole();
}

#[test]
fn a_run_survives_that_each_worker_in_turn_is_killed_with_the_build_in_its_hands() {
    let Some(world) = World::shared() else { return };
    let up = world.up();
    world.model.hold(&[PLANS]);
    let watching = world.start(world.build(&["--json"]));
    world.model.asked(PLANS, 0);
    world.model.hold(&[]);
    world.until("a run", |events| count(events, "run_started") > 0);
    up.signal(Signal::SIGKILL);
    up.ended();
    drop(watching);
    let mut at_work = vec![("w0".to_owned(), worker(&world, "w0", &[]))];
    for (number, events) in [6, 10, 14, 18].into_iter().enumerate() {
        let name = format!("w{}", number + 1);
        at_work.push((name.clone(), worker(&world, &name, &[])));
        world.until("another event", |seen| seen.len() >= events || count(seen, "run_state_changed") > 0);
        let builds = at_work.iter().position(|(name, _)| works_on(&world, name, "build/"));
        let (_, felled) = at_work.remove(builds.unwrap_or(0));
        felled.signal(Signal::SIGKILL);
        felled.ended();
    }
    eventually("the run's end", || (world.state() == "done").then_some(()));
    world.is_whole();
    assert_eq!(count(&world.events(), "attempt_started"), 2);
}

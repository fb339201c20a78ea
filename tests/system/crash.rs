//! Processes that end in the middle: the next one goes on, and does nothing twice.

use nix::sys::signal::Signal;

use crate::{
    model::{PLANS, WRITES_GREET, WRITES_SHOUT},
    program::Running,
    world::{World, count, eventually},
};

/// Kills swarm, and PostgreSQL with it where that is wanted.
fn fell(world: &World, up: Running, with_postgres: bool) {
    up.signal(Signal::SIGKILL);
    up.ended();
    assert!(world.postgres().is_some(), "the private PostgreSQL outlives swarm");
    if with_postgres {
        world.kill_postgres();
    }
}

/// Killed while a model thinks, after the first commit, and while a model thinks over work that is merged.
fn survives_kill_9(with_postgres: bool) {
    let Some(world) = World::new() else { return };
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    // Somebody watches it all along.
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    fell(&world, up, with_postgres);

    let known = world.model.calls().len();
    world.model.hold(&[WRITES_SHOUT]);
    let up = world.up();
    world.model.asked(WRITES_GREET, known);
    world.until("a commit", |events| count(events, "committed") > 0);
    fell(&world, up, with_postgres);

    let known = world.model.calls().len();
    let up = world.up();
    world.model.asked(WRITES_SHOUT, known);
    world.until("a merge", |events| count(events, "merged") == 1);
    fell(&world, up, with_postgres);

    world.model.hold(&[]);
    let up = world.up();
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "what was answered is not asked again: {who}");
    }
    assert_eq!(count(&world.events(), "attempt_started"), 2);
    up.signal(Signal::SIGINT);
    let ended = up.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(world.postgres().is_none(), "who leaves last stops it");
    // The books are still open to who asks later.
    world.is_whole();
}

#[test]
fn a_run_survives_kill_9_of_swarm() {
    survives_kill_9(false);
}

#[test]
fn a_run_survives_kill_9_of_swarm_and_its_database() {
    survives_kill_9(true);
}

#[test]
fn a_run_survives_kill_9_after_any_event() {
    let Some(world) = World::new() else { return };
    let mut up = world.up();
    let build = world.start(world.build(&["--json"]));
    let mut kills = 0;
    for events in [4, 8, 12, 16, 20] {
        world.until("another event", |seen| seen.len() >= events || count(seen, "run_state_changed") > 0);
        fell(&world, up, events % 8 == 0);
        kills += 1;
        up = world.up();
    }
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    // A reply that came in the very moment is lost with the process; any other is known.
    let answered = world.model.calls().iter().filter(|call| call.answered).count();
    assert!(answered <= 4 + kills, "{answered} answers for 4 questions");
    let events = world.events();
    assert_eq!(count(&events, "model_called"), 3, "two authors and a summary");
    assert_eq!(count(&events, "attempt_started"), 2);
    drop(up);
}

#[test]
fn ctrl_c_ends_a_build_with_130_and_a_later_swarm_up_finishes_it() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[WRITES_SHOUT]);
    let build = world.start(world.build(&[]));
    world.model.asked(WRITES_SHOUT, 0);
    build.signal(Signal::SIGINT);
    let ended = build.ended();
    ended.failed(130, "cli.interrupted");
    assert!(world.postgres().is_none(), "it left nothing running");
    assert_eq!(world.state(), "running");

    world.model.hold(&[]);
    let _up = world.up();
    let followed = world.swarm(&["run", "logs", "--follow", "--json"]);
    assert_eq!(followed.code, 0, "{followed:?}");
    world.is_whole();
    assert_eq!(world.model.answers(WRITES_GREET), 1);
}

#[test]
fn ctrl_c_while_planning_leaves_a_plan_that_a_later_swarm_up_draws_up() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[PLANS]);
    let build = world.start(world.build(&[]));
    world.model.asked(PLANS, 0);
    build.signal(Signal::SIGINT);
    build.ended().failed(130, "cli.interrupted");
    world.model.hold(&[]);
    let _up = world.up();
    eventually("the plan", || {
        let plan = world.json(&["plan", "show"]);
        (plan["plan"]["tickets"].as_array()?.len() == 2).then_some(())
    });
}

#[test]
fn a_second_swarm_up_says_that_one_runs_and_where() {
    let Some(world) = World::new() else { return };
    let up = world.up();
    let said = std::fs::read_to_string(&up.out).unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    let second = world.swarm(&["up"]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.out.contains("already runs"), "{second:?}");
    assert!(second.out.contains(said["url"].as_str().unwrap()), "{second:?}");
    // Options that only count where the work is done are not dropped in silence.
    world.built(&["--sandbox", "process"]).failed(2, "cli.server_runs");
    assert!(!up.has_ended(), "the first one works on");
}

#[test]
fn two_swarm_ups_at_once_on_a_new_folder_become_one() {
    let Some(world) = World::new() else { return };
    let start = || world.start(world.command(&["up"]));
    let both = [start(), start()];
    let loser = eventually("one that gives way", || both.iter().position(Running::has_ended));
    let mut both = both.into_iter();
    let (a, b) = (both.next().unwrap(), both.next().unwrap());
    let (loser, winner) = if loser == 0 { (a, b) } else { (b, a) };
    let loser = loser.ended();
    let said = format!("{}{}", loser.out, loser.err);
    assert!(said.contains("already") || said.contains("[server.taken]"), "{loser:?}");
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!winner.has_ended());
}

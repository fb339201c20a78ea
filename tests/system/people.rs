//! People in the loop, with the real program: it is killed while it waits, and between an answer and what follows from
//! it, and goes on once.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    model::{WRITES_GREET, WRITES_SHOUT},
    world::{World, count},
};

/// One person is all there is on this machine.
const CONFIG: &str = r#"
[flows.retry]
waits_ms = [10, 10]

[[flows.approvals.rules]]
name = "every plan"
on = "plan"
four_eyes = false

[[flows.approvals.rules]]
name = "greeting"
on = "diff"
paths = ["greet.sh"]
four_eyes = false
"#;

fn waiting(world: &World) -> Vec<Value> {
    world.json(&["approvals"]).as_array().unwrap().clone()
}

fn kill(up: crate::program::Running) {
    up.signal(Signal::SIGKILL);
    up.ended();
}

#[test]
fn a_run_that_waits_for_a_person_survives_kill_9_and_goes_on_once_with_an_answer_that_came_while_nobody_worked()
 {
    let Some(world) = World::new() else { return };
    world.write("swarm.toml", CONFIG);
    let up = world.up();
    let build = world.start(world.build(&["--json"]));
    world.until("a question about the plan", |events| count(events, "interrupt_raised") == 1);
    // Killed while it waits, and again.
    kill(up);
    kill(world.up());
    let question = waiting(&world).remove(0);
    assert_eq!((&question["kind"], &question["state"]), (&"plan_review".into(), &"waiting".into()));
    assert_eq!(question["blocked"].as_array().unwrap().len(), 2);
    let id = question["id"].as_str().unwrap();
    assert_eq!(count(&world.events(), "attempt_started"), 0);

    // Nobody is at work: the answer is written down, and counts.
    let answered = world.swarm(&["approve", id]);
    assert_eq!(answered.code, 0, "{answered:?}");
    assert!(answered.out.contains("accepted by"), "{answered:?}");
    world.swarm(&["reject", id]).failed(1, "interrupt.decided");
    let up = world.up();
    world.until("a question about a change", |events| count(events, "interrupt_raised") == 2);
    let question = waiting(&world).remove(0);
    let id = question["id"].as_str().unwrap();
    let shown = world.swarm(&["approvals", id]);
    assert!(shown.out.contains("+echo \"Hello, $1!\""), "the change is shown: {shown:?}");
    let run = world.swarm(&["run", "show"]);
    assert!(run.out.contains(id), "{run:?}");
    // Answered, and killed before it can go far.
    assert_eq!(world.swarm(&["approve", id]).code, 0);
    kill(up);
    let up = world.up();
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    let events = world.events();
    for (name, times) in [("interrupt_raised", 2), ("interrupt_answered", 2), ("attempt_started", 2)] {
        assert_eq!(count(&events, name), times, "{name}");
    }
    for who in [WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "nothing was asked twice: {who}");
    }
    assert_eq!(waiting(&world), Vec::<Value>::new());
    drop(up);
}

#[test]
fn what_waits_is_shown_and_a_wrong_answer_says_what_to_do() {
    let Some(world) = World::new() else { return };
    assert_eq!(world.swarm(&["approvals"]).out.trim(), "nothing waits for a person");
    world.swarm(&["approve", "int_nobody"]).failed(1, "store.not_found");
    world.write("swarm.toml", CONFIG.replace("four_eyes = false", "people = [\"somebody-else\"]"));
    let _up = world.up();
    let _build = world.start(world.build(&["--json"]));
    world.until("a question", |events| count(events, "interrupt_raised") == 1);
    let question = waiting(&world).remove(0);
    let id = question["id"].as_str().unwrap();
    let table = world.swarm(&["approvals"]);
    assert!(table.out.contains("plan review") && table.out.contains(id), "{table:?}");
    world.swarm(&["approve", id]).failed(1, "interrupt.own_request");
    assert_eq!(world.swarm(&["run", "cancel"]).code, 0);
    world.until("the end", |events| count(events, "run_state_changed") == 1);
    world.swarm(&["approve", id]).failed(1, "interrupt.decided");
    let all = world.json(&["approvals", "--all"]);
    assert_eq!(all[0]["state"], "withdrawn");
}

//! Which way a ticket goes to who works on it: begun at once by a node that is alone, else over the queue.

use std::fs;

use nix::sys::signal::Signal;

use crate::{
    model::{WRITES_GREET, WRITES_SHOUT},
    workers::{worker, works_on},
    world::{World, eventually},
};

#[test]
fn a_ticket_that_a_lone_node_began_is_no_work_for_one_that_leaves_it_to_others() {
    let Some(world) = World::shared() else { return };
    let up = world.up();
    world.model.hold(&[WRITES_GREET, WRITES_SHOUT]);
    let build = world.start(world.build(&["--json"]));
    world.model.asked(WRITES_GREET, 0);
    let mut picky = world.command(&["worker", "--name", "picky", "--labels", "gpu", "--only-labels"]);
    picky.env("OPENAI_API_KEY", "picky");
    let picky = world.start(picky);
    eventually("the other node", || {
        fs::read_to_string(&picky.out).unwrap().contains("the worker works").then_some(())
    });
    up.signal(Signal::SIGKILL);
    up.ended();
    eventually("the build at the other node", || works_on(&world, "picky", "build/").then_some(()));
    // It goes on where somebody takes it.
    let known = world.model.calls().len();
    let _one = worker(&world, "one", &[]);
    world.model.asked(WRITES_GREET, known);
    world.model.hold(&[]);
    eventually("the run's end", || (world.state() == "done").then_some(()));
    world.is_whole();
    let wrote = |call: &&crate::model::Call| call.asked.contains("You may write only");
    let calls = world.model.calls();
    let by_picky = calls.iter().filter(wrote).filter(|call| call.key.contains("picky")).count();
    assert_eq!(by_picky, 0, "of {}", calls.len());
    assert!(!picky.has_ended());
    drop(build);
}

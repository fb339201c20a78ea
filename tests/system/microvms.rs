//! Builds in microVMs, and what is left of these when swarm ends: nothing.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nix::sys::signal::Signal;
use swarm_sandbox::Home;

use crate::world::{World, eventually};

#[allow(dead_code, reason = "shared with the tests of the sandbox")]
#[path = "../../crates/sandbox/tests/ground/leftovers.rs"]
pub mod leftovers;
#[allow(dead_code, reason = "shared with the tests of the sandbox")]
#[path = "../../crates/sandbox/tests/ground/microvm.rs"]
pub mod microvm;

/// A world, and what microVMs are made from; none where this machine lacks something, which is said.
pub fn world() -> Option<(World, Home)> {
    let world = World::new()?;
    match microvm::home() {
        Ok(home) => Some((world, home)),
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    }
}

pub fn with(home: &Home, mut command: Command) -> Command {
    command.env("SWARM_VM_DIR", home.folder());
    command
}

/// Where its sandboxes are on record.
pub fn state(world: &World) -> PathBuf {
    world.data().join("sandboxes")
}

pub fn nothing_is_left(state: &Path, tags: &BTreeSet<String>) {
    let left = leftovers::Leftovers::of(state, tags);
    assert!(left.is_nothing(), "{left:?}");
}

#[test]
fn when_a_server_is_told_to_end_the_microvm_that_waited_goes_too() {
    let Some((world, home)) = world() else { return };
    let up = world.start(with(&home, world.command(&["up", "--json", "--sandbox", "qemu"])));
    // Trying the rung used one; another is ready for who comes next.
    eventually("a microVM that waits", || {
        assert!(!up.has_ended(), "{}", fs::read_to_string(&up.err).unwrap());
        let ready = fs::read_to_string(&up.out).unwrap().ends_with('\n');
        (ready && !microvm::monitors(&state(&world)).is_empty()).then_some(())
    });
    let tags = leftovers::tags(&state(&world));
    assert!(!tags.is_empty());
    up.signal(Signal::SIGTERM);
    let ended = up.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    nothing_is_left(&state(&world), &tags);
}

#[test]
fn a_build_in_microvms_is_whole_and_leaves_none_of_them() {
    let Some((world, home)) = world() else { return };
    let build = world.start(with(&home, world.build(&["--sandbox", "qemu"])));
    let tags = eventually("its microVMs", || {
        let tags = leftovers::tags(&state(&world));
        (build.has_ended() || !leftovers::processes(&tags).is_empty()).then_some(tags)
    });
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!tags.is_empty() && ended.err.contains("sandbox: qemu"), "{ended:?}");
    nothing_is_left(&state(&world), &tags);
    world.is_whole();
}

//! Places that cannot be written to: a disk that is full, a folder that is read-only. What was done stays, the reason is
//! said, and the work is taken up again when the fault is mended.

use crate::{
    model::{PLANS, WRITES_GREET, WRITES_SHOUT},
    mount::Mount,
    program::Ended,
    world::{World, count, files, git},
};

/// Stopped for a person, with a reason and with the command that takes it up again.
#[track_caller]
fn needs_a_person(ended: &Ended, reason: &str) {
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains(reason), "{reason}: {ended:?}");
    assert!(ended.out.contains("swarm ticket retry"), "{ended:?}");
}

/// Takes up each ticket that needs a person; where the run alone does, any of them.
fn taken_up_again(world: &World) {
    let tickets = world.json(&["ticket", "list"]);
    let all = tickets.as_array().unwrap();
    let mut stuck: Vec<_> = all.iter().filter(|ticket| ticket["state"]["state"] == "needs_person").collect();
    if stuck.is_empty() {
        stuck.push(&all[0]);
    }
    for ticket in stuck {
        let ended = world.swarm(&["ticket", "retry", ticket["id"].as_str().unwrap()]);
        println!("{}", ended.err);
    }
    assert_eq!(world.state(), "done", "{:?}", world.swarm(&["run", "show"]));
}

#[test]
fn a_full_disk_stops_a_build_with_the_reason_and_it_goes_on_when_there_is_room() {
    let Some(world) = World::shared() else { return };
    let Some(disk) = Mount::new(&world.data(), 24) else { return };
    world.model.hold(&[WRITES_SHOUT]);
    let build = world.start(world.build(&[]));
    world.model.asked(WRITES_SHOUT, 0);
    disk.fill();
    world.model.hold(&[]);
    let ended = build.ended();
    needs_a_person(&ended, "No space left on device");

    disk.make_room();
    taken_up_again(&world);
    assert_eq!(count(&world.events(), "merged"), 2);
    world.is_whole();
    for who in [PLANS, WRITES_GREET] {
        assert_eq!(world.model.answers(who), 1, "what was answered is not asked again: {who}");
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_is_named_and_nothing_is_begun() {
    let Some(world) = World::shared() else { return };
    let Some(disk) = Mount::new(&world.data(), 1) else { return };
    let before = files(&world.repo());
    disk.fill();
    let ended = world.built(&[]);
    assert!(ended.code != 0 && ended.err.contains("No space left on device"), "{ended:?}");
    assert!(ended.err.contains("next: "), "{ended:?}");
    assert!(files(&world.repo()) == before, "the repository was touched");
    disk.make_room();
}

#[test]
fn a_data_folder_that_is_read_only_is_named_and_nothing_is_begun() {
    let Some(world) = World::shared() else { return };
    let Some(disk) = Mount::new(&world.data(), 24) else { return };
    let before = files(&world.repo());
    disk.read_only(true);
    let ended = world.built(&[]);
    let said = ended.err.to_lowercase();
    assert!(ended.code != 0 && said.contains("read-only file system"), "{ended:?}");
    assert!(ended.err.contains("next: ") && ended.err.contains(world.data().to_str().unwrap()), "{ended:?}");
    assert!(files(&world.repo()) == before, "the repository was touched");

    disk.read_only(false);
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "the same command goes through: {ended:?}");
    world.is_whole();
}

#[test]
fn a_repository_that_became_read_only_gets_its_branch_when_it_can_be_written_again() {
    let Some(world) = World::new() else { return };
    let Some(disk) = Mount::new(&world.repo(), 24) else { return };
    git(world.path(), &["init", "-q", "-b", "main", "repo"]);
    world.model.hold(&[WRITES_SHOUT]);
    let build = world.start(world.build(&[]));
    world.model.asked(WRITES_SHOUT, 0);
    disk.read_only(true);
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.out.contains("cannot be written to") && ended.out.contains("forge.repo_unwritable"),
        "{ended:?}"
    );

    disk.read_only(false);
    taken_up_again(&world);
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "what was answered is not asked again: {who}");
    }
}

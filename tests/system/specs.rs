//! Specs that nothing can be built from.

use std::path::Path;

use crate::world::{World, files, git};

fn example(name: &str) -> String {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/specs");
    specs.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_spec_that_cannot_be_read_is_refused_before_anything_is_made() {
    let Some(world) = World::new() else { return };
    world.write("empty.md", "");
    world.write("blank.md", " \n\t\n");
    world.write("binary.md", b"# Tool\n\n## REQ-1: x\n\n\x00\x01\xff\xfe");
    world.write("huge.md", "All work and no play.\n".repeat(2_500_000));
    world.write("idle.md", "# Tool\n\nIt would be nice.\n");
    let before = files(&world.repo());
    for (spec, exit, code) in [
        ("empty.md", 1, "spec.empty"),
        ("blank.md", 1, "spec.empty"),
        ("binary.md", 1, "spec.binary"),
        ("huge.md", 1, "spec.too_large"),
        ("idle.md", 1, "spec.no_requirements"),
        (&example("cyclic.md"), 1, "spec.cyclic"),
        (&example("contradictory.md"), 1, "spec.contradictory_ids"),
        ("missing.md", 2, "cli.no_spec"),
        ("repo", 2, "cli.no_spec"),
    ] {
        let ended = world.swarm(&["build", spec, "--repo", "repo", "--yes"]);
        ended.failed(exit, code);
    }
    assert!(files(&world.repo()) == before, "the repository was touched");
    assert!(!world.data().exists(), "something was made for it");
    assert!(world.model.calls().is_empty(), "a model was asked");
}

#[test]
fn a_spec_that_the_lint_blocks_gets_no_run_and_no_branch() {
    let Some(world) = World::new() else { return };
    let ended = world.swarm(&["build", &example("vague.md"), "--repo", "repo", "--yes"]);
    ended.failed(1, "plan.blocked");
    assert_eq!(git(&world.repo(), &["branch", "--all"]), "");
    world.swarm(&["run", "show"]).failed(1, "run.none");
}

#[test]
fn the_lint_says_of_each_example_what_it_is_an_example_of() {
    let Some(world) = World::new() else { return };
    for (name, code) in [
        ("cyclic.md", "spec.cyclic"),
        ("contradictory.md", "spec.contradictory_ids"),
        ("vague.md", "plan.blocked"),
    ] {
        world.swarm(&["plan", "lint", &example(name)]).failed(1, code);
    }
    let linted = world.json(&["plan", "lint", &example("greet.md")]);
    assert_eq!(linted["spec"]["requirements"].as_array().unwrap().len(), 3);
    assert!(!world.data().exists(), "a lint needs no data folder");
}

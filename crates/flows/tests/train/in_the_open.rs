//! The train, with commands that give each other signs: nothing here depends on who is faster.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt as _, sync::Arc};

use swarm_domain::{
    Event, EventBody,
    attempt::Rung,
    event::CheckStage,
    finding::FindingCode,
    run::{RunOptions, RunState},
    train::Bounds,
};
use swarm_flows::Flows;
use swarm_sandbox::{Choice, Ladder};

use super::{NOTES, every_commit_holds, group, requirement, rule, staff, two, unordered};
use crate::world::{World, ada, count, events, eventually, findings, git, planned, run_settled, script};

/// Flows whose commands see the whole machine, so that a test can tell them when to go on.
async fn in_the_open(world: &World, text: &str) -> Flows {
    let mut parts = world.parts(vec![Arc::new(script(text))]).await;
    let choice = Choice::Only(Rung::Process);
    parts.sandboxes = Ladder::climb(choice, &world.path("open")).await.unwrap().backend;
    Flows::launch(parts, "test").await.unwrap()
}

/// A folder for the signs that commands give each other.
fn signs(world: &World) -> String {
    let folder = world.path("signs");
    fs::create_dir_all(&folder).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_train_sends_back_after_mending_in_vain_is_mended_by_its_author() {
    let mut world = World::new().await;
    world.config.hold_clashes = false;
    let signs = signs(&world);
    // The first proof of alpha lasts until beta is being validated, and beta is validated only then: both were begun on
    // the same commit, and alpha is merged first.
    let alpha = format!(
        "mkdir {signs}/seen 2>/dev/null || {{ touch {signs}/proving; until [ -e {signs}/begun ]; do sleep 0.02; done; }}; {}",
        NOTES[0]
    );
    let beta =
        format!("until [ -e {signs}/proving ]; do sleep 0.02; done; touch {signs}/begun; {}", NOTES[1]);
    let spec = format!(
        "# Notes\n\nOne file.\n\n{}{}",
        requirement(1, "alpha", "notes.txt", &alpha, "1"),
        requirement(2, "beta", "notes.txt", &beta, "1")
    );
    let authors = [
        // The neutral fixer loses one side each time, in another way.
        rule("Two changes clash", Some(1), "notes.txt", "alpha\n"),
        rule("Two changes clash", None, "notes.txt", "alpha\ngamma\n"),
        rule("### REQ-1:", None, "notes.txt", "alpha\n"),
        rule("### REQ-2:", Some(1), "notes.txt", "beta\n"),
        rule("### REQ-2:", None, "notes.txt", "alpha\nbeta\n"),
    ];
    let flows = in_the_open(&world, &staff(&two(), &authors.join(""))).await;
    let plan = planned(&flows, &world.repo(), &spec).await.plan.unwrap();
    let plan = unordered(&flows, &plan).await;
    let run = flows.start_run(&ada(), &plan, RunOptions::default()).await.unwrap();
    let run = run_settled(&flows, &run).await;
    let log = events(&flows).await;
    assert_eq!(run.state, RunState::Done, "{:#?}", findings(&log));
    let fixer = |event: &&Event| matches!(&event.body, EventBody::ModelCalled { agent, .. } if agent == "conflict-fixer");
    let mends = log.iter().filter(fixer).count();
    assert_eq!(mends, Bounds::default().mends as usize, "it is asked as often as it may be");
    // Each of its commits was proven, and was red: none of them got onto the branch.
    let red = log.iter().filter(|event| {
        matches!(&event.body, EventBody::CheckRun { stage: CheckStage::Merge, passed: false, .. })
    });
    assert!(red.count() >= mends);
    let found = findings(&log);
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [FindingCode::Conflict], "{found:?}");
    assert!(log.iter().any(|event| matches!(&event.body, EventBody::Clashed { mended: false, .. })));
    assert_eq!(count(&log, "attempt_started"), 3, "the author of beta worked once more");
    assert_eq!(git(&world.repo(), &["show", &format!("swarm/{}:notes.txt", run.id)]), "alpha\nbeta");
    assert_eq!(every_commit_holds(&world, &flows, &run).await, 2);
    flows.shutdown().await;
}

/// The folders that were made ready, by what the file system calls them: with all files of the first ticket.
fn made_ready(world: &World) -> BTreeSet<u64> {
    let entries = fs::read_dir(world.path("data").join("scratch")).into_iter().flatten().flatten();
    let whole = entries
        .filter(|entry| entry.path().join("index").is_file() && entry.path().join("tree/a.sh").is_file());
    whole.filter_map(|entry| Some(fs::metadata(entry.path().join("tree")).ok()?.ino())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_ready_while_the_train_proves_is_what_the_next_tickets_begin_in() {
    let world = World::new().await;
    let signs = signs(&world);
    // The first run is the validator's; the second one is the proof, which lasts until it is told to end.
    let slow =
        format!("mkdir {signs}/seen 2>/dev/null || until [ -e {signs}/go ]; do sleep 0.02; done; sh a.sh");
    let next = ["b", "c", "d"];
    let mut spec = format!("# Four\n\nFour files.\n\n{}", requirement(1, "ay", "a.sh", &slow, "a"));
    let mut groups = vec![group("Make a", &["REQ-1"], "a.sh")];
    let first = "[[rules]]\ncontains = \"You may write only: a.sh\"\n\
                 [[rules.tool_calls]]\nname = \"write\"\narguments = { path = \"a.sh\", content = \"echo a\\n\" }\n\
                 [[rules.tool_calls]]\nname = \"finish\"\narguments = { done = true, summary = \"Done.\" }\n\n";
    let mut authors = first.to_owned();
    for (number, name) in (2..).zip(next) {
        let command = format!("sh a.sh && test -s {name}.txt && echo there");
        spec += &requirement(number, name, &format!("{name}.txt"), &command, "a\nthere");
        groups.push(group(&format!("Make {name}"), &[&format!("REQ-{number}")], &format!("{name}.txt")));
        // What its folder is called goes into its file.
        let only = format!("You may write only: {name}.txt");
        authors += &format!(
            "[[rules]]\ncontains = \"{only}\"\nnth = 1\n[[rules.tool_calls]]\nname = \"run\"\n\
             arguments = {{ command = \"stat -c %i . > {name}.txt\" }}\n\n\
             [[rules]]\ncontains = \"{only}\"\n[[rules.tool_calls]]\nname = \"finish\"\n\
             arguments = {{ done = true, summary = \"Done.\" }}\n\n"
        );
    }
    let text = format!("tools = true\n{}", staff(&groups.join(", "), &authors));
    let flows = in_the_open(&world, &text).await;
    let plan = planned(&flows, &world.repo(), &spec).await;
    let waits = plan.plan.as_ref().unwrap().tickets.iter().filter(|ticket| !ticket.depends_on.is_empty());
    assert_eq!(waits.count(), 3, "they run what the first one writes");
    let run = flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap();
    // One may be the checkout that the proof itself is made on; the others are for those that come next.
    let ready = eventually(|| async { Some(made_ready(&world)).filter(|ready| ready.len() >= 3) }).await;
    assert_eq!(count(&events(&flows).await, "merged"), 0, "nothing is merged yet");
    fs::write(world.path("signs").join("go"), "").unwrap();
    let run = run_settled(&flows, &run).await;
    assert_eq!(run.state, RunState::Done, "{:#?}", findings(&events(&flows).await));
    let branch = format!("swarm/{}", run.id);
    let begun_in = |name: &&str| -> u64 {
        git(&world.repo(), &["show", &format!("{branch}:{name}.txt")]).parse().unwrap()
    };
    let taken = next.iter().map(begun_in).filter(|folder| ready.contains(folder)).count();
    assert!(taken >= 2, "{taken} of {} that were ready were begun in", ready.len());
    flows.shutdown().await;
}

//! Going back in time: a run that is played again comes to the same without a model, and a fork differs from where it
//! was told to.

use std::{fs, path::PathBuf, sync::Arc};

use swarm_domain::{
    BlobHash, Event, EventBody, ProjectId, RunId,
    attempt::AttemptOutcome,
    origin::StepKind,
    run::{RunOptions, RunState},
    run_diff::{Edit, RunDiff},
};
use swarm_flows::Flows;
use swarm_model::{ChatModel as _, Recorded};
use swarm_store::RunRow;

use crate::world::{
    self, GREET, GREETER, OFFICE, SHOUT, World, ada, built, events, eventually, git, run_settled, script,
};

const WRONG: &str = "echo \"Hello $1\"\n";

fn author(file: &str, nth: Option<u32>, content: &str) -> String {
    let nth = nth.map(|nth| format!("nth = {nth}\n")).unwrap_or_default();
    format!(
        "[[rules]]\ncontains = \"You may write only: {file}\"\n{nth}text = '''\n{file}\n```sh\n{content}```\n'''\n"
    )
}

fn staff(authors: &[String]) -> String {
    format!("json_schema = true\n{}\n{OFFICE}", authors.join("\n"))
}

/// A run whose first attempt was rejected, and the flows that made it, stopped.
async fn told(world: &World) -> RunId {
    // So long that the reply is kept in a file, as large ones are.
    let talk = format!("text = '''\nHere it is. {}\n\n", "I thought long about it. ".repeat(4_000));
    let authors = [
        author("greet.sh", Some(1), WRONG).replacen("text = '''\n", &talk, 1),
        author("greet.sh", None, GREET),
        author("shout.sh", None, SHOUT),
    ];
    let flows = world.flows(script(&staff(&authors))).await;
    let run = built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    flows.shutdown().await;
    run.id
}

/// Flows that know no model at all.
async fn without_a_model(world: &World) -> Flows {
    Flows::launch(world.parts(Vec::new()).await, "test").await.unwrap()
}

async fn replayed(flows: &Flows, run: &RunId) -> (RunRow, RunDiff) {
    let replay = flows.replay(&ada(), run).await.unwrap();
    let row = run_settled(flows, &replay).await;
    let diff = flows.diff(run, &replay).await.unwrap();
    (row, diff)
}

async fn of_run(flows: &Flows, run: &RunId) -> Vec<Event> {
    events(flows).await.into_iter().filter(|event| event.subject.run.as_ref() == Some(run)).collect()
}

fn first(events: &[Event], kind: StepKind) -> &Event {
    events.iter().find(|event| StepKind::of(&event.body) == Some(kind)).unwrap()
}

fn blob(world: &World, hash: &BlobHash) -> PathBuf {
    let (folder, file) = hash.as_str().split_at(2);
    world.path("data").join("blobs").join(folder).join(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_a_rejected_attempt_is_played_again_without_a_model_and_comes_to_the_same() {
    let world = World::new().await;
    let run = told(&world).await;
    let flows = without_a_model(&world).await;
    let before = of_run(&flows, &run).await;
    let (row, diff) = replayed(&flows, &run).await;
    assert!(diff.same, "{:?}", diff.differences);
    assert_eq!(diff.parting, None);
    assert_eq!(row.state, RunState::Done);
    assert_eq!((row.spend.calls, row.spend.tokens(), row.spend.usd.0), (0, 0, 0));
    assert_eq!(diff.first.tree, diff.second.tree);
    assert_ne!(diff.first.head, diff.second.head, "the work was done again, it was not taken over");

    let played = of_run(&flows, &row.id).await;
    let count = |name: &str| played.iter().filter(|event| event.body.name() == name).count();
    assert_eq!((count("attempt_started"), count("merged")), (3, 2));
    assert_eq!(count("pull_request_opened"), 0, "what proves something offers nothing");
    assert!(played.iter().all(|event| !matches!(event.body, EventBody::ModelCalled { recorded: false, .. })));
    assert_eq!(git(&world.repo(), &["branch", "--list", &format!("swarm/{}", row.id)]), "");
    assert_eq!(of_run(&flows, &run).await, before, "the origin is untouched");

    // A replay is a run like any other: it can be played again itself.
    let (_, again) = replayed(&flows, &row.id).await;
    assert!(again.same, "{:?}", again.differences);
    flows.store().verify(&flows.parts().config.tenant).await.unwrap();
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_tampered_with_is_found() {
    let world = World::new().await;
    let run = told(&world).await;
    let flows = without_a_model(&world).await;
    let story = of_run(&flows, &run).await;
    let EventBody::ModelCalled { reply, .. } = &first(&story, StepKind::Model).body else { unreachable!() };
    let path = blob(&world, reply);
    let lie = fs::read_to_string(&path).unwrap().replace("Hello", "Howdy");
    fs::remove_file(&path).unwrap();
    fs::write(&path, lie).unwrap();

    let (row, diff) = replayed(&flows, &run).await;
    let RunState::NeedsPerson { problem } = &row.state else { panic!("{:?}", row.state) };
    assert_eq!(problem.code, "replay.diverged");
    assert!(problem.detail.contains("damaged"), "{problem:?}");
    assert!(!diff.same);
    assert_eq!(row.spend.calls, 0);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_was_tampered_with_is_found() {
    let world = World::new().await;
    let run = told(&world).await;
    let flows = without_a_model(&world).await;
    let (_, honest) = replayed(&flows, &run).await;
    assert!(honest.same);

    // Somebody moves the branch of the origin to where only the first ticket was merged.
    let mirror = flows.parts().forge.known(&ProjectId::parse("greeter").unwrap()).await.unwrap().unwrap();
    let merged = of_run(&flows, &run).await;
    let EventBody::Merged { commit, .. } = &first(&merged, StepKind::Merge).body else { unreachable!() };
    git(mirror.path(), &["update-ref", &format!("refs/heads/swarm/{run}"), commit.as_str()]);

    let (_, diff) = replayed(&flows, &run).await;
    assert!(!diff.same);
    let whats: Vec<_> = diff.differences.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(whats, ["tree at the end"]);
    assert_eq!(diff.code.unwrap().files, ["shout.sh"]);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_with_an_edited_reply_changes_only_what_comes_after() {
    let world = World::new().await;
    let run = told(&world).await;
    let authors = [
        author("greet.sh", None, GREET),
        author("shout.sh", None, "sh greet.sh \"$1\" | tr '[a-z]' '[A-Z]'\n"),
    ];
    let flows = world.flows(script(&staff(&authors))).await;
    let before = of_run(&flows, &run).await;
    let step = first(&before, StepKind::Model).seq;
    let detail = flows.step_detail(&run, step).await.unwrap();
    let Some(Edit::Reply { text, tool_calls }) = detail.edit else { panic!("{detail:?}") };
    assert!(text.contains("Hello $1"), "{text}");
    let edit = Edit::Reply { text: text.replace(WRONG, GREET), tool_calls };

    let fork = flows.fork(&ada(), &run, step, Some(&edit), Vec::new()).await.unwrap();
    let row = run_settled(&flows, &fork).await;
    assert_eq!(row.state, RunState::Done);
    let played = of_run(&flows, &fork).await;
    let finished: Vec<_> = played
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptFinished { outcome, .. } => Some(*outcome == AttemptOutcome::Accepted),
            _ => None,
        })
        .collect();
    assert_eq!(finished, [true, true], "with the edited reply the first attempt is accepted");
    let live: Vec<_> = played
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ModelCalled { recorded, spend, .. } => Some((*recorded, spend.calls)),
            _ => None,
        })
        .collect();
    assert_eq!(live, [(true, 0), (false, 1), (false, 1)], "one played, then shout and the summary live");
    assert_eq!(row.spend.calls, 2, "only new spend counts");
    assert_eq!(of_run(&flows, &run).await, before, "the origin is untouched");

    let diff = flows.diff(&run, &fork).await.unwrap();
    let parting = diff.parting.unwrap();
    assert_eq!((parting.first, parting.kind), (Some(step), StepKind::Model));
    assert!(parting.first_text.contains("Hello $1") && parting.second_text.contains("Hello, $1!"));
    assert_eq!(diff.code.unwrap().files, ["shout.sh"]);
    assert_eq!(git(&world.repo(), &["show", &format!("swarm/{fork}:greet.sh")]), GREET.trim());
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_at_the_beginning_of_an_attempt_tells_the_agent_other_words() {
    let world = World::new().await;
    let run = told(&world).await;
    let obeys = "[[rules]]\ncontains = \"Do it with printf\"\ntext = '''\ngreet.sh\n```sh\nprintf 'Hello, %s!\\n' \"$1\"\n```\n'''\n";
    let authors = [obeys.to_owned(), author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let flows = world.flows(script(&staff(&authors))).await;
    let story = of_run(&flows, &run).await;
    let second =
        story.iter().find(|event| matches!(event.body, EventBody::AttemptStarted { number: 2, .. })).unwrap();
    let detail = flows.step_detail(&run, second.seq).await.unwrap();
    let Some(Edit::Attempt { description, hints }) = detail.edit else { panic!("{detail:?}") };
    assert_eq!(hints.len(), 1, "{hints:?}");
    let edit = Edit::Attempt { description, hints: vec!["Do it with printf.".to_owned()] };
    let fork = flows.fork(&ada(), &run, second.seq, Some(&edit), Vec::new()).await.unwrap();
    assert_eq!(run_settled(&flows, &fork).await.state, RunState::Done);
    let greet = git(&world.repo(), &["show", &format!("swarm/{fork}:greet.sh")]);
    assert!(greet.starts_with("printf"), "{greet}");
    let diff = flows.diff(&run, &fork).await.unwrap();
    assert_eq!(diff.parting.unwrap().first, Some(second.seq), "what came before is the same");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_none_or_another_runs_is_refused_by_name() {
    let world = World::new().await;
    let run = told(&world).await;
    let other = {
        let authors = [author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
        let flows = world.flows(script(&staff(&authors))).await;
        let run = built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
        flows.shutdown().await;
        run.id
    };
    let flows = without_a_model(&world).await;
    let story = of_run(&flows, &run).await;
    let foreign = first(&of_run(&flows, &other).await, StepKind::Model).seq;
    let tool = first(&story, StepKind::Tool).seq;
    let begun = first(&story, StepKind::Attempt).seq;
    let reply = || Edit::Reply { text: "other words".to_owned(), tool_calls: Vec::new() };
    let large = Edit::Reply { text: "x".repeat((512 << 10) + 1), tool_calls: Vec::new() };
    let nobody = RunId::parse("run_nobody").unwrap();
    for (run, step, edit, code) in [
        (&run, 1_000_000, None, "replay.no_step"),
        (&run, 0, None, "replay.no_step"),
        (&run, u64::MAX, None, "replay.no_step"),
        (&run, 1, None, "replay.no_step"),
        (&run, foreign, None, "replay.foreign_step"),
        (&run, tool, Some(reply()), "replay.not_editable"),
        (&run, begun, Some(reply()), "replay.not_editable"),
        (&run, first(&story, StepKind::Model).seq, Some(large), "replay.edit_too_large"),
        (&nobody, tool, None, "store.not_found"),
    ] {
        let refused = flows.fork(&ada(), run, step, edit.as_ref(), Vec::new()).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused:?}");
        assert!(!refused.next.is_empty());
    }
    // A name of an origin cannot be slipped in by another door.
    let origin = flows.replay(&ada(), &run).await.unwrap();
    let row = run_settled(&flows, &origin).await;
    let plain = flows.start_run(&ada(), &row.plan, row.options.clone()).await.unwrap();
    let plain = run_settled(&flows, &plain).await;
    assert_eq!(plain.options.origin, None);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_works_can_be_forked_and_not_replayed_and_one_that_was_steered_neither() {
    let world = World::new().await;
    let authors = [
        author("greet.sh", Some(1), WRONG),
        author("greet.sh", None, GREET),
        author("shout.sh", None, SHOUT),
    ];
    let spec = GREETER.replace("sh greet.sh Ada", "sh greet.sh Ada; sleep 1");
    let flows = world.flows(script(&staff(&authors))).await;
    let plan = world::planned(&flows, &world.repo(), &spec).await;
    let run =
        flows.start_run(&ada(), &plan.id, RunOptions { max_attempts: 1, ..RunOptions::default() }).await;
    let run = run.unwrap();
    let step = eventually(|| async {
        let story = of_run(&flows, &run).await;
        let model = story.iter().find(|event| matches!(event.body, EventBody::ModelCalled { .. }));
        model.map(|event| event.seq)
    })
    .await;
    let fork = flows.fork(&ada(), &run, step, None, Vec::new()).await.unwrap();
    let early = flows.replay(&ada(), &run).await;
    run_settled(&flows, &fork).await;
    let row = run_settled(&flows, &run).await;
    // Where this machine stood still for long enough, the run had settled before it was asked for.
    assert!(early.is_ok() || early.unwrap_err().code == "replay.running");

    assert!(matches!(row.state, RunState::NeedsPerson { .. }), "one attempt, and that was wrong");
    let (_, diff) = replayed(&flows, &run).await;
    assert!(diff.same, "a run that failed is played to the same failure: {:?}", diff.differences);
    let tickets = flows.store().tickets(&flows.parts().config.tenant, &run).await.unwrap();
    flows.retry_ticket(&ada(), &run, &tickets[0].id, None).await.unwrap();
    run_settled(&flows, &run).await;
    assert_eq!(flows.replay(&ada(), &run).await.unwrap_err().code, "replay.steered");
    assert!(flows.fork(&ada(), &run, step, None, Vec::new()).await.is_ok(), "a step before that can be");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_was_cut_off_goes_on_and_comes_to_the_same() {
    for stop_after in ["attempt_started", "model_called", "committed", "merged"] {
        let world = World::new().await;
        let run = told(&world).await;
        let flows = without_a_model(&world).await;
        let replay = flows.replay(&ada(), &run).await.unwrap();
        eventually(|| async {
            let story = of_run(&flows, &replay).await;
            story.iter().any(|event| event.body.name() == stop_after).then_some(())
        })
        .await;
        flows.shutdown().await;
        drop(flows);

        let flows = without_a_model(&world).await;
        let row = run_settled(&flows, &replay).await;
        let diff = flows.diff(&run, &replay).await.unwrap();
        assert!(diff.same, "stopped after {stop_after}: {:?}: {:?}", row.state, diff.differences);
        assert_eq!(row.spend.calls, 0);
        let calls = |events: &[Event]| events.iter().filter(|e| e.body.name() == "model_called").count();
        // The summary is for the pull request, which a replay has not.
        assert_eq!(calls(&of_run(&flows, &replay).await) + 1, calls(&of_run(&flows, &run).await));
        flows.shutdown().await;
    }
}

/// The golden run: the demo that ships with swarm, from its recording, and then from its own journal.
#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_played_again_from_its_journal_and_comes_to_the_same() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/textstat");
    let world = World::new().await;
    let recorded = Recorded::load(std::path::Path::new(&format!("{examples}/recording.json"))).unwrap();
    let models = vec![recorded.name().to_owned()];
    let flows = Flows::launch(world.parts(vec![Arc::new(recorded)]).await, "test").await.unwrap();
    let project = ProjectId::parse("textstat").unwrap();
    flows.add_project(&ada(), &project, world.repo().to_str().unwrap()).await.unwrap();
    let text = fs::read(format!("{examples}/spec.md")).unwrap();
    let spec = flows.add_spec(&ada(), &project, &text).await.unwrap();
    let plan = flows.request_plan(&ada(), &spec, models.clone()).await.unwrap();
    let plan = world::plan_settled(&flows, &plan).await;
    assert!(plan.plan.is_some(), "{:?}", plan.problem);
    let options = RunOptions { models, ..RunOptions::default() };
    let run = flows.start_run(&ada(), &plan.id, options).await.unwrap();
    assert_eq!(run_settled(&flows, &run).await.state, RunState::Done);
    flows.shutdown().await;

    let flows = without_a_model(&world).await;
    let (row, diff) = replayed(&flows, &run).await;
    assert!(diff.same, "{:?}\n{:?}", diff.differences, diff.parting);
    assert_eq!((row.state, row.spend.calls), (RunState::Done, 0));
    flows.shutdown().await;
}

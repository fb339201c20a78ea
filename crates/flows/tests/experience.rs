//! Past work at work: it chooses agent and model as soon as it is known to choose better, and not before.

use std::{sync::Arc, time::Duration};

use swarm_agents::Catalogue;
use swarm_domain::{
    AttemptId, BlobHash, CommitId, EventBody, IdempotencyKey, MicroUsd, NewEvent, NodeId, PlanId, ProjectId,
    RunId, SpecId, Subject,
    agent::Capability,
    attempt::{AttemptOutcome, Rung},
    budget::Spend,
    choice::{Arm, ChoicePolicy, ChoiceReason},
    claim::Hands,
    finding::{Finding, FindingCode},
    plan::Plan,
    run::{RunOptions, RunState},
    ticket::TicketState,
};
use swarm_flows::Flows;
use swarm_model::{ChatModel, Faulty, Script, Scripted};

use crate::world::{
    self, GREET, GREETER, OFFICE, SHOUT, World, ada, events, eventually, planned, run_settled,
};

/// A model that can do all of the greeter's work.
fn able(name: &str) -> Arc<dyn ChatModel> {
    let author = |file: &str, content: &str| {
        format!(
            "[[rules]]\ncontains = \"You may write only: {file}\"\ntext = '''\n\n{file}\n```sh\n{content}```\n'''\n"
        )
    };
    let text = format!(
        "name = \"{name}\"\njson_schema = true\n{}{}{}",
        author("greet.sh", GREET),
        author("shout.sh", SHOUT),
        r##"
[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}, {"title": "Shout", "requirements": ["REQ-2"], "files": ["shout.sh"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "", "risk": "low"}'

[[rules]]
contains = "merged"
text = '{"title": "feat: greet and shout", "text": "Two scripts that greet."}'
"##
    );
    let script: Script = toml::from_str(&text).unwrap();
    Arc::new(Scripted::new(script).unwrap())
}

async fn flows(world: &World) -> (Flows, [String; 2]) {
    let models = vec![able("plain"), able("better")];
    let names = [models[0].name().to_owned(), models[1].name().to_owned()];
    (Flows::launch(world.parts(models).await, "test").await.unwrap(), names)
}

fn arm(agent: &str, model: &str) -> Arm {
    Arm { agent: agent.to_owned(), model: model.to_owned() }
}

/// Writes down that work like that of this plan was done before by an agent with a model: so many attempts, of which so
/// many were accepted.
async fn lived(flows: &Flows, like: &Plan, arm: &Arm, trials: u32, accepted: u32) {
    let Arm { agent, model } = arm;
    let tenant = flows.parts().config.tenant.clone();
    let project = ProjectId::parse("greeter").unwrap();
    for number in 0..trials {
        let slug: String = model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let name = format!("{agent}-{slug}-{number}");
        let run = RunId::parse(format!("run_{name}")).unwrap();
        let plan = PlanId::parse(format!("plan_{name}")).unwrap();
        let spec: SpecId = like.spec.clone();
        let ticket = like.tickets[0].clone();
        let of_project = Subject { project: Some(project.clone()), ..Subject::default() };
        let of_run = Subject { run: Some(run.clone()), ..of_project.clone() };
        let of_ticket = Subject { ticket: Some(ticket.id.clone()), ..of_run.clone() };
        let of_attempt = Subject { attempt: Some(AttemptId::of(&ticket.id, 1)), ..of_ticket.clone() };
        let good = number < accepted;
        let finding = Finding {
            code: FindingCode::AcceptanceFailed,
            detail: "it printed something else".to_owned(),
            evidence: String::new(),
            hint: "Mend it.".to_owned(),
            requirement: None,
            path: None,
        };
        let outcome = if good {
            AttemptOutcome::Accepted
        } else {
            AttemptOutcome::Rejected { findings: vec![finding] }
        };
        let story = [
            (of_project.clone(), EventBody::PlanRequested { plan: plan.clone(), spec, models: Vec::new() }),
            (of_project, EventBody::PlanProposed { plan: Plan { id: plan.clone(), ..like.clone() } }),
            (of_run.clone(), EventBody::RunStarted { plan, options: RunOptions::default() }),
            (of_ticket.clone(), EventBody::TicketStateChanged { to: TicketState::Working }),
            (
                of_attempt.clone(),
                EventBody::AttemptStarted {
                    number: 1,
                    agent: agent.clone(),
                    model: model.clone(),
                    rung: Rung::Bubblewrap,
                    base: CommitId::parse("a".repeat(40)).unwrap(),
                    hints: Vec::new(),
                    turn: None,
                    capability: Some(Capability::Code),
                    choice: None,
                },
            ),
            (
                of_attempt.clone(),
                EventBody::ModelCalled {
                    agent: agent.clone(),
                    model: model.clone(),
                    request: BlobHash::of(b"q"),
                    reply: BlobHash::of(b"a"),
                    spend: Spend { usd: MicroUsd(2_000), tokens_in: 900, tokens_out: 100, calls: 1 },
                    millis: 50,
                    recorded: false,
                    cache: None,
                },
            ),
            (of_attempt, EventBody::AttemptFinished { outcome, disk_bytes: 0 }),
            (of_run, EventBody::RunStateChanged { to: RunState::Cancelled }),
        ];
        for (index, (subject, body)) in story.into_iter().enumerate() {
            let event = NewEvent {
                tenant: tenant.clone(),
                actor: swarm_domain::Actor::System { part: "test".to_owned() },
                subject,
                key: IdempotencyKey::of(&["lived", &name, &index.to_string()]),
                correlation: None,
                body,
            };
            flows.store().append(event).await.unwrap();
        }
    }
}

/// Who began on each ticket, and why.
async fn first_attempts(flows: &Flows, run: &RunId) -> Vec<(String, Option<ChoiceReason>)> {
    let of_run = events(flows).await.into_iter().filter(|event| event.subject.run.as_ref() == Some(run));
    of_run
        .filter_map(|event| match event.body {
            EventBody::AttemptStarted { number: 1, model, choice, .. } => Some((model, choice)),
            _ => None,
        })
        .collect()
}

async fn build(
    flows: &Flows,
    world: &World,
    history: &[(&str, u32, u32)],
) -> Vec<(String, Option<ChoiceReason>)> {
    let plan = planned(flows, &world.repo(), GREETER).await;
    for (model, trials, accepted) in history {
        lived(flows, plan.plan.as_ref().unwrap(), &arm("coder", model), *trials, *accepted).await;
    }
    let run = flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap();
    assert_eq!(run_settled(flows, &run).await.state, RunState::Done);
    first_attempts(flows, &run).await
}

#[tokio::test(flavor = "multi_thread")]
async fn past_work_that_is_known_to_choose_better_chooses_and_says_why() {
    let world = World::new().await;
    let (flows, [plain, better]) = flows(&world).await;
    let chosen = build(&flows, &world, &[(&plain, 15, 3), (&better, 15, 14)]).await;
    assert_eq!(chosen.len(), 2);
    for (model, reason) in &chosen {
        assert_eq!(model, &better);
        let Some(ChoiceReason::Learned { successes, explored, instead_of, .. }) = reason else {
            panic!("{reason:?}")
        };
        assert!(*successes >= 14 && !explored);
        assert_eq!(instead_of.as_ref().map(|arm| &arm.model), Some(&plain));
    }
    let kinds = flows.choices().await.unwrap();
    assert!(kinds[0].words.starts_with("on: "), "{kinds:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_work_that_is_too_little_or_no_better_or_not_asked_changes_nothing() {
    for (policy, plain_good, trials) in
        [(ChoicePolicy::Learned, 14, 15), (ChoicePolicy::Learned, 1, 5), (ChoicePolicy::Fixed, 3, 15)]
    {
        let mut world = World::new().await;
        world.config.choice = policy;
        let (flows, [plain, better]) = flows(&world).await;
        let history = [(plain.as_str(), trials, plain_good), (better.as_str(), trials, trials)];
        for (model, reason) in build(&flows, &world, &history).await {
            assert_eq!((model, reason), (plain.clone(), None), "{policy:?} {plain_good} of {trials}");
        }
        flows.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_what_similar_work_took_once_there_was_enough_of_it() {
    let world = World::new().await;
    let (flows, _) = flows(&world).await;
    let first = planned(&flows, &world.repo(), GREETER).await.plan.unwrap();
    assert_eq!((first.estimate.history.clone(), first.estimate.finished), (None, 0));
    for round in 1..=5 {
        let plan = planned(&flows, &world.repo(), GREETER).await;
        let run = flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap();
        assert_eq!(run_settled(&flows, &run).await.state, RunState::Done);
        let next = planned(&flows, &world.repo(), GREETER).await.plan.unwrap().estimate;
        assert_eq!(next.finished, 2 * round);
        assert_eq!(next.history.is_some(), round == 5, "nine are enough, eight are not");
    }
    let statistics = flows.statistics().await.unwrap();
    assert_eq!((statistics.tickets, statistics.merged_at_once), (10, 10));
    assert_eq!(flows.calibration().await.unwrap().finished, 10);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_passes_its_deadline_is_an_observation_and_the_attempt_goes_on() {
    let mut world = World::new().await;
    world.config.deadlines.commands.insert("sleep".to_owned(), 300);
    let script = r#"
tools = true
json_schema = true

[[rules]]
contains = "It was ended after 1 s."
in = "last"
tool_calls = [
  { name = "write", arguments = { path = "greet.sh", content = "echo \"Hello, $1!\"\n" } },
  { name = "finish", arguments = { done = true, summary = "It greets." } },
]

[[rules]]
contains = "You may write only: greet.sh"
tool_calls = [{ name = "run", arguments = { command = "sleep 50" } }]

[[rules]]
contains = "You may write only: shout.sh"
tool_calls = [
  { name = "write", arguments = { path = "shout.sh", content = "sh greet.sh \"$1\" | tr a-z A-Z\n" } },
  { name = "finish", arguments = { done = true, summary = "It shouts." } },
]
"#;
    let flows = world.flows(world::script(&format!("{script}{OFFICE}"))).await;
    let run = world::built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    let events = events(&flows).await;
    assert_eq!(world::count(&events, "attempt_started"), 2, "the attempt went on");
    let overdue =
        events.iter().filter(|event| matches!(event.body, EventBody::ToolCalled { overdue: true, .. }));
    assert_eq!(overdue.count(), 1);
    flows.shutdown().await;
}

/// What stands for the model of a worker elsewhere.
const ELSEWHERE: &str = "a model of the worker's own";

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_made_elsewhere_goes_to_the_agent_that_is_known_to_be_better() {
    let world = World::new().await;
    let folder = world.path("agents");
    std::fs::create_dir_all(&folder).unwrap();
    let wizard = "---\nname: wizard\ndescription: Writes code.\ntools: [read, write, finish]\ncapabilities: [code]\n---\n\nYou write code.\n";
    std::fs::write(folder.join("wizard.md"), wizard).unwrap();
    let mut parts = world.parts(vec![able("plain")]).await;
    parts.catalogue = Arc::new(Catalogue::load(folder).unwrap());
    let flows = Flows::launch(parts, "test").await.unwrap();
    let plan = planned(&flows, &world.repo(), GREETER).await;
    let like = plan.plan.as_ref().unwrap();
    for (agent, accepted) in [("coder", 3), ("wizard", 14)] {
        lived(&flows, like, &arm(agent, ELSEWHERE), 15, accepted).await;
    }
    let options = RunOptions { hands: Hands::Claimed, ..RunOptions::default() };
    let run = flows.start_run(&ada(), &plan.id, options).await.unwrap();
    let far = NodeId::parse("far").unwrap();
    let claimed = eventually(|| async { flows.claim_work(&far, &[], Duration::ZERO).await.unwrap() }).await;
    assert_eq!(claimed.brief.agent, "wizard", "the worker is told who is to do it");
    let of_run = events(&flows).await.into_iter().filter(|event| event.subject.run.as_ref() == Some(&run));
    let begun = of_run.filter_map(|event| match event.body {
        EventBody::AttemptStarted { agent, model, choice, .. } => Some((arm(&agent, &model), choice)),
        _ => None,
    });
    let begun: Vec<_> = begun.collect();
    let [(chosen, Some(ChoiceReason::Learned { successes: 14, instead_of, .. }))] = &begun[..] else {
        panic!("{begun:?}")
    };
    assert_eq!(*chosen, arm("wizard", ELSEWHERE));
    assert_eq!(*instead_of, Some(arm("coder", ELSEWHERE)));
    flows.cancel_run(&ada(), &run, "that is enough").await.unwrap();
    assert_eq!(run_settled(&flows, &run).await.state, RunState::Cancelled);
    assert_eq!(flows.claims(None).await.unwrap(), []);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_is_given_up_at_the_learned_deadline_and_asked_once_more_without_one() {
    let mut world = World::new().await;
    world.config.deadlines.model_floor_ms = 1;
    // The first call would take a day; whatever ends it is not the model.
    let hangs = Faulty::new(able("hangs"), "latency:86400000@1".parse().unwrap());
    let models: Vec<Arc<dyn ChatModel>> = vec![able("planner"), Arc::new(hangs)];
    let name = models[1].name().to_owned();
    let flows = Flows::launch(world.parts(models).await, "test").await.unwrap();
    // No more does the limit that is configured: this test would have been given up before.
    assert!(flows.parts().gateway.deadline() > Duration::from_mins(2));
    let plan = planned(&flows, &world.repo(), GREETER).await;
    lived(&flows, plan.plan.as_ref().unwrap(), &arm("coder", &name), 20, 20).await;
    let step = format!("coder on {name}");
    let known = flows.deadlines().await.unwrap().into_iter().find(|one| one.step == step).unwrap();
    assert_eq!((known.samples, known.deadline.map(|one| one.soft_millis)), (20, Some(100)));

    let options = RunOptions { models: vec![name.clone()], max_parallel: 1, ..RunOptions::default() };
    let run = flows.start_run(&ada(), &plan.id, options).await.unwrap();
    assert_eq!(run_settled(&flows, &run).await.state, RunState::Done);
    let events = events(&flows).await;
    let of_run = || events.iter().filter(|event| event.subject.run.as_ref() == Some(&run));
    assert_eq!(
        of_run().filter(|event| event.body.name() == "attempt_started").count(),
        2,
        "nobody began anew"
    );
    let answers = of_run().filter(|event| {
        matches!(&event.body, EventBody::ModelCalled { agent, model, .. } if agent == "coder" && *model == name)
    });
    assert_eq!(answers.count(), 2, "what did not answer is not paid for");
    flows.shutdown().await;
}

//! The main job by way of the doors: a spec goes in, a pull request comes out, and what is refused says why.

use futures::StreamExt;
use swarm_client::{
    AuditFilter,
    types::{
        Budget, Evidence, NewPlan, NewProject, NewRun, NewSpec, PlanStage, RunOptions, RunState, TicketState,
    },
};

use crate::world::{GREETER, World, eventually};

fn options() -> RunOptions {
    RunOptions {
        budget: Budget { usd: None, tokens: None },
        max_parallel: 2,
        models: Vec::new(),
        max_attempts: 2,
        branch: None,
        hands: None,
        labels: Vec::new(),
        origin: None,
        continues: None,
        fresh: None,
        key: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_goes_in_and_a_pull_request_comes_out() {
    let world = World::new().await;
    world.project().await;
    let client = world.client();
    let new = NewSpec { project: "greeter".to_owned(), text: GREETER.to_owned() };
    let spec = client.add_spec(&new).await.unwrap();
    assert_eq!(spec.spec.requirements[0].id, "REQ-1");
    assert_eq!(client.add_spec(&new).await.unwrap(), spec, "the same text is the same spec");
    assert_eq!(client.specs().await.unwrap()[0].requirements, 1);

    let plan = client.request_plan(&NewPlan { spec: spec.id.clone(), models: Vec::new() }).await.unwrap();
    let detail = eventually(|| async {
        let detail = client.plan(&plan).await.unwrap();
        (detail.state != PlanStage::Requested).then_some(detail)
    })
    .await;
    assert_eq!(detail.state, PlanStage::Proposed, "{detail:?}");
    assert_eq!(client.plans().await.unwrap()[0].tickets, 1);

    let run = client.start_run(&NewRun { plan: plan.clone(), options: options() }).await.unwrap();
    let settled = eventually(|| async {
        let row = client.run(&run).await.unwrap();
        (row.state != RunState::Running).then_some(row)
    })
    .await;
    assert_eq!(settled.state, RunState::Done);
    assert_eq!(settled.tickets.unwrap().merged, 1);

    let tickets = client.tickets(&run).await.unwrap();
    assert_eq!(tickets[0].state, TicketState::Merged);
    let ticket = client.ticket(&run, &tickets[0].id).await.unwrap();
    assert_eq!(ticket.attempts.len(), 1);
    assert!(
        ticket.checks.iter().all(|check| check.passed && check.output.contains("Hello, Ada!")),
        "{ticket:?}"
    );
    assert!(!ticket.model_calls.is_empty());
    let trace = client.trace(&run, Some("REQ-1")).await.unwrap();
    assert_eq!(trace.requirements[0].evidence, Evidence::Proven);
    assert_eq!(trace.head, tickets[0].merged);
    assert_eq!(client.trace(&run, Some("REQ-9")).await.unwrap_err().code(), "store.not_found");
    let offered = client.pull_request(&run).await.unwrap();
    assert!(offered.body.contains("REQ-1"), "{}", offered.body);

    assert!(offered.body.contains("Quality of what was accepted: 100 of 100."), "{}", offered.body);

    let overview = client.overview().await.unwrap();
    assert_eq!((overview.runs.done, overview.work.merged, overview.work.merged_at_once), (1, 1, 1));
    assert_eq!(client.calibration().await.unwrap().finished, 1);
    assert!(client.choices().await.unwrap()[0].words.starts_with("off: "));
    let steps = client.deadlines().await.unwrap();
    assert!(steps.iter().all(|step| step.samples > 0 && step.deadline.is_none()), "{steps:?}");
    assert_eq!(client.failures(Some(&run), Some("2026-11-01T00:00:00Z")).await.unwrap().attempts, 0);

    let quality = client.quality(Some(&run), Some("model")).await.unwrap();
    assert_eq!((quality.attempts, quality.groups.len(), quality.items.len()), (1, 1, 1));
    assert_eq!(quality.score, Some(ticket.quality[0].quality.score), "the ticket's page says the same");
    assert_eq!(client.quality(None, None).await.unwrap().groups[0].name, ticket.attempts[0].agent);
    let [steps] = &ticket.steps[..] else { panic!("{:?}", ticket.steps) };
    assert_eq!(steps.attempt, ticket.attempts[0].id);
    let spent: u64 = steps.steps.iter().map(|step| step.spend.tokens_in).sum();
    assert_eq!(spent, ticket.attempts[0].spend.tokens_in, "the steps are all that it cost");

    assert_eq!(client.verify().await.unwrap().first_bad, None);
    let log =
        client.export_log("jsonl", &AuditFilter::default()).await.unwrap().map(Result::unwrap).concat().await;
    let signed = client.checkpoints(0, Some(1), true).await.unwrap();
    let key = client.audit_keys().await.unwrap().key.unwrap();
    let trusted = vec![swarm_store::PublicKey::parse(&key).unwrap()];
    let proof = swarm_store::prove(&log[..], trusted, Some(&signed[0].note)).unwrap();
    assert_eq!((proof.faults, proof.events), (vec![], signed[0].size));
    let rotated = client.rotate_audit_key().await.unwrap();
    assert_eq!(rotated.earlier, [key]);
    assert_eq!(client.verify().await.unwrap().first_bad, None);
    let rebuilt = client.rebuild().await.unwrap();
    assert!(rebuilt.tables.iter().all(|table| table.before == table.after), "{rebuilt:?}");

    // What is settled stays so.
    assert_eq!(client.retry_ticket(&run, &tickets[0].id, None).await.unwrap_err().status(), Some(409));
    assert_eq!(client.cancel_ticket(&run, &tickets[0].id, "late").await.unwrap_err().status(), Some(409));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_refused_with_a_code_that_says_why() {
    let world = World::new().await;
    let repo = world.project().await;
    let client = world.client();
    let project = |name: &str, repo: &str| NewProject { project: name.to_owned(), repo: repo.to_owned() };
    let taken = client.add_project(&project("greeter", "/elsewhere")).await.unwrap_err();
    assert_eq!((taken.code(), taken.status()), ("project.taken", Some(409)));
    let nowhere = client.add_project(&project("other", "/no/such/repository")).await.unwrap_err();
    assert_eq!(nowhere.status(), Some(422), "{nowhere:?}");
    assert!(client.add_project(&project("greeter", repo.to_str().unwrap())).await.is_ok());

    let spec = |text: &str| NewSpec { project: "greeter".to_owned(), text: text.to_owned() };
    for (text, code) in
        [("", "spec.empty"), ("# T\n\nNothing asked.\n", "spec.no_requirements"), ("a\0b", "spec.binary")]
    {
        let refused = client.add_spec(&spec(text)).await.unwrap_err();
        assert_eq!((refused.code(), refused.status()), (code, Some(422)));
    }
    let large = client.add_spec(&spec(&"x".repeat((1 << 20) + 1))).await.unwrap_err();
    assert_eq!((large.code(), large.status()), ("spec.too_large", Some(413)));
    let unknown = NewSpec { project: "nobody".to_owned(), text: GREETER.to_owned() };
    assert_eq!(client.add_spec(&unknown).await.unwrap_err().status(), Some(404));
    let plan = NewPlan { spec: "spec_nobody".to_owned(), models: Vec::new() };
    assert_eq!(client.request_plan(&plan).await.unwrap_err().status(), Some(404));
    let run = NewRun { plan: "plan_nobody".to_owned(), options: options() };
    assert_eq!(client.start_run(&run).await.unwrap_err().status(), Some(404));
    let quality = async |run, by| client.quality(run, by).await.unwrap_err().status();
    assert_eq!(quality(Some("run_9"), None).await, Some(404));
    assert!(matches!(quality(None, Some("colour")).await, Some(400 | 422)));
    let failures = async |run, since| client.failures(run, since).await.unwrap_err().status();
    assert_eq!(failures(Some("run_9"), None).await, Some(404));
    assert_eq!(failures(Some("../x"), None).await, failures(None, Some("yesterday")).await);
    assert!(matches!(failures(None, Some("yesterday")).await, Some(400 | 422)));
    world.end().await;
}

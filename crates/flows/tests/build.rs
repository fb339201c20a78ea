//! The main job, end to end below the doors: a spec becomes verified, merged code, and nothing less counts.

use swarm_domain::{
    EventBody, MicroUsd,
    budget::Budget,
    event::CheckStage,
    finding::FindingCode,
    quota::{Quota, QuotaScope},
    run::{RunOptions, RunState},
    ticket::TicketState,
};
use swarm_flows::Flows;
use swarm_store::RunRow;

use crate::world::{
    self, GREET, GREETER, OFFICE, SHOUT, World, built, count, events, findings, git, planned, script,
};

fn author(file: &str, nth: Option<u32>, content: &str) -> String {
    let nth = nth.map(|nth| format!("nth = {nth}\n")).unwrap_or_default();
    format!(
        "[[rules]]\ncontains = \"You may write only: {file}\"\n{nth}text = '''\nHere it is, all tests pass.\n\n{file}\n```sh\n{content}```\n'''\n"
    )
}

/// The office, with these rules for the authors before it.
fn staff(authors: &[String]) -> String {
    let head = "json_schema = true\n";
    format!("{head}{}\n{OFFICE}", authors.join("\n"))
}

async fn ran(world: &World, authors: &[String], options: RunOptions) -> (Flows, RunRow) {
    let flows = world.flows(script(&staff(authors))).await;
    let run = built(&flows, &world.repo(), GREETER, options).await;
    (flows, run)
}

fn needs(run: &RunRow) -> &str {
    match &run.state {
        RunState::NeedsPerson { problem } => &problem.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_becomes_merged_code_with_evidence_for_each_requirement() {
    let world = World::new().await;
    let (flows, run) = ran(
        &world,
        &[author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)],
        RunOptions::default(),
    )
    .await;
    assert_eq!(run.state, RunState::Done);
    let branch = format!("swarm/{}", run.id);
    let repo = world.repo();
    assert_eq!(git(&repo, &["show", &format!("{branch}:shout.sh")]), SHOUT.trim());
    let log = git(&repo, &["log", "--format=%s%n%(trailers)", &branch]);
    for trailer in
        ["Ticket: ", &format!("Run: {}", run.id), "Agent: ", "Req: REQ-1", "Req: REQ-2", "Co-authored-by: "]
    {
        assert!(log.contains(trailer), "{trailer} in {log}");
    }
    // What was merged first is proven again on top of what came after.
    let events = events(&flows).await;
    let merge_checks = events
        .iter()
        .filter(|event| {
            matches!(&event.body, EventBody::CheckRun { stage: CheckStage::Merge, passed: true, .. })
        })
        .count();
    assert_eq!(merge_checks, 3);
    let tenant = &flows.parts().config.tenant;
    let request = flows.store().pull_request(tenant, &run.id).await.unwrap();
    let body = String::from_utf8(flows.store().blobs().get(&request.body).await.unwrap()).unwrap();
    assert!(body.contains("2 of 2 are proven") && body.contains("HELLO, ADA!"), "{body}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_attempt_comes_back_with_a_hint_and_is_mended() {
    let world = World::new().await;
    let authors = [
        author("greet.sh", Some(1), "echo \"Hello $1\"\n"),
        author("greet.sh", None, GREET),
        author("shout.sh", None, SHOUT),
    ];
    let (flows, run) = ran(&world, &authors, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    let events = events(&flows).await;
    let found = findings(&events);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].code, FindingCode::AcceptanceFailed);
    assert!(found[0].evidence.contains("Hello Ada"), "{found:?}");
    let agents: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptStarted { agent, hints, .. } => Some((agent.as_str(), hints.len())),
            _ => None,
        })
        .collect();
    assert_eq!(agents.len(), 3);
    assert_eq!(agents[0].1, 0);
    assert_eq!(agents[1].1, 1, "{agents:?}");
    assert_ne!(agents[0].0, agents[1].0, "the fixer takes over");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_lies_about_its_tests_ends_with_a_person() {
    let world = World::new().await;
    let authors = [author("greet.sh", None, "echo \"Hello $1\"\n")];
    let options = RunOptions { max_attempts: 3, ..RunOptions::default() };
    let (flows, run) = ran(&world, &authors, options).await;
    assert_eq!(needs(&run), "ticket.attempts_used");
    let events = events(&flows).await;
    assert_eq!(count(&events, "attempt_started"), 3);
    assert_eq!(count(&events, "merged"), 0);
    // The same hint is never given twice.
    let mut hints: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptStarted { hints, .. } => Some(hints.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let given = hints.len();
    hints.sort();
    hints.dedup();
    assert_eq!(hints.len(), given);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_author_must_not_do_is_found_and_sent_back() {
    for (content, code) in [
        ("# TODO: greet\necho \"Hello, $1!\"\n", FindingCode::Placeholder),
        ("key='ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2'\necho \"Hello, $1!\"\n", FindingCode::Secret),
        ("while :; do :; done\n", FindingCode::AcceptanceLimit),
        ("yes\n", FindingCode::AcceptanceLimit),
        ("rm -rf ./* ./.??*; exit 3\n", FindingCode::AcceptanceFailed),
        ("f() { f | f & }; f; sleep 1; exit 4\n", FindingCode::AcceptanceFailed),
    ] {
        let mut world = World::new().await;
        world.config.check_limits.wall = std::time::Duration::from_secs(3);
        world.config.check_limits.pids = 32;
        let authors = [
            author("greet.sh", Some(1), content),
            author("greet.sh", None, GREET),
            author("shout.sh", None, SHOUT),
        ];
        let (flows, run) = ran(&world, &authors, RunOptions::default()).await;
        assert_eq!(run.state, RunState::Done, "{content}");
        let found = findings(&events(&flows).await);
        assert!(found.iter().any(|finding| finding.code == code), "{content}: {found:?}");
        flows.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_outside_of_the_ticket_or_the_worktree_is_never_written() {
    for path in ["../../escape.sh", "/tmp/swarm-escape.sh", "other.sh", ".git/hooks/post-commit"] {
        let world = World::new().await;
        let wrong =
            author("greet.sh", Some(1), GREET).replacen("\n\ngreet.sh\n", &format!("\n\n{path}\n"), 1);
        // Told that the path was refused, the author writes where it may.
        let told =
            author("greet.sh", None, GREET).replacen("You may write only: greet.sh", "Result of write", 1);
        let authors = [wrong, told, author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
        let (flows, run) = ran(&world, &authors, RunOptions::default()).await;
        assert_eq!(run.state, RunState::Done, "{path}");
        let files = git(&world.repo(), &["ls-tree", "-r", "--name-only", &format!("swarm/{}", run.id)]);
        assert_eq!(files, "greet.sh\nshout.sh", "{path}");
        assert!(!std::path::Path::new("/tmp/swarm-escape.sh").exists());
        flows.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_looping_model_is_stopped() {
    let world = World::new().await;
    let looping = r#"
tools = true
[[rules]]
contains = "You may write only: greet.sh"
tool_calls = [{ name = "read", arguments = { path = "greet.sh" } }]
"#;
    let flows = world.flows(script(&format!("{looping}{OFFICE}"))).await;
    let options = RunOptions { max_attempts: 1, ..RunOptions::default() };
    let run = built(&flows, &world.repo(), GREETER, options).await;
    assert_eq!(needs(&run), "ticket.attempts_used");
    let events = events(&flows).await;
    assert!(findings(&events).iter().any(|finding| finding.code == FindingCode::Loop));
    assert!(count(&events, "model_called") < 20);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_stops_the_call_before_it_is_made() {
    let world = World::new().await;
    let authors = [author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let budget = Budget { usd: Some(MicroUsd::default()), tokens: Some(10) };
    let (flows, run) = ran(&world, &authors, RunOptions { budget, ..RunOptions::default() }).await;
    assert_eq!(needs(&run), "budget.reached");
    assert_eq!(run.spend.calls, 0);
    assert!(count(&events(&flows).await, "budget_reached") > 0);

    // The same budget stops it again; a larger one lets it go on to the end.
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &run.id).await.unwrap();
    let first = &tickets[0].id;
    flows.retry_ticket(&world::ada(), &run.id, first, None).await.unwrap();
    assert_eq!(needs(&world::run_settled(&flows, &run.id).await), "budget.reached");
    let larger = Budget { usd: Some(MicroUsd(2_000_000)), tokens: Some(1_000_000) };
    flows.retry_ticket(&world::ada(), &run.id, first, Some(larger)).await.unwrap();
    let run = world::run_settled(&flows, &run.id).await;
    assert_eq!((run.state, run.options.budget), (RunState::Done, larger));
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_stops_the_call_before_it_is_made_whoever_began_the_run() {
    let world = World::new().await;
    let authors = [author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let flows = world.flows(script(&staff(&authors))).await;
    let plan = planned(&flows, &world.repo(), GREETER).await;
    let budget = Budget { usd: None, tokens: Some(1) };
    let quota = Quota { budget, ..Quota::default() };
    let empty = flows.set_quota(&world::ada(), QuotaScope::Tenant, Quota::default()).await.unwrap_err();
    assert_eq!(empty.code, "quota.invalid");
    let set = flows.set_quota(&world::ada(), QuotaScope::Tenant, quota).await.unwrap();
    assert!(set.spent.calls > 0, "what planning took counts");
    let run = flows.start_run(&world::ada(), &plan.id, RunOptions::default()).await.unwrap();
    let stopped = world::run_settled(&flows, &run).await;
    assert_eq!(needs(&stopped), "budget.reached");
    assert_eq!(stopped.spend.calls, 0);

    flows.lift_quota(&world::ada(), "tenant").await.unwrap();
    assert_eq!(flows.lift_quota(&world::ada(), "tenant").await.unwrap_err().code, "store.not_found");
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &run).await.unwrap();
    flows.retry_ticket(&world::ada(), &run, &tickets[0].id, None).await.unwrap();
    assert_eq!(world::run_settled(&flows, &run).await.state, RunState::Done);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_is_retried_and_then_a_person_is_told() {
    let world = World::new().await;
    let flaky = "[[rules]]\ncontains = \"You may write only: greet.sh\"\nnth = 1\nerror = { kind = \"rate_limited\", retry_after_seconds = 0 }\n";
    let authors = [flaky.to_owned(), author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let (flows, run) = ran(&world, &authors, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done, "one failure is only waited for");
    flows.shutdown().await;

    let world = World::new().await;
    let down = "[[rules]]\nerror = { kind = \"unavailable\" }\n";
    let flows = world.flows(script(down)).await;
    let plan = planned(&flows, &world.repo(), GREETER).await;
    let problem = plan.problem.unwrap();
    assert!(problem.code.starts_with("model."), "{problem:?}");
    assert!(!problem.next.is_empty());
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planner_that_talks_nonsense_is_not_needed() {
    let world = World::new().await;
    let nonsense = "[[rules]]\ncontains = \"Each of these ids must be in exactly one ticket\"\ntext = 'I would love to help!'\n";
    let still_nonsense = "\n[[rules]]\ntext = 'Still glad to help.'\n";
    let flows = world.flows(script(&format!("{nonsense}{OFFICE}{still_nonsense}"))).await;
    let plan = planned(&flows, &world.repo(), GREETER).await.plan.unwrap();
    assert_eq!(plan.tickets.len(), 2);
    assert!(plan.model.starts_with("computed"), "{}", plan.model);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_builds_on_one_repository_do_not_meet() {
    let world = World::new().await;
    let flows = world
        .flows(script(&staff(&[author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)])))
        .await;
    let plan = planned(&flows, &world.repo(), GREETER).await;
    let ada = world::ada();
    let first = flows.start_run(&ada, &plan.id, RunOptions::default()).await.unwrap();
    let second = flows.start_run(&ada, &plan.id, RunOptions::default()).await.unwrap();
    for run in [first, second] {
        assert_eq!(world::run_settled(&flows, &run).await.state, RunState::Done);
        assert_eq!(git(&world.repo(), &["show", &format!("swarm/{run}:greet.sh")]), GREET.trim());
    }
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_needs_a_person_is_taken_up_again_where_the_run_stood() {
    let world = World::new().await;
    let authors = [
        author("greet.sh", None, GREET),
        author("shout.sh", Some(1), "echo wrong\n"),
        author("shout.sh", None, SHOUT),
    ];
    let (flows, run) = ran(&world, &authors, RunOptions { max_attempts: 1, ..RunOptions::default() }).await;
    assert_eq!(needs(&run), "ticket.attempts_used");
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &run.id).await.unwrap();
    let stuck =
        tickets.iter().find(|ticket| matches!(ticket.state, TicketState::NeedsPerson { .. })).unwrap();
    flows.retry_ticket(&world::ada(), &run.id, &stuck.id, None).await.unwrap();
    assert_eq!(world::run_settled(&flows, &run.id).await.state, RunState::Done);
    assert_eq!(count(&events(&flows).await, "merged"), 2, "what was merged is not merged again");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_taken_up_again_and_what_waits_for_it_with_it() {
    let world = World::new().await;
    let authors = [
        author("greet.sh", Some(1), "echo wrong\n"),
        author("greet.sh", None, GREET),
        author("shout.sh", None, SHOUT),
    ];
    let (flows, run) = ran(&world, &authors, RunOptions { max_attempts: 1, ..RunOptions::default() }).await;
    assert_eq!(needs(&run), "ticket.attempts_used");
    let tenant = flows.parts().config.tenant.clone();
    let ada = world::ada();
    let tickets = flows.store().tickets(&tenant, &run.id).await.unwrap();
    let [greet, shout] = [&tickets[0].id, &tickets[1].id];
    assert_eq!(tickets[1].state, TicketState::Waiting);

    // What waits is not stuck for ever: the run is taken up, finds the first one given up, and says what to do.
    flows.cancel_ticket(&ada, &run.id, greet, "not now").await.unwrap();
    flows.retry_ticket(&ada, &run.id, shout, None).await.unwrap();
    let settled = world::run_settled(&flows, &run.id).await;
    let RunState::NeedsPerson { problem } = &settled.state else { panic!("{:?}", settled.state) };
    assert_eq!(problem.code, "run.unfinished");
    assert!(problem.detail.contains(&format!("given up: {greet}; still waiting: {shout}")), "{problem:?}");
    assert!(problem.next.contains(&format!("swarm ticket retry {greet}")), "{problem:?}");

    // A whole run that was given up can be taken up again too.
    flows.cancel_run(&ada, &run.id, "enough").await.unwrap();
    flows.retry_ticket(&ada, &run.id, shout, None).await.unwrap();
    world::run_settled(&flows, &run.id).await;
    flows.retry_ticket(&ada, &run.id, greet, None).await.unwrap();
    assert_eq!(world::run_settled(&flows, &run.id).await.state, RunState::Done);
    let again = flows.retry_ticket(&ada, &run.id, greet, None).await.unwrap_err();
    assert_eq!(again.code, "ticket.not_allowed", "what is merged stays so");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_that_cannot_be_offered_loses_nothing_and_is_offered_at_the_next_try() {
    let world = World::new().await;
    let repo = world.repo();
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "begin"]);
    // Git cannot hold `swarm/<run>` beside a branch that is called `swarm`.
    git(&repo, &["branch", "swarm"]);
    let authors = [author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let (flows, run) = ran(&world, &authors, RunOptions::default()).await;
    let RunState::NeedsPerson { problem } = &run.state else { panic!("{:?}", run.state) };
    assert!(problem.code.starts_with("forge.") && problem.next.contains("swarm ticket retry"), "{problem:?}");
    let tickets = flows.store().tickets(&flows.parts().config.tenant, &run.id).await.unwrap();
    assert!(tickets.iter().all(|ticket| ticket.state == TicketState::Merged));

    git(&repo, &["branch", "-D", "swarm"]);
    flows.retry_ticket(&world::ada(), &run.id, &tickets[0].id, None).await.unwrap();
    assert_eq!(world::run_settled(&flows, &run.id).await.state, RunState::Done);
    assert_eq!(git(&repo, &["show", &format!("swarm/{}:greet.sh", run.id)]), GREET.trim());
    assert_eq!(count(&events(&flows).await, "merged"), 2, "what was merged is not merged again");
    let again = flows.retry_ticket(&world::ada(), &run.id, &tickets[0].id, None).await;
    assert_eq!(again.unwrap_err().code, "ticket.not_allowed", "a run that is done stays done");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_given_up_while_it_is_proven_does_not_move_the_branch() {
    let world = World::new().await;
    // Long enough that the ticket is given up while the merge train proves it.
    let spec = GREETER.replace("sh greet.sh Ada", "sh greet.sh Ada; sleep 2");
    let flows = world
        .flows(script(&staff(&[author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)])))
        .await;
    let plan = planned(&flows, &world.repo(), &spec).await;
    let run = flows.start_run(&world::ada(), &plan.id, RunOptions::default()).await.unwrap();
    let tenant = &flows.parts().config.tenant;
    let proven = world::eventually(|| async {
        let tickets = flows.store().tickets(tenant, &run).await.unwrap();
        tickets.into_iter().find(|ticket| ticket.state == TicketState::Merging)
    })
    .await;
    if flows.cancel_ticket(&world::ada(), &run, &proven.id, "changed my mind").await.is_err() {
        println!("skipped: this machine stood still for longer than the proof took");
        return;
    }
    world::run_settled(&flows, &run).await;
    let row = flows.store().ticket(tenant, &run, &proven.id).await.unwrap();
    assert_eq!(row.state, TicketState::Cancelled);
    assert_eq!(row.merged, None);
    assert_eq!(count(&events(&flows).await, "merged"), 0);
    assert_eq!(git(&world.repo(), &["branch", "--list", "swarm/*"]), "", "there is nothing to offer");
    flows.shutdown().await;
}

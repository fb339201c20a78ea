//! The views: what the events add up to, and that they can be drawn again.

use sqlx::{AssertSqlSafe, PgPool};
use swarm_domain::{
    EventBody, MicroUsd, PlanId, TenantId,
    attempt::AttemptOutcome,
    budget::{Budget, Spend},
    event::CheckStage,
    run::{RunOptions, RunState},
    ticket::TicketState,
};
use swarm_store::{PlanState, Store, testing::TestDatabase};

use crate::story;

async fn told(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    store.append_all(&story::whole()).await.unwrap();
    (database, store)
}

#[test]
fn the_story_has_every_kind_of_event() {
    // A new kind has to be written into the story, so that rebuilding is tested with it.
    let told: std::collections::BTreeSet<_> = story::whole().iter().map(|event| event.body.name()).collect();
    assert_eq!(told.len(), 81, "{told:?}");
}

#[tokio::test]
async fn views_drawn_again_are_the_same() {
    let (_database, store) = told("rebuild").await;
    let report = store.rebuild(&story::tenant()).await.unwrap();
    assert_eq!(report.events, story::whole().len() as u64);
    assert_eq!(report.differing().count(), 0, "{report:?}");
    assert!(
        report.tables.iter().all(|table| table.after.rows > 0),
        "the story fills every table: {report:?}"
    );
}

#[tokio::test]
async fn a_rebuild_names_each_table_that_was_tampered_with_and_mends_it() {
    let (database, store) = told("tampered_view").await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let statements = [
        ("projects", "UPDATE swarm.projects SET repo = '/elsewhere'"),
        ("specs", "DELETE FROM swarm.specs"),
        ("runs", "UPDATE swarm.runs SET usd = 0"),
        ("tickets", "UPDATE swarm.tickets SET state = 'merged' WHERE id = 'T-2'"),
        ("checks", "UPDATE swarm.checks SET passed = true"),
        (
            "commits",
            "INSERT INTO swarm.commits SELECT tenant, run, 'T-2', commit, attempt, 0, 0, 0, at FROM swarm.commits",
        ),
    ];
    for (table, statement) in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        let report = store.rebuild(&story::tenant()).await.unwrap();
        let names: Vec<_> = report.differing().map(|table| table.table.as_str()).collect();
        assert_eq!(names, [table]);
        assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
    }
    pool.close().await;
}

#[tokio::test]
async fn a_rebuild_leaves_other_tenants_alone() {
    let (database, store) = told("two_tenants").await;
    let other = TenantId::parse("other").unwrap();
    let theirs =
        story::whole().into_iter().map(|event| swarm_domain::NewEvent { tenant: other.clone(), ..event });
    store.append_all(&theirs.collect::<Vec<_>>()).await.unwrap();
    let pool = PgPool::connect(&database.url()).await.unwrap();
    sqlx::query("UPDATE swarm.runs SET usd = 7 WHERE tenant = 'other'").execute(&pool).await.unwrap();
    pool.close().await;
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
    assert_eq!(store.run(&other, &story::run_id()).await.unwrap().spend.usd, MicroUsd(7));
    assert_eq!(store.rebuild(&other).await.unwrap().differing().count(), 1);
}

#[tokio::test]
async fn what_is_not_known_is_not_found() {
    let database = TestDatabase::new("nothing").await.unwrap();
    let store = database.store().await.unwrap();
    let (tenant, run, ticket) = (story::tenant(), story::run_id(), story::ticket_id(1));
    let codes = [
        store.project(&tenant, &story::project()).await.unwrap_err(),
        store.spec(&tenant, &story::spec_id()).await.unwrap_err(),
        store.plan(&tenant, &story::plan_id()).await.unwrap_err(),
        store.run(&tenant, &run).await.unwrap_err(),
        store.tickets(&tenant, &run).await.unwrap_err(),
        store.ticket(&tenant, &run, &ticket).await.unwrap_err(),
        store.pull_request(&tenant, &run).await.unwrap_err(),
        store.trace(&tenant, &run, None).await.unwrap_err(),
    ];
    for error in codes {
        assert_eq!(error.problem().code, "store.not_found", "{error}");
    }
    let report = store.rebuild(&tenant).await.unwrap();
    assert_eq!((report.events, report.differing().count()), (0, 0));
}

#[tokio::test]
async fn a_run_shows_where_it_stands_and_what_it_spent() {
    let (_database, store) = told("run_view").await;
    let run = store.run(&story::tenant(), &story::run_id()).await.unwrap();
    assert!(matches!(&run.state, RunState::NeedsPerson { problem } if problem.code == "run.unfinished"));
    assert_eq!((run.generation, run.base), (2, Some(story::commit('a'))));
    assert_eq!(run.spend, Spend { usd: MicroUsd(200), tokens_in: 200, tokens_out: 40, calls: 2 });
    assert!(run.settled_at.is_some());
    let asked = RunOptions::default();
    assert_eq!(asked.budget.usd, None);
    assert_eq!(
        run.options,
        RunOptions { budget: Budget { usd: Some(MicroUsd(5_000_000)), tokens: None }, ..asked }
    );
    assert_eq!(
        store.runs(&story::tenant()).await.unwrap(),
        [store.run(&story::tenant(), &run.id).await.unwrap()]
    );

    let tickets = store.tickets(&story::tenant(), &run.id).await.unwrap();
    assert_eq!(tickets.len(), 2);
    assert_eq!((&tickets[0].state, tickets[0].attempt), (&TicketState::Merged, 2));
    assert_eq!((tickets[0].spend, tickets[0].merged.clone()), (run.spend, Some(story::commit('c'))));
    assert_eq!((&tickets[1].state, tickets[1].attempt), (&TicketState::Waiting, 0));

    let attempts = store.attempts(&story::tenant(), &run.id, Some(&tickets[0].id)).await.unwrap();
    assert!(matches!(attempts[0].outcome, Some(AttemptOutcome::Rejected { .. })));
    assert_eq!((attempts[1].number, &attempts[1].outcome), (2, &Some(AttemptOutcome::Accepted)));
    assert_eq!(attempts[0].spend.usd, MicroUsd(150));
    let calls = store.model_calls(&story::tenant(), &run.id, None).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.spend.usd.0).collect::<Vec<_>>(), [150, 50]);
    assert_eq!(store.findings(&story::tenant(), &run.id, None).await.unwrap().len(), 1);
    let pull_request = store.pull_request(&story::tenant(), &run.id).await.unwrap();
    assert_eq!(pull_request.title, "Count words, again");
    assert!(pull_request.opened_at <= pull_request.updated_at);
}

#[tokio::test]
async fn a_plan_is_requested_then_proposed_or_failed() {
    let (_database, store) = told("plan_view").await;
    let plan = store.plan(&story::tenant(), &story::plan_id()).await.unwrap();
    assert_eq!((plan.state, plan.plan), (PlanState::Proposed, Some(story::plan())));
    assert_eq!(plan.models, ["scripted/one"]);
    let failed = store.plan(&story::tenant(), &PlanId::parse("plan_0").unwrap()).await.unwrap();
    assert_eq!((failed.state, failed.plan), (PlanState::Failed, None));
    assert_eq!(failed.problem.unwrap().code, "model.unreachable");
    assert_eq!(store.spec(&story::tenant(), &plan.spec).await.unwrap().spec, story::spec());
}

#[tokio::test]
async fn a_requirement_is_traced_to_its_tickets_commits_and_proof() {
    let (_database, store) = told("trace").await;
    let traces = store.trace(&story::tenant(), &story::run_id(), None).await.unwrap();
    assert_eq!(traces.len(), 2);
    assert!(traces[0].merged && !traces[1].merged);
    let ticket = &traces[0].tickets[0];
    assert_eq!(ticket.merged, Some(story::commit('c')));
    let commits: Vec<_> = ticket.commits.iter().map(|commit| commit.commit.clone()).collect();
    assert_eq!(commits, [story::commit('b'), story::commit('c')]);
    let checks: Vec<_> = traces[0].checks.iter().map(|c| (c.stage, c.passed, c.ended.as_str())).collect();
    assert_eq!(checks, [(CheckStage::Validation, false, "exit 1"), (CheckStage::Merge, true, "exit 0")]);
    assert!(traces[1].checks.is_empty());

    let one = store.trace(&story::tenant(), &story::run_id(), Some(&story::requirement_id(2))).await.unwrap();
    assert_eq!(one, traces[1..]);
    let none = store.trace(&story::tenant(), &story::run_id(), Some(&story::requirement_id(9))).await;
    assert_eq!(none.unwrap_err().problem().code, "store.not_found");
}

#[tokio::test]
async fn what_an_agent_did_last_shows_until_its_ticket_moves_on() {
    let database = TestDatabase::new("step").await.unwrap();
    let store = database.store().await.unwrap();
    let told = story::whole();
    let tool = told.iter().position(|event| matches!(event.body, EventBody::ToolCalled { .. })).unwrap();
    let moved =
        told.iter().skip(tool).position(|e| matches!(e.body, EventBody::TicketStateChanged { .. })).unwrap();
    store.append_all(&told[..=tool]).await.unwrap();
    let step =
        async || store.ticket(&story::tenant(), &story::run_id(), &story::ticket_id(1)).await.unwrap().step;
    assert_eq!(step().await.as_deref(), Some("write textstat/words.py"));
    store.append_all(&told[tool + 1..=tool + moved]).await.unwrap();
    assert_eq!(step().await, None);
}

#[tokio::test]
async fn spending_never_wraps_round_to_small() {
    let (_database, store) = told("saturate").await;
    for key in ["x", "y"] {
        store.append(story::event(key, story::of_attempt(1, 2), story::call(u64::MAX))).await.unwrap();
    }
    let run = store.run(&story::tenant(), &story::run_id()).await.unwrap();
    assert_eq!(run.spend.usd.0, u64::try_from(i64::MAX).unwrap());
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn two_processes_that_open_an_empty_database_at_once_both_find_it_ready() {
    let database = TestDatabase::new("migrations").await.unwrap();
    let opened = futures::future::join_all((0..4).map(|_| database.store())).await;
    for store in opened {
        store.unwrap().ping().await.unwrap();
    }
}

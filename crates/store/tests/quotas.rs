//! Quotas: what was spent counts for everybody that it was spent for, and no more runs begin than fit.

use chrono::{TimeDelta, Utc};
use sqlx::PgPool;
use swarm_domain::{
    BlobHash, EventBody, MicroUsd, Subject, TenantId,
    budget::{Budget, Spend},
    id::KeyId,
    quota::{Period, Quota, QuotaScope},
    run::{RunOptions, RunState},
    vitals::BudgetVitals,
};
use swarm_store::{QuotaRow, Store, StoreError, SystemClock, testing::TestDatabase};

use crate::story;

async fn told(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    store.append_all(&story::whole()).await.unwrap();
    (database, store)
}

fn now() -> chrono::DateTime<Utc> {
    swarm_domain::Clock::now(&SystemClock)
}

fn dollars(usd: u64, per: Period) -> Quota {
    Quota { per, budget: Budget { usd: Some(MicroUsd(usd)), tokens: None }, runs: None }
}

fn set(scope: &str, quota: Quota) -> swarm_domain::NewEvent {
    let scope: QuotaScope = scope.parse().unwrap();
    let key = format!("{scope} {quota:?}");
    story::event(&key, Subject::default(), EventBody::QuotaSet { scope, quota: Some(quota) })
}

fn called(key: &str, subject: Subject, agent: &str, usd: u64) -> swarm_domain::NewEvent {
    let (request, reply) = (BlobHash::of(b"asked"), BlobHash::of(b"said"));
    let body = EventBody::ModelCalled {
        agent: agent.to_owned(),
        model: "some/model".to_owned(),
        request,
        reply,
        spend: Spend { usd: MicroUsd(usd), tokens_in: 10, tokens_out: 1, calls: 1 },
        millis: 1,
        recorded: false,
        cache: None,
    };
    story::event(key, subject, body)
}

async fn spent(store: &Store, scope: &str) -> Spend {
    row(store, scope).await.unwrap().spent
}

async fn row(store: &Store, scope: &str) -> Option<QuotaRow> {
    let rows = store.quotas(&story::tenant(), now()).await.unwrap();
    rows.into_iter().find(|row| row.scope.to_string() == scope)
}

#[tokio::test]
async fn a_call_counts_for_the_tenant_its_project_its_agent_and_the_key_that_began_its_run() {
    let (_database, store) = told("counted").await;
    let project = format!("project:{}", story::project());
    for scope in ["tenant", &project, "project:idle", "agent:quota-tester", "key:key_1"] {
        let refused = store.append(set(scope, dollars(1_000_000, Period::Ever))).await;
        if scope == "project:idle" {
            assert!(matches!(refused, Err(StoreError::NotFound { kind: "project", .. })), "{refused:?}");
        } else {
            refused.unwrap();
        }
    }
    let before = spent(&store, "tenant").await;
    assert!(before.usd > MicroUsd(0), "what the story spent before there was a quota counts");
    let options = RunOptions { key: Some(KeyId::parse("key_1").unwrap()), ..RunOptions::default() };
    let plan = story::plan_id();
    let run = swarm_domain::RunId::parse("run_of_a_key").unwrap();
    let subject = Subject { run: Some(run), ..Subject::default() };
    store
        .append(story::event("by key", subject.clone(), EventBody::RunStarted { plan, options }))
        .await
        .unwrap();
    store.append(called("one", subject, "quota-tester", 700)).await.unwrap();
    let planning = Subject { project: Some(story::project()), ..Subject::default() };
    store.append(called("two", planning, "planner", 40)).await.unwrap();
    store.append(called("three", Subject::default(), "nobody", 2)).await.unwrap();

    assert_eq!(spent(&store, "agent:quota-tester").await.usd, MicroUsd(700));
    assert_eq!(spent(&store, "key:key_1").await.usd, MicroUsd(700));
    assert_eq!(spent(&store, "tenant").await.usd, before.usd + MicroUsd(742));
    assert_eq!(spent(&store, &project).await.usd, before.usd + MicroUsd(740));
    assert_eq!(row(&store, "key:key_1").await.unwrap().runs, 1);
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn what_was_spent_in_an_earlier_period_counts_no_more() {
    let (_database, store) = told("periods").await;
    let tenant = story::tenant();
    store.append(set("tenant", dollars(1_000_000, Period::Day))).await.unwrap();
    store.append(called("today", Subject::default(), "planner", 5)).await.unwrap();
    let of = async |at| store.quotas(&tenant, at).await.unwrap().remove(0);
    let today = of(now()).await;
    assert!(today.spent.usd >= MicroUsd(5));
    assert_eq!(today.renews, now().date_naive().succ_opt());
    assert_eq!(of(now() + TimeDelta::days(1)).await.spent, Spend::default());
    store.append(set("tenant", dollars(1_000_000, Period::Month))).await.unwrap();
    assert_eq!(of(now()).await.spent, today.spent);
    assert_eq!(of(now() + TimeDelta::days(32)).await.spent, Spend::default());
    store.append(set("tenant", dollars(1_000_000, Period::Ever))).await.unwrap();
    let later = of(now() + TimeDelta::days(32)).await;
    assert_eq!((later.spent, later.renews), (today.spent, None));
}

#[tokio::test]
async fn of_runs_that_begin_at_once_only_as_many_begin_as_the_quota_allows() {
    let (_database, store) = told("runs").await;
    store.append(set("tenant", Quota { runs: Some(2), ..Quota::default() })).await.unwrap();
    let begin = async |number: u32| {
        let run = swarm_domain::RunId::parse(format!("run_q{number}")).unwrap();
        let subject = Subject { run: Some(run), ..Subject::default() };
        let body = EventBody::RunStarted { plan: story::plan_id(), options: RunOptions::default() };
        store.append(story::event(&format!("run {number}"), subject, body)).await
    };
    let begun = futures::future::join_all((0..6).map(begin)).await;
    assert_eq!(begun.iter().filter(|begun| begun.is_ok()).count(), 2);
    for refused in begun.into_iter().filter_map(Result::err) {
        assert!(
            matches!(&refused, StoreError::QuotaReached { scope: QuotaScope::Tenant, limit: 2 }),
            "{refused}"
        );
        assert_eq!(refused.problem().code, "quota.reached");
    }
    // One that settled is not taken up again either while there is no room, and is when there is.
    let again =
        |key: &str| story::event(key, story::of_run(), EventBody::RunStateChanged { to: RunState::Running });
    assert!(matches!(store.append(again("full")).await, Err(StoreError::QuotaReached { .. })));
    let lifted = EventBody::QuotaSet { scope: QuotaScope::Tenant, quota: None };
    store.append(story::event("lifted quota", Subject::default(), lifted)).await.unwrap();
    store.append(again("room")).await.unwrap();
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn quotas_of_one_tenant_say_nothing_of_another_and_the_most_used_one_is_told() {
    let (_database, store) = told("tenants").await;
    store.append(set("tenant", dollars(100, Period::Ever))).await.unwrap();
    let other = TenantId::parse("other").unwrap();
    assert_eq!(store.quotas(&other, now()).await.unwrap(), []);
    let used = store.most_used_budget(&story::tenant(), now()).await.unwrap();
    // The story spent 200 millionths.
    assert_eq!(used, Some(BudgetVitals { whose: "tenant".to_owned(), used_percent: 200 }));
}

#[tokio::test]
async fn what_was_spent_before_there_were_quotas_is_counted_by_the_migration_as_by_a_rebuild() {
    let (database, store) = told("backfill").await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    sqlx::query("DELETE FROM swarm.spending").execute(&pool).await.unwrap();
    let migration = include_str!("../migrations/0039_quotas.sql");
    let backfill = &migration[migration.find("WITH spent").unwrap()..];
    let counted = sqlx::query(backfill).execute(&pool).await.unwrap().rows_affected();
    assert!(counted >= 3, "tenant, project and agents");
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

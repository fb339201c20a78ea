//! How the whole fared lately, and alerts.

use chrono::{TimeDelta, Utc};
use swarm_domain::{
    EventBody, MicroUsd, Subject, TenantId,
    alert::AlertKind,
    budget::Budget,
    vitals::{BudgetVitals, TroubleVitals, WorkVitals},
};
use swarm_store::{Lately, Store, StoreError, SystemClock, testing::TestDatabase};

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

fn failed(key: &str, code: &str, again_in: Option<u64>) -> swarm_domain::NewEvent {
    let (step, code, detail) = ("tool".to_owned(), code.to_owned(), String::new());
    let key = format!("failed {key}");
    story::event(&key, Subject::default(), EventBody::StepFailed { step, code, detail, failed: 1, again_in })
}

#[tokio::test]
async fn what_was_done_and_what_failed_lately_is_counted_once_and_by_whom_it_was() {
    let (_database, store) = told("lately").await;
    let tenant = story::tenant();
    for event in [
        failed("1", "sandbox.vm_gone", None),
        failed("2", "sandbox.full", Some(1)),
        failed("3", "model.rate_limited", Some(1)),
        failed("4", "forge.git", Some(1)),
    ] {
        store.append(event).await.unwrap();
    }
    let long_ago = now() - TimeDelta::days(36_500);
    let Lately { work, trouble } = store.lately(&tenant, long_ago).await.unwrap();
    assert_eq!((work.merged, work.attempts, work.reworked, work.accepted), (1, 2, 1, 1));
    assert_eq!((work.calls, work.usd), (2, MicroUsd(200)));
    // The story has one step that was done again in another microVM, and one loop.
    let wanted = TroubleVitals { sandbox: 2, replaced: 1, model: 1, other: 2, loops: 1, budgets: 1 };
    assert_eq!(trouble, wanted);

    let later = now() + TimeDelta::days(36_500);
    let none = Lately { work: WorkVitals::default(), trouble: TroubleVitals::default() };
    assert_eq!(store.lately(&tenant, later).await.unwrap(), none);
    assert_eq!(store.lately(&TenantId::parse("other").unwrap(), long_ago).await.unwrap(), none);
}

#[tokio::test]
async fn the_budget_that_is_told_is_the_most_used_one_of_a_run_that_works() {
    let (_database, store) = told("burn").await;
    let tenant = story::tenant();
    assert_eq!(store.most_used_budget(&tenant, now()).await.unwrap(), None, "its run has settled");
    let budget = Budget { usd: Some(MicroUsd(1_000)), tokens: Some(300) };
    let changed = story::event("another budget", story::of_run(), EventBody::RunBudgetChanged { budget });
    store.append(changed).await.unwrap();
    let again = |to| story::event("works again", story::of_run(), EventBody::RunStateChanged { to });
    store.append(again(swarm_domain::run::RunState::Running)).await.unwrap();
    let used = store.most_used_budget(&tenant, now()).await.unwrap();
    // 240 of 300 tokens are more than 200 of 1000 millionths.
    assert_eq!(used, Some(BudgetVitals { whose: story::run_id().to_string(), used_percent: 80 }));
}

#[tokio::test]
async fn an_alert_goes_on_until_it_ends_and_of_two_who_say_it_one_is_heard() {
    let (_database, store) = told("alerts").await;
    let tenant = story::tenant();
    let known = store.alerts(&tenant).await.unwrap();
    assert_eq!(known.iter().map(|alert| alert.ended_at.is_none()).collect::<Vec<_>>(), [true, false]);
    let raised = store.append(story::alert_raised("another process")).await.unwrap_err();
    assert!(matches!(raised, StoreError::Exists { .. }), "{raised}");
    let end = |key| {
        let body = EventBody::AlertEnded { alert: AlertKind::SandboxFailures, value: 0 };
        story::event(key, Subject::default(), body)
    };
    store.append(end("ended first")).await.unwrap();
    let ended = store.append(end("ended second")).await.unwrap_err();
    assert!(matches!(ended, StoreError::NotFound { .. }), "{ended}");
    let known = store.alerts(&tenant).await.unwrap();
    assert!(known.iter().all(|alert| alert.ended_at.is_some()) && known.len() == 2);
    // Another one of the same kind, and of another.
    store.append(story::alert_raised("raised again")).await.unwrap();
    let kind = AlertKind::QueueDepth;
    let other = EventBody::AlertRaised { alert: kind, value: 60, bound: 50, words: String::new() };
    store.append(story::event("another kind", Subject::default(), other)).await.unwrap();
    let open = store.alerts(&tenant).await.unwrap().into_iter().filter(|alert| alert.ended_at.is_none());
    assert_eq!(open.map(|alert| alert.kind).collect::<Vec<_>>(), [kind, AlertKind::SandboxFailures]);
    assert_eq!(store.rebuild(&tenant).await.unwrap().differing().count(), 0);
}

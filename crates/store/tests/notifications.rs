//! The outbox: rows once, claims that nobody shares, marks of who still holds them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::{
    NotificationId, TenantId,
    notification::{IN_APP, NotificationState, Stage},
};
use swarm_store::{
    NewNotification, NotificationQuery, Outcome, Store,
    testing::{StillClock, TestDatabase},
};

const LEASE: Duration = Duration::from_mins(1);

fn now() -> DateTime<Utc> {
    "2026-07-01T12:00:00Z".parse().unwrap()
}

fn new(id: &str, about: &str, person: &str, channel: &str) -> NewNotification {
    NewNotification {
        id: NotificationId::parse(id).unwrap(),
        about: about.to_owned(),
        stage: Stage::Asked,
        person: person.to_owned(),
        channel: channel.to_owned(),
        due_at: now(),
    }
}

async fn store() -> (TestDatabase, Store) {
    let database = TestDatabase::new("notifications").await.unwrap();
    let store = database.store_with(Arc::new(StillClock(now()))).await.unwrap();
    (database, store)
}

fn mail() -> Vec<String> {
    vec!["mail".to_owned()]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_makes_its_rows_once_whoever_reads_it_and_however_often() {
    let (_database, store) = store().await;
    let tenant = TenantId::local();
    let both = [new("ntf_1", "int_1", "ada", "mail"), new("ntf_2", "int_1", "ada", IN_APP)];
    let (one, two) =
        tokio::join!(store.notify_up_to(&tenant, (0, 5), &both), store.notify_up_to(&tenant, (0, 5), &both));
    assert!(one.unwrap() != two.unwrap(), "one of them reads it");
    assert_eq!(store.notified_up_to(&tenant).await.unwrap(), 5);
    assert!(!store.notify_up_to(&tenant, (4, 9), &[]).await.unwrap(), "nobody reads on from elsewhere");
    // The same message by another event.
    assert!(store.notify_up_to(&tenant, (5, 6), &[new("ntf_3", "int_1", "ada", "mail")]).await.unwrap());
    let which = NotificationQuery { limit: 10, ..NotificationQuery::default() };
    let rows = store.notifications(&tenant, &which).await.unwrap();
    let mut found: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.state)).collect();
    found.sort_by_key(|(id, _)| (*id).to_owned());
    assert_eq!(found, [("ntf_1", NotificationState::Pending), ("ntf_2", NotificationState::Sent)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_at_once_each_gets_no_more_than_it_asked_for_and_nothing_twice() {
    let (_database, store) = store().await;
    let tenant = TenantId::local();
    let rows: Vec<_> =
        (0..20).map(|n| new(&format!("ntf_{n:02}"), "int_1", &format!("p{n}"), "mail")).collect();
    store.notify(&tenant, &rows).await.unwrap();
    let (mail, names) = (mail(), ["a", "b", "c", "d", "e", "f"]);
    let claims = names.map(|name| store.claim_notifications(&tenant, name, LEASE, (&mail, 3)));
    let claimed = futures::future::join_all(claims).await;
    let mut all = BTreeSet::new();
    for rows in claimed {
        let rows = rows.unwrap();
        assert!(rows.len() <= 3, "{}", rows.len());
        for row in rows {
            assert!(all.insert(row.id), "claimed twice");
        }
    }
    assert!(
        store.claim_notifications(&tenant, "x", LEASE, (&["chat".to_owned()], 9)).await.unwrap().is_empty()
    );
    let left = store.claim_notifications(&tenant, "x", LEASE, (&mail, 99)).await.unwrap();
    assert_eq!(left.len() + all.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_its_lease_marks_nothing_and_who_has_it_marks_once() {
    let (database, store) = store().await;
    let tenant = TenantId::local();
    store.notify(&tenant, &[new("ntf_1", "int_1", "ada", "mail")]).await.unwrap();
    let id = NotificationId::parse("ntf_1").unwrap();
    let claim =
        async |name: &str| store.claim_notifications(&tenant, name, LEASE, (&mail(), 9)).await.unwrap().len();
    let settle = async |name: &str, outcome: Outcome| {
        store.settle_notification(&tenant, &id, name, &outcome).await.unwrap()
    };
    let row = async || store.notification(&tenant, &id).await.unwrap();
    assert_eq!((claim("one").await, claim("two").await), (1, 0));
    database.let_notifications_run_out().await.unwrap();
    assert_eq!(claim("two").await, 1);
    assert!(!settle("one", Outcome::Dead("late".to_owned())).await);
    assert_eq!((row().await.state, row().await.tries), (NotificationState::Pending, 2));
    // Not to be sent yet: that was no try.
    assert!(settle("two", Outcome::Wait(now() + TimeDelta::hours(1))).await);
    assert_eq!((row().await.tries, claim("three").await), (1, 0));
    database.let_notifications_be_due().await.unwrap();
    assert_eq!(claim("three").await, 1);
    assert!(settle("three", Outcome::Again(now(), "busy".to_owned())).await);
    assert_eq!(row().await.fault.as_deref(), Some("busy"));
    assert_eq!(claim("four").await, 1);
    assert!(settle("four", Outcome::Sent).await);
    assert!(!settle("four", Outcome::Sent).await);
    let sent = row().await;
    assert_eq!((sent.state, sent.sent_at, sent.fault), (NotificationState::Sent, Some(now()), None));
    assert!(store.replay_notification(&tenant, &id).await.is_err(), "only dead ones are sent again");
}

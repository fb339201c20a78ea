//! Nodes: one process a name, and no word from one that was declared dead.

use std::time::Duration;

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use swarm_domain::{
    Actor, EventBody, IdempotencyKey, Label, NewEvent, NodeId, Subject, TenantId,
    lease::FencingToken,
    node::{NodeState, Takes},
};
use swarm_store::{Joining, Store, StoreError, SystemClock, testing::TestDatabase};

/// So short that nobody's lease lasts, or so long that nobody's runs out.
const MOMENT: Duration = Duration::from_millis(40);
const LONG: Duration = Duration::from_mins(10);

fn joining(name: &str, ttl: Duration) -> Joining {
    Joining {
        name: NodeId::parse(name).unwrap(),
        takes: Takes { labels: [Label::parse("gpu").unwrap()].into(), only_labelled: false },
        ttl,
        version: "1.2.3".to_owned(),
        host: "here".to_owned(),
    }
}

fn said(key: &str) -> NewEvent {
    NewEvent {
        tenant: TenantId::local(),
        actor: Actor::System { part: "test".to_owned() },
        subject: Subject::default(),
        key: IdempotencyKey::of(&[key]),
        correlation: None,
        body: EventBody::PersonAsked { what: key.to_owned(), reason: String::new() },
    }
}

async fn state(store: &Store, name: &str) -> NodeState {
    store.nodes().await.unwrap().into_iter().find(|node| node.name.as_str() == name).unwrap().state
}

/// Signs of life until the node may judge others, and then until it has found somebody.
async fn judges(node: &Store) -> Vec<swarm_store::LostNode> {
    for _ in 0..2000 {
        node.heartbeat().await.unwrap();
        let lost = node.lost().await.unwrap();
        if !lost.is_empty() {
            return lost;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody was found lost");
}

#[tokio::test]
async fn a_name_that_is_held_is_refused_to_the_next_and_free_when_its_holder_is_gone() {
    let database = TestDatabase::new("names").await.unwrap();
    let (one, two) = (database.store().await.unwrap(), database.store().await.unwrap());
    let ada = one.join(joining("ada", LONG)).await.unwrap();
    let bob = two.join(joining("bob", LONG)).await.unwrap();
    let refused = two.join(joining("ada", LONG)).await.unwrap_err();
    assert_eq!(refused.problem().code, "worker.name_taken", "{refused}");

    ada.leave().await.unwrap();
    assert_eq!(state(&two, "ada").await, NodeState::Left);
    let again = two.join(joining("ada", LONG)).await.unwrap();
    assert_eq!(again.node().unwrap().1, FencingToken::new(2), "the token grew");
    // As when a process is killed: nobody says goodbye, and its lease would last for long.
    drop((again, bob));
    let third = one.join(joining("ada", LONG)).await.unwrap();
    assert_eq!(third.node().unwrap().1, FencingToken::new(3));
    assert_eq!(one.join(joining("bob", LONG)).await.unwrap().node().unwrap().1, FencingToken::new(2));
}

#[tokio::test]
async fn a_node_that_was_declared_dead_cannot_write_until_it_has_a_new_token() {
    let database = TestDatabase::new("fenced").await.unwrap();
    let (one, two) = (database.store().await.unwrap(), database.store().await.unwrap());
    let paused = one.join(joining("paused", MOMENT)).await.unwrap();
    paused.append(said("before")).await.unwrap();
    let awake = two.join(joining("awake", MOMENT)).await.unwrap();
    let lost = judges(&awake).await;
    assert_eq!((lost.len(), lost[0].node.as_str()), (1, "paused"));
    assert_eq!(state(&two, "paused").await, NodeState::Dead);

    let refused = paused.append(said("woken")).await.unwrap_err();
    assert_eq!(refused.problem().code, "node.fenced", "{refused}");
    assert!(!refused.is_transient());
    assert!(matches!(paused.act().await, Err(StoreError::Fenced { .. })));
    assert!(matches!(paused.confirm().await, Err(StoreError::Fenced { .. })));
    assert!(matches!(paused.heartbeat().await, Err(StoreError::Fenced { .. })));
    assert!(paused.lost().await.unwrap().is_empty(), "nor does it judge others");
    paused.fenced().await;
    let key = IdempotencyKey::of(&["woken"]);
    assert!(two.event_by_key(&TenantId::local(), &key).await.unwrap().is_none());

    assert_eq!(paused.rejoin().await.unwrap(), FencingToken::new(2));
    paused.append(said("again")).await.unwrap();
    drop(paused.act().await.unwrap());
    let report = two.verify(&TenantId::local()).await.unwrap();
    assert!(report.first_bad.is_none(), "{report:?}");
}

#[tokio::test]
async fn one_that_is_lost_is_given_to_exactly_one() {
    let database = TestDatabase::new("takeover").await.unwrap();
    let store = database.store().await.unwrap();
    let lost = store.join(joining("lost", MOMENT)).await.unwrap();
    let ttl = Duration::from_millis(300);
    let mut judges = Vec::new();
    for name in ["a", "b", "c", "d"] {
        judges.push(database.store().await.unwrap().join(joining(name, ttl)).await.unwrap());
    }
    let all = judges.iter().map(|judge| async move {
        let mut found = Vec::new();
        for _ in 0..120 {
            judge.heartbeat().await.unwrap();
            found.extend(judge.lost().await.unwrap());
            if found.iter().any(|lost| lost.node.as_str() == "lost") {
                judge.settled(&found[0]).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        found
    });
    let found: Vec<_> = futures::future::join_all(all).await.into_iter().flatten().collect();
    assert_eq!(found.len(), 1, "{found:?}");
    drop(lost);
}

#[tokio::test]
async fn a_node_that_drains_ends_what_it_began_and_begins_nothing() {
    let database = TestDatabase::new("drains").await.unwrap();
    let store = database.store().await.unwrap();
    let node = store.join(joining("node", LONG)).await.unwrap();
    let acting = node.act().await.unwrap();
    node.drain().await.unwrap();
    assert_eq!(state(&store, "node").await, NodeState::Draining);
    node.append(said("the last word")).await.unwrap();
    let still = tokio::spawn({
        let node = node.clone();
        async move { node.still().await }
    });
    let begins = tokio::time::timeout(MOMENT, node.act()).await;
    assert!(begins.is_err(), "it began something");
    assert!(!still.is_finished(), "it is not still while something is done");
    drop(acting);
    still.await.unwrap();
    node.leave().await.unwrap();
    assert!(matches!(node.append(said("too late")).await, Err(StoreError::Fenced { .. })));
}

#[tokio::test]
async fn a_node_with_another_data_folder_is_refused() {
    let database = TestDatabase::new("folders").await.unwrap();
    let first = database.store().await.unwrap();
    first.join(joining("first", LONG)).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(SystemClock);
    let other = Store::connect(&database.url(), elsewhere.path(), clock).await.unwrap();
    let refused = other.join(joining("other", LONG)).await.unwrap_err();
    assert_eq!(refused.problem().code, "worker.other_folder");
    let shown = refused.to_string();
    assert!(shown.contains(&elsewhere.path().display().to_string()), "{shown}");
    assert!(shown.contains(&database.data_dir().display().to_string()), "{shown}");

    // The same folder under another name is the same folder.
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(database.data_dir(), &link).unwrap();
    let clock = std::sync::Arc::new(SystemClock);
    Store::connect(&database.url(), &link, clock).await.unwrap().join(joining("other", LONG)).await.unwrap();
}

#[tokio::test]
async fn one_that_was_stopped_in_the_middle_of_a_write_holds_nobody_up_for_ever() {
    let database = TestDatabase::new("stopped").await.unwrap();
    let store = database.store().await.unwrap();
    store.append(said("first")).await.unwrap();
    // As another process of swarm, which locks the chain and then does nothing at all.
    let options: PgConnectOptions = store.engine_url().parse().unwrap();
    let mut stopped = PgConnection::connect_with(&options).await.unwrap();
    let mut open = stopped.begin().await.unwrap();
    sqlx::query("SELECT * FROM swarm.chains FOR UPDATE").execute(&mut *open).await.unwrap();
    store.append(said("second")).await.unwrap();
    assert!(open.commit().await.is_err(), "what it had begun is undone");
}

//! Retention: what goes, what stays, and that nothing is half done.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use swarm_domain::{
    Actor, BlobHash, EventBody, HoldId, NewEvent, RunId, Subject,
    audit::{HoldScope, Retention},
    run::{RunOptions, RunState},
};
use swarm_store::{
    EventFilter, Store, StoreError,
    testing::{StillClock, TestDatabase},
};

use crate::story;

const KEEP: Retention = Retention { days: 90 };

fn ada() -> Actor {
    Actor::Person { name: "ada".to_owned() }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

async fn at(database: &TestDatabase, days: i64) -> Store {
    database.store_with(Arc::new(StillClock(start() + TimeDelta::days(days)))).await.unwrap()
}

fn of(run: &str) -> Subject {
    Subject { run: Some(RunId::parse(run).unwrap()), ..story::of_project() }
}

fn large(seed: u8) -> Vec<u8> {
    (0..100_000_u32).map(|n| (n % 251) as u8 ^ seed).collect()
}

/// A run that asked a model once and has settled, with what the model was asked and answered.
async fn run(store: &Store, name: &str, request: &[u8], reply: &[u8]) {
    let call = EventBody::ModelCalled {
        agent: "coder".to_owned(),
        model: "scripted/one".to_owned(),
        request: BlobHash::of(request),
        reply: BlobHash::of(reply),
        spend: swarm_domain::budget::Spend::default(),
        millis: 1,
        recorded: false,
        cache: None,
    };
    let key = |what: &str| format!("{name} {what}");
    let started = EventBody::RunStarted { plan: story::plan_id(), options: RunOptions::default() };
    store.append(story::event(&key("starts"), of(name), started)).await.unwrap();
    let asked = story::event(&key("asks"), of(name), call);
    store.append_keeping(asked, vec![request.to_vec(), reply.to_vec()]).await.unwrap();
    settle(store, name, RunState::Cancelled).await;
}

async fn settle(store: &Store, name: &str, to: RunState) {
    let body = EventBody::RunStateChanged { to };
    store.append(story::event(&format!("{name} settles"), of(name), body)).await.unwrap();
}

async fn hold(store: &Store, name: &str, scope: HoldScope) {
    let body =
        EventBody::HoldSet { hold: HoldId::parse(name).unwrap(), scope, reason: "asked for".to_owned() };
    store.append(story::event(&format!("{name} set"), Subject::default(), body)).await.unwrap();
}

async fn lift(store: &Store, name: &str) -> Result<(), StoreError> {
    let body = EventBody::HoldLifted { hold: HoldId::parse(name).unwrap(), reason: "settled".to_owned() };
    let event: NewEvent = story::event(&format!("{name} lifted"), Subject::default(), body);
    store.append(event).await.map(drop)
}

/// Two runs of long ago that share a prompt, and one of yesterday that names what the second one asked.
async fn past(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let then = at(&database, 0).await;
    let mut beginning = story::beginning();
    beginning.pop();
    then.append_all(&beginning).await.unwrap();
    run(&then, "run_old", b"the prompt", &large(1)).await;
    run(&then, "run_other", b"the prompt", b"its own reply").await;
    run(&then, "run_named", b"still named", b"a reply of long ago").await;
    let lately = at(&database, 99).await;
    run(&lately, "run_new", b"still named", b"a new reply").await;
    let now = at(&database, 100).await;
    (database, now)
}

async fn is_there(store: &Store, bytes: &[u8]) -> bool {
    match store.blobs().get(&BlobHash::of(bytes)).await {
        Ok(found) => found == bytes,
        Err(StoreError::BlobPurged { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn contents_of_old_work_go_and_their_hashes_stay_so_that_the_chain_verifies() {
    let (_database, store) = past("purge_goes").await;
    let tenant = story::tenant();
    let looked = store.purgeable(&tenant, KEEP).await.unwrap();
    assert_eq!((looked.contents, looked.event), (0, None), "what was just put in is spared: {looked:?}");
    let before = store.last_position(&tenant).await.unwrap();
    let report = store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap();
    // The shared prompt, a large reply, a small one, and the reply of the run whose prompt is still named.
    assert_eq!((report.contents, report.held, report.more), (4, 0, false), "{report:?}");
    let sizes = b"the prompt".len() + large(1).len() + b"its own reply".len() + b"a reply of long ago".len();
    assert_eq!(report.bytes, sizes as u64);
    assert_eq!(report.event, Some(before + 1));
    for gone in [&b"the prompt"[..], &large(1), b"its own reply", b"a reply of long ago"] {
        assert!(!is_there(&store, gone).await);
    }
    for kept in [&b"still named"[..], b"a new reply"] {
        assert!(is_there(&store, kept).await);
    }
    let verified = store.verify(&tenant).await.unwrap();
    assert_eq!((verified.first_bad, verified.events), (None, before + 1));
    let behind = EventFilter { after: before, ..EventFilter::default() };
    let [event] = &store.events(&tenant, &behind).await.unwrap()[..] else { panic!("one event says so") };
    let EventBody::ContentsPurged { contents: 4, runs: 3, list, .. } = &event.body else {
        panic!("{event:?}")
    };
    let list = String::from_utf8(store.blobs().get(list).await.unwrap()).unwrap();
    assert!(list.contains(BlobHash::of(b"the prompt").as_str()) && list.contains("run_other"), "{list}");
    assert_eq!(store.rebuild(&tenant).await.unwrap().differing().count(), 0);
    // What is purged is purged once, and what is put in anew is there.
    let again = store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap();
    assert_eq!((again.contents, again.event), (0, None));
    store.blobs().put(b"the prompt").await.unwrap();
    store.blobs().put(&large(1)).await.unwrap();
    assert!(is_there(&store, b"the prompt").await && is_there(&store, &large(1)).await);
}

#[tokio::test]
async fn work_that_goes_on_or_waits_for_a_person_is_not_finished() {
    let (_database, store) = past("purge_unfinished").await;
    let problem = swarm_domain::Problem::new("run.unfinished", "one ticket is not merged", "retry");
    let to = RunState::Running;
    for name in ["run_old", "run_other", "run_named"] {
        let body = EventBody::RunStateChanged { to: to.clone() };
        store.append(story::event(&format!("{name} goes on"), of(name), body)).await.unwrap();
    }
    let body = EventBody::RunStateChanged { to: RunState::NeedsPerson { problem } };
    store.append(story::event("waits", of("run_old"), body)).await.unwrap();
    let report = store.purge_at_once(&story::tenant(), &ada(), Retention { days: 10 }).await.unwrap();
    assert_eq!((report.contents, report.runs.len()), (0, 0), "{report:?}");
}

#[tokio::test]
async fn what_a_legal_hold_keeps_stays_until_it_is_lifted() {
    let (_database, store) = past("purge_held").await;
    let tenant = story::tenant();
    hold(&store, "all", HoldScope::Everything).await;
    hold(&store, "one", HoldScope::Run { run: RunId::parse("run_old").unwrap() }).await;
    hold(&store, "shop", HoldScope::Project { project: story::project() }).await;
    for (lifted, held, contents) in [("none", 3, 0), ("all", 3, 0), ("shop", 1, 2), ("one", 0, 2)] {
        if lifted != "none" {
            lift(&store, lifted).await.unwrap();
            assert!(matches!(lift(&store, lifted).await, Ok(()) | Err(StoreError::NotAllowed { .. })));
        }
        let report = store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap();
        assert_eq!((report.held, report.contents), (held, contents), "{lifted}: {report:?}");
    }
    let holds = store.holds(&tenant).await.unwrap();
    assert!(holds.len() == 3 && holds.iter().all(|hold| !hold.holds()), "{holds:?}");
    assert!(matches!(lift(&store, "nobody").await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_purge_that_is_killed_has_done_all_or_nothing() {
    let (database, store) = past("purge_killed").await;
    let tenant = story::tenant();
    let pool = PgPool::connect(&database.url()).await.unwrap();
    // Dies when it says what it did: in the same transaction as the rest.
    for statement in [
        "CREATE FUNCTION swarm.die() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$",
        "CREATE TRIGGER dies BEFORE INSERT ON swarm.events FOR EACH ROW
         WHEN (NEW.type = 'contents_purged') EXECUTE FUNCTION swarm.die()",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let before = store.verify(&tenant).await.unwrap();
    store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap_err();
    for kept in [&b"the prompt"[..], &large(1), b"its own reply"] {
        assert!(is_there(&store, kept).await);
    }
    assert_eq!(store.verify(&tenant).await.unwrap(), before);
    let purged: i64 =
        sqlx::query_scalar("SELECT count(*) FROM swarm.purged_blobs").fetch_one(&pool).await.unwrap();
    assert_eq!(purged, 0);
    // Dies between the commit and the file: the next one goes on with it.
    sqlx::query("DROP TRIGGER dies ON swarm.events").execute(&pool).await.unwrap();
    let file = database.data_dir().join("blobs");
    let hash = BlobHash::of(&large(1));
    let file = file.join(&hash.as_str()[..2]).join(&hash.as_str()[2..]);
    let bytes = std::fs::read(&file).unwrap();
    store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap();
    assert!(!file.exists());
    std::fs::write(&file, bytes).unwrap();
    sqlx::query("UPDATE swarm.purged_blobs SET file = true WHERE hash = $1")
        .bind(hash.as_str())
        .execute(&pool)
        .await
        .unwrap();
    store.purge_at_once(&tenant, &ada(), KEEP).await.unwrap();
    assert!(!file.exists(), "what a kill left over is gone");
    assert!(!is_there(&store, &large(1)).await);
}

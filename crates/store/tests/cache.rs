//! The cache of replies in the store: what it gives, to whom, and what it lets go.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use swarm_domain::{
    BlobHash, EventBody, MicroUsd, NewEvent, Subject, TenantId, budget::Spend, cache::Agreement,
    cache::CacheOutcome,
};
use swarm_store::{
    CACHE_CLEARED, CacheBounds, CachePlace, Store, testing::StillClock, testing::TestDatabase,
};

use crate::story;

const BOUNDS: CacheBounds = CacheBounds { age: 100, entries: 3, bytes: 1_000 };

fn place(key: &str) -> CachePlace<'_> {
    CachePlace { project: "p", caller: "planner", key }
}

fn spend() -> Spend {
    Spend { usd: MicroUsd(70), tokens_in: 50, tokens_out: 20, calls: 1 }
}

async fn keep(store: &Store, key: &str, bytes: u64) {
    let reply = BlobHash::of(key.as_bytes());
    store.keep_reply(&story::tenant(), place(key), "a/b", (&reply, bytes), spend(), BOUNDS).await.unwrap();
}

async fn has(store: &Store, key: &str) -> bool {
    store.cached_reply(&story::tenant(), place(key), BOUNDS.age).await.unwrap().is_some()
}

/// A store whose clock stands this many seconds after the start.
async fn at(database: &TestDatabase, seconds: i64) -> Store {
    let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    database.store_with(Arc::new(StillClock(start + TimeDelta::seconds(seconds)))).await.unwrap()
}

#[tokio::test]
async fn a_reply_is_found_where_it_was_kept_and_nowhere_else() {
    let database = TestDatabase::new("cache_scope").await.unwrap();
    let store = database.store().await.unwrap();
    keep(&store, "one", 10).await;
    for uses in 1..=2 {
        let found = store.cached_reply(&story::tenant(), place("one"), BOUNDS.age).await.unwrap().unwrap();
        assert_eq!((found.reply, found.spend, found.uses), (BlobHash::of(b"one"), spend(), uses));
    }
    let other = TenantId::parse("other").unwrap();
    for (tenant, place) in [
        (&other, place("one")),
        (&story::tenant(), CachePlace { project: "q", ..place("one") }),
        (&story::tenant(), CachePlace { caller: "reviewer", ..place("one") }),
        (&story::tenant(), place("two")),
    ] {
        assert_eq!(store.cached_reply(tenant, place, BOUNDS.age).await.unwrap(), None);
        store.forget_reply(tenant, place).await.unwrap();
    }
    assert_eq!(store.forget_replies(&other).await.unwrap(), 0);
    // It is there for the next process as well.
    drop(store);
    let store = database.store().await.unwrap();
    assert!(has(&store, "one").await);
    store.forget_reply(&story::tenant(), place("one")).await.unwrap();
    assert!(!has(&store, "one").await);
}

#[tokio::test]
async fn what_is_too_old_too_many_or_too_large_goes_the_least_used_first() {
    let database = TestDatabase::new("cache_bounds").await.unwrap();
    let early = at(&database, 0).await;
    for key in ["one", "two", "three"] {
        keep(&early, key, 10).await;
    }
    let later = at(&database, 10).await;
    assert!(has(&later, "one").await, "used");
    keep(&at(&database, 20).await, "four", 10).await;
    let kept = futures::future::join_all(["one", "two", "three", "four"].map(|key| has(&later, key))).await;
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 3);
    assert!(kept[0] && kept[3], "{kept:?}");
    keep(&at(&database, 30).await, "large", 990).await;
    assert!(has(&later, "large").await);
    let report = later.cache_report(&story::tenant()).await.unwrap();
    assert!(report.bytes <= BOUNDS.bytes && report.entries <= 2, "{report:?}");
    assert!(!has(&at(&database, 130).await, "large").await, "too old to be given");
    keep(&at(&database, 131).await, "new", 10).await;
    assert_eq!(later.cache_report(&story::tenant()).await.unwrap().entries, 1, "and gone with the next");
}

fn called(number: u64, caller: &str, cache: Option<CacheOutcome>) -> NewEvent {
    let EventBody::ModelCalled { model, request, reply, spend, millis, recorded, .. } = story::call(5) else {
        unreachable!()
    };
    let agent = caller.to_owned();
    let body = EventBody::ModelCalled { agent, model, request, reply, spend, millis, recorded, cache };
    story::event(&format!("call {number}"), Subject::default(), body)
}

#[tokio::test]
async fn what_it_was_good_for_is_drawn_from_the_events() {
    use CacheOutcome as C;
    let database = TestDatabase::new("cache_facts").await.unwrap();
    let store = database.store().await.unwrap();
    let hit = Some(C::Hit { saved: spend() });
    let outcomes = [None, Some(C::Missed), hit, hit, Some(C::Agreed), Some(C::Agreed), Some(C::Differed)];
    for (number, outcome) in (0..).zip(outcomes) {
        store.append(called(number, "planner", outcome)).await.unwrap();
    }
    store.append(called(7, "other", Some(C::Missed))).await.unwrap();
    let before = store.cache_report(&story::tenant()).await.unwrap();
    let [other, planner] = &before.callers[..] else { panic!("{before:?}") };
    assert_eq!((other.hits, other.missed, other.agreement), (0, 1, Agreement::default()));
    assert_eq!((planner.hits, planner.missed), (2, 1));
    assert_eq!(planner.saved, Spend { usd: MicroUsd(140), tokens_in: 100, tokens_out: 40, calls: 2 });
    assert_eq!(planner.agreement, Agreement { checked: 3, agreed: 2 });
    let rebuilt = store.rebuild(&story::tenant()).await.unwrap();
    assert!(rebuilt.tables.iter().all(|table| table.before == table.after));
    assert_eq!(store.cache_report(&story::tenant()).await.unwrap(), before);

    let cleared = EventBody::PersonAsked { what: CACHE_CLEARED.to_owned(), reason: String::new() };
    store.append(story::event("cleared", Subject::default(), cleared)).await.unwrap();
    assert_eq!(store.cache_agreement(&story::tenant(), "planner").await.unwrap(), Agreement::default());
    store.append(called(8, "planner", Some(C::Differed))).await.unwrap();
    let found = store.cache_agreement(&story::tenant(), "planner").await.unwrap();
    assert_eq!(found, Agreement { checked: 1, agreed: 0 });
}

#[test]
fn a_call_from_before_there_was_a_cache_is_read() {
    let call = serde_json::to_value(story::call(5)).unwrap();
    assert!(call.get("cache").is_none(), "and is written as it was: its hash stays");
    assert_eq!(serde_json::from_value::<EventBody>(call).unwrap(), story::call(5));
}

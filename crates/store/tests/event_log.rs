//! The log: what it refuses, what it proves, and how it is followed.

use std::{collections::BTreeSet, pin::pin, sync::Arc};

use chrono::DateTime;
use futures::{StreamExt, future};
use sqlx::PgPool;
use swarm_domain::{
    EventBody, IdempotencyKey, ProjectId, RunId, Subject, TenantId, run::RunState, ticket::TicketState,
};
use swarm_store::{EventFilter, Store, StoreError, testing::StillClock, testing::TestDatabase};

use crate::story;

async fn opened(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    (database, store)
}

/// As somebody would who owns the database: with the trigger off.
async fn tamper(database: &TestDatabase, statement: &'static str) {
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("ALTER TABLE swarm.events DISABLE TRIGGER USER").execute(&mut *tx).await.unwrap();
    sqlx::query(statement).execute(&mut *tx).await.unwrap();
    sqlx::query("ALTER TABLE swarm.events ENABLE TRIGGER USER").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn each_way_to_change_the_past_is_found_and_named() {
    let ways: [(&str, u64, &str); 8] = [
        (
            "UPDATE swarm.events SET text = replace(text, 'part one', 'part two') WHERE seq = 3",
            3,
            "text was changed",
        ),
        ("UPDATE swarm.events SET hash = repeat('0', 64) WHERE seq = 3", 3, "text was changed"),
        ("DELETE FROM swarm.events WHERE seq = 2", 2, "missing"),
        ("DELETE FROM swarm.events WHERE seq = 5", 5, "5 were appended"),
        ("UPDATE swarm.events SET at = at - interval '1 day' WHERE seq = 4", 4, "`at`"),
        ("UPDATE swarm.events SET key = 'other' WHERE seq = 4", 4, "`key`"),
        ("UPDATE swarm.events SET seq = CASE seq WHEN 2 THEN 3 ELSE 2 END WHERE seq IN (2, 3)", 2, "follow"),
        ("UPDATE swarm.chains SET head = repeat('0', 64)", 5, "appended last"),
    ];
    for (statement, seq, reason) in ways {
        let (database, store) = opened("tampered").await;
        for number in 1..=5 {
            store.append(story::asked(&number.to_string(), "part one")).await.unwrap();
        }
        assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
        // Keys are unique and checked at once: a swap goes by way of a third place.
        if statement.contains("CASE seq") {
            tamper(&database, "UPDATE swarm.events SET seq = 99 WHERE seq = 2").await;
            tamper(&database, "UPDATE swarm.events SET seq = 2 WHERE seq = 3").await;
            tamper(&database, "UPDATE swarm.events SET seq = 3 WHERE seq = 99").await;
        } else {
            tamper(&database, statement).await;
        }
        let bad = store.verify(&story::tenant()).await.unwrap().first_bad.expect(statement);
        assert_eq!(bad.seq, seq, "{statement}: {bad:?}");
        assert!(bad.reason.contains(reason), "{statement}: {bad:?}");
        let error = store.rebuild(&story::tenant()).await.unwrap_err();
        assert_eq!(error.problem().code, "store.corrupt", "a broken log draws no views");
        store.close().await;
    }
}

#[tokio::test]
async fn the_log_refuses_to_be_changed_by_mistake() {
    let (database, store) = opened("append_only").await;
    store.append(story::asked("1", "")).await.unwrap();
    let pool = PgPool::connect(&database.url()).await.unwrap();
    for statement in
        ["UPDATE swarm.events SET text = ''", "DELETE FROM swarm.events", "TRUNCATE swarm.events"]
    {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
    pool.close().await;
}

#[tokio::test]
async fn many_writers_at_once_leave_a_chain_without_gaps() {
    let (_database, store) = opened("concurrent").await;
    let other = TenantId::parse("other").unwrap();
    let appends = (0..200).map(|number| {
        let (store, other) = (store.clone(), other.clone());
        tokio::spawn(async move {
            let mut event = story::asked(&format!("key {}", number % 150), "");
            if number % 3 == 0 {
                event.tenant = other;
            }
            store.append(event).await.unwrap()
        })
    });
    let appended: Vec<_> = future::try_join_all(appends).await.unwrap();
    for tenant in [story::tenant(), other] {
        let fresh: BTreeSet<u64> =
            appended.iter().filter(|a| a.fresh && a.event.tenant == tenant).map(|a| a.event.seq).collect();
        let report = store.verify(&tenant).await.unwrap();
        assert_eq!(report.first_bad, None);
        assert_eq!(fresh, (1..=report.events).collect(), "{tenant}");
    }
}

#[tokio::test]
async fn in_one_transaction_only_the_event_that_is_refused_fails() {
    let (_database, store) = opened("grouped").await;
    let good = (0..40).map(|number| story::asked(&format!("good {number}"), "one"));
    let bad = (0..10).map(|number| {
        let mut event = story::asked(&format!("bad {number}"), "one");
        event.subject.run = Some(RunId::parse("run_nobody").unwrap());
        event
    });
    // A caller with two events, the second of which is refused when the first is written already: none of them stays.
    let (half, other_half) = (story::asked("half", "one"), {
        let mut event = story::asked("other half", "one");
        event.subject.run = Some(RunId::parse("run_nobody").unwrap());
        event
    });
    let pair = [half, other_half];
    let singles: Vec<_> = good.chain(bad).collect();
    let (outcomes, both) = future::join(
        future::join_all(singles.into_iter().map(|event| store.append(event))),
        store.append_all(&pair),
    )
    .await;
    assert!(matches!(both, Err(StoreError::NotFound { .. })), "{both:?}");
    let refused = outcomes.iter().filter(|one| matches!(one, Err(StoreError::NotFound { .. }))).count();
    assert_eq!((refused, outcomes.iter().filter(|one| one.is_ok()).count()), (10, 40));
    let report = store.verify(&story::tenant()).await.unwrap();
    assert_eq!((report.events, report.first_bad), (40, None));
}

#[tokio::test]
async fn who_stops_waiting_in_the_middle_of_an_append_does_not_take_others_with_them() {
    let (_database, store) = opened("cancelled").await;
    let mut stopped = Vec::new();
    for number in 0..60 {
        let (store, event) = (store.clone(), story::asked(&number.to_string(), "one"));
        let task = tokio::spawn(async move { store.append(event).await.map(drop) });
        if number % 3 == 0 {
            // Some before they begin, some in the middle.
            for _ in 0..number {
                tokio::task::yield_now().await;
            }
            task.abort();
        }
        stopped.push((number % 3 == 0, task));
    }
    for (aborted, task) in stopped {
        let ended = task.await;
        assert!(aborted || ended.unwrap().is_ok());
    }
    // Again, by all: what was written stays, what was not is written now.
    for number in 0..60 {
        store.append(story::asked(&number.to_string(), "one")).await.unwrap();
    }
    let report = store.verify(&story::tenant()).await.unwrap();
    assert_eq!((report.events, report.first_bad), (60, None));
}

#[tokio::test]
async fn a_key_that_is_used_again_appends_once() {
    let (_database, store) = opened("key_reuse").await;
    let first = store.append(story::asked("once", "why")).await.unwrap();
    let again = store.append(story::asked("once", "why")).await.unwrap();
    assert!(first.fresh && !again.fresh);
    assert_eq!(first.event, again.event);
    match store.append(story::asked("once", "another reason")).await.unwrap_err() {
        StoreError::KeyReused { key, event } => {
            assert_eq!((key.as_str(), *event), ("once", first.event.clone()));
        }
        other => panic!("{other:?}"),
    }
    let known = store.event_by_key(&story::tenant(), &IdempotencyKey::of(&["once"])).await.unwrap();
    assert_eq!(known, Some(first.event));
    assert_eq!(store.event_by_key(&story::tenant(), &IdempotencyKey::of(&["never"])).await.unwrap(), None);
    assert_eq!(store.last_position(&story::tenant()).await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_whose_view_cannot_be_written_is_not_in_the_log() {
    let (database, store) = opened("atomic").await;
    store.append_all(&story::beginning()).await.unwrap();
    let position = store.last_position(&story::tenant()).await.unwrap();
    let pool = PgPool::connect(&database.url()).await.unwrap();
    sqlx::query("ALTER TABLE swarm.projects ADD CHECK (repo NOT LIKE '/bad%')").execute(&pool).await.unwrap();
    pool.close().await;
    let id = ProjectId::parse("bad").unwrap();
    let body = EventBody::ProjectAdded { project: id.clone(), repo: "/bad".to_owned() };
    // The good one before it goes with it.
    let pair = [story::asked("good", ""), story::event("bad", Subject::default(), body)];
    let error = store.append_all(&pair).await.unwrap_err();
    assert_eq!(error.problem().code, "store.database", "{error}");
    assert_eq!(store.last_position(&story::tenant()).await.unwrap(), position);
    assert_eq!(store.event_by_key(&story::tenant(), &pair[0].key).await.unwrap(), None);
    assert_eq!(store.project(&story::tenant(), &id).await.unwrap_err().problem().code, "store.not_found");
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
}

#[tokio::test]
async fn what_cannot_follow_is_refused_and_leaves_nothing() {
    let (_database, store) = opened("guard").await;
    store.append_all(&story::beginning()).await.unwrap();
    let position = store.last_position(&story::tenant()).await.unwrap();
    let no_run = Subject { run: Some(RunId::parse("run_x").unwrap()), ..story::of_project() };
    let refused = [
        (story::ticket_becomes("a", 1, TicketState::Merged), "store.not_allowed"),
        (story::run_becomes("b", RunState::Running), "store.not_allowed"),
        (
            story::event(
                "budget",
                story::of_run(),
                EventBody::RunBudgetChanged { budget: swarm_domain::budget::Budget::default() },
            ),
            "store.not_allowed",
        ),
        (story::event("c", no_run.clone(), story::call(1)), "store.not_found"),
        (story::event("d", no_run, EventBody::RunStateChanged { to: RunState::Done }), "store.not_found"),
        (story::ticket_becomes("e", 9, TicketState::Working), "store.not_found"),
        (
            story::event("f", Subject::default(), EventBody::TicketStateChanged { to: TicketState::Working }),
            "store.invalid_event",
        ),
        (
            story::event("g", story::of_project(), EventBody::PlanProposed { plan: story::plan() }),
            "store.not_allowed",
        ),
        (
            story::event(
                "h",
                story::of_project(),
                EventBody::ProjectAdded { project: story::project(), repo: "/elsewhere".to_owned() },
            ),
            "store.exists",
        ),
        (story::asked("", "an empty key"), "store.invalid_event"),
        (story::asked(&"k".repeat(2000), "a long key"), "store.invalid_event"),
    ];
    for (event, code) in refused {
        let error = store.append(event.clone()).await.expect_err(&format!("{event:?}"));
        assert_eq!(error.problem().code, code, "{event:?}: {error}");
    }
    assert_eq!(store.last_position(&story::tenant()).await.unwrap(), position);
}

#[tokio::test]
async fn of_two_who_take_a_run_up_again_at_once_one_is_refused() {
    let (_database, store) = opened("two_retries").await;
    store.append_all(&story::whole()).await.unwrap();
    let (one, two) = future::join(
        store.append(story::run_becomes("one", RunState::Running)),
        store.append(story::run_becomes("two", RunState::Running)),
    )
    .await;
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(store.run(&story::tenant(), &story::run_id()).await.unwrap().generation, 3);
}

#[tokio::test]
async fn a_nul_in_hostile_text_does_not_stop_the_log() {
    let (_database, store) = opened("nul").await;
    let event = store.append(story::asked("a\0b", "x\0y")).await.unwrap().event;
    assert!(matches!(&event.body, EventBody::PersonAsked { reason, .. } if reason == "x\u{fffd}y"));
    assert!(!store.append(story::asked("a\0b", "x\0y")).await.unwrap().fresh);
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
}

#[tokio::test]
async fn the_same_events_at_the_same_time_have_the_same_hash_on_any_machine() {
    let clock = Arc::new(StillClock(DateTime::from_timestamp(1_750_000_000, 123_456_789).unwrap()));
    let mut heads = Vec::new();
    for _ in 0..2 {
        let database = TestDatabase::new("same_hash").await.unwrap();
        let store = database.store_with(clock.clone()).await.unwrap();
        store.append_all(&story::whole()).await.unwrap();
        heads.push(store.verify(&story::tenant()).await.unwrap().head);
        store.close().await;
    }
    assert_eq!(heads[0], heads[1]);
}

#[tokio::test]
async fn events_are_read_by_position_run_ticket_and_type() {
    let (_database, store) = opened("filters").await;
    let story = story::whole();
    store.append_all(&story).await.unwrap();
    let read = async |filter: EventFilter| store.events(&story::tenant(), &filter).await.unwrap();
    let seqs: Vec<_> = read(EventFilter { after: 5, limit: 3, ..EventFilter::default() }).await;
    assert_eq!(seqs.iter().map(|e| e.seq).collect::<Vec<_>>(), [6, 7, 8]);
    let of_run = read(EventFilter { run: Some(story::run_id()), ..EventFilter::default() }).await;
    assert_eq!(of_run.len(), story.iter().filter(|e| e.subject.run.is_some()).count());
    let of_ticket = read(EventFilter { ticket: Some(story::ticket_id(2)), ..EventFilter::default() }).await;
    assert_eq!(
        of_ticket.len(),
        story.iter().filter(|e| e.subject.ticket == Some(story::ticket_id(2))).count()
    );
    let types = vec!["model_called".to_owned(), "merged".to_owned()];
    let of_types = read(EventFilter { types, ..EventFilter::default() }).await;
    assert_eq!(of_types.len(), 3);
    assert!(read(EventFilter { after: u64::MAX, ..EventFilter::default() }).await.is_empty());
}

#[tokio::test]
async fn a_tail_gives_every_event_once_and_goes_on_where_another_ended() {
    let (database, store) = opened("tail").await;
    let writer = database.store().await.unwrap();
    for number in 1..=3 {
        writer.append(story::asked(&number.to_string(), "")).await.unwrap();
    }
    let mut tail = pin!(store.tail(&story::tenant(), 1));
    let append = async {
        for number in 4..=300 {
            writer.append(story::asked(&number.to_string(), "")).await.unwrap();
        }
    };
    let read = async {
        for seq in 2..=300 {
            assert_eq!(tail.next().await.unwrap().unwrap().seq, seq);
        }
    };
    future::join(append, read).await;
    let mut resumed = pin!(store.tail(&story::tenant(), 299));
    assert_eq!(resumed.next().await.unwrap().unwrap().seq, 300);
    store.close().await;
    assert!(tail.next().await.unwrap().is_err(), "a closed store ends its tails");
    assert!(tail.next().await.is_none());
}

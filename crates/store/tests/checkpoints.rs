//! Checkpoints of a live log: when they are signed, what they prove, and what is never signed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use sqlx::{AssertSqlSafe, PgPool};
use swarm_domain::run::RunState;
use swarm_store::{Due, Fault, FaultKind, Store, testing::StillClock, testing::TestDatabase};

use crate::story;

const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

async fn opened(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    (database, store)
}

async fn ask(store: &Store, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        store.append(story::asked(&number.to_string(), "part one")).await.unwrap();
    }
}

/// Five events, signed behind the third and the fifth.
async fn signed(name: &str) -> (TestDatabase, Store) {
    let (database, store) = opened(name).await;
    ask(&store, 1..=3).await;
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1);
    ask(&store, 4..=5).await;
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1);
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 0, "it is signed already");
    (database, store)
}

/// As somebody would who owns the database: with the triggers off.
async fn tamper(database: &TestDatabase, statements: &[&str]) {
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    let tables = ["events", "checkpoints"];
    let switch =
        |how: &'static str| tables.map(|table| format!("ALTER TABLE swarm.{table} {how} TRIGGER USER"));
    let all = switch("DISABLE").into_iter().chain(statements.iter().map(|s| (*s).to_owned()));
    for statement in all.chain(switch("ENABLE")) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    pool.close().await;
}

/// Changes an event and hashes it and all that follow again, as an owner of the database can.
async fn rewrite(database: &TestDatabase, from: i64) {
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT seq, text FROM swarm.events ORDER BY seq").fetch_all(&pool).await.unwrap();
    pool.close().await;
    let mut head = GENESIS.to_owned();
    let mut statements = Vec::new();
    for (seq, text) in rows {
        let text = if seq == from { text.replace("part one", "part two") } else { text };
        let hash = blake3::hash(format!("{head}{text}").as_bytes()).to_hex().to_string();
        statements.push(format!(
            "UPDATE swarm.events SET text = $t${text}$t$, prev = '{head}', hash = '{hash}' WHERE seq = {seq}"
        ));
        head = hash;
    }
    statements.push(format!("UPDATE swarm.chains SET head = '{head}'"));
    let statements: Vec<_> = statements.iter().map(String::as_str).collect();
    tamper(database, &statements).await;
}

/// Cuts the log off behind the third event, and all that stands in the database of what was there.
async fn cut_off(database: &TestDatabase) {
    tamper(
        database,
        &[
            "DELETE FROM swarm.events WHERE seq > 3",
            "UPDATE swarm.chains SET count = 3, head = (SELECT hash FROM swarm.events WHERE seq = 3)",
            "DELETE FROM swarm.checkpoints WHERE size > 3",
        ],
    )
    .await;
}

async fn bad(store: &Store) -> Fault {
    store.verify(&story::tenant()).await.unwrap().first_bad.unwrap()
}

async fn sizes(store: &Store) -> Vec<u64> {
    let rows = store.checkpoints(&story::tenant(), 0, 100, false).await.unwrap();
    rows.iter().map(|row| row.size).collect()
}

fn file(database: &TestDatabase) -> PathBuf {
    let files = std::fs::read_dir(database.data_dir().join("audit")).unwrap();
    let mut files = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some());
    files.next().unwrap()
}

#[tokio::test]
async fn a_chain_that_was_rewritten_and_hashed_again_is_found_and_never_signed() {
    for (from, found) in [(5, 5), (4, 5), (2, 3)] {
        let (database, store) = signed("rewritten").await;
        rewrite(&database, from).await;
        let report = store.verify(&story::tenant()).await.unwrap();
        assert_eq!(report.events, 5, "the chain itself fits together");
        let bad = report.first_bad.unwrap();
        assert_eq!((bad.seq, bad.kind), (found, FaultKind::Rewritten), "{bad:?}");
        ask(&store, 6..=6).await;
        let error = store.sign_checkpoints(Due::Now).await.unwrap_err();
        assert_eq!(error.problem().code, "audit.diverged");
        assert_eq!(sizes(&store).await, [3, 5]);
    }
}

#[tokio::test]
async fn a_chain_that_was_rewritten_from_its_first_event_on_is_another_log() {
    let (database, store) = signed("rewritten_first").await;
    rewrite(&database, 1).await;
    assert_eq!(bad(&store).await.kind, FaultKind::OtherLog);
    assert!(store.sign_checkpoints(Due::Now).await.is_err());
    tamper(&database, &["DELETE FROM swarm.checkpoints"]).await;
    assert_eq!(bad(&store).await.kind, FaultKind::OtherLog, "the file remembers");
}

#[tokio::test]
async fn events_that_were_signed_and_are_gone_are_missed() {
    let (database, store) = signed("cut_off").await;
    cut_off(&database).await;
    let found = bad(&store).await;
    assert_eq!((found.seq, found.kind), (5, FaultKind::Truncated), "{found:?}");
    let error = store.sign_checkpoints(Due::Now).await.unwrap_err();
    assert_eq!(error.problem().code, "audit.diverged");
    ask(&store, 14..=16).await;
    assert_eq!(bad(&store).await.kind, FaultKind::Rewritten, "others in their place do not pass for them");
    assert!(store.sign_checkpoints(Due::Now).await.is_err());

    // Where the file is lost too, the table still speaks.
    let (database, store) = signed("cut_off_file").await;
    std::fs::remove_file(file(&database)).unwrap();
    tamper(
        &database,
        &[
            "DELETE FROM swarm.events WHERE seq > 3",
            "UPDATE swarm.chains SET count = 3, head = (SELECT hash FROM swarm.events WHERE seq = 3)",
        ],
    )
    .await;
    assert_eq!(bad(&store).await.kind, FaultKind::Truncated);
}

#[tokio::test]
async fn a_checkpoint_that_was_made_up_or_changed_is_not_believed() {
    for (statement, kind) in [
        (
            "UPDATE swarm.checkpoints SET note = replace(note, E'\\n5\\n', E'\\n4\\n') WHERE size = 5",
            FaultKind::BadSignature,
        ),
        ("UPDATE swarm.checkpoints SET head = repeat('0', 64) WHERE size = 5", FaultKind::Changed),
        ("UPDATE swarm.checkpoints SET note = 'hello' WHERE size = 3", FaultKind::Unreadable),
    ] {
        let (database, store) = signed("made_up").await;
        tamper(&database, &[statement]).await;
        assert_eq!(bad(&store).await.kind, kind, "{statement}");
    }
    let (database, store) = signed("made_up_file").await;
    let text = std::fs::read_to_string(file(&database)).unwrap();
    std::fs::write(file(&database), text.replace("\\n5\\n", "\\n4\\n")).unwrap();
    assert_eq!(bad(&store).await.kind, FaultKind::BadSignature);
}

#[tokio::test]
async fn what_a_process_did_not_come_to_sign_is_signed_at_the_next_start() {
    let (database, store) = signed("killed").await;
    // Killed behind an event.
    ask(&store, 6..=6).await;
    let report = store.verify(&story::tenant()).await.unwrap();
    assert_eq!((report.first_bad, report.events, report.signed), (None, 6, 5));
    drop(store);
    let store = database.store().await.unwrap();
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1);
    // Killed between the file and the table.
    tamper(&database, &["DELETE FROM swarm.checkpoints WHERE size = 6"]).await;
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 0);
    assert_eq!(sizes(&store).await, [3, 5, 6]);
    // The file was lost.
    let path = file(&database);
    let before = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 0);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // It was cut off in the middle of a line.
    std::fs::write(&path, &before[..before.len() - 40]).unwrap();
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
    ask(&store, 7..=7).await;
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1);
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);
}

#[tokio::test]
async fn a_key_that_was_lost_is_not_passed_over_in_silence_and_work_goes_on() {
    let (database, store) = signed("key_lost").await;
    std::fs::remove_dir_all(database.data_dir().join("audit")).unwrap();
    ask(&store, 6..=6).await;
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1, "by a new key");
    assert_eq!(bad(&store).await.kind, FaultKind::UnknownKey);
}

#[tokio::test]
async fn a_checkpoint_is_due_after_so_many_events_or_so_long_or_a_run() {
    let database = TestDatabase::new("due").await.unwrap();
    let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let store = database.store_with(Arc::new(StillClock(start))).await.unwrap();
    let due = Due::After { events: 3, time: Duration::from_mins(1) };
    assert_eq!(store.sign_checkpoints(due).await.unwrap(), 0, "of nothing there is none");
    ask(&store, 1..=2).await;
    assert_eq!(store.sign_checkpoints(due).await.unwrap(), 0);
    ask(&store, 3..=3).await;
    assert_eq!(store.sign_checkpoints(due).await.unwrap(), 1, "three events");
    ask(&store, 4..=4).await;
    assert_eq!(store.sign_checkpoints(due).await.unwrap(), 0);
    let later = database.store_with(Arc::new(StillClock(start + TimeDelta::seconds(60)))).await.unwrap();
    assert_eq!(later.sign_checkpoints(due).await.unwrap(), 1, "a minute");
    assert_eq!(later.sign_checkpoints(due).await.unwrap(), 0);

    let (_database, store) = opened("due_run").await;
    store.append_all(&story::beginning()).await.unwrap();
    store.sign_checkpoints(Due::Now).await.unwrap();
    let many = Due::After { events: 1_000, time: Duration::from_hours(1) };
    assert_eq!(store.sign_checkpoints(many).await.unwrap(), 0);
    store.append(story::run_becomes("over", RunState::Cancelled)).await.unwrap();
    assert_eq!(store.sign_checkpoints(many).await.unwrap(), 1, "the run has ended");
}

#[tokio::test]
async fn two_who_sign_at_once_sign_one_checkpoint() {
    let (database, store) = opened("two_signers").await;
    let others = futures::future::join_all((0..4).map(|_| database.store())).await;
    for round in 1..=5 {
        ask(&store, round..=round).await;
        let signing = others.iter().map(|store| store.as_ref().unwrap().sign_checkpoints(Due::Now));
        let signed: usize = futures::future::join_all(signing).await.into_iter().map(Result::unwrap).sum();
        assert_eq!(signed, 1);
    }
    assert_eq!(sizes(&store).await, [1, 2, 3, 4, 5]);
    let kept = std::fs::read_to_string(file(&database)).unwrap();
    assert_eq!(kept.lines().count(), 5);
    let report = store.verify(&story::tenant()).await.unwrap();
    assert_eq!((report.first_bad, report.checkpoints, report.signed), (None, 5, 5));
    let newest = store.checkpoints(&story::tenant(), 0, 2, true).await.unwrap();
    assert_eq!(newest.iter().map(|row| row.size).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(store.checkpoints(&story::tenant(), 3, 1, false).await.unwrap()[0].size, 4);
}

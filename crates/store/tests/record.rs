//! The record by a filter: found by indices, written down when it is read, and proven where a part of it is taken away.

use chrono::{DateTime, TimeDelta};
use futures::TryStreamExt;
use sqlx::PgPool;
use swarm_domain::{
    Actor, Clock, EventBody,
    audit::{Asked, AuditFilter, AuditOutcome, Reading},
};
use swarm_store::{
    AuditOrder, AuditSearch, FaultKind, MAX_READINGS_AN_HOUR, ProofReport, PublicKey, Store, StoreError,
    SystemClock, prove,
    testing::{StillClock, TestDatabase},
};

use crate::story;

fn ada() -> Actor {
    Actor::Person { name: "ada".to_owned() }
}

fn filter(change: impl FnOnce(&mut Asked)) -> AuditFilter {
    let mut asked = Asked::default();
    change(&mut asked);
    asked.filter().unwrap()
}

/// The whole story, its run started by ada.
async fn told(name: &str) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    let mut story = story::whole();
    for event in &mut story {
        match &event.body {
            EventBody::RunStarted { .. } => event.actor = ada(),
            EventBody::ModelCalled { agent, .. } => event.actor = Actor::Agent { name: agent.clone() },
            _ => {}
        }
    }
    store.append_all(&story).await.unwrap();
    (database, store)
}

async fn found(store: &Store, filter: &AuditFilter) -> Vec<u64> {
    let search = AuditSearch { filter: filter.clone(), limit: 1_000, ..AuditSearch::default() };
    let page = store.audit(&story::tenant(), &search).await.unwrap();
    assert!(!page.more);
    page.items.iter().map(|entry| entry.event.seq).collect()
}

type Change = Box<dyn FnOnce(&mut Asked)>;

#[tokio::test]
async fn the_database_finds_what_the_filter_lets_through_and_nothing_else() {
    let (_database, store) = told("record_filter").await;
    let everything = AuditSearch { order: AuditOrder::Oldest, limit: 1_000, ..AuditSearch::default() };
    let all = store.audit(&story::tenant(), &everything).await.unwrap().items;
    assert_eq!(all.len(), story::whole().len());
    let middle = all[all.len() / 2].event.at;
    let ways: Vec<(&str, Change)> = vec![
        ("everything", Box::new(|_| {})),
        ("who", Box::new(|a| a.who = Some("person:ada".into()))),
        ("who by name", Box::new(|a| a.who = Some("ada".into()))),
        ("who by pattern", Box::new(|a| a.who = Some("agent:*".into()))),
        ("nobody", Box::new(|a| a.who = Some("nobody*".into()))),
        ("behalf", Box::new(|a| a.on_behalf = Some("ada".into()))),
        ("what", Box::new(|a| a.what = Some("run_*,merged".into()))),
        ("one kind", Box::new(|a| a.what = Some("tool_called".into()))),
        ("no kind", Box::new(|a| a.what = Some("no_such_*".into()))),
        ("run", Box::new(|a| a.run = Some("run_1".into()))),
        ("ticket", Box::new(|a| a.ticket = Some("T-2".into()))),
        ("project", Box::new(|a| a.project = Some("textstat".into()))),
        ("done", Box::new(|a| a.outcome = Some(AuditOutcome::Done))),
        ("failed", Box::new(|a| a.outcome = Some(AuditOutcome::Failed))),
        ("refused", Box::new(|a| a.outcome = Some(AuditOutcome::Refused))),
        ("from", Box::new(move |a| a.from = Some(middle))),
        ("to", Box::new(move |a| a.to = Some(middle))),
        (
            "several",
            Box::new(|a| {
                (a.ticket, a.outcome) = (Some("T-1".into()), Some(AuditOutcome::Failed));
                a.on_behalf = Some("ada".into());
            }),
        ),
    ];
    for (name, change) in ways {
        let filter = filter(change);
        let mut wanted: Vec<_> = all
            .iter()
            .filter(|entry| {
                let starter = entry.event.subject.run.as_ref().map(|_| "ada");
                filter.takes(&entry.event, starter)
            })
            .map(|entry| entry.event.seq)
            .collect();
        wanted.reverse();
        let empty = ["nobody", "no kind", "from", "to"].contains(&name);
        assert!(empty || !wanted.is_empty(), "{name} lets something through");
        assert_eq!(found(&store, &filter).await, wanted, "{name}");
    }
    let by_agent = all.iter().find(|entry| entry.who() == "agent:coder").unwrap();
    assert_eq!(by_agent.on_behalf.as_deref(), Some("ada"));
}

#[tokio::test]
async fn pages_follow_each_other_from_either_end_and_miss_nothing() {
    let (_database, store) = told("record_pages").await;
    for (order, filter) in [
        (AuditOrder::Oldest, AuditFilter::default()),
        (AuditOrder::Newest, AuditFilter::default()),
        (AuditOrder::Newest, filter(|a| a.outcome = Some(AuditOutcome::Failed))),
    ] {
        let whole = AuditSearch { filter: filter.clone(), order, cursor: None, limit: 1_000 };
        let whole = store.audit(&story::tenant(), &whole).await.unwrap().items;
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let search = AuditSearch { filter: filter.clone(), order, cursor, limit: 3 };
            let page = store.audit(&story::tenant(), &search).await.unwrap();
            assert!(page.items.len() <= 3);
            pages.extend(page.items);
            cursor = Some(page.cursor);
            if !page.more {
                break;
            }
        }
        assert_eq!(pages, whole);
    }
}

#[tokio::test]
async fn each_part_of_a_filter_is_found_by_an_index() {
    let (database, store) = told("record_explain").await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    // A log that is long enough for the planner to have a choice. Nobody reads it: its hashes are none.
    sqlx::query(
        "INSERT INTO swarm.events (tenant, seq, at, type, key, project, run, ticket, text, prev, hash)
         SELECT 'local', 1000 + n, now() + n * interval '1 second', 'kind_' || n % 50, 'k' || n, 'textstat',
                'run_' || (n / 200), 'T-' || n % 400,
                '{\"actor\":{\"kind\":\"person\",\"name\":\"p' || n % 300 || '\"}}', '', 'h'
         FROM generate_series(1, 40000) n",
    )
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query("VACUUM ANALYZE swarm.events").execute(&pool).await.unwrap();
    let soon = SystemClock.now() + TimeDelta::hours(11);
    for (index, filter) in [
        ("events_by_run", filter(|a| a.run = Some("run_7".into()))),
        ("events_by_ticket", filter(|a| a.ticket = Some("T-7".into()))),
        ("events_by_actor", filter(|a| a.who = Some("person:p7".into()))),
        ("events_by_type", filter(|a| a.what = Some("kind_7".into()))),
        ("events_by_time", filter(|a| (a.from, a.to) = (Some(soon), Some(soon + TimeDelta::minutes(1))))),
        ("events_pkey", AuditFilter::default()),
    ] {
        let plan = store.explain_audit(&story::tenant(), &filter).await.unwrap();
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{index} is not used:\n{plan}");
    }
}

#[tokio::test]
async fn who_reads_the_record_is_in_it_once_an_hour_and_cannot_flood_it() {
    let database = TestDatabase::new("record_reading").await.unwrap();
    let at = DateTime::from_timestamp(1_763_000_000, 0).unwrap();
    let store = database.store_with(std::sync::Arc::new(StillClock(at))).await.unwrap();
    let tenant = story::tenant();
    store.append(story::asked("1", "why")).await.unwrap();
    let everything = AuditFilter::default();
    for _ in 0..5 {
        store.record_reading(&tenant, &ada(), Some("c-1".into()), Reading::List, &everything).await.unwrap();
    }
    store.record_reading(&tenant, &ada(), None, Reading::Csv, &everything).await.unwrap();
    let reads = filter(|a| a.what = Some("audit_read".into()));
    let search = AuditSearch { filter: reads.clone(), order: AuditOrder::Oldest, cursor: None, limit: 10 };
    let page = store.audit(&tenant, &search).await.unwrap();
    let [first, second] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!((first.who().as_str(), first.event.correlation.as_deref()), ("person:ada", Some("c-1")));
    let EventBody::AuditRead { how, filter: words, count } = &first.event.body else { panic!("{first:?}") };
    assert_eq!((*how, words.as_str(), *count), (Reading::List, "everything", 1));
    assert!(matches!(second.event.body, EventBody::AuditRead { how: Reading::Csv, count: 2, .. }));
    // Other filters, until there are too many: then nothing more is read, and nothing more is written.
    let mut refused = None;
    for number in 0..MAX_READINGS_AN_HOUR + 5 {
        let other = filter(|a| a.run = Some(format!("run_{number}")));
        let read = store.record_reading(&tenant, &ada(), None, Reading::List, &other).await;
        if let Err(error) = read {
            refused = Some(error);
        }
    }
    assert!(matches!(refused, Some(StoreError::TooManyReadings { .. })), "{refused:?}");
    assert_eq!(found(&store, &reads).await.len() as u64, MAX_READINGS_AN_HOUR);
    store.record_reading(&tenant, &ada(), None, Reading::List, &everything).await.unwrap();
    let somebody = Actor::Person { name: "eve".to_owned() };
    store.record_reading(&tenant, &somebody, None, Reading::List, &everything).await.unwrap();
    // An hour later there is room again.
    let later =
        database.store_with(std::sync::Arc::new(StillClock(at + TimeDelta::minutes(61)))).await.unwrap();
    later.record_reading(&tenant, &ada(), None, Reading::List, &everything).await.unwrap();
    assert_eq!(store.verify(&tenant).await.unwrap().first_bad, None);
}

async fn excerpt(store: &Store, filter: &AuditFilter) -> Vec<String> {
    store.excerpt(&story::tenant(), filter).await.unwrap().try_collect().await.unwrap()
}

fn proven(lines: &[String], key: &str) -> ProofReport {
    prove(lines.concat().as_bytes(), vec![PublicKey::parse(key).unwrap()], None).unwrap()
}

#[tokio::test]
async fn each_way_to_change_a_part_of_the_log_is_found() {
    type Change = (&'static str, fn(&mut Vec<String>), FaultKind);
    use FaultKind as K;
    let (_database, store) = told("record_excerpt").await;
    let part = filter(|a| a.what = Some("ticket_*".into()));
    let lines = excerpt(&store, &part).await;
    let key = store.audit_keys().await.unwrap().key.unwrap();
    let report = proven(&lines, &key);
    assert_eq!(report.faults, []);
    assert_eq!(report.events, found(&store, &part).await.len() as u64);
    assert_eq!(report.excerpt.as_deref(), Some("what=ticket_*"));
    assert_eq!(report.last.unwrap().size, store.last_position(&story::tenant()).await.unwrap());
    let ways: [Change; 12] = [
        ("a body is changed", |l| l[2] = l[2].replace("T-1", "T-3"), K::Changed),
        ("an event is removed", |l| drop(l.remove(2)), K::Rewritten),
        ("the first event is removed", |l| drop(l.remove(1)), K::Rewritten),
        ("two events change places", |l| l.swap(2, 3), K::Reordered),
        ("an event stands twice", |l| l.insert(2, l[2].clone()), K::Reordered),
        ("the filter is changed", |l| l[0] = l[0].replace("ticket_", "tickets_"), K::Rewritten),
        ("the log's name is changed", |l| l[0] = l[0].replace("swarm/local/", "swarm/local/0"), K::Rewritten),
        ("a line cannot be read", |l| l[2] = "{}\n".to_owned(), K::Unreadable),
        ("the statement is removed", |l| drop(l.pop()), K::Unsigned),
        (
            "the statement is changed",
            |l| *l.last_mut().unwrap() = l.last().unwrap().replace("excerpt ", "excerpt 1"),
            K::BadSignature,
        ),
        ("something stands behind it", |l| l.push(l[2].clone()), K::Misplaced),
        ("blanks are slipped in", |l| l[2] = l[2].replace(",\"prev\"", ", \"prev\""), K::Changed),
    ];
    for (name, change, kind) in ways {
        let mut changed = lines.clone();
        change(&mut changed);
        assert_ne!(changed, lines, "{name}");
        let report = proven(&changed, &key);
        assert!(report.faults.iter().any(|fault| fault.kind == kind), "{name}: {:?}", report.faults);
    }
    // An event of this log that the filter left out cannot be slipped in, though it has its hash.
    let whole: Vec<String> = store.export(&story::tenant()).await.unwrap().try_collect().await.unwrap();
    let other = whole.iter().find(|line| line.contains("\"type\":\"merged\"")).unwrap();
    let mut slipped = lines.clone();
    let last = slipped.len() - 1;
    slipped.insert(last, other.clone());
    assert!(!proven(&slipped, &key).faults.is_empty());
    // Another's signature is no proof, and that of a checkpoint says nothing of a part.
    let (_other, stranger) = told("record_stranger").await;
    let strange = excerpt(&stranger, &part).await;
    assert_eq!(proven(&strange, &key).faults[0].kind, K::UnknownKey);
    let checkpoint = whole.iter().rfind(|line| line.starts_with("{\"checkpoint\"")).unwrap();
    let mut forged = lines.clone();
    *forged.last_mut().unwrap() = checkpoint.replacen("checkpoint", "statement", 1);
    assert!(!proven(&forged, &key).faults.is_empty());
}

#[tokio::test]
async fn a_log_that_was_rewritten_gives_no_part_of_itself() {
    let (database, store) = told("record_rewritten").await;
    let everything = AuditFilter::default();
    excerpt(&store, &everything).await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let mut conn = pool.acquire().await.unwrap();
    for statement in [
        "ALTER TABLE swarm.events DISABLE TRIGGER USER",
        "DELETE FROM swarm.events WHERE seq > 5",
        "UPDATE swarm.chains SET count = 5, head = (SELECT hash FROM swarm.events WHERE seq = 5)",
    ] {
        sqlx::query(statement).execute(&mut *conn).await.unwrap();
    }
    let refused = store.excerpt(&story::tenant(), &everything).await;
    assert!(matches!(refused.err(), Some(StoreError::Diverged { .. })));
}

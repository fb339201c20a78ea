//! An exported log, checked without its database: what was done to the file is found and named.

use futures::TryStreamExt;
use swarm_store::{Due, FaultKind, ProofReport, PublicKey, Store, prove, testing::TestDatabase};

use crate::story;

const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

struct Exported {
    database: TestDatabase,
    store: Store,
    key: String,
    /// The first line, three events, a checkpoint, two events, a checkpoint.
    lines: Vec<String>,
}

async fn lines(store: &Store) -> Vec<String> {
    let lines: Vec<String> = store.export(&story::tenant()).await.unwrap().try_collect().await.unwrap();
    assert!(lines.iter().all(|line| line.ends_with('\n') && line.matches('\n').count() == 1));
    lines
}

async fn key(store: &Store) -> String {
    store.audit_keys().await.unwrap().key.unwrap()
}

async fn ask(store: &Store, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        store.append(story::asked(&number.to_string(), "part one")).await.unwrap();
    }
}

async fn exported(name: &str) -> Exported {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    ask(&store, 1..=3).await;
    assert_eq!(store.sign_checkpoints(Due::Now).await.unwrap(), 1);
    ask(&store, 4..=5).await;
    let lines = lines(&store).await;
    assert_eq!(lines.len(), 8, "{lines:#?}");
    Exported { key: key(&store).await, lines, store, database }
}

fn proven(lines: &[String], keys: &[&str], held: Option<&str>) -> ProofReport {
    let keys = keys.iter().map(|key| PublicKey::parse(key).unwrap()).collect();
    prove(lines.concat().as_bytes(), keys, held).unwrap()
}

fn faults(report: &ProofReport) -> Vec<(u64, FaultKind)> {
    report.faults.iter().map(|fault| (fault.seq, fault.kind)).collect()
}

/// The parts of an event's line: its text and the two hashes.
fn parts(line: &str) -> Option<(String, String, String)> {
    let rest = line.strip_prefix("{\"event\":{\"says\":")?;
    let (text, hashes) = rest.rsplit_once(",\"prev\":\"")?;
    let (prev, hash) = hashes.split_once("\",\"hash\":\"")?;
    Some((text.to_owned(), prev.to_owned(), hash.trim_end().trim_end_matches("\"}}").to_owned()))
}

fn event_line(text: &str, prev: &str, hash: &str) -> String {
    format!("{{\"event\":{{\"says\":{text},\"prev\":\"{prev}\",\"hash\":\"{hash}\"}}}}\n")
}

/// Hashes every event again, as somebody does who changed one and wants the chain to fit.
fn rehash(lines: &mut [String]) {
    let mut head = GENESIS.to_owned();
    for line in lines {
        if let Some((text, _, _)) = parts(line) {
            let hash = blake3::hash(format!("{head}{text}").as_bytes()).to_hex().to_string();
            *line = event_line(&text, &head, &hash);
            head = hash;
        }
    }
}

fn checkpoint(lines: &[String], number: usize) -> String {
    let mut notes = lines.iter().filter(|line| line.starts_with("{\"checkpoint\""));
    let line: serde_json::Value = serde_json::from_str(notes.nth(number).unwrap()).unwrap();
    line["checkpoint"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_export_is_proven_with_nothing_but_its_lines_and_the_public_key() {
    let Exported { key, lines, store, database: _database } = exported("proof_whole").await;
    let report = proven(&lines, &[&key], None);
    assert_eq!(report.faults, []);
    assert_eq!((report.events, report.checkpoints, report.strangers), (5, 2, 0));
    let chain = store.verify(&story::tenant()).await.unwrap();
    assert_eq!((chain.first_bad, chain.checkpoints, chain.signed), (None, 2, 5));
    assert_eq!(report.head, chain.head);
    assert_eq!(report.last.unwrap().size, 5);
    // A reader who hashes the lines by himself comes to the same.
    let mut again = lines.clone();
    rehash(&mut again);
    assert_eq!(again, lines);
}

#[tokio::test]
async fn each_way_to_change_an_exported_log_is_found_with_its_place() {
    type Change = (&'static str, fn(&mut Vec<String>), &'static [(u64, FaultKind)]);
    use FaultKind as K;
    let ways: [Change; 16] = [
        ("a body is changed", |l| l[3] = l[3].replace("part one", "part two"), &[(3, K::Changed)]),
        (
            "a body is changed and its event hashed again",
            |l| {
                let changed = l[2].replace("part one", "part two");
                let (text, prev, _) = parts(&changed).unwrap();
                let hash = blake3::hash(format!("{prev}{text}").as_bytes()).to_hex().to_string();
                l[2] = event_line(&text, &prev, &hash);
            },
            &[(3, K::Unlinked)],
        ),
        ("an event is removed", |l| drop(l.remove(2)), &[(2, K::Missing)]),
        ("the first event is removed", |l| drop(l.remove(1)), &[(1, K::Missing)]),
        ("two events change places", |l| l.swap(2, 3), &[(2, K::Missing), (2, K::Reordered)]),
        ("an event stands there twice", |l| l.insert(3, l[2].clone()), &[(2, K::Reordered)]),
        (
            "the tail is rewritten and hashed again",
            |l| {
                l[5] = l[5].replace("part one", "part two");
                rehash(l);
            },
            &[(5, K::Rewritten), (4, K::Unsigned)],
        ),
        (
            "the middle is rewritten and hashed again",
            |l| {
                l[2] = l[2].replace("part one", "part two");
                rehash(l);
            },
            &[(3, K::Rewritten), (5, K::Rewritten), (1, K::Unsigned)],
        ),
        ("the last event is cut off", |l| drop(l.remove(6)), &[(5, K::Truncated), (4, K::Unsigned)]),
        ("the last checkpoint is cut off", |l| drop(l.pop()), &[(4, K::Unsigned)]),
        ("all behind the first checkpoint is cut off", |l| l.truncate(5), &[(4, K::Truncated)]),
        (
            "the file ends in the middle of a line",
            |l| {
                l.truncate(7);
                let cut = l[6].len() / 2;
                l[6].truncate(cut);
            },
            &[(5, K::Unreadable), (5, K::Truncated), (4, K::Unsigned)],
        ),
        (
            "a checkpoint says another number",
            |l| l[4] = l[4].replace("\\n3\\n", "\\n2\\n"),
            &[(3, K::BadSignature)],
        ),
        ("a checkpoint stands too early", |l| l.swap(3, 4), &[(3, K::Misplaced)]),
        ("a checkpoint stands too late", |l| l.swap(4, 5), &[(3, K::Misplaced)]),
        (
            "a line holds more than was written",
            |l| l[2] = l[2].replace("{\"event\"", "{ \"event\""),
            &[(2, K::Changed)],
        ),
    ];
    let exported = exported("proof_ways").await;
    for (way, change, expected) in ways {
        let mut lines = exported.lines.clone();
        change(&mut lines);
        assert_ne!(lines, exported.lines, "{way}");
        let report = proven(&lines, &[&exported.key], None);
        assert_eq!(faults(&report), expected, "{way}: {:#?}", report.faults);
    }
}

#[tokio::test]
async fn a_log_that_is_cut_off_at_a_checkpoint_is_found_by_who_kept_a_later_one() {
    let Exported { key, lines, .. } = exported("proof_held").await;
    let (first, last) = (checkpoint(&lines, 0), checkpoint(&lines, 1));
    let mut cut = lines[..5].to_vec();
    cut[0] = cut[0].replace("\"events\":5", "\"events\":3");
    assert_eq!(faults(&proven(&cut, &[&key], None)), [], "it looks like an earlier export, which it was");
    assert_eq!(faults(&proven(&cut, &[&key], Some(&first))), []);
    assert_eq!(faults(&proven(&cut, &[&key], Some(&last))), [(4, FaultKind::Truncated)]);
    assert_eq!(faults(&proven(&lines, &[&key], Some(&last))), []);
    let forged = last.replace("\n5\n", "\n4\n");
    assert_eq!(faults(&proven(&lines, &[&key], Some(&forged))), [(4, FaultKind::BadSignature)]);
}

#[tokio::test]
async fn a_key_that_is_not_trusted_proves_nothing() {
    let (ours, theirs) = (exported("proof_ours").await, exported("proof_theirs").await);
    let report = proven(&ours.lines, &[&theirs.key], None);
    assert_eq!(faults(&report), [(1, FaultKind::UnknownKey)]);
    assert_eq!((report.checkpoints, report.strangers), (0, 2));
    // Another log's checkpoints do not pass for ours, also where their key is trusted.
    let mut mixed = ours.lines.clone();
    mixed[7].clone_from(&theirs.lines[7]);
    let report = proven(&mixed, &[&ours.key, &theirs.key], None);
    assert_eq!(faults(&report), [(5, FaultKind::OtherLog), (4, FaultKind::Unsigned)]);
    assert_eq!(faults(&proven(&mixed, &[&ours.key], None)), [(4, FaultKind::UnknownKey)]);
    // Where a stranger signed as well, that takes nothing away from what ours says.
    let mut both = ours.lines.clone();
    both.push(theirs.lines[7].clone());
    let report = proven(&both, &[&ours.key], None);
    assert_eq!((faults(&report), report.strangers), (vec![], 1));
}

#[tokio::test]
async fn a_new_key_is_trusted_by_who_trusts_the_old_one_and_the_old_one_signs_no_more() {
    let Exported { database, store, key: old, .. } = exported("proof_rotated").await;
    let folder = database.data_dir().join("audit");
    let stolen = std::fs::read(folder.join("key")).unwrap();
    store.rotate_audit_key().await.unwrap();
    let new = key(&store).await;
    assert_ne!(new, old);
    ask(&store, 6..=7).await;
    let lines_now = lines(&store).await;
    for keys in [&[old.as_str()][..], &[&new], &[&old, &new]] {
        let report = proven(&lines_now, keys, None);
        assert_eq!((faults(&report), report.checkpoints), (vec![], 3), "{keys:?}");
    }
    let without: Vec<_> = lines_now.iter().filter(|l| !l.starts_with("{\"handover\"")).cloned().collect();
    assert_eq!(faults(&proven(&without, &[&old], None)), [(6, FaultKind::UnknownKey)], "by two signers");
    assert_eq!(faults(&proven(&without, &[&new], None)), [], "the new one's last word covers all");
    let keys = store.audit_keys().await.unwrap();
    assert_eq!((keys.key, keys.earlier), (Some(new.clone()), vec![old.clone()]));
    assert_eq!(store.verify(&story::tenant()).await.unwrap().first_bad, None);

    // Somebody kept the old key and signs with it.
    let current = std::fs::read(folder.join("key")).unwrap();
    std::fs::write(folder.join("key"), stolen).unwrap();
    ask(&store, 8..=8).await;
    let forged = lines(&store).await;
    std::fs::write(folder.join("key"), current).unwrap();
    let report = proven(&forged, &[&new], None);
    assert_eq!(faults(&report), [(8, FaultKind::RetiredKey), (8, FaultKind::Unsigned)]);
}

#[tokio::test]
async fn events_of_any_size_and_a_log_of_many_pages_are_exported_whole() {
    let database = TestDatabase::new("proof_large").await.unwrap();
    let store = database.store().await.unwrap();
    let large = "x".repeat(1 << 20);
    for number in 0..12 {
        store.append(story::asked(&format!("large {number}"), &large)).await.unwrap();
    }
    let many: Vec<_> =
        (0..1_200).map(|number| story::asked(&format!("many {number}"), "\u{2028}\u{1f600}\\\"")).collect();
    store.append_all(&many).await.unwrap();
    let report = proven(&lines(&store).await, &[&key(&store).await], None);
    assert_eq!((faults(&report), report.events), (vec![], 1_212));
}

#[tokio::test]
async fn a_log_without_events_proves_nothing() {
    let database = TestDatabase::new("proof_empty").await.unwrap();
    let store = database.store().await.unwrap();
    let lines = lines(&store).await;
    let report = proven(&lines, &[&key(&store).await], None);
    assert_eq!(faults(&report), [(0, FaultKind::Unsigned)]);
}

#[test]
fn what_is_no_export_is_named_and_does_no_harm() {
    for text in
        ["", "hello\n", "{}\n", "\n\n\n", "{\"log\":{\"form\":9,\"tenant\":\"local\",\"events\":0}}\n"]
    {
        let report = prove(text.as_bytes(), Vec::new(), Some("no note")).unwrap();
        assert!(!report.faults.is_empty(), "{text}");
    }
    let endless = std::io::Read::take(std::io::repeat(b'x'), 64 << 20);
    let report = prove(std::io::BufReader::new(endless), Vec::new(), None).unwrap();
    assert_eq!(report.faults[0].kind, FaultKind::Unreadable, "a line without end is given up");
}

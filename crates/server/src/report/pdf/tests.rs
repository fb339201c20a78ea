//! Reports, read back by programs of others.

use std::{fs, path::Path, process::Command};

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::audit::{Asked, AuditFilter, AuditOutcome};
use swarm_store::{CheckpointRow, SignedLog};

use super::{report::Report, row::Row};

const NOTE: &str = "swarm/local/4be1c5a0d2f7793e\n1287\n8jJk7XoGGYl6kXoAmZc0kQ0w1zqNn0m2m8pC7Q0y0bE=\n\
                    time 2026-11-21T17:31:05.120481Z\n\n— swarm-3f0c9a71d2b4 q83vEjRWeJq83vEjRWeJq83vEjRWeJ==\n";

fn moment() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-21T17:30:00.25Z").unwrap().to_utc()
}

fn signed() -> SignedLog {
    let checkpoint = CheckpointRow {
        size: 1287,
        head: "f2".repeat(32),
        at: moment(),
        key: "swarm-3f0c9a71d2b4".to_owned(),
        note: NOTE.to_owned(),
    };
    SignedLog {
        log: "swarm/local/4be1c5a0d2f7793e".to_owned(),
        checkpoint,
        key: "swarm-3f0c9a71d2b4+5d1b9a0c+AbcdefGhijKlmnoPqrstUvwxyz0123456789ABCDEFGH".to_owned(),
    }
}

fn row(position: u64, says: &str) -> Row {
    Row {
        position,
        at: moment() + TimeDelta::seconds(i64::try_from(position).unwrap() * 7),
        who: "agent:coder for ada".to_owned(),
        what: "ticket_state_changed".to_owned(),
        outcome: match position % 4 {
            0 => Some(AuditOutcome::Done),
            1 => Some(AuditOutcome::Failed),
            2 => Some(AuditOutcome::Refused),
            _ => None,
        },
        about: "shop run_01jd5x9w3q8k7m2n4p6r T-3".to_owned(),
        says: says.to_owned(),
        hash: format!("{position:064x}"),
    }
}

fn report(filter: &AuditFilter, rows: &[Row]) -> Vec<u8> {
    let mut report = Report::new(&signed(), filter, moment()).unwrap();
    let mut whole = Vec::new();
    for row in rows {
        report.row(row);
        whole.extend(report.taken());
    }
    whole.extend(report.end());
    whole
}

/// What a program says of a report; nothing, with a word of it, where this machine has no such program.
fn read(program: &str, args: &[&str], report: &[u8]) -> Option<String> {
    if Command::new(program).arg("--version").output().is_err() {
        println!("skipped: there is no {program} here; Debian has it in poppler-utils and qpdf");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.pdf");
    fs::write(&path, report).unwrap();
    let to = if program == "pdftotext" { vec!["-"] } else { vec![] };
    let done = Command::new(program).args(args).arg(Path::new(&path)).args(to).output().unwrap();
    let (said, faults) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success() && faults.is_empty(), "{program}: {said}{faults}");
    Some(said)
}

fn all() -> AuditFilter {
    Asked::default().filter().unwrap()
}

#[test]
fn a_report_names_its_head_its_checkpoint_and_how_it_is_checked() {
    let filter = Asked { what: Some("run_*,merged".to_owned()), ..Asked::default() }.filter().unwrap();
    let whole = report(&filter, &[row(7, "to: working"), row(8, "reason: Größe geändert")]);
    let Some(text) = read("pdftotext", &["-layout"], &whole) else { return };
    for wanted in [
        "Audit report",
        "swarm/local/4be1c5a0d2f7793e",
        "only what this filter lets through: what=",
        "Every time in this report is UTC",
        &format!("event 1287 with the hash {}", "f2".repeat(32)),
        "swarm audit verify log.jsonl --key 'swarm-3f0c9a71d2b4+5d1b9a0c+Abcdef",
        "17:30:49.250",
        "agent:coder for ada",
        "ticket_state_changed",
        "Größe geändert",
        "Saturday, 21 November 2026",
        "0000000000000000",
        "page 1 of 1",
        "End of the report: 2 of the 1287 events",
        &format!("Head of the chain: event 1287, {}", "f2".repeat(32)),
    ] {
        assert!(text.contains(wanted), "{wanted:?} is not in\n{text}");
    }
    for line in NOTE.lines().filter(|line| !line.is_empty()) {
        assert!(text.lines().any(|shown| shown.trim() == line || shown.ends_with(line)), "{line}\n{text}");
    }
    read("qpdf", &["--check"], &whole);
}

#[test]
fn hostile_text_is_shown_for_what_it_is_and_stays_in_its_column() {
    let hostile = [
        "\u{202e}lortnoc\u{202c}",
        "a\0b\u{1b}[31mred",
        "中文 שלום العربية 🐝",
        &"x".repeat(5_000),
        &"e\u{301}".repeat(200),
        "(unbalanced \\ )] >> endobj endstream %%EOF",
        &"wide words ".repeat(900),
        "",
        "\u{10ffff}\u{e000}\u{feff}\u{2028}",
    ];
    let rows: Vec<Row> = (1..).zip(hostile).map(|(position, says)| row(position, says)).collect();
    let mut odd = row(99, "odd");
    odd.who = format!("person:{}", "W".repeat(3_000));
    odd.about = "q".repeat(3_000);
    odd.what = "z\u{202e}".repeat(400);
    let whole = report(&all(), &[rows, vec![odd]].concat());
    read("qpdf", &["--check"], &whole);
    let Some(text) = read("pdftotext", &[], &whole) else { return };
    let text = text.replace('\n', "");
    for wanted in [
        "\\u{202e}lortnoc\\u{202c}",
        "a\\u{0}b\\u{1b}[31mred",
        "\\u{4e2d}\\u{6587}",
        "\\u{5e9}\\u{5dc}\\u{5d5}\\u{5dd}",
        "\\u{1f41d}",
        "(unbalanced \\\\ )] >> endobj endstream %%EOF",
        "letters more stand in the export as JSON Lines",
        "\\u{10ffff}\\u{e000}\\u{feff}\\u{2028}",
    ] {
        let bare = wanted.replace(' ', "");
        assert!(text.replace(' ', "").contains(&bare), "{wanted:?} is not in\n{text}");
    }
    assert!(text.chars().all(|letter| letter == '\u{c}' || !letter.is_control()), "{text:?}");
    let Some(boxes) = read("pdftotext", &["-bbox"], &whole) else { return };
    for word in boxes.lines().filter(|line| line.contains("<word ")) {
        let edge = |name: &str| -> f32 {
            let at = word.split_once(&format!("{name}=\"")).unwrap().1;
            at.split_once('"').unwrap().0.parse().unwrap()
        };
        assert!(edge("xMin") >= 35.0 && edge("xMax") <= 807.0, "{word}");
        assert!(edge("yMin") >= 0.0 && edge("yMax") <= 595.0, "{word}");
    }
}

#[test]
fn a_report_of_a_hundred_thousand_events_is_sent_as_it_is_drawn() {
    let mut report = Report::new(&signed(), &all(), moment()).unwrap();
    let (mut most, mut bytes) = (0, 0);
    let row = row(1, "to: working");
    for position in 1..=100_000 {
        report.row(&Row { position, ..row.clone() });
        if position % 100 == 0 {
            let taken = report.taken();
            most = most.max(taken.len());
            bytes += taken.len();
        }
    }
    assert_eq!(report.pages() / 1_000, 5, "{} pages", report.pages());
    let end = report.end();
    assert!(most < 256 << 10, "{most} bytes were held at once, of {bytes}");
    assert!(end.len() < 1 << 20, "{} bytes were held until the end", end.len());
}

#[test]
fn an_empty_report_says_that_nothing_is_in_it() {
    let whole = report(&all(), &[]);
    read("qpdf", &["--check"], &whole);
    let Some(text) = read("pdftotext", &[], &whole) else { return };
    assert!(text.contains("End of the report: 0 of the 1287 events"), "{text}");
}

//! The first page's head: what this is a report of, and how somebody who does not trust it checks it.

use chrono::{DateTime, Utc};
use swarm_domain::audit::AuditFilter;
use swarm_store::SignedLog;

use super::{
    letters::Letters,
    lines::{broken, clean},
    sheet::{FACT, HEADING, LABEL, Look, MARGIN, PALE, Sheet, TITLE, WIDTH},
};

/// Where the facts stand, behind their labels.
const FACTS: f32 = MARGIN + 92.0;
/// The longest filter that is told, in letters.
const MAX_FILTER: usize = 1_000;

/// The moment as the report writes it.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What of the record the report shows.
pub(super) fn shows(letters: &mut Letters, filter: &AuditFilter) -> String {
    if filter.is_all() {
        return "the whole record".to_owned();
    }
    format!("only what this filter lets through: {}", clean(letters, &filter.to_string(), MAX_FILTER).0)
}

/// Draws it.
pub(super) fn draw(
    sheet: &mut Sheet,
    letters: &mut Letters,
    signed: &SignedLog,
    shows: &str,
    now: DateTime<Utc>,
) {
    let SignedLog { log, checkpoint, key } = signed;
    sheet.at -= 12.0;
    sheet.words(letters, (MARGIN, sheet.at), TITLE, "Audit report");
    sheet.at -= 22.0;
    fact(sheet, letters, "Log", FACT, log);
    fact(sheet, letters, "Shows", FACT, &format!("{shows}; the oldest first"));
    fact(sheet, letters, "Made", FACT, &format!("{}. Every time in this report is UTC.", moment(now)));
    fact(
        sheet,
        letters,
        "Head of the chain",
        FACT,
        &format!("event {} with the hash {}", checkpoint.size, checkpoint.head),
    );
    fact(
        sheet,
        letters,
        "Signed",
        FACT,
        &format!("{} by {}. The checkpoint, as it was signed:", moment(checkpoint.at), checkpoint.key),
    );
    for line in checkpoint.note.lines() {
        if line.is_empty() {
            sheet.at -= 4.0;
        } else {
            fact(sheet, letters, "", PALE, line);
        }
    }
    sheet.at -= 4.0;
    fact(sheet, letters, "To check it", FACT, "swarm audit export --out log.jsonl");
    let verify = format!("swarm audit verify log.jsonl --key '{key}' --checkpoint kept.txt");
    fact(sheet, letters, "", FACT, &verify);
    fact(
        sheet,
        letters,
        "",
        PALE,
        "kept.txt holds the checkpoint above. Where that command finds no fault, the log is the one that was signed, and each \
         row of this report is found in it by its position and the first 16 digits of its hash. By itself a report proves \
         nothing: ask for the public key by another way.",
    );
    fact(
        sheet,
        letters,
        "Letters",
        PALE,
        "what the letters of this report do not have, and what would not be seen, is written by its number in Unicode, \
         \\u{4e2d}; a line break as \\n, a backslash as \\\\.",
    );
    sheet.at -= 6.0;
}

fn fact(sheet: &mut Sheet, letters: &mut Letters, label: &str, look: Look, text: &str) {
    let leading = look.size + 3.5;
    if !label.is_empty() {
        let of = Look { size: LABEL.size - 1.0, ..HEADING };
        sheet.words(letters, (MARGIN, sheet.at), of, label);
    }
    for line in broken(letters, look.kind, look.size, WIDTH - MARGIN - FACTS, text, 12) {
        sheet.words(letters, (FACTS, sheet.at), look, &line);
        sheet.at -= leading;
    }
}

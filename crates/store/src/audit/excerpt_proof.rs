//! Checking an excerpt with nothing but its lines and the public keys that are trusted.

use std::io::{self, BufRead};

use super::{
    excerpt::Statement,
    fault::{Fault, FaultKind},
    handover::{Handover, Trust},
    line::{self, FORM, Line},
    note::PublicKey,
    proof::{MAX_FAULTS, MAX_HANDOVERS, ProofReport, SignedHead, next_line},
};
use crate::event_log::{GENESIS, hash};

struct Check {
    trust: Trust,
    handovers: Vec<Handover>,
    report: ProofReport,
    hasher: blake3::Hasher,
    at: u64,
    /// Whether a statement that fits was read, and nothing behind it.
    stated: bool,
}

/// Checks the lines behind the first one, which says that this is an excerpt.
pub(super) fn prove(
    first: &[u8],
    mut lines: impl BufRead,
    keys: Vec<PublicKey>,
    held: Option<&str>,
) -> io::Result<ProofReport> {
    let report = ProofReport {
        log: None,
        excerpt: None,
        events: 0,
        head: GENESIS.to_owned(),
        checkpoints: 0,
        strangers: 0,
        last: None,
        faults: Vec::new(),
        more_faults: 0,
    };
    let mut check = Check {
        trust: Trust::new(keys),
        handovers: Vec::new(),
        report,
        hasher: blake3::Hasher::new(),
        at: 0,
        stated: false,
    };
    check.line(first);
    while let Some(line) = next_line(&mut lines)? {
        let Ok(line) = line else {
            let reason = "the line is longer than any that swarm writes";
            check.fault(FaultKind::Unreadable.at(check.at, reason));
            break;
        };
        check.line(&line);
    }
    if held.is_some() {
        let reason = "a part of a log cannot be held against a checkpoint: that takes the whole log";
        check.fault(FaultKind::Truncated.at(0, reason));
    }
    if !check.stated && check.report.faults.is_empty() {
        let reason = "it does not end with a signed statement: it was cut off, or nothing was signed";
        check.fault(FaultKind::Unsigned.at(check.at, reason));
    }
    Ok(check.report)
}

impl Check {
    fn fault(&mut self, fault: Fault) {
        if self.report.faults.len() < MAX_FAULTS {
            self.report.faults.push(fault);
        } else {
            self.report.more_faults += 1;
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.stated) {
            self.fault(FaultKind::Misplaced.at(self.at, "something stands behind the signed statement"));
        }
        let whole = bytes;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        match Line::read(bytes) {
            Some(Line::Excerpt(opening)) if self.report.excerpt.is_none() && opening.form == FORM => {
                self.report.excerpt = Some(opening.filter);
                self.report.log = Some(opening.log);
            }
            Some(Line::Handover(note)) => match Handover::open(&note) {
                Ok(handover) if self.handovers.len() < MAX_HANDOVERS => self.handovers.push(handover),
                Ok(_) => self.fault(FaultKind::Unreadable.at(0, "there are too many handovers of keys")),
                Err(error) => {
                    let reason = format!("a handover of keys cannot be believed: {error}");
                    self.fault(FaultKind::of_note(&error).at(0, reason));
                }
            },
            Some(Line::Event(event)) => self.event(&event, bytes),
            Some(Line::Statement(note)) => return self.statement(&note),
            _ => self
                .fault(FaultKind::Unreadable.at(self.at, "a line cannot be read: it was changed or cut off")),
        }
        self.hasher.update(whole);
    }

    fn event(&mut self, event: &line::EventLine, bytes: &[u8]) {
        let seq = event.says.get("seq").and_then(serde_json::Value::as_u64);
        let (Some(seq), Some(text)) = (seq, event.text()) else {
            return self.fault(FaultKind::Unreadable.at(self.at, "a line holds no event"));
        };
        if seq <= self.at {
            let reason = format!("it stands behind event {}", self.at);
            self.fault(FaultKind::Reordered.at(seq, reason));
        } else if seq == self.at + 1 && self.at > 0 && event.prev != self.report.head {
            let reason = "it does not follow the event before it: one was changed, moved or slipped in";
            self.fault(FaultKind::Unlinked.at(seq, reason));
        }
        if hash(&event.prev, &text) != event.hash
            || line::event(&text, &event.prev, &event.hash).as_bytes() != bytes
        {
            self.fault(FaultKind::Changed.at(seq, "its text was changed: it does not have its hash"));
        }
        self.at = seq;
        self.report.events += 1;
        self.report.head.clone_from(&event.hash);
    }

    fn statement(&mut self, note: &str) {
        self.trust.learn(std::mem::take(&mut self.handovers));
        let trust = self.trust.clone();
        let (said, by) = match Statement::open(note, trust.keys()) {
            Ok(opened) => opened,
            Err(error) => {
                let reason = format!("the statement of what stands here cannot be believed: {error}");
                return self.fault(FaultKind::of_note(&error).at(0, reason));
            }
        };
        let fits = said.digest == *self.hasher.finalize().as_bytes()
            && said.events == self.report.events
            && Some(&said.filter) == self.report.excerpt.as_ref()
            && Some(&said.log) == self.report.log.as_ref()
            && self.at <= said.size;
        if fits {
            self.stated = true;
            let keys = by.iter().map(|key| key.id()).collect();
            self.report.last = Some(SignedHead { size: said.size, at: said.at, keys });
        } else {
            let reason = format!(
                "these are not the {} events that were signed: some were changed, removed, moved or slipped in",
                said.events
            );
            self.fault(FaultKind::Rewritten.at(0, reason));
        }
    }
}

//! Checking an exported log with nothing but its lines and the public keys that are trusted.
//!
//! Checkpoints make the difference between a chain that fits together and one that nobody rewrote: who changes an event
//! can hash all that follow again, but cannot sign the new end.

use std::io::{self, BufRead, Read};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    checkpoint::{Checkpoint, log_name},
    excerpt_proof,
    fault::{Fault, FaultKind},
    handover::{Handover, Trust},
    line::{self, EventLine, FORM, Line, Opening},
    note::{Note, NoteError, PublicKey},
};
use crate::event_log::{GENESIS, MAX_EVENT_BYTES, hash};

/// The longest line: an event with what stands around it.
const MAX_LINE: usize = MAX_EVENT_BYTES + 4096;
/// How many faults are named. The others are counted.
pub(super) const MAX_FAULTS: usize = 100;
/// How many handovers are read.
pub(super) const MAX_HANDOVERS: usize = 10_000;

/// What a check of an exported log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProofReport {
    /// The log's name; none where there is no event.
    pub log: Option<String>,
    /// The filter, where it is a part of a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// How many events were read.
    pub events: u64,
    /// The hash of the last of them.
    pub head: String,
    /// How many checkpoints fit.
    pub checkpoints: u64,
    /// How many checkpoints were signed by keys that are not trusted, and not counted.
    pub strangers: u64,
    /// The last checkpoint that fits.
    pub last: Option<SignedHead>,
    /// What is wrong, in the order of the file.
    pub faults: Vec<Fault>,
    /// How many faults more were found.
    pub more_faults: u64,
}

/// A checkpoint as it was proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedHead {
    /// How many events it covers.
    pub size: u64,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// The ids of the keys that signed it.
    pub keys: Vec<String>,
}

/// Reads an exported log and checks it against the keys that are trusted. `held` is the note of a checkpoint that the
/// reader had before: the log must hold what that one covers. The errors are those of reading.
pub fn prove(log: impl BufRead, keys: Vec<PublicKey>, held: Option<&str>) -> io::Result<ProofReport> {
    let mut lines = log;
    let mut next = next_line(&mut lines)?;
    if let Some(Ok(first)) = &next
        && matches!(Line::read(first), Some(Line::Excerpt(_)))
    {
        return excerpt_proof::prove(first, lines, keys, held);
    }
    let mut proof = Proof::new(keys, held);
    while let Some(line) = next {
        let Ok(line) = line else {
            proof.fault(
                FaultKind::Unreadable.at(proof.at + 1, "the line is longer than any that swarm writes"),
            );
            break;
        };
        proof.line(line.strip_suffix(b"\n").unwrap_or(&line));
        next = next_line(&mut lines)?;
    }
    Ok(proof.finish())
}

/// A line is longer than any that swarm writes.
pub(super) struct TooLong;

/// The next line with its newline; none at the end.
pub(super) fn next_line(lines: &mut impl BufRead) -> io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let mut line = Vec::new();
    if lines.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(if line.len() > MAX_LINE { Err(TooLong) } else { Ok(line) }))
}

struct Proof {
    trust: Trust,
    handovers: Vec<Handover>,
    opening: Option<Opening>,
    lines: u64,
    log: Option<String>,
    tenant: Option<String>,
    events: u64,
    at: u64,
    head: String,
    last: Option<SignedHead>,
    /// The keys of the last checkpoints, for those that took another's place.
    signers: Vec<PublicKey>,
    checkpoints: u64,
    strangers: Vec<String>,
    /// The largest size that was signed and not reached yet.
    beyond: Option<u64>,
    held: Option<Held>,
    faults: Vec<Fault>,
    more_faults: u64,
}

/// The checkpoint that the reader had before, and the hash of the event that it should be about.
struct Held {
    note: String,
    size: u64,
    found: Option<String>,
}

impl Proof {
    fn new(keys: Vec<PublicKey>, held: Option<&str>) -> Self {
        let size = |note: &str| {
            let note = Note::parse(note).ok()?;
            Checkpoint::read(note.unproven()).ok().map(|checkpoint| checkpoint.size)
        };
        Self {
            trust: Trust::new(keys),
            handovers: Vec::new(),
            opening: None,
            lines: 0,
            log: None,
            tenant: None,
            events: 0,
            at: 0,
            head: GENESIS.to_owned(),
            last: None,
            signers: Vec::new(),
            checkpoints: 0,
            strangers: Vec::new(),
            beyond: None,
            held: held.map(|note| Held { note: note.to_owned(), size: size(note).unwrap_or(0), found: None }),
            faults: Vec::new(),
            more_faults: 0,
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        self.lines += 1;
        let next = self.at + 1;
        match Line::read(bytes) {
            Some(Line::Log(opening)) if self.lines == 1 && opening.form == FORM => {
                self.opening = Some(opening);
            }
            Some(Line::Log(opening)) => {
                let reason = if self.lines == 1 {
                    format!("it has the form {}, and this program reads the form {FORM}", opening.form)
                } else {
                    format!("another log begins in line {}", self.lines)
                };
                self.fault(FaultKind::Unreadable.at(next, reason));
            }
            Some(Line::Excerpt(_) | Line::Statement(_)) => {
                let reason = format!("line {} is one of a part of a log", self.lines);
                self.fault(FaultKind::Unreadable.at(next, reason));
            }
            Some(_) if self.lines == 1 => {
                let reason = "it does not begin with the line that says what it is";
                self.fault(FaultKind::Unreadable.at(next, reason));
            }
            Some(Line::Handover(note)) => self.handover(&note),
            Some(Line::Event(event)) => self.event(&event, bytes),
            Some(Line::Checkpoint(note)) => self.checkpoint(&note),
            None => {
                let reason = format!("line {} cannot be read: it was changed or cut off", self.lines);
                self.fault(FaultKind::Unreadable.at(next, reason));
            }
        }
    }

    fn handover(&mut self, note: &str) {
        match Handover::open(note) {
            Ok(handover) if self.handovers.len() < MAX_HANDOVERS => self.handovers.push(handover),
            Ok(_) => self.fault(FaultKind::Unreadable.at(0, "there are too many handovers of keys")),
            Err(error) => {
                let reason = format!("a handover of keys cannot be believed: {error}");
                self.fault(FaultKind::of_note(&error).at(0, reason));
            }
        }
    }

    fn event(&mut self, event: &EventLine, bytes: &[u8]) {
        let next = self.at + 1;
        let number = |name: &str| event.says.get(name).and_then(serde_json::Value::as_u64);
        let (Some(seq), Some(text)) = (number("seq"), event.text()) else {
            let reason = format!("line {} holds no event", self.lines);
            return self.fault(FaultKind::Unreadable.at(next, reason));
        };
        let tenant = event.says.get("tenant").and_then(serde_json::Value::as_str).unwrap_or_default();
        if self.tenant.get_or_insert_with(|| tenant.to_owned()) != tenant {
            self.fault(FaultKind::OtherLog.at(seq, format!("it is an event of the tenant `{tenant}`")));
        }
        if seq < next {
            let reason = format!("it stands behind event {}", self.at);
            return self.fault(FaultKind::Reordered.at(seq, reason));
        }
        if seq > next {
            self.fault(FaultKind::Missing.at(next, format!("it is missing: the next one is {seq}")));
        } else if event.prev != self.head {
            let reason = "it does not follow the event before it: one was changed, moved or slipped in";
            self.fault(FaultKind::Unlinked.at(seq, reason));
        }
        if hash(&event.prev, &text) != event.hash {
            self.fault(FaultKind::Changed.at(seq, "its text was changed: it does not have its hash"));
        } else if line::event(&text, &event.prev, &event.hash).as_bytes() != bytes {
            self.fault(FaultKind::Changed.at(seq, "its line was changed: it is not as swarm writes it"));
        }
        self.events += 1;
        self.at = seq;
        self.head.clone_from(&event.hash);
        if seq == 1
            && let Ok(tenant) = swarm_domain::TenantId::parse(tenant)
        {
            self.log = Some(log_name(&tenant, &event.hash));
        }
        if let Some(held) = self.held.as_mut().filter(|held| held.size == seq) {
            held.found = Some(event.hash.clone());
        }
    }

    /// Handovers stand before what they are needed for.
    fn learn(&mut self) {
        let strangers = self.trust.learn(std::mem::take(&mut self.handovers));
        self.strangers.extend(strangers.iter().map(|handover| handover.to.id()));
    }

    fn checkpoint(&mut self, note: &str) {
        self.learn();
        let trust = self.trust.clone();
        let (checkpoint, by) = match Checkpoint::open(note, trust.keys()) {
            Ok(opened) => opened,
            Err(NoteError::UnknownKey(names)) => return self.strangers.push(names),
            Err(error) => {
                let reason = format!("a checkpoint cannot be believed: {error}");
                return self.fault(FaultKind::of_note(&error).at(self.at, reason));
            }
        };
        let size = checkpoint.size;
        if self.log.as_ref().is_some_and(|log| *log != checkpoint.log) {
            let reason = format!("a checkpoint is of the log {}", checkpoint.log);
            self.fault(FaultKind::OtherLog.at(size, reason));
        } else if by.iter().all(|key| self.signers.iter().any(|signer| trust.replaced(key, signer))) {
            let reason = "a key signed its checkpoint that another one had replaced";
            self.fault(FaultKind::RetiredKey.at(size, reason));
        } else if size > self.at {
            self.beyond = self.beyond.max(Some(size));
        } else if size < self.at {
            let reason = format!("its checkpoint stands behind event {}", self.at);
            self.fault(FaultKind::Misplaced.at(size, reason));
        } else if checkpoint.head != self.head {
            let first = self.last.as_ref().map_or(1, |last| last.size + 1);
            let reason = format!(
                "it has not the hash that was signed at {}: events {first} to {size} were rewritten",
                checkpoint.at.format("%Y-%m-%d %H:%M:%S UTC")
            );
            self.fault(FaultKind::Rewritten.at(size, reason));
        } else {
            self.checkpoints += 1;
            let new = by.iter().filter(|key| !self.signers.contains(key)).map(|key| (*key).clone());
            let new: Vec<_> = new.collect();
            self.signers.extend(new);
            let keys = by.iter().map(|key| key.id()).collect();
            self.last = Some(SignedHead { size, at: checkpoint.at, keys });
        }
    }

    fn finish(mut self) -> ProofReport {
        self.learn();
        self.reaches_the_end();
        self.holds_what_was_held();
        let signed = self.last.as_ref().map_or(0, |last| last.size);
        if self.events == 0 {
            self.fault(FaultKind::Unsigned.at(0, "it holds no event, so nothing is proven"));
        } else if signed < self.at && !self.strangers.is_empty() {
            let mut names = self.strangers.clone();
            names.sort_unstable();
            names.dedup();
            let reason = format!(
                "from here on only keys signed that are not trusted: {}",
                names.iter().take(5).cloned().collect::<Vec<_>>().join(", ")
            );
            self.fault(FaultKind::UnknownKey.at(signed + 1, reason));
        } else if signed < self.at {
            let reason = format!("nothing signed covers the events {} to {}", signed + 1, self.at);
            self.fault(FaultKind::Unsigned.at(signed + 1, reason));
        }
        ProofReport {
            log: self.log,
            excerpt: None,
            events: self.events,
            head: self.head,
            checkpoints: self.checkpoints,
            strangers: self.strangers.len() as u64,
            last: self.last,
            faults: self.faults,
            more_faults: self.more_faults,
        }
    }

    fn reaches_the_end(&mut self) {
        let at = self.at;
        match self.beyond {
            Some(size) if size > at => {
                let reason = format!("it is missing: {size} events were signed, and only {at} are here");
                self.fault(FaultKind::Truncated.at(at + 1, reason));
            }
            Some(size) => {
                self.fault(FaultKind::Misplaced.at(size, "its checkpoint stands before it"));
            }
            None => {
                if let Some(events) = self.opening.as_ref().map(|opening| opening.events)
                    && events > at
                {
                    let reason = format!("it is missing: the first line speaks of {events} events");
                    self.fault(FaultKind::Truncated.at(at + 1, reason));
                }
            }
        }
    }

    fn holds_what_was_held(&mut self) {
        let Some(held) = self.held.take() else { return };
        let trust = self.trust.clone();
        let fault = match Checkpoint::open(&held.note, trust.keys()) {
            Err(error) => {
                let reason = format!("the checkpoint to compare with cannot be believed: {error}");
                FaultKind::of_note(&error).at(held.size, reason)
            }
            Ok((checkpoint, _)) if self.log.as_ref().is_some_and(|log| *log != checkpoint.log) => {
                let reason = format!("the checkpoint to compare with is of the log {}", checkpoint.log);
                FaultKind::OtherLog.at(held.size, reason)
            }
            Ok((checkpoint, _)) => match held.found {
                Some(found) if found == checkpoint.head => return,
                Some(_) => {
                    let reason =
                        "it has not the hash of the checkpoint to compare with: the log was rewritten";
                    FaultKind::Rewritten.at(held.size, reason)
                }
                None => {
                    let reason =
                        format!("it is missing: the checkpoint to compare with covers {} events", held.size);
                    FaultKind::Truncated.at(self.at + 1, reason)
                }
            },
        };
        self.fault(fault);
    }
}

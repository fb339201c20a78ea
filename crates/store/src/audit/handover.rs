//! A new key for an old one: both sign it. Who trusts one of them then trusts the other.

use chrono::{DateTime, SecondsFormat, Utc};

use super::note::{self, Note, NoteError, PrivateKey, PublicKey};

const TITLE: &str = "swarm key handover";

/// That one key takes another's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The key until then.
    pub from: PublicKey,
    /// The key from then on.
    pub to: PublicKey,
    /// When.
    pub at: DateTime<Utc>,
}

impl Handover {
    /// The note that both keys sign.
    pub(crate) fn note(from: &PrivateKey, to: &PrivateKey, at: DateTime<Utc>) -> String {
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let text = format!("{TITLE}\nfrom {}\nto {}\ntime {at}\n", from.public(), to.public());
        note::sign(&text, &[from, to])
    }

    /// Reads a note that both of its keys signed. Whether one of them is trusted is not asked here.
    pub(crate) fn open(note: &str) -> Result<Self, NoteError> {
        let note = Note::parse(note)?;
        let read = Self::read(note.unproven())?;
        let keys = [read.from.clone(), read.to.clone()];
        if note.signed_by(&keys)?.len() < 2 {
            return Err(wrong("not both keys signed it"));
        }
        Ok(read)
    }

    fn read(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(wrong("its first line is another"));
        }
        let mut value = |name: &str| {
            let line = lines.next().and_then(|line| line.strip_prefix(name));
            line.ok_or(wrong("a line is missing"))
        };
        let from = PublicKey::parse(value("from ")?)?;
        let to = PublicKey::parse(value("to ")?)?;
        let at = DateTime::parse_from_rfc3339(value("time ")?).map_err(|_| wrong("its time is none"))?;
        if from == to {
            return Err(wrong("it names one key twice"));
        }
        Ok(Self { from, to, at: at.to_utc() })
    }
}

fn wrong(detail: &'static str) -> NoteError {
    NoteError::Text { what: "handover", detail }
}

/// The keys that may be believed: those that were given, and those that are tied to them by handovers. In the order in
/// which they took each other's place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    keys: Vec<PublicKey>,
    handovers: Vec<Handover>,
}

impl Trust {
    pub(crate) fn new(given: Vec<PublicKey>) -> Self {
        Self { keys: given, handovers: Vec::new() }
    }

    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Learns of handovers, in whatever order they come. Gives back those that tie no key to a trusted one.
    pub(crate) fn learn(&mut self, mut unknown: Vec<Handover>) -> Vec<Handover> {
        loop {
            let (tied, rest): (Vec<_>, Vec<_>) = unknown
                .into_iter()
                .partition(|handover| self.keys.contains(&handover.from) || self.keys.contains(&handover.to));
            if tied.is_empty() {
                return rest;
            }
            for handover in tied {
                for key in [&handover.from, &handover.to] {
                    if !self.keys.contains(key) {
                        self.keys.push(key.clone());
                    }
                }
                self.handovers.push(handover);
            }
            unknown = rest;
        }
    }

    /// Whether `later` took the place of `earlier`, at once or by way of others.
    pub(crate) fn replaced(&self, earlier: &PublicKey, later: &PublicKey) -> bool {
        let mut key = earlier;
        // Each handover is followed at most once: they may be hostile and go in a circle.
        for _ in 0..self.handovers.len() {
            match self.handovers.iter().find(|handover| handover.from == *key) {
                Some(next) if next.to == *later => return true,
                Some(next) => key = &next.to,
                None => return false,
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::of_seed([seed; 32], |_| format!("test-{seed}")).unwrap()
    }

    fn handover(from: u8, to: u8) -> String {
        Handover::note(&key(from), &key(to), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_handover_counts_only_with_both_signatures() {
        let whole = handover(1, 2);
        assert_eq!(Handover::open(&whole).unwrap().to, *key(2).public());
        let lines: Vec<_> = whole.lines().collect();
        for left_out in [lines.len() - 1, lines.len() - 2] {
            let mut lines = lines.clone();
            lines.remove(left_out);
            assert!(Handover::open(&(lines.join("\n") + "\n")).is_err());
        }
        let stolen = whole.replace(&key(2).public().to_string(), &key(3).public().to_string());
        assert!(Handover::open(&stolen).is_err(), "another key cannot be put in");
        assert!(Handover::open(&handover(1, 1)).is_err());
    }

    #[test]
    fn trust_goes_along_handovers_both_ways_and_no_further() {
        let open = |from, to| Handover::open(&handover(from, to)).unwrap();
        let mut trust = Trust::new(vec![key(3).public().clone()]);
        let strangers = trust.learn(vec![open(1, 2), open(7, 8), open(2, 3), open(3, 4)]);
        assert_eq!(strangers, [open(7, 8)]);
        let mut known: Vec<_> = trust.keys().iter().map(PublicKey::name).collect();
        known.sort_unstable();
        assert_eq!(known, ["test-1", "test-2", "test-3", "test-4"]);
        let public = |seed| key(seed).public().clone();
        assert!(trust.replaced(&public(1), &public(3)));
        assert!(!trust.replaced(&public(3), &public(1)));
        assert!(trust.learn(vec![open(4, 1)]).is_empty(), "a circle is no endless way");
        assert!(!trust.replaced(&public(3), &public(9)));
    }
}

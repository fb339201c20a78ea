//! What is signed: so many events, and the hash of the last of them.
//!
//! The text has the lines of a transparency log's checkpoint (<https://c2sp.org/tlog-checkpoint>): origin, size, hash,
//! and one more for the time. Our log is a chain and no Merkle tree: the hash is that of the newest event, which holds
//! that of the one before, and so on down to the first. Who checks it reads the whole log and needs no tree.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use swarm_domain::TenantId;

use super::note::{Note, NoteError, PublicKey};

/// How many digits of the first event's hash name a log.
const ID_DIGITS: usize = 16;

/// A statement about a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: `swarm/<tenant>/<the first digits of its first event's hash>`.
    pub log: String,
    /// How many events it has.
    pub size: u64,
    /// The hash of the last of them.
    pub head: String,
    /// When that was said.
    pub at: DateTime<Utc>,
}

/// The name of the log that begins with the event of this hash. The logs of two databases differ in their first event,
/// also where they are of the same tenant.
pub(crate) fn log_name(tenant: &TenantId, first: &str) -> String {
    format!("swarm/{tenant}/{}", first.get(..ID_DIGITS).unwrap_or(first))
}

impl Checkpoint {
    /// The text that is signed.
    pub(crate) fn text(&self) -> Result<String, NoteError> {
        let head = blake3::Hash::from_hex(&self.head).map_err(|_| wrong("its head is no hash"))?;
        let head = BASE64_STANDARD.encode(head.as_bytes());
        let at = self.at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Ok(format!("{}\n{}\n{head}\ntime {at}\n", self.log, self.size))
    }

    /// Reads a text, whoever wrote it.
    pub(crate) fn read(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let mut next = |missing| lines.next().filter(|line| !line.is_empty()).ok_or(wrong(missing));
        let log = next("it has no origin")?.to_owned();
        let size = next("it has no size")?.parse().map_err(|_| wrong("its size is no number"))?;
        let head = BASE64_STANDARD.decode(next("it has no hash")?).ok();
        let head: [u8; 32] =
            head.and_then(|head| head.try_into().ok()).ok_or(wrong("its hash has not 32 bytes of base64"))?;
        let head = blake3::Hash::from_bytes(head).to_hex().to_string();
        let at = next("it has no time")?.strip_prefix("time ").ok_or(wrong("it has no time"))?;
        let at = DateTime::parse_from_rfc3339(at).map_err(|_| wrong("its time is none"))?.to_utc();
        let read = Self { log, size, head, at };
        // One text for one statement: no signs before the number, no other way to write the time.
        if read.text()? == text { Ok(read) } else { Err(wrong("it is not in its one form")) }
    }

    /// Reads a note, and says which of the trusted keys signed it.
    pub(crate) fn open<'k>(
        note: &str,
        trusted: &'k [PublicKey],
    ) -> Result<(Self, Vec<&'k PublicKey>), NoteError> {
        let note = Note::parse(note)?;
        let by = note.signed_by(trusted)?;
        Ok((Self::read(note.unproven())?, by))
    }
}

fn wrong(detail: &'static str) -> NoteError {
    NoteError::Text { what: "checkpoint", detail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checkpoint(size: u64, micros: i64) -> Checkpoint {
        Checkpoint {
            log: log_name(&TenantId::local(), &"ab".repeat(32)),
            size,
            head: "cd".repeat(32),
            at: DateTime::from_timestamp_micros(micros).unwrap(),
        }
    }

    #[test]
    fn it_has_the_lines_of_a_transparency_logs_checkpoint() {
        let text = checkpoint(12, 1_700_000_000_000_001).text().unwrap();
        assert_eq!(
            text,
            "swarm/local/abababababababab\n12\nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0=\n\
             time 2023-11-14T22:13:20.000001Z\n"
        );
    }

    #[test]
    fn a_text_in_another_form_is_refused() {
        let text = checkpoint(12, 1_700_000_000_000_001).text().unwrap();
        for (from, to) in [
            ("\n12\n", "\n+12\n"),
            ("\n12\n", "\n012\n"),
            ("\n12\n", "\n-1\n"),
            ("\n12\n", "\n\n"),
            ("zc3N", "zc3"),
            ("0.000001Z", "0.000001+00:00"),
            ("time ", "date "),
            ("01Z\n", "01Z\nmore\n"),
            ("01Z\n", "01Z"),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text);
            assert!(Checkpoint::read(&other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(size in any::<u64>(), micros in 0..4_000_000_000_000_000i64) {
            let written = checkpoint(size, micros);
            prop_assert_eq!(Checkpoint::read(&written.text().unwrap()).unwrap(), written);
        }
    }
}

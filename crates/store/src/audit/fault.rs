//! What can be wrong with a log.

use serde::Serialize;

/// Where a log is not what was appended and signed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// The position of the event that it is about; 0 where it is about none.
    pub seq: u64,
    /// Of which kind it is.
    pub kind: FaultKind,
    /// What is wrong there, in words.
    pub reason: String,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FaultKind {
    /// It cannot be read.
    Unreadable,
    /// An event's text does not have its hash, or what stands beside it says something else.
    Changed,
    /// An event does not follow the one before it: one of the two was changed, moved or slipped in.
    Unlinked,
    /// Events are missing.
    Missing,
    /// An event stands behind one that came after it, or twice.
    Reordered,
    /// The chain fits together, but it is not the one that was signed.
    Rewritten,
    /// Fewer events are there than were signed.
    Truncated,
    /// Nothing signed covers these events.
    Unsigned,
    /// Only keys that are not trusted signed this.
    UnknownKey,
    /// A key signed this that another one had replaced before.
    RetiredKey,
    /// A signature is not of the text above it.
    BadSignature,
    /// A checkpoint does not stand behind the last event that it speaks of.
    Misplaced,
    /// It is about another log.
    OtherLog,
}

impl FaultKind {
    /// A fault of this kind.
    pub(crate) fn at(self, seq: u64, reason: impl Into<String>) -> Fault {
        Fault { seq, kind: self, reason: reason.into() }
    }

    /// What an error of a signed note means.
    pub(super) fn of_note(error: &super::note::NoteError) -> Self {
        use super::note::NoteError as E;
        match error {
            E::UnknownKey(_) => Self::UnknownKey,
            E::Signature(_) => Self::BadSignature,
            E::Malformed(_) | E::Key(_) | E::Text { .. } => Self::Unreadable,
        }
    }
}

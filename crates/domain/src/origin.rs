//! Where a run comes from that plays another run's journal again.

use serde::{Deserialize, Serialize};

use crate::{
    event::EventBody,
    id::{BlobHash, RunId},
};

/// The run whose journal is played, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Origin {
    /// Whose journal.
    pub run: RunId,
    /// The position in the log up to which it is played, that event included.
    pub at: u64,
    /// What takes the place of the words at `at`: a kept edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<BlobHash>,
    /// Whether models are called behind `at` (a fork), or nothing may happen that the journal does not know (a replay).
    pub live: bool,
}

impl Origin {
    /// Whether an event at this position is played.
    #[must_use]
    pub fn plays(&self, seq: u64) -> bool {
        seq <= self.at
    }

    /// The edit of the words at this position, if they are edited.
    #[must_use]
    pub fn edit_at(&self, seq: u64) -> Option<&BlobHash> {
        self.edit.as_ref().filter(|_| seq == self.at)
    }
}

/// What a step of a run is: something that can be gone back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// An agent began on a ticket.
    Attempt,
    /// A model answered.
    Model,
    /// A tool was used.
    Tool,
    /// A command judged the work.
    Check,
    /// Work was committed.
    Commit,
    /// A fault was found.
    Finding,
    /// An attempt was judged as a whole.
    Verdict,
    /// Work reached the integration branch.
    Merge,
}

impl StepKind {
    /// The step that an event is, if it is one.
    #[must_use]
    pub fn of(body: &EventBody) -> Option<Self> {
        Some(match body {
            EventBody::AttemptStarted { .. } => Self::Attempt,
            EventBody::ModelCalled { .. } => Self::Model,
            EventBody::ToolCalled { .. } => Self::Tool,
            EventBody::CheckRun { .. } => Self::Check,
            EventBody::Committed { .. } => Self::Commit,
            EventBody::FindingRaised { .. } => Self::Finding,
            EventBody::AttemptFinished { .. } => Self::Verdict,
            EventBody::Merged { .. } => Self::Merge,
            _ => return None,
        })
    }

    /// Whether a person can put other words in the place of the step's own.
    #[must_use]
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Attempt | Self::Model)
    }

    /// The kind in a word or two.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Model => "model call",
            Self::Tool => "tool",
            Self::Check => "check",
            Self::Commit => "commit",
            Self::Finding => "finding",
            Self::Verdict => "verdict",
            Self::Merge => "merge",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_one_step_alone_are_edited() {
        let edit = BlobHash::of(b"other words");
        let origin =
            Origin { run: RunId::parse("run_1").unwrap(), at: 7, edit: Some(edit.clone()), live: true };
        assert_eq!([6, 7, 8].map(|seq| origin.plays(seq)), [true, true, false]);
        assert_eq!([6, 7, 8].map(|seq| origin.edit_at(seq)), [None, Some(&edit), None]);
    }
}

//! What proves the parts of a change: each hunk is left out alone, and the commands of the spec say who misses it.
//!
//! It is the deletion of a mutation analysis (`DeMillo`, Lipton and Sayward, "Hints on Test Data Selection", 1978), with the
//! hunks of the diff that people read for its mutants.

use serde::{Deserialize, Serialize};

use crate::id::{CommitId, RequirementId};

/// What was found out about the hunks of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HunkEvidence {
    /// The commit.
    pub commit: CommitId,
    /// The commands that hold with all of the change: those of its requirements, and those that run its own tests.
    pub commands: u32,
    /// The hunks that were left out, one at a time, in the order of the diff.
    pub hunks: Vec<TriedHunk>,
    /// Those that were not tried: there were too many, there was no time, or somebody had decided before.
    pub left: u32,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A hunk that was left out while the rest of the change stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TriedHunk {
    /// The file, as it is named after the change.
    pub path: String,
    /// Where it begins before the change, as the diff says it.
    pub old_start: u32,
    /// Where it begins after the change.
    pub new_start: u32,
    /// What fails without it, one command for each requirement at the most; nothing where no command misses it.
    pub missed_by: Vec<Missed>,
}

/// A command that fails without a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Missed {
    /// The requirement that it belongs to; absent for the change's own tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
    /// The command.
    pub command: String,
}

impl HunkEvidence {
    /// How many hunks something misses.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.hunks.iter().filter(|hunk| !hunk.missed_by.is_empty()).count()
    }
}

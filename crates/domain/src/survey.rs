//! A survey: a look at a repository's code or at what people said, and what follows from it, without changing anything.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    id::{BlobHash, CommitId, RequirementId, SpecId},
    problem::Problem,
};

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Survey {
    /// Whether a spec still holds.
    Check {
        /// Which.
        spec: SpecId,
        /// On the head of this branch; the repository's own choice where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
    },
    /// What the code offers, as a draft of a spec.
    Derive {
        /// On the head of this branch; the repository's own choice where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// Only the files that one of these globs names; all where there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
        /// Models in order of preference, to put it into words; the configured ones where there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
        /// In computed words only: no model is asked.
        #[serde(default)]
        plain: bool,
    },
    /// What people said, as a draft of a spec.
    Draft {
        /// The spec as it stands and what was said, as JSON.
        talk: BlobHash,
        /// Models in order of preference, to write it down; the configured ones where there is none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
    },
}

impl Survey {
    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Derive { .. } => "derive",
            Self::Draft { .. } => "draft",
        }
    }
}

/// A command that was run, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tried {
    /// What it proves.
    pub requirement: RequirementId,
    /// The command.
    pub command: String,
    /// Whether it did what the spec says.
    pub passed: bool,
    /// How it ended: `exit 0`, `timed out`.
    pub ended: String,
    /// What it printed, cut to a bound.
    pub output: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SurveyOutcome {
    /// Each acceptance command was run.
    Checked {
        /// On which commit.
        commit: CommitId,
        /// Each command with its result, as JSON.
        report: BlobHash,
        /// Requirements that all their commands prove.
        proven: u32,
        /// Requirements that there are.
        requirements: u32,
    },
    /// A draft of a spec was written.
    Derived {
        /// Of which commit's code.
        commit: CommitId,
        /// The draft, as JSON.
        draft: BlobHash,
        /// Its requirements.
        requirements: u32,
        /// Those that leave something open.
        questions: u32,
    },
    /// What was said was written down.
    Drafted {
        /// The spec as it would be, as JSON.
        draft: BlobHash,
        /// Requirements that came, changed or went.
        edits: u32,
        /// What is to be answered first.
        questions: u32,
    },
    /// Nothing was found, for this reason.
    Failed {
        /// Why, and what to do.
        problem: Problem,
    },
}

impl fmt::Display for SurveyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checked { proven, requirements, .. } => {
                write!(f, "{proven} of {requirements} requirements are proven")
            }
            Self::Derived { requirements, questions, .. } => {
                write!(f, "{requirements} requirements are drafted, {questions} with an open question")
            }
            Self::Drafted { edits, questions, .. } => {
                write!(f, "{edits} requirements are written down, {questions} questions are open")
            }
            Self::Failed { problem } => write!(f, "{problem}"),
        }
    }
}

//! Why a delta cannot be read or applied.

use crate::{problem::Problem, spec::SpecError};

/// Why a delta cannot be read or applied. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// It has no section that changes something.
    #[error(
        "the delta changes nothing: it has no `## ADDED`, `## MODIFIED`, `## REMOVED` or `## RENAMED Requirements`"
    )]
    Empty,
    /// A part of it is no requirement, or more than one.
    #[error("line {line} of the delta cannot be read: {detail}")]
    Unreadable {
        /// From 1.
        line: u32,
        /// What is wrong with it.
        detail: String,
    },
    /// It changes, removes or renames what the spec does not have.
    #[error("the delta would {what} {name}, which the spec does not have")]
    Missing {
        /// `change`, `remove` or `rename`.
        what: &'static str,
        /// The name in the delta.
        name: String,
    },
    /// It adds what is there.
    #[error("the delta would add {name}, which the spec has already")]
    Exists {
        /// The name in the delta.
        name: String,
    },
    /// It says two different things of one requirement.
    #[error("the delta would both {first} and {second} {name}")]
    Contradicts {
        /// The name in the delta.
        name: String,
        /// What it says first.
        first: &'static str,
        /// What it says then.
        second: &'static str,
    },
    /// The text of the spec is laid out so that the change would touch something else too.
    #[error("{name} cannot be changed by itself: {detail}")]
    Entangled {
        /// The name in the delta.
        name: String,
        /// What else would change.
        detail: String,
    },
    /// The spec, before or after the change, is none.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl DeltaError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Spec(error) => return error.problem(),
            Self::Empty => (
                "delta.empty",
                "write the changes below `## ADDED Requirements` or one of the others; `swarm spec diff` makes such a file",
            ),
            Self::Unreadable { .. } => (
                "delta.unreadable",
                "begin each requirement of the delta with a heading such as `### REQ-3: Counts words`",
            ),
            Self::Missing { .. } => (
                "delta.missing",
                "run `swarm spec show` to see the ids, or move it below `## ADDED Requirements`",
            ),
            Self::Exists { .. } => {
                ("delta.exists", "move it below `## MODIFIED Requirements`, or give it an id of its own")
            }
            Self::Contradicts { .. } => ("delta.contradicts", "keep one of the two"),
            Self::Entangled { .. } => (
                "delta.entangled",
                "change it in the spec by hand; `swarm spec diff` shows what became of it",
            ),
        };
        Problem::new(code, self.to_string(), next)
    }
}

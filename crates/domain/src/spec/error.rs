//! Why a text is not a spec.

use crate::{id::RequirementId, problem::Problem, scope::UnsafePath};

/// The largest spec that is read, in bytes: 1 MiB, some two hundred pages.
pub const MAX_SPEC_BYTES: usize = 1_048_576;

/// The most requirements that one spec may have: more are several projects.
pub const MAX_REQUIREMENTS: usize = 1_000;

/// Why a text is not a spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Nothing in it but white space.
    #[error("the spec is empty")]
    Empty,
    /// Not text: a NUL byte or bytes that are not UTF-8.
    #[error("the spec is not text: byte {offset} (line {line}) is not UTF-8 text")]
    Binary {
        /// The first byte that is no text, from 0.
        offset: usize,
        /// The line that it stands in, from 1.
        line: u32,
    },
    /// More than [`MAX_SPEC_BYTES`].
    #[error("the spec has {bytes} bytes, and at most {MAX_SPEC_BYTES} are read")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Text, but nothing in it asks for anything.
    #[error("no requirement was found in the spec's {lines} lines")]
    NoRequirements {
        /// How many lines were looked at.
        lines: u32,
    },
    /// More than [`MAX_REQUIREMENTS`].
    #[error("the spec has {requirements} requirements, and at most {MAX_REQUIREMENTS} are planned at once")]
    TooMany {
        /// How many there are.
        requirements: usize,
    },
    /// One label stands for two different things.
    #[error("{id} is defined on line {first_line} and again, with a different text, on line {second_line}")]
    ContradictoryIds {
        /// The label.
        id: RequirementId,
        /// Where it is first, from 1.
        first_line: u32,
        /// Where it is again, from 1.
        second_line: u32,
    },
    /// A file that the examples need would be written outside of the repository, or into git's own files.
    #[error("the file shown on line {line} cannot be written: {fault}")]
    UnsafeFixture {
        /// What is wrong with its path.
        fault: UnsafePath,
        /// Where it is shown, from 1.
        line: u32,
    },
    /// Requirements that each need the next, the last one the first.
    #[error("the requirements need each other in a circle, from line {line}: {}", circle(cycle))]
    Cyclic {
        /// The shortest such circle.
        cycle: Vec<RequirementId>,
        /// Where its first requirement begins, from 1.
        line: u32,
    },
}

impl SpecError {
    /// The line of the spec to look at first, from 1, where there is one.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::Empty | Self::TooLarge { .. } | Self::NoRequirements { .. } | Self::TooMany { .. } => None,
            Self::Binary { line, .. } | Self::UnsafeFixture { line, .. } | Self::Cyclic { line, .. } => {
                Some(*line)
            }
            Self::ContradictoryIds { second_line, .. } => Some(*second_line),
        }
    }

    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Empty => (
                "spec.empty",
                "write at least one requirement, such as `## REQ-1: Counts words`, then run `swarm build SPEC` again"
                    .to_owned(),
            ),
            Self::Binary { .. } => (
                "spec.binary",
                "save the spec as Markdown in UTF-8 (`file SPEC` tells what it is now), then run `swarm build SPEC` again"
                    .to_owned(),
            ),
            Self::TooLarge { .. } => (
                "spec.too_large",
                "split the spec into smaller ones and run `swarm build SPEC` for each".to_owned(),
            ),
            Self::NoRequirements { .. } => (
                "spec.no_requirements",
                "give each requirement a heading such as `## REQ-1: Counts words`, then run `swarm build SPEC` again"
                    .to_owned(),
            ),
            Self::TooMany { .. } => (
                "spec.too_many",
                "split the spec into smaller ones and run `swarm build SPEC` for each".to_owned(),
            ),
            Self::ContradictoryIds { id, first_line, second_line } => (
                "spec.contradictory_ids",
                format!(
                    "give the requirement on line {second_line} a label of its own, or make it the same text as on \
                     line {first_line}; {id} can stand for one only"
                ),
            ),
            Self::UnsafeFixture { .. } => (
                "spec.unsafe_fixture",
                "give it a path below the root of the repository, such as `text file=samples/a.txt`".to_owned(),
            ),
            Self::Cyclic { cycle, .. } => {
                let (last, first) = (cycle.last(), cycle.first());
                let (last, first) = (last.map_or("", RequirementId::as_str), first.map_or("", RequirementId::as_str));
                ("spec.cyclic", format!("take one step out of the circle: say that {last} does not need {first}"))
            }
        };
        Problem::new(code, self.to_string(), next)
    }
}

/// `REQ-1 needs REQ-2 needs REQ-1`, with the middle left out where it is long.
fn circle(cycle: &[RequirementId]) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<&str> = cycle.iter().take(SHOWN).map(RequirementId::as_str).collect();
    let more = format!("({} more)", cycle.len().saturating_sub(SHOWN));
    if cycle.len() > SHOWN {
        names.push(&more);
    }
    names.extend(cycle.first().map(RequirementId::as_str));
    names.join(" needs ")
}

//! What a spec is: requirements with stable ids and the checks that prove them.

pub mod delta;
mod error;
mod example;
pub(crate) mod files;
mod gather;
mod gherkin;
mod label;
mod markdown;
mod order;
mod outline;
mod parse;

use serde::{Deserialize, Serialize};

pub use error::{MAX_REQUIREMENTS, MAX_SPEC_BYTES, SpecError};
pub use parse::{parse, read};

use crate::id::RequirementId;

/// A spec as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spec {
    /// The first heading.
    pub title: String,
    /// What stands outside of the requirements, most of it before the first: the context that every ticket gets.
    pub overview: String,
    /// The requirements, in the order of the text.
    pub requirements: Vec<Requirement>,
    /// Files that the examples need, as the spec shows them.
    pub fixtures: Vec<Fixture>,
    /// Passages that look as if they ask for something but were not understood. Shown, never dropped.
    pub not_understood: Vec<Passage>,
}

impl Spec {
    /// The requirement with this id.
    #[must_use]
    pub fn requirement(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements.iter().find(|r| &r.id == id)
    }

    /// What stands under `Depends on:` without being defined: who says it, and the name.
    #[must_use]
    pub fn undefined(&self) -> Vec<(RequirementId, String)> {
        let known = label::Known::new(self.requirements.iter().map(|r| &r.id));
        let missing = |r: &Requirement| {
            let names = known.needs(&r.id, &r.text).missing;
            names.into_iter().map(|name| (r.id.clone(), name)).collect::<Vec<_>>()
        };
        self.requirements.iter().flat_map(missing).collect()
    }
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Requirement {
    /// The spec's own label, else an id from the hash of the text.
    pub id: RequirementId,
    /// The heading or first sentence.
    pub title: String,
    /// The whole text, without its examples.
    pub text: String,
    /// The line of the spec where it begins, from 1.
    pub line: u32,
    /// Requirements that the text names as needed first.
    pub depends_on: Vec<RequirementId>,
    /// Files that the text names in code quotes, such as `textstat/words.py`.
    pub files: Vec<String>,
    /// What can be run to prove it.
    pub acceptance: Vec<Acceptance>,
}

/// A command that proves a requirement, with what it must do. Taken from the spec's own examples.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acceptance {
    /// Run by `sh -c` in the root of the repository.
    pub command: String,
    /// The exit code that is right.
    pub exit: i32,
    /// What standard output must be, trailing white space aside; anything when absent.
    pub stdout: Option<String>,
    /// What standard error must contain.
    pub stderr_contains: Option<String>,
    /// The line of the spec, from 1; 0 where the check is not from the spec's text.
    pub line: u32,
}

/// Reads commands as a spec's examples write them: `$ command`, its output below it. What was not understood comes
/// beside them.
#[must_use]
pub fn console(text: &str) -> (Vec<Acceptance>, Vec<Passage>) {
    let read = example::session(text, 1);
    (read.examples, read.unread)
}

/// A file that the spec's examples read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fixture {
    /// Relative to the root of the repository.
    pub path: String,
    /// The whole content.
    pub content: String,
}

/// A stretch of the spec's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passage {
    /// Where it begins, from 1.
    pub line: u32,
    /// The text itself.
    pub text: String,
    /// Why it was not understood and what to write instead.
    pub reason: String,
}

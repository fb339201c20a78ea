//! What goes to a worker and what comes back, with the bounds of what is taken from it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Problem,
    budget::{Budget, Spend},
    finding::Finding,
    id::{AttemptId, CommitId, RunId},
    money::MicroUsd,
    scope::{RelativePath, Scope},
    spec::{Fixture, Requirement},
    ticket::Ticket,
};

/// The most files that one attempt may return.
pub const MAX_RETURNED_FILES: usize = 200;
/// The most that they may hold together, in bytes.
pub const MAX_RETURNED_BYTES: usize = 1 << 20;
/// The most that a worker may say about its work, in characters.
pub const MAX_SAID_CHARS: usize = 2_000;
/// More than this was never spent on one attempt: what says so is a fault.
const MAX_REPORTED_USD: MicroUsd = MicroUsd(1_000_000_000);
/// The same for tokens and calls.
const MAX_REPORTED_TOKENS: u64 = 1_000_000_000;
/// The most models that a worker may name, and the longest name.
const MAX_MODELS: (usize, usize) = (16, 200);

/// All that a worker gets to know of an attempt. It needs neither the repository nor the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkBrief {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Its number among all attempts at the ticket, from 1.
    pub number: u32,
    /// What to do: title, description, the globs of the files that may be changed, the acceptance commands.
    pub ticket: Ticket,
    /// The requirements that it serves, in the words of the spec.
    pub requirements: Vec<Requirement>,
    /// What the spec says outside of the requirements.
    pub overview: String,
    /// Files that the examples need.
    pub fixtures: Vec<Fixture>,
    /// The repository's own word to agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_md: Option<String>,
    /// What earlier attempts taught.
    pub hints: Vec<Finding>,
    /// The commit that the work begins on.
    pub base: CommitId,
    /// The agent that is to do it, by name.
    pub agent: String,
    /// Text files of the repository as the attempt finds them: first those that may be changed, then those that the
    /// work builds on, then others as long as there is room.
    pub files: Vec<BriefFile>,
    /// How many files of the repository are not among them: too many, too large, or no text.
    pub left_out: u32,
    /// What tells this attempt's sampling from the others'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Thousandths of the sampling temperature to add.
    pub warmer_milli: u32,
    /// What the attempt may spend at the most: what is left of the run's and the ticket's budget.
    pub budget: Budget,
}

/// A file that a worker is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BriefFile {
    /// Relative to the root of the repository.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Whether it belongs in the question: it may be changed, or the work builds on it.
    pub shown: bool,
}

/// A file that a worker changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnedFile {
    /// Relative to the root of the repository.
    pub path: String,
    /// The whole new content; absent where the file was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a worker returns. Nothing that it says counts as evidence: the files are judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Work {
    /// Files that it changed.
    Done {
        /// Each with its whole new content.
        files: Vec<ReturnedFile>,
        /// What the agent says it did.
        summary: String,
    },
    /// It could not do it.
    Failed {
        /// Why, in its words.
        reason: String,
    },
}

/// What a worker says that its model calls used. Its own word: swarm did not make them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reported {
    /// What they cost.
    #[serde(default)]
    pub spend: Spend,
    /// The models that answered, as `provider/model`.
    #[serde(default)]
    pub models: Vec<String>,
}

/// Why returned work is not taken. The claim stays with its holder, who may return it better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkFault {
    /// More than is taken.
    #[error("the work is too large: {0}")]
    TooLarge(String),
    /// A path that leads out of the repository, into git's own files or through a symbolic link.
    #[error("{0}")]
    UnsafePath(String),
    /// A file that the ticket may not change.
    #[error("`{path}` may not be changed; the ticket may change: {globs}")]
    OutOfScope {
        /// The file.
        path: String,
        /// What it may change.
        globs: String,
    },
    /// It cannot be what a worker made.
    #[error("the work cannot be read: {0}")]
    Malformed(String),
}

impl WorkFault {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::TooLarge(_) => ("claim.too_large", "return fewer or smaller files"),
            Self::UnsafePath(_) => {
                ("claim.unsafe_path", "name files relative to the root of the repository, without links")
            }
            Self::OutOfScope { .. } => ("claim.out_of_scope", "leave the file as it is"),
            Self::Malformed(_) => ("claim.malformed", "see /api/docs for the form of returned work"),
        };
        Problem::new(code, self.to_string(), next)
    }
}

impl Work {
    /// Whether it may be taken, as far as its text alone can tell.
    pub fn check(&self, scope: &Scope) -> Result<(), WorkFault> {
        let files = match self {
            Self::Done { files, summary } => {
                said(summary)?;
                files
            }
            Self::Failed { reason } => return said(reason),
        };
        if files.len() > MAX_RETURNED_FILES {
            return Err(WorkFault::TooLarge(format!(
                "{} files, at most {MAX_RETURNED_FILES} are taken",
                files.len()
            )));
        }
        let bytes: usize = files.iter().filter_map(|file| file.text.as_ref()).map(String::len).sum();
        if bytes > MAX_RETURNED_BYTES {
            return Err(WorkFault::TooLarge(format!(
                "{bytes} bytes, at most {MAX_RETURNED_BYTES} are taken"
            )));
        }
        let mut seen = BTreeSet::new();
        for file in files {
            let path =
                RelativePath::parse(&file.path).map_err(|error| WorkFault::UnsafePath(error.to_string()))?;
            if !scope.allows(path.as_str()) {
                return Err(WorkFault::OutOfScope {
                    path: path.to_string(),
                    globs: scope.globs().join(", "),
                });
            }
            if file.text.as_ref().is_some_and(|text| text.contains('\0')) {
                return Err(WorkFault::Malformed(format!("`{path}` has NUL characters: it is no text")));
            }
            if !seen.insert(path.clone()) {
                return Err(WorkFault::Malformed(format!("`{path}` is there twice")));
            }
        }
        Ok(())
    }
}

impl Reported {
    /// Whether it can be true.
    pub fn check(&self) -> Result<(), WorkFault> {
        let Spend { usd, tokens_in, tokens_out, calls } = self.spend;
        if usd > MAX_REPORTED_USD
            || [tokens_in, tokens_out, calls].into_iter().any(|n| n > MAX_REPORTED_TOKENS)
        {
            return Err(WorkFault::Malformed("more was spent than one attempt can".to_owned()));
        }
        let (most, longest) = MAX_MODELS;
        let plain =
            |name: &String| !name.is_empty() && name.len() <= longest && !name.chars().any(char::is_control);
        if self.models.len() > most || !self.models.iter().all(plain) {
            return Err(WorkFault::Malformed("the names of the models".to_owned()));
        }
        Ok(())
    }
}

fn said(text: &str) -> Result<(), WorkFault> {
    if text.chars().count() <= MAX_SAID_CHARS {
        return Ok(());
    }
    Err(WorkFault::TooLarge(format!("what is said about it has more than {MAX_SAID_CHARS} characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::new(&["src/**".to_owned(), "greet.sh".to_owned()]).unwrap()
    }

    fn returns(path: &str, text: Option<&str>) -> Result<(), WorkFault> {
        let file = ReturnedFile { path: path.to_owned(), text: text.map(str::to_owned) };
        Work::Done { files: vec![file], summary: String::new() }.check(&scope())
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused_before_its_scope_is_looked_at() {
        for path in
            ["../greet.sh", "/etc/passwd", "src/../../x", ".git/hooks/x", "src/.GIT/x", "", "src\\x", "C:/x"]
        {
            assert!(matches!(returns(path, Some("x")), Err(WorkFault::UnsafePath(_))), "{path:?}");
            assert!(matches!(returns(path, None), Err(WorkFault::UnsafePath(_))), "{path:?} deleted");
        }
        assert!(matches!(returns("other.sh", Some("x")), Err(WorkFault::OutOfScope { .. })));
        assert!(matches!(returns("greet.sh", Some("a\0b")), Err(WorkFault::Malformed(_))));
        assert_eq!(returns("src/deep/file.py", Some("x")), Ok(()));
        assert_eq!(returns("greet.sh", None), Ok(()));
    }

    #[test]
    fn what_is_too_much_or_there_twice_is_refused() {
        let file =
            |n: usize, text: &str| ReturnedFile { path: format!("src/{n}"), text: Some(text.to_owned()) };
        let done = |files: Vec<ReturnedFile>| Work::Done { files, summary: String::new() }.check(&scope());
        assert!(matches!(done((0..201).map(|n| file(n, "")).collect()), Err(WorkFault::TooLarge(_))));
        let half = "x".repeat(MAX_RETURNED_BYTES / 2 + 1);
        assert!(matches!(done(vec![file(1, &half), file(2, &half)]), Err(WorkFault::TooLarge(_))));
        assert!(matches!(done(vec![file(1, ""), file(1, "")]), Err(WorkFault::Malformed(_))));
        let long = "x".repeat(MAX_SAID_CHARS + 1);
        assert!(matches!(Work::Failed { reason: long }.check(&scope()), Err(WorkFault::TooLarge(_))));
    }

    #[test]
    fn spending_that_cannot_be_is_refused() {
        let of = |usd, tokens_in| Reported {
            spend: Spend { usd: MicroUsd(usd), tokens_in, ..Spend::default() },
            models: vec!["a/b".to_owned()],
        };
        assert_eq!(of(5, 7).check(), Ok(()));
        assert!(of(u64::MAX, 0).check().is_err());
        assert!(of(0, u64::MAX).check().is_err());
        assert!(Reported { models: vec!["a\nb".to_owned()], ..Reported::default() }.check().is_err());
    }
}

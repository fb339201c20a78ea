//! Why policies cannot be used.

use std::path::PathBuf;

use swarm_domain::Problem;

/// Why policies cannot be used. A server does not begin with such: who would be let in is anybody's guess.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// A file or the folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is more than is read.
    #[error("{place}: {detail}")]
    TooMuch {
        /// Which file or folder.
        place: String,
        /// What is too much.
        detail: String,
    },
    /// A file is no Cedar, or does not fit the schema.
    #[error("{place}:{line}: {detail}")]
    Wrong {
        /// Which file.
        place: String,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// Two policies have the same name.
    #[error("{place}:{line}: there is another policy `{id}`, in {other}")]
    SameName {
        /// Which file.
        place: String,
        /// Its line, from 1.
        line: usize,
        /// The name.
        id: String,
        /// Where the other one stands.
        other: String,
    },
    /// What is built in does not hold together.
    #[error("the policies that are built in cannot be used: {0}")]
    BuiltIn(String),
}

impl PolicyError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Unreadable { .. } => (
                "policy.unreadable",
                "check `policy.folder` in the configuration and the rights of the folder",
            ),
            Self::TooMuch { .. } => {
                ("policy.too_much", "keep only what is a policy in the folder, and few files of it")
            }
            Self::Wrong { .. } => (
                "policy.wrong",
                "mend the line; `swarm policy schema` says what policies can speak of, `swarm policy check FOLDER` checks",
            ),
            Self::SameName { .. } => ("policy.same_name", "give one of them another `@id(\"…\")`"),
            Self::BuiltIn(_) => ("policy.built_in", "this is a fault in swarm: please report it"),
        };
        Problem::new(code, self.to_string(), next)
    }
}

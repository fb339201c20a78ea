//! What can go wrong with a call.

use std::time::Duration;

use crate::types::ProblemDocument;

/// What can go wrong with a call, sorted by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No server answers. Start it, or try again.
    #[error("no swarm server answers{}: {detail}", at(url.as_ref()))]
    Unreachable {
        /// Where it was looked for, where that is known.
        url: Option<String>,
        /// What the network or the data folder said.
        detail: String,
    },
    /// The server said why it did not do what was asked.
    #[error("{}", problem.detail)]
    Refused {
        /// What it said.
        problem: Box<ProblemDocument>,
        /// When to come again, where it said so.
        retry_after: Option<Duration>,
    },
    /// The answer is not one that the document describes: another version, or another program.
    #[error("the server's answer cannot be read: {detail}")]
    Unreadable {
        /// What is wrong with it.
        detail: String,
    },
    /// The client was set up with an address or a token that cannot be used.
    #[error("the client cannot be set up: {detail}")]
    Setup {
        /// What is wrong.
        detail: String,
    },
}

impl ClientError {
    /// Stable and machine-readable: the server's own code where it gave one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "client.unreachable",
            Self::Refused { problem, .. } => &problem.code,
            Self::Unreadable { .. } => "client.unreadable",
            Self::Setup { .. } => "client.setup",
        }
    }

    /// What happened, in a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        self.to_string()
    }

    /// What to do next; a command where there is one.
    #[must_use]
    pub fn next(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "run `swarm up`",
            Self::Refused { problem, .. } => &problem.next,
            Self::Unreadable { .. } => {
                "stop the server and run `swarm up` again, so that both have one version"
            }
            Self::Setup { .. } => "give the URL and token as they stand in `server.json` in the data folder",
        }
    }

    /// The HTTP status, where the server answered with a problem.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { problem, .. } => u16::try_from(problem.status).ok(),
            _ => None,
        }
    }

    /// When the server wants to be asked again, where it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. }) || matches!(self.status(), Some(429 | 503))
    }
}

fn at(url: Option<&String>) -> String {
    url.map(|url| format!(" at {url}")).unwrap_or_default()
}

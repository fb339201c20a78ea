//! What can go wrong in a flow, sorted by what follows from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_domain::Problem;

/// Why a step or a workflow failed. It is journalled, so it is plain data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum FlowError {
    /// The same step may succeed later: try again, no sooner than `after` where that is given.
    #[error("{problem}")]
    Later {
        /// What happened.
        problem: Problem,
        /// What the other side asked for.
        after: Option<Duration>,
    },
    /// Trying again as it is will not help.
    #[error("{0}")]
    Final(Problem),
    /// A person cancelled the work.
    #[error("cancelled")]
    Cancelled,
}

impl FlowError {
    /// The problem as people meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Later { problem, .. } | Self::Final(problem) => problem.clone(),
            Self::Cancelled => Problem::new(
                "run.cancelled",
                "the work was cancelled",
                "run `swarm ticket retry TICKET` to take it up again",
            ),
        }
    }

    /// Whether the database was away: no fault of what was tried, which goes on when it is back.
    #[must_use]
    pub(crate) fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Later { problem, .. } if problem.code == "store.unavailable")
    }

    /// A failure of swarm's own, which trying again will not mend.
    pub(crate) fn internal(what: &str, error: impl std::fmt::Display) -> Self {
        Self::Final(Problem::new(
            "flow.internal",
            format!("{what}: {error}"),
            "run `swarm doctor`; if it finds nothing, report this with `swarm run logs`",
        ))
    }
}

impl From<swarm_model::ModelError> for FlowError {
    fn from(error: swarm_model::ModelError) -> Self {
        match error {
            swarm_model::ModelError::Cancelled => Self::Cancelled,
            error if error.is_retryable() => {
                Self::Later { problem: error.problem(), after: error.retry_after() }
            }
            error => Self::Final(error.problem()),
        }
    }
}

impl From<swarm_sandbox::SandboxError> for FlowError {
    fn from(error: swarm_sandbox::SandboxError) -> Self {
        match &error {
            swarm_sandbox::SandboxError::Io { .. }
            | swarm_sandbox::SandboxError::Gone { .. }
            | swarm_sandbox::SandboxError::Full { .. }
            | swarm_sandbox::SandboxError::Stopped { .. } => {
                Self::Later { problem: error.problem(), after: None }
            }
            _ => Self::Final(error.problem()),
        }
    }
}

impl From<swarm_store::StoreError> for FlowError {
    fn from(error: swarm_store::StoreError) -> Self {
        sorted(error.is_transient(), error.problem())
    }
}

impl From<swarm_forge::ForgeError> for FlowError {
    fn from(error: swarm_forge::ForgeError) -> Self {
        sorted(error.is_retryable(), error.problem())
    }
}

impl From<swarm_agents::AgentError> for FlowError {
    fn from(error: swarm_agents::AgentError) -> Self {
        sorted(error.is_retryable(), error.problem())
    }
}

fn sorted(retryable: bool, problem: Problem) -> FlowError {
    if retryable { FlowError::Later { problem, after: None } } else { FlowError::Final(problem) }
}

//! What can go wrong with agents, named for what the caller can do about it. A mistake of a model is no error: it is
//! a [`ToolResult`](crate::ToolResult) or a [`TurnEnd`](crate::TurnEnd).

use std::path::PathBuf;

use swarm_domain::{Problem, scope::InvalidScope};
use swarm_sandbox::SandboxError;

/// Why an agent could not be loaded or one of its tools could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// An agent file cannot be used. Correct the file.
    #[error("{}:{line}: {detail}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// Agents extend each other in a circle. Correct one of the files.
    #[error("agents extend each other in a circle: {}", names.join(" -> "))]
    Cyclic {
        /// The agents of the circle, the first one again at the end.
        names: Vec<String>,
    },
    /// No agent has this name.
    #[error("there is no agent `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// A glob of a ticket cannot be read. Correct the ticket.
    #[error(transparent)]
    Scope(#[from] InvalidScope),
    /// The machine failed: no disk, no permission. Retry.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The kernel has no `openat2` (Linux before 5.6, or a seccomp filter), so paths cannot be kept inside safely.
    #[error("this kernel cannot keep paths inside the work folder (no openat2)")]
    NoJail,
    /// The same step key came with another effect than before: a fault of the caller, never retried.
    #[error("step `{step_key}` was recorded with another effect on `{path}`")]
    StepReused {
        /// The key.
        step_key: String,
        /// The file.
        path: String,
    },
    /// A reply or result came when none was asked for: a fault of the caller, never retried.
    #[error("a {what} came out of turn")]
    OutOfTurn {
        /// What came.
        what: &'static str,
    },
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl AgentError {
    /// Whether the same step may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Io { .. }
                | Self::Sandbox(
                    SandboxError::Io { .. }
                        | SandboxError::Gone { .. }
                        | SandboxError::Full { .. }
                        | SandboxError::Stopped { .. }
                )
        )
    }

    /// The problem as people meet it: code, what happened, what to do next.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::File { .. } => {
                ("agent.invalid_file", "correct the file; `swarm agent list` reads it again")
            }
            Self::Cyclic { .. } => {
                ("agent.cyclic", "remove one `extends:`; `swarm agent list` reads the files again")
            }
            Self::Unknown { .. } => ("agent.unknown", "run `swarm agent list` to see which agents there are"),
            Self::Scope(error) => return error.problem(),
            Self::Io { .. } => ("agent.io", "run `swarm doctor`, then `swarm ticket retry`"),
            Self::NoJail => {
                ("agent.no_jail", "use Linux 5.6 or later and allow openat2; `swarm doctor` tests it")
            }
            Self::StepReused { .. } => ("agent.step_reused", "run `swarm ticket retry` for a fresh attempt"),
            Self::OutOfTurn { .. } => ("agent.out_of_turn", "run `swarm ticket retry` for a fresh attempt"),
            Self::Sandbox(error) => return error.problem(),
        };
        Problem::new(code, self.to_string(), next)
    }

    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

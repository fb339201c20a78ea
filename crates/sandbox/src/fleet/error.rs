//! Why something cannot be done with a sandbox of the fleet.

use chrono::{DateTime, Utc};
use swarm_domain::Problem;

use crate::error::SandboxError;

/// Why something cannot be done with a sandbox of the fleet.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// There is none with this id.
    #[error("there is no sandbox {id} in this process")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// A person has it.
    #[error("{by} has {id} since {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    TakenOver {
        /// The sandbox.
        id: String,
        /// Who.
        by: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Whoever asks had it, and has it no more.
    #[error("{id} was handed back: the lease ran out, or the time was over")]
    HandedBack {
        /// The sandbox.
        id: String,
    },
    /// A command runs in it, or it is not there yet.
    #[error("{id} is busy: {doing}")]
    Busy {
        /// The sandbox.
        id: String,
        /// What it does.
        doing: String,
    },
    /// As many forks live as may.
    #[error("there are {there} forks, and no more may live at once")]
    TooManyForks {
        /// How many live.
        there: usize,
    },
    /// The sandbox itself.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

impl FleetError {
    /// The problem as people meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Unknown { .. } => ("vm.unknown", "run `swarm vm list` to see which there are"),
            Self::TakenOver { .. } => (
                "vm.taken_over",
                "ask them to hand it back (`exit` in their shell); without a sign of life of theirs it is handed back by itself",
            ),
            Self::HandedBack { .. } => ("vm.handed_back", "take it over again: `swarm vm shell VM`"),
            Self::Busy { .. } => ("vm.busy", "try again when the command has ended: `swarm vm show VM`"),
            Self::TooManyForks { .. } => {
                ("vm.forks_full", "stop one of them: `swarm vm list`, `swarm vm stop VM`")
            }
            Self::Sandbox(error) => return error.problem(),
        };
        Problem::new(code, self.to_string(), next)
    }
}

//! What an attempt is: one try at a ticket by one agent, in one worktree and one sandbox.

use serde::{Deserialize, Serialize};

use crate::{finding::Finding, problem::Problem};

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The validator accepted it.
    Accepted,
    /// The validator, or the merge train, found faults.
    Rejected {
        /// The faults.
        findings: Vec<Finding>,
    },
    /// It could not be carried through: the model, the sandbox or a budget failed it.
    Failed {
        /// Why, and what to do.
        problem: Problem,
    },
}

/// The isolation that code ran under, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Rung {
    /// A Firecracker microVM.
    Firecracker,
    /// A QEMU microVM.
    Qemu,
    /// Linux namespaces through bubblewrap, with cgroup limits.
    Bubblewrap,
    /// A plain process: no isolation, only if the operator asked for it.
    Process,
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Firecracker => "firecracker",
            Self::Qemu => "qemu",
            Self::Bubblewrap => "bubblewrap",
            Self::Process => "process",
        })
    }
}

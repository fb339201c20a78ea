//! The bounds that a fleet keeps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds that a fleet keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FleetBounds {
    /// How long a person who took over a sandbox has it without a sign of life, in seconds.
    pub lease_seconds: u32,
    /// How long a person has it at the most, in seconds.
    pub takeover_seconds: u32,
    /// How long a sandbox is kept for the next command of its attempt, in seconds.
    pub kept_seconds: u32,
    /// How long a fork lives that nobody uses, in seconds.
    pub fork_seconds: u32,
    /// How long is waited for a command that runs, in seconds, before somebody else is told that the sandbox is busy.
    pub turn_seconds: u32,
    /// Forks at once, at the most.
    pub forks: usize,
    /// Snapshots that are kept; the oldest go.
    pub snapshots: usize,
    /// Bytes of files that a snapshot may have, its memory aside.
    pub snapshot_file_bytes: u64,
}

impl Default for FleetBounds {
    fn default() -> Self {
        Self {
            lease_seconds: 30,
            takeover_seconds: 3_600,
            kept_seconds: 60,
            fork_seconds: 900,
            turn_seconds: 60,
            forks: 4,
            snapshots: 8,
            snapshot_file_bytes: 2 << 30,
        }
    }
}

impl FleetBounds {
    /// How long a person has it without a sign of life.
    #[must_use]
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.into())
    }

    pub(super) fn takeover(&self) -> Duration {
        Duration::from_secs(self.takeover_seconds.into())
    }

    pub(super) fn kept(&self) -> Duration {
        Duration::from_secs(self.kept_seconds.into())
    }

    pub(super) fn fork(&self) -> Duration {
        Duration::from_secs(self.fork_seconds.into())
    }

    pub(super) fn turn(&self) -> Duration {
        Duration::from_secs(self.turn_seconds.into())
    }
}

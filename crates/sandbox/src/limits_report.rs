//! How firmly limits are held on this machine, said aloud.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How firmly one limit is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// By a cgroup: all processes of a sandbox together.
    Together,
    /// By a resource limit: each process, or each user, for itself.
    Each,
    /// Not at all.
    Not,
}

/// How firmly a sandbox's limits are held on this machine. Wall clock, output and disk are always held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsReport {
    /// Memory.
    pub memory: Hold,
    /// CPU time.
    pub cpu: Hold,
    /// Processes and threads.
    pub pids: Hold,
    /// Why cgroups do not hold all of them, where they do not.
    pub reason: Option<String>,
}

impl LimitsReport {
    /// Whether every limit is held for all processes of a sandbox together.
    #[must_use]
    pub fn is_full(&self) -> bool {
        [self.memory, self.cpu, self.pids].iter().all(|hold| *hold == Hold::Together)
    }
}

impl fmt::Display for LimitsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_full() {
            return f.write_str("memory, CPU and processes limited per sandbox");
        }
        f.write_str(match self.memory {
            Hold::Together => "memory limited per sandbox",
            Hold::Each => "memory limited per process, not per sandbox",
            Hold::Not => "memory not limited",
        })?;
        f.write_str(match self.cpu {
            Hold::Together => ", CPU limited per sandbox",
            Hold::Each => ", CPU limited per process, not per sandbox",
            Hold::Not => ", CPU not limited",
        })?;
        f.write_str(match self.pids {
            Hold::Together => ", processes limited per sandbox",
            Hold::Each => ", processes limited per user, not per sandbox",
            Hold::Not => ", processes not limited",
        })?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

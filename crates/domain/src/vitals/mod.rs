//! How the whole fares: what waits, what was done lately and at what price, what failed, how sandboxes come and go.
//!
//! What was done and what failed is read from the log, and so is the same whichever process is asked. Sandboxes are those
//! of the process that was asked, since it began.

mod figure;
mod histogram;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::MicroUsd;

pub use figure::{Figure, FigureKind, FigureValue, figures};
pub use histogram::Histogram;

/// How the whole fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Vitals {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// What is said of lately is of so many seconds.
    pub window_seconds: u64,
    /// What waits.
    pub queue: QueueVitals,
    /// What was done lately.
    pub work: WorkVitals,
    /// What failed lately.
    pub trouble: TroubleVitals,
    /// The running run that has used the greatest part of its budget; absent where none has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetVitals>,
    /// Models of this process.
    pub models: ModelVitals,
    /// Sandboxes of this process.
    pub sandboxes: SandboxVitals,
}

/// What waits to be worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueVitals {
    /// Tickets that could be worked on and wait for hands.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
    /// For how long the oldest of those that wait has, in seconds.
    pub oldest_waiting_seconds: u64,
}

/// What was done lately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkVitals {
    /// Tickets that were merged.
    pub merged: u64,
    /// Attempts that ended.
    pub attempts: u64,
    /// Those of them that were not a ticket's first.
    pub reworked: u64,
    /// Those of them that were accepted.
    pub accepted: u64,
    /// Calls of models.
    pub calls: u64,
    /// What all calls of models cost.
    pub usd: MicroUsd,
}

/// What failed lately. What was tried again and went well counts too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TroubleVitals {
    /// Steps that a sandbox failed.
    pub sandbox: u64,
    /// Those of them whose microVM had died, and that were done again in another.
    pub replaced: u64,
    /// Steps that the API of a model failed.
    pub model: u64,
    /// Steps that something else failed: git, the disk, the network.
    pub other: u64,
    /// Attempts that went round in circles.
    pub loops: u64,
    /// Calls that were not made because a budget was used up.
    pub budgets: u64,
}

/// How far a run has used its budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BudgetVitals {
    /// Which run, or whose quota: `project:shop`.
    pub whose: String,
    /// What it used of its budget, in percent: of money or of tokens, whichever is more.
    pub used_percent: u64,
}

/// How the models of a process fare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelVitals {
    /// All that it knows.
    pub known: u32,
    /// Those that are rested because they fail.
    pub resting: u32,
    /// Calls that run.
    pub in_flight: u32,
    /// Calls that wait for their turn.
    pub waiting: u32,
}

/// How sandboxes of a process come and go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SandboxVitals {
    /// The rung that its work runs on.
    pub rung: String,
    /// Each kind that there was.
    pub kinds: Vec<SandboxKindVitals>,
    /// Machines whose guest never said a word.
    pub unheard: u64,
    /// How long each stage took.
    pub stages: Vec<StageVitals>,
}

/// How sandboxes of one kind come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SandboxKindVitals {
    /// Which.
    pub kind: SandboxKind,
    /// That are there now, those that wait to be used among them.
    pub there: u64,
    /// That were begun.
    pub begun: u64,
    /// That are gone.
    pub ended: u64,
}

/// What a sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SandboxKind {
    /// A copy of a template, for work.
    Microvm,
    /// A machine that was booted to become a template.
    Template,
    /// Processes behind walls, or plain ones.
    Process,
}

impl SandboxKind {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Microvm => "microvm",
            Self::Template => "template",
            Self::Process => "process",
        }
    }
}

/// How long a stage took, each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageVitals {
    /// Which.
    pub stage: SandboxStage,
    /// How long.
    pub took: Histogram,
}

/// A stage in the life of a sandbox. They are measured apart and never added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SandboxStage {
    /// From the start of a machine's monitor to its guest's first word, for a template.
    ColdBoot,
    /// From a copy whose processor runs to its guest's first word.
    FirstWord,
    /// From its beginning to its end.
    Life,
}

impl SandboxStage {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ColdBoot => "cold_boot",
            Self::FirstWord => "first_word",
            Self::Life => "life",
        }
    }
}

impl WorkVitals {
    /// What a merged ticket cost; nothing where none was merged.
    #[must_use]
    pub fn usd_a_ticket(&self) -> Option<MicroUsd> {
        self.usd.0.checked_div(self.merged).map(MicroUsd)
    }

    /// How many of a thousand attempts were a second one or later; nothing where none ended.
    #[must_use]
    pub fn rework_milli(&self) -> Option<u64> {
        self.reworked.saturating_mul(1_000).checked_div(self.attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_divide_is_not_said() {
        let none = WorkVitals::default();
        assert_eq!((none.usd_a_ticket(), none.rework_milli()), (None, None));
        let some = WorkVitals { merged: 3, attempts: 4, reworked: 1, usd: MicroUsd(9), ..none };
        assert_eq!((some.usd_a_ticket(), some.rework_milli()), (Some(MicroUsd(3)), Some(250)));
    }
}

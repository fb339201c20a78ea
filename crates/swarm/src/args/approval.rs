//! Commands by which people answer.

use clap::{Args, ValueEnum};
use swarm_domain::{InterruptId, MicroUsd, RunId};

const APPROVALS: &str = "\
Examples:
    swarm approvals                       what waits, the highest risk first
    swarm approvals int_01…               one question with all that is to be judged
    swarm approvals --risk high --json    for scripts";

/// `swarm approvals`.
#[derive(Debug, Args)]
#[command(after_help = APPROVALS)]
pub(crate) struct ApprovalsArgs {
    /// Show this one in full
    pub(crate) id: Option<InterruptId>,
    /// With those that are decided
    #[arg(long)]
    pub(crate) all: bool,
    /// Only from this risk on
    #[arg(long)]
    pub(crate) risk: Option<LeastRisk>,
    /// Only those that are at least so many minutes old
    #[arg(long, value_name = "MINUTES")]
    pub(crate) older: Option<u64>,
    /// Only of this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<RunId>,
}

/// A risk to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LeastRisk {
    Low,
    Medium,
    High,
}

impl LeastRisk {
    /// As the server knows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

const APPROVE: &str = "\
Examples:
    swarm approve int_01…
    swarm approve int_01… --budget 2 --max-parallel 2    a plan, with less than was asked for";

/// `swarm approve`.
#[derive(Debug, Args)]
#[command(after_help = APPROVE)]
pub(crate) struct ApproveArgs {
    /// Which question
    pub(crate) id: InterruptId,
    /// Of a plan: the most that the run may spend, in US dollars
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<MicroUsd>,
    /// Of a plan: how many agents may work at once
    #[arg(long, value_name = "N")]
    pub(crate) max_parallel: Option<u32>,
}

const REJECT: &str = "\
Examples:
    swarm reject int_01… --reason \"The migration locks the table.\"    a change goes back to its author with these words
    swarm reject int_01…                                              it is left undone";

/// `swarm reject`.
#[derive(Debug, Args)]
#[command(after_help = REJECT)]
pub(crate) struct RejectArgs {
    /// Which question
    pub(crate) id: InterruptId,
    /// Why: a change goes back to its author with these words, a plan is turned down with them
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

const ANSWER: &str = "\
Example:
    swarm answer int_01… \"Amounts are in cents, and rounded half to even.\"";

/// `swarm answer`.
#[derive(Debug, Args)]
#[command(after_help = ANSWER)]
pub(crate) struct AnswerArgs {
    /// Which question
    pub(crate) id: InterruptId,
    /// The answer, in words
    pub(crate) text: String,
}

const DELEGATE: &str = "\
Example:
    swarm delegate int_01… ben";

/// `swarm delegate`.
#[derive(Debug, Args)]
#[command(after_help = DELEGATE)]
pub(crate) struct DelegateArgs {
    /// Which question
    pub(crate) id: InterruptId,
    /// To whom
    pub(crate) to: String,
}

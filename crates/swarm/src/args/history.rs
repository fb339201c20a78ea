//! The commands that look back: numbers, estimates, failures.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use swarm_domain::RunId;

const STATS_EXAMPLE: &str = "\
Examples:
  swarm stats                                  runs, tickets, spend, by agent and model
  swarm stats --fleet                          what waits, fails and is spent lately; sandboxes
  swarm stats --calibration --out chart.png    whether estimates held, as a chart too (or .svg)";

/// `swarm stats`.
#[derive(Debug, Args)]
#[command(after_help = STATS_EXAMPLE)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct StatsArgs {
    /// Whether estimates from history held: the share of tickets that stayed below P50 and P90
    #[arg(long, conflicts_with_all = ["choice", "deadlines"])]
    pub(crate) calibration: bool,

    /// Write the chart of the calibration to this file, which ends in .png or .svg
    #[arg(long, value_name = "FILE", requires = "calibration")]
    pub(crate) out: Option<PathBuf>,

    /// What is known of who does which work, and whether that chooses agents and models yet
    #[arg(long, conflicts_with = "deadlines")]
    pub(crate) choice: bool,

    /// How long steps may take, going by similar ones
    #[arg(long)]
    pub(crate) deadlines: bool,

    /// How the whole fares: what waits, what was done lately and at what price, what failed, how sandboxes come and go
    #[arg(long, conflicts_with_all = ["calibration", "choice", "deadlines"])]
    pub(crate) fleet: bool,
}

const QUALITY_EXAMPLE: &str = "\
Examples:
  swarm quality                how good accepted work is, by agent, and how that goes over time
  swarm quality --by model     by the model that attempts began with
  swarm quality run_01…        one run, attempt by attempt, each with its weakest part";

/// `swarm quality`.
#[derive(Debug, Args)]
#[command(after_help = QUALITY_EXAMPLE)]
pub(crate) struct QualityArgs {
    /// Only the work of this run
    pub(crate) run: Option<RunId>,

    /// What attempts are put together by
    #[arg(long, value_enum, default_value_t = By::Agent)]
    pub(crate) by: By,
}

/// What attempts are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Who made them
    Agent,
    /// The model that they began with
    Model,
    /// What was asked of the agent
    Capability,
}

impl By {
    /// Its name in a question to the server.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Capability => "capability",
        }
    }
}

/// `swarm failures`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  swarm failures --since 7d    what failed in the last week, and what to do about it"
)]
pub(crate) struct FailuresArgs {
    /// Only those of this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<RunId>,

    /// Only those of this long: a number with `m`, `h`, `d` or `w`
    #[arg(long, value_name = "TIME", value_parser = ago)]
    pub(crate) since: Option<chrono::TimeDelta>,
}

pub(super) fn ago(text: &str) -> Result<chrono::TimeDelta, String> {
    /// Longer than any history; what comes from a number beyond it cannot be subtracted from today.
    const MOST_WEEKS: i64 = 5_200;
    let wrong = || format!("`{text}` is no length of time: write it like 30m, 12h, 7d or 2w");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: i64 = number.parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)?;
    let of = match unit {
        "m" => chrono::TimeDelta::try_minutes(number),
        "h" => chrono::TimeDelta::try_hours(number),
        "d" => chrono::TimeDelta::try_days(number),
        "w" => chrono::TimeDelta::try_weeks(number),
        _ => None,
    };
    of.filter(|delta| *delta <= chrono::TimeDelta::weeks(MOST_WEEKS)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        assert_eq!(ago("7d"), Ok(chrono::TimeDelta::days(7)));
        assert_eq!(ago("90m"), Ok(chrono::TimeDelta::minutes(90)));
        for bad in ["", "d", "7", "-1d", "7 d", "9999999999999w", "7ü", "1y"] {
            assert!(ago(bad).is_err(), "{bad:?}");
        }
    }
}

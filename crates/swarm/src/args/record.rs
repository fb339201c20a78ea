//! The record: what of it, since when; legal holds; what goes.

use std::path::PathBuf;

use chrono::{DateTime, Local, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use clap::{Args, Subcommand, ValueEnum};
use swarm_domain::{HoldId, ProjectId, RunId, TicketId, audit::AuditOutcome};

/// Which events of the record.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FilterArgs {
    /// Who did it: person:ada, agent:*; without a kind, of any kind; * stands for any letters
    #[arg(long, value_name = "WHO")]
    pub(crate) who: Option<String>,

    /// The person on whose behalf it was done, themself or by a run that they started
    #[arg(long, value_name = "NAME")]
    pub(crate) on_behalf: Option<String>,

    /// The kinds of events, such as run_* or merged,committed
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub(crate) what: Vec<String>,

    /// Not before this: 2026-11-21, 2026-11-21T17:30:00Z, or 7d for so long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) from: Option<Moment>,

    /// Before this, written in the same way
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) to: Option<Moment>,

    /// About this project
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<ProjectId>,

    /// About this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<RunId>,

    /// About this ticket
    #[arg(long, value_name = "TICKET")]
    pub(crate) ticket: Option<TicketId>,

    /// How it came out: done, failed or refused
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<AuditOutcome>,
}

/// A point in time, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long ago.
    Ago(TimeDelta),
    /// Then.
    At(DateTime<Utc>),
}

impl Moment {
    /// When that is.
    pub(crate) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(ago) => now - ago,
            Self::At(at) => at,
        }
    }
}

fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Moment::At(at.to_utc()));
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        let midnight = Local.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest();
        return midnight
            .map(|at| Moment::At(at.to_utc()))
            .ok_or_else(|| format!("`{text}` has no midnight here"));
    }
    super::history::ago(text).map(Moment::Ago).map_err(|_| {
        format!("`{text}` is no time: write it like 2026-11-21, 2026-11-21T17:30:00Z or 7d (m, h, d, w)")
    })
}

/// `swarm audit list`.
#[derive(Debug, Args)]
pub(crate) struct AuditListArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// How many
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,

    /// The oldest first
    #[arg(long)]
    pub(crate) oldest: bool,

    /// Where the page before this one ended, as it said
    #[arg(long, value_name = "POSITION")]
    pub(crate) cursor: Option<u64>,
}

/// `swarm audit tail`.
#[derive(Debug, Args)]
pub(crate) struct AuditTailArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// How many of the last ones first
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) lines: u32,

    /// Go on as the record grows, until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
}

/// A form of the record as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// Lines of JSON, checked elsewhere by `swarm audit verify FILE`
    Jsonl,
    /// A table for spreadsheets
    Csv,
    /// A document for people: paged, with the head of the chain and how it is checked
    Pdf,
}

/// `swarm audit export`.
#[derive(Debug, Args)]
pub(crate) struct AuditExportArgs {
    /// Where to; `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// As what; by default as the name of the file ends, else lines of JSON
    #[arg(long, visible_alias = "format", value_name = "FORM", value_enum)]
    pub(crate) form: Option<ExportForm>,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

/// `swarm hold`.
#[derive(Debug, Subcommand)]
pub(crate) enum HoldCommand {
    /// Keep everything, a project or a run until it is lifted
    #[command(after_help = "\
Examples:
  swarm hold set case-17 --run run_01jd… --reason 'claim of a customer'
  swarm hold set audit-2026 --project shop --reason 'the auditors come in March'")]
    Set {
        /// Its name; used once
        hold: HoldId,
        /// Keep this run
        #[arg(long, value_name = "RUN", conflicts_with = "project")]
        run: Option<RunId>,
        /// Keep this project
        #[arg(long, value_name = "PROJECT")]
        project: Option<ProjectId>,
        /// Keep everything
        #[arg(long, conflicts_with_all = ["run", "project"], required_unless_present_any = ["run", "project"])]
        everything: bool,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Lift a hold: what it kept may be purged
    #[command(after_help = "Example:\n  swarm hold lift case-17 --reason settled")]
    Lift {
        /// Its name
        hold: HoldId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// The holds, the lifted ones too
    #[command(after_help = "Example:\n  swarm hold list")]
    List,
}

const PURGE: &str = "\
Examples:
    swarm purge --dry-run    what would go, and how much that frees
    swarm purge              delete it; from a timer, once a day";

/// `swarm purge`.
#[derive(Debug, Args)]
#[command(after_help = PURGE)]
pub(crate) struct PurgeArgs {
    /// Only say what would go
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_a_moment_or_so_long_ago() {
        assert_eq!(moment("7d"), Ok(Moment::Ago(TimeDelta::days(7))));
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(moment("2023-11-14T22:13:20Z"), Ok(Moment::At(at)));
        assert!(matches!(moment("2026-11-21"), Ok(Moment::At(_))));
        for text in ["", "yesterday", "7", "2026-13-01", "-1d"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}

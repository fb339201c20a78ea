//! The commands that show, and the few that set something right.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use swarm_domain::{MicroUsd, PlanId, RequirementId, RunId, TicketId};

use super::{AuditExportArgs, AuditListArgs, AuditTailArgs, DiffArgs, ForkArgs, ReplayArgs, StepsArgs};

/// `swarm plan`.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// A plan with its tickets, dependencies and price range
    Show {
        /// Which plan; the latest when absent
        plan: Option<PlanId>,
    },
    /// What is wrong with a spec, or with the plan that follows from it; needs no server and no model
    Lint {
        /// The spec, a Markdown file
        spec: PathBuf,
    },
}

/// A run, by default the latest.
#[derive(Debug, Clone, Args)]
pub(crate) struct OfRun {
    /// Which run; the latest when absent
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<RunId>,
}

/// `swarm ticket`.
#[derive(Debug, Subcommand)]
pub(crate) enum TicketCommand {
    /// Where each ticket stands
    List {
        #[command(flatten)]
        of: OfRun,
    },
    /// One ticket with its attempts and findings
    #[command(
        after_help = "Example:\n  swarm ticket show T-1 --steps    what each step of its attempts cost"
    )]
    Show {
        /// Which ticket
        ticket: TicketId,
        #[command(flatten)]
        of: OfRun,
        /// With the steps of each attempt: what was asked of which model, what it cost, what was done
        #[arg(long)]
        steps: bool,
    },
    /// Take up a ticket again that needs a person, was given up or still waits, and the run with it
    Retry {
        /// Which ticket
        ticket: TicketId,
        #[command(flatten)]
        of: OfRun,
        /// The most that the run may spend from now on, in US dollars, what it spent before included
        #[arg(long, value_name = "USD")]
        budget: Option<MicroUsd>,
    },
    /// Give up a ticket; its work is archived, not deleted
    Cancel {
        /// Which ticket
        ticket: TicketId,
        #[command(flatten)]
        of: OfRun,
        /// Why, for the log
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// `swarm run`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// The runs, the latest first
    List,
    /// One run
    Show {
        /// Which run; the latest when absent
        run: Option<RunId>,
    },
    /// What happened in a run, step by step
    Logs {
        /// Which run; the latest when absent
        run: Option<RunId>,
        /// Go on until the run has settled
        #[arg(short, long)]
        follow: bool,
    },
    /// The steps of a run with their numbers, by which it can be forked
    Steps(StepsArgs),
    /// Play a run again from its journal, without a model, and prove that it comes to the same
    Replay(ReplayArgs),
    /// Start again from a step of a run, with other words or another model
    Fork(Box<ForkArgs>),
    /// Two runs side by side: what they came to, where they part, and the code
    Diff(DiffArgs),
    /// Stop a run: what is merged stays merged, the rest is given up
    Cancel {
        /// Which run; the latest when absent
        run: Option<RunId>,
        /// Why, for the log
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// `swarm trace`.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Which requirement, such as REQ-3
    pub(crate) requirement: RequirementId,
    #[command(flatten)]
    pub(crate) of: OfRun,
}

/// `swarm pr`.
#[derive(Debug, Subcommand)]
pub(crate) enum PrCommand {
    /// The pull request of a run
    Show {
        /// Which run; the latest when absent
        run: Option<RunId>,
        /// With the whole diff
        #[arg(long)]
        diff: bool,
    },
}

/// `swarm agent`.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// The agents and what each can do
    List,
    /// One agent with what it inherits
    Show {
        /// Its name
        name: String,
    },
    /// Whether the rules of agents do what they are for: tries them on the cases beside their files
    #[command(after_help = "Example:\n  swarm agent check careful-coder")]
    Check {
        /// Its name; all agents where it is left out
        name: Option<String>,
    },
}

/// `swarm config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Each value and where it came from
    Show,
    /// Whether the configuration is sound: every fault with its file and key
    Check,
}

/// `swarm audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Check the hash chain of the event log and its signed checkpoints
    #[command(after_help = "\
Examples:
  swarm audit verify                              the log of this data folder
  swarm audit verify log.jsonl --key audit.pub    an exported one: without database or server
  swarm audit verify log.jsonl --key audit.pub --checkpoint kept.txt
                                                  it must hold what was signed then")]
    Verify(VerifyArgs),
    /// The record by a filter, page by page, the newest first
    #[command(after_help = "\
Examples:
  swarm audit list --who ada --from 7d          what ada did in the last week
  swarm audit list --run run_01jd… --outcome failed
  swarm audit list --what 'run_*,merged' --oldest")]
    List(AuditListArgs),
    /// The end of the record, and what comes
    #[command(after_help = "\
Examples:
  swarm audit tail -f                           as it grows
  swarm audit tail -f --what 'secret_*' --json  as lines of JSON")]
    Tail(AuditTailArgs),
    /// The record as a file: all of it with its checkpoints, or a part of it
    #[command(after_help = "\
Examples:
  swarm audit export --out log.jsonl            all of it, to be checked elsewhere
  swarm audit export --out run.jsonl --run run_01jd…
                                                a part, with a signed statement; checked in the same way
  swarm audit export --out week.csv --from 7d   for a spreadsheet; proves nothing by itself
  swarm audit export --out week.pdf --from 7d   for people: paged, and it says how it is checked")]
    Export(AuditExportArgs),
    /// The signed checkpoints, the newest last
    #[command(after_help = "\
Examples:
  swarm audit checkpoints                  the last ones
  swarm audit checkpoints --note           the newest one as a signed note, to be kept elsewhere")]
    Checkpoints {
        /// How many
        #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Print nothing but the signed note of the newest one
        #[arg(long)]
        note: bool,
    },
    /// The public key that signs checkpoints
    #[command(after_help = "\
Examples:
  swarm audit key > audit.pub              for whoever checks exported logs
  swarm audit key --rotate                 a new one takes its place, signed by the old one")]
    Key {
        /// Let a new key take its place
        #[arg(long)]
        rotate: bool,
    },
}

/// `swarm audit verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// An exported log; the log of the data folder when absent
    pub(crate) file: Option<PathBuf>,
    /// A public key that is trusted, or a file that holds one a line; may be given more than once
    #[arg(long, value_name = "KEY", requires = "file")]
    pub(crate) key: Vec<String>,
    /// The signed note of a checkpoint that was kept from before: the log must hold what it covers
    #[arg(long, value_name = "FILE", requires = "file")]
    pub(crate) checkpoint: Option<PathBuf>,
}

/// `swarm model`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// The models that are called, in which order, and how each fares
    #[command(after_help = "Example:\n  swarm model list")]
    List,
    /// Ask a model one short thing: whether it answers, how soon, and at what cost
    #[command(after_help = "Example:\n  swarm model try anthropic/claude-sonnet-4-5")]
    Try {
        /// Its name as `swarm model list` has it, or an alias; the first one of the list where none is named
        name: Option<String>,
    },
}

/// `swarm cache`.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// How much it holds, and what it was good for
    #[command(after_help = "Example:\n  swarm cache show")]
    Show,
    /// Give up all replies that are kept, and what comparisons showed so far
    #[command(after_help = "Example:\n  swarm cache clear")]
    Clear,
}

/// `swarm db`.
#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Draw every view again from the events, and prove that it comes out the same
    Rebuild,
}

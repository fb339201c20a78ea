//! `swarm build`.

use std::path::PathBuf;

use clap::Args;
use swarm_domain::{Label, MicroUsd};

use super::{EngineArgs, PlaceArgs};

/// From a spec to a pull request.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[command(after_help = "\
Examples:
  swarm build spec.md --plan-only                 the requirements, the tickets and the price range; nothing is built
  swarm build spec.md --repo ~/src/app --budget 2 asks, then works; at most 2 US dollars
  swarm build spec.md --claimed --yes             the work is done by remote workers: `swarm worker --server URL`")]
pub(crate) struct BuildArgs {
    /// The spec, a Markdown file
    pub(crate) spec: PathBuf,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Stop after the plan: nothing is built
    #[arg(long)]
    pub(crate) plan_only: bool,

    /// Build everything, also what an earlier run has done
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Do not ask before the work begins
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// The most that the run may spend, in US dollars
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<MicroUsd>,

    /// How many agents may work at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) max_parallel: Option<u32>,

    /// How many attempts a ticket gets before a person is asked
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) max_attempts: Option<u32>,

    /// What a worker must offer to work on it; given again, all of them
    #[arg(long = "label", value_name = "LABEL", value_delimiter = ',')]
    pub(crate) labels: Vec<Label>,

    /// Attempts are offered to remote workers at /claim instead of being made by this node
    ///
    /// A remote worker is `swarm worker --server URL`. What it returns is checked and merged here, like any other work.
    #[arg(long)]
    pub(crate) claimed: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

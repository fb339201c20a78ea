//! Commands that go back in time.

use std::path::PathBuf;

use clap::Args;
use swarm_domain::RunId;

use super::EngineArgs;

const STEPS: &str = "\
Examples:
    swarm run steps                    the steps of the latest run, with their numbers
    swarm run steps run_01… --at 41    what was said and done at step 41";

/// `swarm run steps`.
#[derive(Debug, Args)]
#[command(after_help = STEPS)]
pub(crate) struct StepsArgs {
    /// Which run; the latest when absent
    pub(crate) run: Option<RunId>,
    /// Show this step in full
    #[arg(long, value_name = "STEP")]
    pub(crate) at: Option<u64>,
}

const REPLAY: &str = "\
Examples:
    swarm run replay                   the latest run
    swarm run replay run_01… --json    its events and the comparison, as JSON lines

Models are not called: their replies come from the journal. Tools, worktrees, checks and merges are done again. Exits
with 0 if the result is the same, with 1 if it is not.";

/// `swarm run replay`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY)]
pub(crate) struct ReplayArgs {
    /// Which run; the latest when absent
    pub(crate) run: Option<RunId>,
}

const FORK: &str = "\
Examples:
    swarm run steps run_01…                                    find the step
    swarm run fork run_01… --at 41 --edit                      give the model other words in the mouth
    swarm run fork run_01… --at 41 --model openrouter/x/y      another model from there on
    swarm run fork run_01… --at 41 --edit-file reply.txt       for scripts

At a model call the reply is edited: as text, or as JSON where it calls tools. At the start of an attempt the ticket's
description and the hints are, as TOML. What comes up to the step is played from the journal and costs nothing.";

/// `swarm run fork`.
#[derive(Debug, Args)]
#[command(after_help = FORK)]
pub(crate) struct ForkArgs {
    /// Which run; it stays as it is
    pub(crate) run: RunId,
    /// The step from which it starts again, by its number in `swarm run steps`
    #[arg(long, value_name = "STEP")]
    pub(crate) at: u64,
    /// Edit what is said at that step, in $VISUAL or $EDITOR
    #[arg(long, conflicts_with = "edit_file")]
    pub(crate) edit: bool,
    /// Take the words for that step from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) edit_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// `swarm run diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The first run
    pub(crate) first: RunId,
    /// The second run
    pub(crate) second: RunId,
    /// Without the text of the code's differences
    #[arg(long)]
    pub(crate) stat: bool,
    /// Exit with 1 if they did not come to the same
    #[arg(long)]
    pub(crate) exit_code: bool,
}

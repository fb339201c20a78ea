//! `swarm worker`.

use clap::{Args, Subcommand};
use swarm_domain::Label;

use super::{EngineArgs, RemoteArgs};

/// `swarm worker`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  swarm worker                              takes work that needs no label
  swarm worker --name big --labels gpu,eu   takes also what needs gpu, eu or both
  swarm worker list                         who works, on what, and when each was heard of last
  swarm worker --server http://127.0.0.1:4180 --token-file token.json
                                            works over HTTP: needs neither the database nor the data folder"
)]
pub(crate) struct WorkerArgs {
    #[command(subcommand)]
    pub(crate) command: Option<WorkerCommand>,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// What can be asked about workers.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Who works on the database: labels, last sign of life, and what each works on
    List {
        /// Those that have left too
        #[arg(long)]
        all: bool,
    },
}

/// What a worker is told.
#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// The worker's name, another one for each on the same database
    ///
    /// Made from the machine's name and the data folder when absent. What a worker left unfinished is taken up again by the next one of that name at once, and by any other as soon as it was not heard of for some seconds.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// What this worker offers: it also takes tickets that need some of these, and nothing else
    #[arg(long, value_name = "LABEL", value_delimiter = ',')]
    pub(crate) labels: Vec<Label>,

    /// Leave tickets that need no label to others
    #[arg(long, requires = "labels")]
    pub(crate) only_labels: bool,

    /// How long to wait for steps that are under way when it is told to stop; others begin the rest anew
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) drain_seconds: u64,

    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

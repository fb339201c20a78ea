//! `swarm gate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use swarm_domain::gate::GateStage;

use super::SandboxRung;

/// `swarm gate`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  swarm gate                                      what is staged
  swarm gate install                              before each commit from now on
  swarm gate --stage pre-merge --base main --sarif gate.sarif
                                                  what HEAD brings, in CI
  swarm gate --stage pre-deploy --spec spec.md    the commands of the gate file and of a spec
  swarm gate --stage post-deploy --sandbox process --wait 60
                                                  whether what was deployed answers

Exit codes: 0 it passes, 1 it is blocked, 2 it could not be judged as it was asked for."
)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    pub(crate) command: Option<GateCommand>,

    #[command(flatten)]
    pub(crate) judge: JudgeArgs,
}

/// What can be done with gates besides passing them.
#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Write the hook that runs `swarm gate` before each commit; a hook of somebody else's stays
    Install {
        /// The repository; the one around the current folder when absent
        #[arg(long, value_name = "DIR")]
        repo: Option<PathBuf>,
    },
}

/// How a change is judged.
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// Where in the life of the change
    #[arg(long, value_enum, value_name = "STAGE", default_value_t)]
    pub(crate) stage: Stage,

    /// The repository; the one around the current folder when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) repo: Option<PathBuf>,

    /// What is merged into: judged is what came since the histories parted; main or master when absent
    #[arg(long, value_name = "COMMIT")]
    pub(crate) base: Option<String>,

    /// What is merged or deployed
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    pub(crate) head: String,

    /// Only files of this glob may change; given again, those of each
    #[arg(long, value_name = "GLOB")]
    pub(crate) scope: Vec<String>,

    /// The spec that the change is made for: its examples are no code to copy, and its commands are run before a deployment
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,

    /// Hold it to the rules of this agent's file
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,

    /// Write what was found as SARIF 2.1.0; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,

    /// Let tools that know vulnerabilities of dependencies ask the network
    #[arg(long)]
    pub(crate) online: bool,

    /// Where commands run: what was deployed can only be reached with `process`
    #[arg(long, value_enum, value_name = "RUNG")]
    pub(crate) sandbox: Option<SandboxRung>,

    /// How long commands that fail are tried again, after a deployment
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
}

/// The stages, as they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// What is staged
    #[default]
    PreCommit,
    /// What a commit brings
    PreMerge,
    /// A commit as a whole: the commands of the gate file and of a spec
    PreDeploy,
    /// What runs: the commands of the gate file
    PostDeploy,
}

impl From<Stage> for GateStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::PreCommit => Self::PreCommit,
            Stage::PreMerge => Self::PreMerge,
            Stage::PreDeploy => Self::PreDeploy,
            Stage::PostDeploy => Self::PostDeploy,
        }
    }
}

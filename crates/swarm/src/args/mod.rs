//! The command line: what can be written after `swarm`, and the help for it.

mod approval;
mod budget;
mod build;
mod engine;
mod gate;
mod history;
mod identity;
mod look;
mod notification;
mod place;
mod policy;
mod record;
mod remote;
mod sandbox;
mod secret;
mod spec;
mod travel;
mod vm;
mod worker;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use approval::{AnswerArgs, ApprovalsArgs, ApproveArgs, DelegateArgs, RejectArgs};
pub(crate) use budget::{BudgetCommand, BudgetSetArgs};
pub(crate) use build::BuildArgs;
pub(crate) use engine::{EngineArgs, SandboxRung};
pub(crate) use gate::{GateArgs, GateCommand, JudgeArgs, Stage};
pub(crate) use history::{FailuresArgs, QualityArgs, StatsArgs};
pub(crate) use identity::{KeyCommand, KeyCreateArgs, LinkFor, UserCommand, key_id};
pub(crate) use look::{
    AgentCommand, AuditCommand, CacheCommand, ConfigCommand, DbCommand, ModelCommand, PlanCommand, PrCommand,
    RunCommand, TicketCommand, TraceArgs, VerifyArgs,
};
pub(crate) use notification::NotificationCommand;
pub(crate) use place::PlaceArgs;
pub(crate) use policy::{AuthCommand, PolicyCommand};
pub(crate) use record::{
    AuditExportArgs, AuditListArgs, AuditTailArgs, ExportForm, FilterArgs, HoldCommand, Moment, PurgeArgs,
};
pub(crate) use remote::RemoteArgs;
pub(crate) use sandbox::{
    BenchCommand, ImageBuildArgs, ImageCommand, ImageFrom, MeasuredRung, SandboxBenchArgs, SandboxCommand,
    SetupArgs,
};
pub(crate) use secret::{SecretCommand, SecretRotateArgs, SecretSetArgs, ValueArgs};
pub(crate) use spec::{CheckArgs, DeriveArgs, DraftArgs, SpecCommand};
pub(crate) use travel::{DiffArgs, ForkArgs, ReplayArgs, StepsArgs};
pub(crate) use vm::{OfVm, VmCommand, VmExecArgs};
pub(crate) use worker::{WorkArgs, WorkerArgs, WorkerCommand};

const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed; the error was printed with its code and what to do next
    2  wrong usage
    3  needs a person: some tickets are not merged; `swarm ticket list` shows which
    4  a budget was reached
    5  the environment lacks something; `swarm doctor` shows what
  130  interrupted";

/// Runs teams of AI agents on real work and can prove what they did.
#[derive(Debug, Parser)]
#[command(name = "swarm", version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Everywhere {
    /// The folder that holds the database, mirrors and recordings of what was done
    ///
    /// $XDG_DATA_HOME/swarm when absent, else ~/.local/share/swarm, as root /var/lib/swarm.
    #[arg(long, global = true, value_name = "DIR", env = "SWARM_DATA", help_heading = "Everywhere")]
    pub(crate) data: Option<PathBuf>,

    /// Print JSON: a document where a table would stand, events as lines where progress would
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,

    /// Log what happens inside to standard error; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The main job: from a spec to a pull request
    Build(Box<BuildArgs>),
    /// Server and worker in one process; starts a private PostgreSQL when there is no DATABASE_URL
    Up(UpArgs),
    /// Only a worker, on the database of DATABASE_URL or over HTTP; or who works there
    Worker(Box<WorkerArgs>),
    /// The versions of a spec: what differs, whether it still holds
    #[command(subcommand)]
    Spec(SpecCommand),
    /// A plan with its tickets; what is wrong with one
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Where tickets stand; take one up again, or give it up
    #[command(subcommand)]
    Ticket(TicketCommand),
    /// The runs, and what happened in them
    #[command(subcommand)]
    Run(RunCommand),
    /// What waits for a person: plans, changes, questions
    Approvals(ApprovalsArgs),
    /// Let a plan or a change go on
    Approve(ApproveArgs),
    /// Turn a plan or a change down
    Reject(RejectArgs),
    /// Answer a question in words
    Answer(AnswerArgs),
    /// Hand a question to another person
    Delegate(DelegateArgs),
    /// What you were told, and what could not be sent
    #[command(subcommand)]
    Notifications(NotificationCommand),
    /// What goes on, live: who is in trouble first
    Top(TopArgs),
    /// One requirement: its tickets, commits, acceptance commands and their output
    Trace(TraceArgs),
    /// What was done so far in numbers; whether estimates held; who does what; deadlines
    Stats(StatsArgs),
    /// What you are told without asking: figures that have passed their bounds
    #[command(after_help = "Example:\n  swarm alerts --all    those that ended too")]
    Alerts {
        /// Those that ended too, the newest first
        #[arg(long)]
        all: bool,
    },
    /// What failed, by what failures have in common, and what to do about it
    Failures(FailuresArgs),
    /// How good accepted work is: scores with their parts, by agent, model or capability, over time
    Quality(QualityArgs),
    /// What a change must pass: before a commit, a merge, a deployment, and after it
    Gate(Box<GateArgs>),
    /// The pull request
    #[command(subcommand)]
    Pr(PrCommand),
    /// The agents
    #[command(subcommand)]
    Agent(AgentCommand),
    /// The models that are called, and whether they answer
    #[command(subcommand)]
    Model(ModelCommand),
    /// What lets programs in elsewhere, without ever being inside a sandbox
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Who has an account, and what they may do
    #[command(subcommand)]
    User(UserCommand),
    /// What programs show to be let in: API keys that may do a part of what you may
    #[command(subcommand)]
    Key(KeyCommand),
    /// How often anybody may ask the server, and what is left to you
    Limits,
    /// Why somebody may do something, or may not
    #[command(subcommand)]
    Auth(AuthCommand),
    /// The policies by which everything is decided
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// The configuration: each value and where it came from; whether it is sound
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What is missing on this machine, and the command that mends it
    Doctor,
    /// Where code runs: what works here, and what microVMs are made from
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Measure this machine
    #[command(subcommand)]
    Bench(BenchCommand),
    /// The sandboxes of work under way: look into one, take it over, write it down, make another of it
    #[command(subcommand)]
    Vm(VmCommand),
    /// The event log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Quotas: what a tenant, a project, an agent or a key may spend
    #[command(subcommand)]
    Budget(BudgetCommand),
    /// Legal holds: what is not purged although its time has come
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Delete the contents of finished work whose time has come; their hashes stay
    Purge(PurgeArgs),
    /// Replies of models that are given again to who asks the same
    #[command(subcommand)]
    Cache(CacheCommand),
    /// The database
    #[command(subcommand)]
    Db(DbCommand),
    /// Completions for a shell, to standard output
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `swarm up`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,

    /// The port on 127.0.0.1; a free one is chosen when absent
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

const TOP: &str = "\
Examples:
    swarm top           a live picture; ? shows the keys
    swarm top --once    one table, as where there is no terminal";

/// `swarm top`.
#[derive(Debug, Args)]
#[command(after_help = TOP)]
pub(crate) struct TopArgs {
    /// Print one table and end
    #[arg(long)]
    pub(crate) once: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn several_models_may_be_named_in_one_option_or_in_many() {
        let cli = Cli::try_parse_from(["swarm", "build", "spec.md", "--model", "a/x,b/y", "--model", "c/z"])
            .unwrap();
        let Command::Build(build) = cli.command else { panic!("not a build") };
        assert_eq!(build.engine.model, ["a/x", "b/y", "c/z"]);
    }

    #[test]
    fn a_budget_that_is_no_amount_is_wrong_usage() {
        let error = Cli::try_parse_from(["swarm", "build", "spec.md", "--budget", "ten"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("write it like 2 or 0.50"), "{error}");
    }
}

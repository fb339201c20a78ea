//! `swarm spec`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use swarm_domain::{ProjectId, SpecId};

use super::{EngineArgs, PlaceArgs};

/// `swarm spec`.
#[derive(Debug, Subcommand)]
pub(crate) enum SpecCommand {
    /// The specs, with their versions
    List {
        /// Only those of this project
        #[arg(long, value_name = "NAME")]
        project: Option<ProjectId>,
    },
    /// One spec with its requirements
    Show {
        /// Which spec; the latest when absent
        spec: Option<SpecId>,
        /// Print its text, as it was given
        #[arg(long)]
        text: bool,
    },
    /// What differs between two versions, as a delta file
    #[command(after_help = "\
Examples:
  swarm spec diff spec.md                 a file against the version that was read last
  swarm spec diff spec_4f2 spec_9ab       two versions
  swarm spec diff old.md new.md           two files; needs no server")]
    Diff {
        /// The older one, an id or a file; with nothing behind it, the newer one
        a: String,
        /// The newer one, an id or a file
        b: Option<String>,
        /// Print a table instead of a delta file
        #[arg(long)]
        brief: bool,
    },
    /// Change a spec file as a delta file says; shows the result, and writes it with --write
    #[command(after_help = "\
Examples:
  swarm spec apply delta.md --to spec.md            prints the new text
  swarm spec apply delta.md --to spec.md --write    writes it")]
    Apply {
        /// The delta file: `## ADDED Requirements` and so on
        delta: PathBuf,
        /// The spec file
        #[arg(long, value_name = "FILE", default_value = "spec.md")]
        to: PathBuf,
        /// Write the spec file
        #[arg(long)]
        write: bool,
    },
    /// Whether every requirement still holds on the head of a branch; exit code 1 where one does not
    Check(Box<CheckArgs>),
    /// Draft a spec from the code that there is, each requirement with the lines that show it
    Derive(Box<DeriveArgs>),
    /// Say what you want: a model puts it into a spec file as requirements, and asks what is missing
    Draft(Box<DraftArgs>),
}

/// `swarm spec draft`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  swarm spec draft spec.md a tool that counts the words of a file         begins spec.md, or adds to it
  swarm spec draft spec.md 'REQ-2: ties by the alphabet' --dry-run        shows what would change")]
pub(crate) struct DraftArgs {
    /// The spec, a Markdown file; it is made where it is not there
    pub(crate) file: PathBuf,

    /// What you want
    #[arg(required = true, num_args = 1..)]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Show the text and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// `swarm spec derive`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  swarm spec derive                                   the repository around the current folder, into spec.md
  swarm spec derive --path 'src/**' --out draft.md    a part of it, into another file
  swarm spec derive --no-model --out -                in computed words, to standard output")]
pub(crate) struct DeriveArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    /// Only the files that this glob names; given again, those of each
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,

    /// Where the draft is written; - for standard output
    #[arg(long, value_name = "FILE", default_value = "spec.md")]
    pub(crate) out: PathBuf,

    /// Write over a file that is there
    #[arg(long)]
    pub(crate) force: bool,

    /// Ask no model: take down what is there in computed words
    #[arg(long, conflicts_with_all = ["model", "play", "record"])]
    pub(crate) no_model: bool,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// `swarm spec check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  swarm spec check spec.md                          the repository around the current folder
  swarm spec check spec.md --repo . --branch main   in CI")]
pub(crate) struct CheckArgs {
    /// The spec, a Markdown file
    pub(crate) spec: PathBuf,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

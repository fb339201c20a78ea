//! Options of the commands that do work: which models, and where code runs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// What a process that works is told on its command line.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EngineArgs {
    /// The model to use, as provider/model; given again, the fallbacks in order
    #[arg(long = "model", value_name = "NAME", value_delimiter = ',')]
    pub(crate) model: Vec<String>,

    /// Where agents' code runs: all but process isolate it, process does not
    #[arg(long, value_enum, value_name = "RUNG")]
    pub(crate) sandbox: Option<SandboxRung>,

    /// Keep the models' replies in a recording
    #[arg(long, value_name = "FILE", conflicts_with = "play")]
    pub(crate) record: Option<PathBuf>,

    /// Play the models' replies back from a recording, or take them from a script (a .toml file)
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub(crate) play: Option<PathBuf>,
}

impl EngineArgs {
    /// The options that only count where the work is done, by their names: a server that runs already has its own.
    pub(crate) fn bound_to_the_process(&self) -> Vec<&'static str> {
        let mut given = Vec::new();
        if self.sandbox.is_some() {
            given.push("--sandbox");
        }
        if self.record.is_some() {
            given.push("--record");
        }
        if self.play.is_some() {
            given.push("--play");
        }
        given
    }
}

/// The rungs of the ladder that can be asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SandboxRung {
    /// The strongest that isolates on this machine
    #[default]
    Auto,
    /// A Firecracker microVM with a kernel of its own
    Firecracker,
    /// A QEMU microVM with a kernel of its own; emulated, and so slower, without hardware virtualisation
    Qemu,
    /// Linux namespaces with limits: no network, a read-only system
    Bubblewrap,
    /// A plain process: no isolation at all
    Process,
}

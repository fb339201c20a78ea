//! What a sandbox is, whichever rung of the ladder it stands on.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use swarm_domain::{Subject, attempt::Rung};
use tokio_util::sync::CancellationToken;

use crate::{
    egress::Egress,
    error::SandboxError,
    window::{Blind, Waiting, Window},
};

/// Makes sandboxes of one rung. Real ones: bubblewrap and process here, microVMs later.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Which rung of the ladder.
    fn rung(&self) -> Rung;

    /// Whether it works on this machine; if not, why and what mends it.
    async fn probe(&self) -> Result<(), SandboxError>;

    /// Makes a sandbox. Nothing is left behind when this fails.
    async fn create(&self, spec: SandboxSpec) -> Result<Box<dyn Sandbox>, SandboxError>;

    /// Ends what waits to be used, and waits until what was dropped is gone, for some seconds at the most: at the end of
    /// the process, when nobody makes sandboxes any more. What is left then is swept at the next start.
    async fn close(&self);

    /// Makes a sandbox that goes on from what [`Sandbox::write_memory`] wrote: with the same memory and another identity.
    /// On a rung without memory of its own it is a sandbox like any other.
    async fn revive(&self, spec: SandboxSpec, _memory: &Path) -> Result<Box<dyn Sandbox>, SandboxError> {
        self.create(spec).await
    }

    /// The machines that are ready before anybody asked for them.
    fn waiting(&self) -> Vec<Waiting> {
        Vec::new()
    }

    /// No more commands come for this work: what was kept for it may go. Waits while a person has it, unless cancelled.
    async fn release(&self, _work: &Subject, _cancel: CancellationToken) -> Result<(), SandboxError> {
        Ok(())
    }
}

/// A place where untrusted commands run.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Which rung of the ladder.
    fn rung(&self) -> Rung;

    /// Runs one command and waits for its end. When it returns, none of the command's processes lives on. Cancelling
    /// kills them.
    async fn exec(&self, command: Exec, cancel: CancellationToken) -> Result<Ended, SandboxError>;

    /// What can be seen of it from outside.
    fn window(&self) -> Arc<dyn Window> {
        Arc::new(Blind)
    }

    /// Writes its memory into an empty folder, and goes on. False on a rung that has no memory of its own to write.
    async fn write_memory(&self, _folder: &Path) -> Result<bool, SandboxError> {
        Ok(false)
    }

    /// Ends the sandbox and frees all it held. Dropping it does the same without waiting.
    async fn stop(self: Box<Self>) -> Result<(), SandboxError>;
}

/// What a sandbox is made from.
#[derive(Debug, Clone, Default)]
pub struct SandboxSpec {
    /// Names it for the orphan sweep and in errors: plain letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// The folder on the host that appears inside, writable, as [`WORKDIR`]. The only writable place besides `/tmp`.
    pub workdir: PathBuf,
    /// What it may use.
    pub limits: Limits,
    /// What it may reach.
    pub network: Network,
    /// For whom it is.
    pub holder: Holder,
}

/// For whom a sandbox is. It is carried along and shown; nothing here follows from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// The work.
    pub subject: Subject,
    /// The agent whose commands run in it.
    pub agent: Option<String>,
    /// Whether more commands come for the same work, so that it may be kept for them.
    pub keep: bool,
}

/// What a sandbox may reach. The process rung holds nothing back: there a command has the network of the machine.
#[derive(Debug, Clone, Default)]
pub enum Network {
    /// Nothing but its own loopback.
    #[default]
    None,
    /// What the proxy carries out, and nothing past it.
    Through(Egress),
}

/// Where the work folder appears inside every sandbox.
pub const WORKDIR: &str = "/work";

/// What a sandbox, or one command in it, may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory, all processes together.
    pub memory_bytes: u64,
    /// Thousandths of a CPU, all processes together.
    pub cpu_milli: u32,
    /// Processes and threads at once.
    pub pids: u32,
    /// Bytes that the work folder and `/tmp` may grow by.
    pub disk_bytes: u64,
    /// Reads, and writes, of the work folder's disk a second; none where it may do as many as it can. In a microVM, which
    /// has no disk to write to, reads of its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_iops: Option<u32>,
    /// Bytes to and from the network.
    #[serde(default = "usual_network_bytes")]
    pub network_bytes: u64,
    /// Bytes kept of each of standard output and standard error; the rest is dropped and said so.
    pub output_bytes: usize,
    /// How long one command may take.
    pub wall: Duration,
}

/// Enough for the packages of a project.
fn usual_network_bytes() -> u64 {
    512 << 20
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_milli: 1_000,
            pids: 256,
            disk_bytes: 512 << 20,
            disk_iops: None,
            network_bytes: usual_network_bytes(),
            output_bytes: 64 << 10,
            wall: Duration::from_mins(1),
        }
    }
}

/// A command.
#[derive(Debug, Clone, Default)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Environment beside the sandbox's own plain one (`PATH`, `HOME`, `LANG`). Nothing is inherited from swarm.
    pub env: BTreeMap<String, String>,
    /// Relative to [`WORKDIR`].
    pub cwd: PathBuf,
    /// What it reads from standard input.
    pub stdin: Vec<u8>,
    /// A tighter wall clock than the sandbox's.
    pub wall: Option<Duration>,
}

impl Exec {
    /// A line for `sh -c`.
    #[must_use]
    pub fn shell(line: &str) -> Self {
        Self { argv: vec!["/bin/sh".to_owned(), "-c".to_owned(), line.to_owned()], ..Self::default() }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Why it ended.
    pub how: How,
    /// Standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// Bytes of output that were dropped.
    pub dropped_bytes: u64,
    /// How long it took.
    pub took: Duration,
}

impl Ended {
    /// Cancelled before it was started.
    pub(crate) fn before_the_start() -> Self {
        let (stdout, stderr) = (Vec::new(), Vec::new());
        Self { how: How::Cancelled, stdout, stderr, dropped_bytes: 0, took: Duration::ZERO }
    }
}

/// Why a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// By itself.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// By a signal that swarm did not send.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It passed a limit and was killed.
    LimitPassed {
        /// Which one.
        limit: Limit,
    },
    /// The caller cancelled.
    Cancelled,
}

/// The limits that end a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Wall clock.
    Wall,
    /// Memory.
    Memory,
    /// Disk.
    Disk,
    /// Bytes to and from the network.
    Network,
    /// So much output that the command was ended (ten times what is kept).
    Output,
}

impl std::fmt::Display for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited { code } => write!(f, "exit {code}"),
            Self::Signalled { signal } => write!(f, "signal {signal}"),
            Self::LimitPassed { limit: Limit::Wall } => f.write_str("time limit passed"),
            Self::LimitPassed { limit: Limit::Memory } => f.write_str("memory limit passed"),
            Self::LimitPassed { limit: Limit::Disk } => f.write_str("disk limit passed"),
            Self::LimitPassed { limit: Limit::Network } => f.write_str("network limit passed"),
            Self::LimitPassed { limit: Limit::Output } => f.write_str("output limit passed"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

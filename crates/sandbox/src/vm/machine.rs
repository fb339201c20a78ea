//! What every monitor of microVMs offers, whichever it is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use swarm_domain::attempt::Rung;
use tokio::net::UnixStream;

use super::console::Console;
use crate::{cell::Cell, error::SandboxError};

/// No machine reads its root faster than this, so that one cannot take the disk from the others. It has no other disk:
/// what it writes is in its memory.
pub(super) const ROOT_BYTES_A_SECOND: u64 = 256 << 20;
/// See [`ROOT_BYTES_A_SECOND`].
pub(super) const ROOT_READS_A_SECOND: u64 = 10_000;

/// The size of a machine. A template has one, and so has each clone of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Mebibytes of memory. What a command writes is in it too.
    pub(crate) memory_mib: u64,
    /// Processors.
    pub(crate) vcpus: u32,
}

/// What a machine starts from.
#[derive(Debug, Clone)]
pub(crate) struct Boot {
    pub(crate) shape: Shape,
    /// An ELF file.
    pub(crate) kernel: PathBuf,
    /// The first file system, with the guest program as `/init`.
    pub(crate) initramfs: PathBuf,
    /// An ext4 file system to take as root, read-only below a layer of the machine's own.
    pub(crate) root: Option<PathBuf>,
}

/// How long each stage took. They are measured apart and never added up into one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stages {
    /// From starting the monitor to the guest's first word, when the template was made.
    pub cold_boot: Duration,
    /// From asking for a clone to one whose processor runs.
    pub resumed: Duration,
    /// From asking for a clone to the end of its first command.
    pub first_exec: Duration,
}

/// A monitor of microVMs, as it is on this machine.
#[async_trait]
pub(crate) trait Monitor: Send + Sync + std::fmt::Debug {
    /// The rung that it is.
    fn rung(&self) -> Rung;

    /// Everything about it that a snapshot depends on: a snapshot of another is of no use.
    fn identity(&self) -> String;

    /// The same without walls around it, to measure what these cost. Nothing that is not trusted may run in its machines.
    fn bare(&self) -> Arc<dyn Monitor>;

    /// Starts a machine in a berth: the folder and the cgroup that are its own. Its memory is kept in `folder`, for a
    /// snapshot.
    async fn boot(&self, berth: &Cell, boot: &Boot, folder: &Path) -> Result<Box<dyn Machine>, SandboxError>;

    /// Starts a copy of a machine from its snapshot, or from its checkpoint. Neither is changed by it.
    async fn restore(
        &self,
        berth: &Cell,
        boot: &Boot,
        snapshot: &Path,
    ) -> Result<Box<dyn Machine>, SandboxError>;
}

/// A machine. When it is dropped its monitor is killed.
#[async_trait]
pub(crate) trait Machine: Send + Sync + std::fmt::Debug {
    /// The stream to the guest, once.
    fn stream(&mut self) -> Option<UnixStream>;

    /// Stops the machine for good, and writes what a copy needs beside its memory into the folder that it was booted
    /// with.
    async fn snapshot(&mut self, berth: &Cell, folder: &Path) -> Result<(), SandboxError>;

    /// Has it read its root no more often than so many times a second. One without a root reads none.
    async fn bound_reads(&mut self, a_second: u32) -> Result<(), SandboxError>;

    /// Writes what copies need, its memory included, into an empty folder, and goes on, also where that could not be
    /// written. Gives another stream to the guest where the old one does not outlive it.
    async fn checkpoint(&mut self, berth: &Cell, folder: &Path) -> Result<Option<UnixStream>, SandboxError>;

    /// Ends when the monitor has ended, and says how.
    async fn ended(&mut self) -> String;

    /// Kills it.
    async fn kill(&mut self);

    /// What it said last.
    fn console(&self) -> Console;
}

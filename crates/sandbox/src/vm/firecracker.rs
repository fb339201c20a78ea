//! Firecracker's monitor, driven over its published API.
//!
//! It needs hardware virtualisation. The stream to the guest is its virtual socket, which is a Unix socket on this side.

mod api;
mod jailer;
mod requests;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use api::{Api, ApiError};
use async_trait::async_trait;
use jailer::{Chroot, Jailer};
use requests::{
    Action, BootSource, Drive, DriveBound, MachineConfig, PORT, SnapshotCreate, SnapshotLoad, VSOCK, VmState,
    Vsock,
};
use swarm_domain::attempt::Rung;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::Child,
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{
    console::Console,
    jail::{Jail, Seen},
    machine::{Boot, Machine, Monitor},
    socket::Sockets,
};
use crate::{cell::Cell, error::SandboxError, launch, programs};

/// The API's socket, below Firecracker's working folder.
const API: &str = "api";

/// How long Firecracker may take to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a guest may take to listen, from the start of its machine.
const LISTENS_WITHIN: Duration = Duration::from_mins(1);

/// How often a guest that does not listen yet is asked again.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// The files of a snapshot.
const MEMORY: &str = "memory";
const STATE: &str = "state";

/// What the others are called in a jail.
const KERNEL: &str = "vmlinux";
const INITRAMFS: &str = "initramfs";
const ROOT: &str = "root";

/// Firecracker, as it is on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Firecracker {
    program: PathBuf,
    version: String,
    jail: Jail,
    /// Where it is there and can be used, it takes the place of the walls that other monitors stand in.
    jailer: Option<Jailer>,
}

impl Firecracker {
    /// Looks for it. Blocks for some milliseconds.
    pub(crate) fn find() -> Result<Self, SandboxError> {
        let unavailable = |reason: String| SandboxError::Unavailable {
            rung: Rung::Firecracker,
            reason,
            mend:
                "put `firecracker` of an official release (1.7 or newer) on the PATH; or use `--sandbox qemu`"
                    .to_owned(),
        };
        let program = programs::find("firecracker")
            .ok_or_else(|| unavailable("the program `firecracker` is not installed".to_owned()))?;
        let output = Command::new(&program).arg("--version").output();
        let output = output.map_err(|error| unavailable(format!("{}: {error}", program.display())))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.lines().next().unwrap_or_default().trim().to_owned();
        if !version.starts_with("Firecracker") {
            return Err(unavailable(format!("{} does not say its version", program.display())));
        }
        Ok(Self { program, version, jail: Jail::find(), jailer: Jailer::find() })
    }

    /// Whether the monitor itself is walled in.
    pub(crate) fn is_jailed(&self) -> bool {
        self.jailer.is_some() || self.jail.holds()
    }

    /// Makes a root of all files for a monitor, where it gets one.
    fn chroot(&self, berth: &Cell) -> Result<Option<Chroot>, SandboxError> {
        let made = self.jailer.as_ref().map(|_| Chroot::make(berth, &self.program)).transpose();
        made.map_err(|source| SandboxError::io(format!("make the jail of sandbox {}", berth.name), source))
    }

    async fn start(
        &self,
        berth: &Cell,
        boot: &Boot,
        seen: &[Seen<'_>],
        chroot: Option<Chroot>,
    ) -> Result<Running, SandboxError> {
        let failed =
            |doing: &str, source| SandboxError::io(format!("{doing} of sandbox {}", berth.name), source);
        let folder = chroot.as_ref().map_or(berth.folder(), Chroot::root);
        let sockets = Sockets::open(folder).map_err(|error| failed("open the folder", error))?;
        let kvm = Seen::Device(Path::new("/dev/kvm"));
        let seen: Vec<_> = seen.iter().copied().chain([kvm]).collect();
        let arguments: Vec<OsString> = ["--api-sock", API, "--level", "Warning"].map(OsString::from).to_vec();
        let command = match (&self.jailer, &chroot) {
            (Some(jailer), Some(chroot)) => jailer.command(berth, chroot, &self.program, arguments),
            _ => self.jail.command(berth, &seen, &self.program, arguments),
        };
        let mut child = launch::spawn(command).await.map_err(|error| failed("start Firecracker", error))?;
        let console = Console::default();
        let mut listeners = JoinSet::new();
        if let Some(from) = child.stdout.take() {
            listeners.spawn(console.clone().follow(from));
        }
        if let Some(from) = child.stderr.take() {
            listeners.spawn(console.clone().follow(from));
        }
        let name = berth.name.clone();
        let mut running = Running {
            name,
            child,
            console,
            api: None,
            stream: None,
            has_root: boot.root.is_some(),
            chroot,
            _listeners: listeners,
            sockets,
        };
        let connected = running.sockets.connect(API, PATIENCE).await;
        let connected = connected.map_err(|error| running.gone(format!("it did not come up: {error}")))?;
        let api = Api::open(connected).await;
        running.api = Some(api.map_err(|error| running.gone(error))?);
        Ok(running)
    }
}

#[async_trait]
impl Monitor for Firecracker {
    fn rung(&self) -> Rung {
        Rung::Firecracker
    }

    fn identity(&self) -> String {
        // A snapshot knows files by the paths that they had inside.
        let jailed = if self.jailer.is_some() { " jailed" } else { "" };
        format!("{}{jailed}", self.version)
    }

    fn bare(&self) -> Arc<dyn Monitor> {
        // With the jailer its jail stays, as the paths in a snapshot are those inside.
        Arc::new(Self { jail: Jail::open(), ..self.clone() })
    }

    async fn boot(&self, berth: &Cell, boot: &Boot, folder: &Path) -> Result<Box<dyn Machine>, SandboxError> {
        let mut seen = vec![Seen::Read(&boot.kernel), Seen::Read(&boot.initramfs), Seen::Write(folder)];
        seen.extend(boot.root.as_deref().map(Seen::Read));
        let chroot = self.chroot(berth)?;
        let inside = inside(chroot.as_ref(), boot).map_err(|error| lending(berth, error))?;
        let mut running = self.start(berth, boot, &seen, chroot).await?;
        let configured = configure(running.api()?, &inside).await;
        configured.map_err(|error| running.gone(error))?;
        running.reach().await?;
        Ok(Box::new(running))
    }

    async fn restore(
        &self,
        berth: &Cell,
        boot: &Boot,
        snapshot: &Path,
    ) -> Result<Box<dyn Machine>, SandboxError> {
        let mut seen = vec![Seen::Read(snapshot)];
        seen.extend(boot.root.as_deref().map(Seen::Read));
        let chroot = self.chroot(berth)?;
        let lent = || -> std::io::Result<_> {
            if let Some(root) = &boot.root {
                lend(chroot.as_ref(), root, ROOT)?;
            }
            let lent = |name| lend(chroot.as_ref(), &snapshot.join(name), name);
            Ok((lent(STATE)?, lent(MEMORY)?))
        };
        let (state, memory) = lent().map_err(|error| lending(berth, error))?;
        let mut running = self.start(berth, boot, &seen, chroot).await?;
        let loaded = running.api()?.put("/snapshot/load", &SnapshotLoad::new(&state, &memory)).await;
        loaded.map_err(|error| running.gone(error))?;
        running.reach().await?;
        Ok(Box::new(running))
    }
}

/// Shows a file to a monitor, and says by what path it knows it.
fn lend(chroot: Option<&Chroot>, file: &Path, name: &str) -> std::io::Result<PathBuf> {
    chroot.map_or_else(|| Ok(file.to_owned()), |chroot| chroot.lend(file, name))
}

/// What a machine starts from, by the paths that its monitor knows.
fn inside(chroot: Option<&Chroot>, boot: &Boot) -> std::io::Result<Boot> {
    Ok(Boot {
        shape: boot.shape,
        kernel: lend(chroot, &boot.kernel, KERNEL)?,
        initramfs: lend(chroot, &boot.initramfs, INITRAMFS)?,
        root: boot.root.as_ref().map(|root| lend(chroot, root, ROOT)).transpose()?,
    })
}

fn lending(berth: &Cell, error: std::io::Error) -> SandboxError {
    SandboxError::io(format!("show its files to the monitor of sandbox {}", berth.name), error)
}

/// Has a machine written down and go on, whatever became of the files. The outer error means that it does not go on.
async fn write_between(api: &mut Api, create: &SnapshotCreate<'_>) -> Result<Result<(), ApiError>, ApiError> {
    let written = match api.patch("/vm", &VmState { state: "Paused" }).await {
        Ok(()) => api.put("/snapshot/create", create).await,
        Err(error) => Err(error),
    };
    api.patch("/vm", &VmState { state: "Resumed" }).await?;
    Ok(written)
}

/// Moves what was written from the folder that Firecracker sees. Nothing is left there, whatever came of it.
fn moved(from: &Path, to: &Path) -> std::io::Result<()> {
    let one = |name: &str| {
        let (old, new) = (from.join(name), to.join(name));
        std::fs::rename(&old, &new).or_else(|_| std::fs::copy(&old, &new).map(drop))
    };
    let moved = [STATE, MEMORY].into_iter().try_for_each(one);
    for name in [STATE, MEMORY] {
        // What was moved is not there any more.
        let _ = std::fs::remove_file(from.join(name));
    }
    moved
}

/// Says what the machine is like, and starts it.
async fn configure(api: &mut Api, boot: &Boot) -> Result<(), ApiError> {
    api.put("/machine-config", &MachineConfig::from(boot.shape)).await?;
    api.put("/boot-source", &BootSource::from(boot)).await?;
    if let Some(root) = &boot.root {
        api.put(&format!("/drives/{}", Drive::ID), &Drive::root(root)).await?;
    }
    api.put("/vsock", &Vsock::default()).await?;
    api.put("/actions", &Action { action_type: "InstanceStart" }).await
}

/// One Firecracker.
#[derive(Debug)]
struct Running {
    name: String,
    child: Child,
    console: Console,
    api: Option<Api>,
    stream: Option<UnixStream>,
    has_root: bool,
    chroot: Option<Chroot>,
    _listeners: JoinSet<()>,
    sockets: Sockets,
}

impl Running {
    fn gone(&self, reason: impl std::fmt::Display) -> SandboxError {
        let said = self.console.tail(5);
        let reason = if said.is_empty() { reason.to_string() } else { format!("{reason}; it said: {said}") };
        SandboxError::Gone { name: self.name.clone(), reason }
    }

    fn api(&mut self) -> Result<&mut Api, SandboxError> {
        let name = self.name.clone();
        self.api.as_mut().ok_or_else(|| SandboxError::Gone { name, reason: "it is stopped".to_owned() })
    }

    /// Connects to the guest.
    async fn reach(&mut self) -> Result<(), SandboxError> {
        let until = Instant::now() + LISTENS_WITHIN;
        let reached = timeout_at(until, connect(&self.sockets)).await;
        let reached = reached.map_err(|_| self.gone("its guest does not listen"))?;
        self.stream = Some(reached);
        Ok(())
    }
}

/// Asks until the guest listens. What listens at first is Firecracker, which hangs up while the guest does not.
async fn connect(sockets: &Sockets) -> UnixStream {
    loop {
        if let Ok(mut stream) = sockets.connect(VSOCK, ASK_EVERY).await
            && shake_hands(&mut stream).await.is_ok()
        {
            return stream;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// The line that Firecracker wants before the stream is the guest's, and the one that it answers with.
async fn shake_hands(stream: &mut UnixStream) -> std::io::Result<()> {
    const LONGEST: usize = 32;
    stream.write_all(format!("CONNECT {PORT}\n").as_bytes()).await?;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        // One by one: what follows the line is the guest's.
        line.push(stream.read_u8().await?);
        if line.len() > LONGEST {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
    if line.starts_with(b"OK ") { Ok(()) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) }
}

#[async_trait]
impl Machine for Running {
    fn stream(&mut self) -> Option<UnixStream> {
        self.stream.take()
    }

    async fn snapshot(&mut self, _berth: &Cell, folder: &Path) -> Result<(), SandboxError> {
        let inside = self.chroot.as_ref().map_or(folder, |_| Path::new("/"));
        let (state, memory) = (inside.join(STATE), inside.join(MEMORY));
        let create = SnapshotCreate { snapshot_type: "Full", snapshot_path: &state, mem_file_path: &memory };
        let api = self.api()?;
        let written = match api.patch("/vm", &VmState { state: "Paused" }).await {
            Ok(()) => api.put("/snapshot/create", &create).await,
            Err(error) => Err(error),
        };
        written.map_err(|error| self.gone(error))?;
        self.kill().await;
        let taken = self.chroot.iter().try_for_each(|chroot| {
            chroot.take(STATE, folder)?;
            chroot.take(MEMORY, folder)
        });
        taken.map_err(|source| SandboxError::io("take the snapshot of a microVM out of its jail", source))
    }

    async fn bound_reads(&mut self, a_second: u32) -> Result<(), SandboxError> {
        if !self.has_root {
            return Ok(());
        }
        let path = format!("/drives/{}", Drive::ID);
        let bounded = self.api()?.patch(&path, &DriveBound::reads(a_second)).await;
        bounded.map_err(|error| self.gone(error))
    }

    async fn checkpoint(&mut self, berth: &Cell, folder: &Path) -> Result<Option<UnixStream>, SandboxError> {
        // It sees its own folder and not where the checkpoint is kept.
        let (state, memory) = (berth.folder().join(STATE), berth.folder().join(MEMORY));
        let create = SnapshotCreate { snapshot_type: "Full", snapshot_path: &state, mem_file_path: &memory };
        let written = write_between(self.api()?, &create).await;
        let moved = match written.map_err(|error| self.gone(error))? {
            Ok(()) => {
                // Connections do not outlive a snapshot.
                self.reach().await?;
                moved(berth.folder(), folder)
            }
            Err(error) => Err(std::io::Error::other(error.to_string())),
        };
        moved.map_err(|source| SandboxError::unwritten("write down a microVM", source))?;
        Ok(self.stream())
    }

    async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        format!("Firecracker ended ({status}): {}", self.console.tail(5))
    }

    async fn kill(&mut self) {
        self.api = None;
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }

    fn console(&self) -> Console {
        self.console.clone()
    }
}

#[cfg(test)]
mod tests;

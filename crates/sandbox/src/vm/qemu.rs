//! The QEMU rung's monitor: a `microvm`, by hardware virtualisation where that really starts a kernel, else by emulation.
//!
//! A clone maps the template's memory copy-on-write and reads the rest of its state, some kilobytes, from a socket.

mod accel;
mod command;
mod qmp;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use serde_json::{Value, json};
use swarm_domain::attempt::Rung;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    process::Child,
    time::timeout,
};

pub(crate) use accel::Accel;
use command::{GUEST, MONITOR, Memory, ROOT};
use qmp::Qmp;

use super::{
    console::Console,
    jail::{Jail, Seen},
    machine::{Boot, Machine, Monitor, ROOT_BYTES_A_SECOND, ROOT_READS_A_SECOND},
    socket::Sockets,
};
use crate::{cell::Cell, error::SandboxError, launch, programs};

/// How long it may take until QEMU sees that the host left a port, and how long the guest has to hear of it.
const LEFT_WITHIN: Duration = Duration::from_secs(2);
const HEARD_AFTER: Duration = Duration::from_millis(200);

/// How long QEMU may take to come up and connect, and to write or read a snapshot.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is asked whether a snapshot is through.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Beside its memory a machine's state is some tens of kilobytes.
const LARGEST_STATE: u64 = 64 << 20;

/// The files of a snapshot.
pub(super) const MEMORY: &str = "memory";
const STATE: &str = "state";

/// The file of a machine that was written down while it lived: state and memory in one.
const WHOLE: &str = "whole";

/// How long it may take to write or read a machine's memory.
const MEMORY_WITHIN: Duration = Duration::from_mins(3);

/// Pieces in which that is done.
const PIECE: usize = 1 << 20;

/// QEMU, as it is on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Qemu {
    program: PathBuf,
    version: String,
    accel: Accel,
    jail: Jail,
}

fn unavailable(reason: String) -> SandboxError {
    let mend =
        "install QEMU: `sudo apt-get install qemu-system-x86`, `sudo dnf install qemu-system-x86-core`";
    SandboxError::Unavailable { rung: Rung::Qemu, reason, mend: mend.to_owned() }
}

impl Qemu {
    /// Where it is. It is not started for that.
    pub(crate) fn program() -> Result<PathBuf, SandboxError> {
        if !cfg!(target_arch = "x86_64") {
            let reason = "its machines are for x86-64 only".to_owned();
            let mend = "use `--sandbox bubblewrap`".to_owned();
            return Err(SandboxError::Unavailable { rung: Rung::Qemu, reason, mend });
        }
        programs::find("qemu-system-x86_64")
            .ok_or_else(|| unavailable("the program `qemu-system-x86_64` is not installed".to_owned()))
    }

    /// Looks for it, and asks for its version, which takes as long as a start of it does.
    pub(crate) fn find(accel: Accel) -> Result<Self, SandboxError> {
        let program = Self::program()?;
        let output = Command::new(&program).arg("--version").output();
        let output = output.map_err(|error| unavailable(format!("{}: {error}", program.display())))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said.lines().next().unwrap_or_default().trim().to_owned();
        if !version.starts_with("QEMU") {
            return Err(unavailable(format!("{} does not say its version", program.display())));
        }
        Ok(Self { program, version, accel, jail: Jail::find() })
    }

    /// The same, without the processor's help.
    pub(crate) fn emulating(&self) -> Self {
        Self { accel: Accel::Tcg, ..self.clone() }
    }

    /// Whether the monitor itself is walled in.
    pub(crate) fn is_jailed(&self) -> bool {
        self.jail.holds()
    }

    async fn start(
        &self,
        berth: &Cell,
        boot: &Boot,
        memory: Memory<'_>,
    ) -> Result<(Running, Sockets), SandboxError> {
        let failed =
            |doing: &str, source| SandboxError::io(format!("{doing} of sandbox {}", berth.name), source);
        let sockets = Sockets::open(berth.folder()).map_err(|error| failed("open the folder", error))?;
        let listen = |name| sockets.listen(name).map_err(|error| failed("make a socket", error));
        let (monitor, guest) = (listen(MONITOR)?, listen(GUEST)?);
        let mut seen = vec![Seen::Read(&boot.kernel), Seen::Read(&boot.initramfs)];
        // QEMU opens it for writing even where it only ever writes to a copy.
        seen.extend(memory.file().map(Seen::Write));
        seen.extend(boot.root.as_deref().map(Seen::Read));
        if self.accel == Accel::Kvm {
            seen.push(Seen::Device(Path::new("/dev/kvm")));
        }
        let arguments = command::arguments(self.accel, boot, memory);
        let command = self.jail.command(berth, &seen, &self.program, arguments);
        let mut child = launch::spawn(command).await.map_err(|error| failed("start QEMU", error))?;
        let console = Console::default();
        let mut listeners = tokio::task::JoinSet::new();
        if let Some(from) = child.stdout.take() {
            listeners.spawn(console.clone().follow(from));
        }
        if let Some(from) = child.stderr.take() {
            listeners.spawn(console.clone().follow(from));
        }
        let mut running = Running {
            name: berth.name.clone(),
            memory_mib: boot.shape.memory_mib,
            child,
            console,
            stream: None,
            qmp: None,
            has_root: boot.root.is_some(),
            _listeners: listeners,
        };
        running.connect(&monitor, &guest).await?;
        Ok((running, sockets))
    }
}

#[async_trait]
impl Monitor for Qemu {
    fn rung(&self) -> Rung {
        Rung::Qemu
    }

    fn identity(&self) -> String {
        format!("{} {} {}", self.version, self.accel.name(), self.accel.kernel_arguments())
    }

    fn bare(&self) -> Arc<dyn Monitor> {
        Arc::new(Self { jail: Jail::open(), ..self.clone() })
    }

    async fn boot(&self, berth: &Cell, boot: &Boot, folder: &Path) -> Result<Box<dyn Machine>, SandboxError> {
        let memory = folder.join(MEMORY);
        let size = boot.shape.memory_mib << 20;
        // It must be there to be shown to QEMU, and is as large as the machine's memory, with holes.
        let made = std::fs::File::create_new(&memory).and_then(|file| file.set_len(size));
        made.map_err(|source| SandboxError::io("make the memory of a microVM", source))?;
        let (running, sockets) = self.start(berth, boot, Memory::Held(&memory)).await?;
        drop(sockets);
        Ok(Box::new(running))
    }

    async fn restore(
        &self,
        berth: &Cell,
        boot: &Boot,
        snapshot: &Path,
    ) -> Result<Box<dyn Machine>, SandboxError> {
        let failed = |source| SandboxError::io("read the snapshot of a microVM", source);
        let whole = snapshot.join(WHOLE);
        if whole.exists() {
            let written = tokio::fs::File::open(whole).await.map_err(failed)?;
            let (mut running, sockets) = self.start(berth, boot, Memory::Own).await?;
            running.load(&sockets, written).await?;
            return Ok(Box::new(running));
        }
        let state = tokio::fs::read(snapshot.join(STATE)).await.map_err(failed)?;
        let memory = snapshot.join(MEMORY);
        let (mut running, sockets) = self.start(berth, boot, Memory::CopyOf(&memory)).await?;
        running.leave_memory_out(true).await?;
        running.load(&sockets, state.as_slice()).await?;
        Ok(Box::new(running))
    }
}

/// One QEMU.
#[derive(Debug)]
struct Running {
    name: String,
    memory_mib: u64,
    child: Child,
    console: Console,
    stream: Option<UnixStream>,
    qmp: Option<Qmp>,
    has_root: bool,
    _listeners: tokio::task::JoinSet<()>,
}

impl Running {
    fn gone(&self, reason: impl std::fmt::Display) -> SandboxError {
        let said = self.console.tail(5);
        let reason = if said.is_empty() { reason.to_string() } else { format!("{reason}; it said: {said}") };
        SandboxError::Gone { name: self.name.clone(), reason }
    }

    async fn connect(&mut self, monitor: &UnixListener, guest: &UnixListener) -> Result<(), SandboxError> {
        let connected = tokio::select! {
            both = async { tokio::try_join!(monitor.accept(), guest.accept()) } => both,
            status = self.child.wait() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                // What it said last may still be on its way.
                tokio::time::sleep(Duration::from_millis(20)).await;
                return Err(self.gone(format!("QEMU ended at once ({status})")));
            }
            () = tokio::time::sleep(PATIENCE) => return Err(self.gone("QEMU did not come up")),
        };
        let ((monitor, _), (guest, _)) = connected.map_err(|error| self.gone(error))?;
        self.stream = Some(guest);
        let greeted = Qmp::greet(monitor).await;
        self.qmp = Some(greeted.map_err(|error| self.gone(error))?);
        Ok(())
    }

    async fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, SandboxError> {
        let Some(qmp) = &mut self.qmp else {
            return Err(self.gone("it is stopped"));
        };
        let done = qmp.execute(command, arguments).await;
        done.map_err(|error| self.gone(error))
    }

    /// Memory that is in a file is left out of a migration.
    async fn leave_memory_out(&mut self, state: bool) -> Result<(), SandboxError> {
        let capability = json!([{"capability": "x-ignore-shared", "state": state}]);
        self.execute("migrate-set-capabilities", json!({ "capabilities": capability })).await.map(drop)
    }

    /// Waits until QEMU has seen that nobody is at the guest's port any more, and the guest with it: whether somebody is
    /// there is part of a snapshot.
    async fn left(&mut self) -> Result<(), SandboxError> {
        let until = Instant::now() + LEFT_WITHIN;
        while Instant::now() < until {
            let all = self.execute("query-chardev", json!({})).await?;
            let guest = all.as_array().into_iter().flatten().find(|one| one["label"] == "guest");
            if guest
                .and_then(|guest| guest["filename"].as_str())
                .is_some_and(|name| name.starts_with("disconnected"))
            {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tokio::time::sleep(HEARD_AFTER).await;
        Ok(())
    }

    /// Waits until a migration is through.
    async fn migrated(&mut self, patience: Duration) -> Result<(), SandboxError> {
        match self.migration_over(patience).await? {
            None => Ok(()),
            Some(why) => Err(self.gone(why)),
        }
    }

    /// Waits until a migration is over, and says why it failed, if it did.
    async fn migration_over(&mut self, patience: Duration) -> Result<Option<String>, SandboxError> {
        let until = Instant::now() + patience;
        loop {
            let state = self.execute("query-migrate", json!({})).await?;
            match state.get("status").and_then(Value::as_str) {
                Some("completed") => return Ok(None),
                Some(status @ ("failed" | "cancelled")) => {
                    let detail = state.get("error-desc").and_then(Value::as_str).unwrap_or("no reason");
                    return Ok(Some(format!("the migration {status}: {detail}")));
                }
                _ if Instant::now() >= until => return Err(self.gone("the migration does not end")),
                _ => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn load(
        &mut self,
        sockets: &Sockets,
        mut state: impl AsyncRead + Send + Unpin,
    ) -> Result<(), SandboxError> {
        self.execute("migrate-incoming", json!({"uri": "unix:incoming"})).await?;
        let connected = sockets.connect("incoming", PATIENCE).await;
        let mut stream = connected.map_err(|error| self.gone(error))?;
        let copied = timeout(MEMORY_WITHIN, tokio::io::copy(&mut state, &mut stream)).await;
        let copied = copied.map_err(|_| self.gone("its state is not taken"))?;
        copied.map_err(|error| self.gone(error))?;
        drop(stream);
        self.migrated(PATIENCE).await?;
        self.execute("cont", json!({})).await.map(drop)
    }

    /// Has QEMU write all of a stopped machine into a file that may have so many bytes. Where that fails the migration is
    /// over too.
    async fn write_whole(
        &mut self,
        listener: &UnixListener,
        file: &Path,
        most: u64,
    ) -> Result<(), SandboxError> {
        // One that was made from a template was told to leave it out.
        self.leave_memory_out(false).await?;
        self.execute("migrate-set-parameters", json!({"max-bandwidth": 1_u64 << 40})).await?;
        self.execute("migrate", json!({"uri": "unix:outgoing"})).await?;
        let received = timeout(MEMORY_WITHIN, receive(listener, file, most)).await;
        let received = received.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        if let Err(source) = received {
            // QEMU notices by itself that nobody reads; asked, it notices at once.
            self.execute("migrate_cancel", json!({})).await?;
            self.migration_over(PATIENCE).await?;
            return Err(SandboxError::unwritten("write down the memory of a microVM", source));
        }
        match self.migration_over(PATIENCE).await? {
            None => Ok(()),
            Some(why) => {
                let source = std::io::Error::other(why);
                Err(SandboxError::io("write down the memory of a microVM", source))
            }
        }
    }
}

/// Takes what QEMU sends into a file.
async fn receive(listener: &UnixListener, file: &Path, most: u64) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let mut file = tokio::fs::File::create_new(file).await?;
    let (mut piece, mut taken) = (vec![0; PIECE], 0_u64);
    loop {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            break;
        }
        taken += count as u64;
        if taken > most {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        file.write_all(&piece[..count]).await?;
    }
    file.flush().await?;
    file.sync_all().await
}

#[async_trait]
impl Machine for Running {
    fn stream(&mut self) -> Option<UnixStream> {
        self.stream.take()
    }

    async fn snapshot(&mut self, berth: &Cell, folder: &Path) -> Result<(), SandboxError> {
        let sockets = Sockets::open(berth.folder()).map_err(|error| self.gone(error))?;
        let listener = sockets.listen("outgoing").map_err(|error| self.gone(error))?;
        self.left().await?;
        self.execute("stop", json!({})).await?;
        self.leave_memory_out(true).await?;
        self.execute("migrate-set-parameters", json!({"max-bandwidth": 1_u64 << 40})).await?;
        self.execute("migrate", json!({"uri": "unix:outgoing"})).await?;
        let receiving = async {
            let (stream, _) = listener.accept().await?;
            let mut state = Vec::new();
            stream.take(LARGEST_STATE).read_to_end(&mut state).await?;
            Ok::<_, std::io::Error>(state)
        };
        let received = timeout(PATIENCE, receiving).await;
        let state = received.map_err(|_| self.gone("the snapshot does not end"))?;
        let state = state.map_err(|error| self.gone(error))?;
        self.migrated(PATIENCE).await?;
        self.kill().await;
        let written = tokio::fs::write(folder.join(STATE), state).await;
        written.map_err(|source| SandboxError::io("write the snapshot of a microVM", source))
    }

    async fn bound_reads(&mut self, a_second: u32) -> Result<(), SandboxError> {
        if !self.has_root {
            return Ok(());
        }
        let a_second = u64::from(a_second).min(ROOT_READS_A_SECOND);
        let bound = json!({
            "device": ROOT, "iops": a_second, "iops_rd": 0, "iops_wr": 0,
            "bps": ROOT_BYTES_A_SECOND, "bps_rd": 0, "bps_wr": 0,
        });
        self.execute("block_set_io_throttle", bound).await.map(drop)
    }

    async fn checkpoint(&mut self, berth: &Cell, folder: &Path) -> Result<Option<UnixStream>, SandboxError> {
        let sockets = Sockets::open(berth.folder()).map_err(|error| self.gone(error))?;
        let listener = sockets.listen("outgoing").map_err(|error| self.gone(error))?;
        let most = (self.memory_mib << 20) + LARGEST_STATE;
        self.execute("stop", json!({})).await?;
        let written = self.write_whole(&listener, &folder.join(WHOLE), most).await;
        // It goes on, whatever became of the file.
        self.execute("cont", json!({})).await?;
        written.map(|()| None)
    }

    async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let said = self.console.tail(5);
        if said.is_empty() {
            format!("QEMU ended ({status})")
        } else {
            format!("QEMU ended ({status}): {said}")
        }
    }

    async fn kill(&mut self) {
        self.qmp = None;
        // It may have ended by itself.
        let _ = self.child.kill().await;
    }

    fn console(&self) -> Console {
        self.console.clone()
    }
}

//! The first process of a command: makes its surroundings, starts it, and outlives it by exactly so long as to say how
//! it ended. When it ends itself, the kernel ends every other process of the namespace.

use std::{
    fs, io,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
    time::Duration,
};

use nix::{
    errno::Errno,
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        resource::{Resource, setrlimit},
        signal::{SigSet, Signal, kill, killpg},
        signalfd::SignalFd,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getpid},
};
use serde::{Deserialize, Serialize};

use crate::identity::BOOT_ID;

/// What a shell says when a program is not there, and when it cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// What the keeper is told. It goes as JSON in one argument; the command itself in those behind it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Order {
    /// Where it writes how the command ended.
    pub report: PathBuf,
    /// Where the command begins.
    pub cwd: PathBuf,
    /// Whether it is the first process of a namespace.
    pub isolate: bool,
    /// Who runs the command, where not whoever runs this.
    pub user: Option<u32>,
    /// Which cgroup to join.
    pub cgroup: Option<PathBuf>,
    /// Processes of the user at once, where no cgroup counts them.
    pub pids: Option<u32>,
    /// The longest file.
    pub file_bytes: Option<u64>,
    /// The command itself.
    #[serde(skip)]
    pub argv: Vec<String>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    Code(i32),
    Signal(i32),
    /// The working folder is not there.
    NoFolder,
    /// Its surroundings could not be made.
    Failed(String),
}

impl Order {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let order = words.next().ok_or("the keeper wants an order")?;
        let mut order: Self = serde_json::from_str(&order).map_err(|error| error.to_string())?;
        order.argv = words.collect();
        Ok(order)
    }

    /// What is there from when signals to the keeper reach the command. Before, they would be lost, or its end.
    pub fn ready(&self) -> PathBuf {
        self.report.with_extension("ready")
    }

    /// The command that starts a keeper with this order.
    pub fn command(&self) -> io::Result<Command> {
        let mut command = Command::new("/proc/self/exe");
        command.arg("keeper").arg(serde_json::to_string(self)?).args(&self.argv);
        Ok(command)
    }
}

pub fn run(order: &Order) -> ExitCode {
    let report = keep(order).unwrap_or_else(|error| Report::Failed(error.to_string()));
    let written = serde_json::to_vec(&report).map_err(io::Error::other);
    match written.and_then(|bytes| fs::write(&order.report, bytes)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn keep(order: &Order) -> io::Result<Report> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    prctl::set_child_subreaper(true)?;
    if let Some(cgroup) = &order.cgroup {
        fs::write(cgroup.join("cgroup.procs"), "0")?;
    }
    if order.isolate {
        surroundings()?;
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    if let Some(pids) = order.pids {
        setrlimit(Resource::RLIMIT_NPROC, pids.into(), pids.into())?;
    }
    prctl::set_no_new_privs()?;
    if !order.cwd.is_dir() {
        return Ok(Report::NoFolder);
    }
    let program = order.argv.first().ok_or_else(|| io::Error::other("there is no program"))?;
    let mut command = Command::new(program);
    command.args(&order.argv[1..]).current_dir(&order.cwd).process_group(0);
    if let Some(user) = order.user {
        command.uid(user).gid(user);
    }
    if let Some(bytes) = order.file_bytes {
        setrlimit(Resource::RLIMIT_FSIZE, bytes, bytes)?;
    }
    // The command inherits which signals are held back, so these are only after its start.
    let started = command.spawn();
    // Its surroundings are the command's; they are not held open by who waits for it.
    drop(command);
    let child = match started {
        Ok(child) => child,
        Err(error) => return Ok(not_started(program, &error)),
    };
    let main = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let ended = attend(main, &order.ready())?;
    if !order.isolate {
        end_all()?;
    }
    Ok(match (ended.code(), ended.signal()) {
        (_, Some(signal)) => Report::Signal(signal),
        (code, None) => Report::Code(code.unwrap_or(-1)),
    })
}

fn not_started(program: &str, error: &io::Error) -> Report {
    let (code, why) = match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, "not found".to_owned()),
        _ => (NOT_RUNNABLE, error.to_string()),
    };
    eprintln!("{program}: {why}");
    Report::Code(code.into())
}

/// A mount namespace of its own, in which `/proc` shows this process namespace and the boot's id is the machine's own.
fn surroundings() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let nothing = None::<&str>;
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, nothing)?;
    if Path::new(BOOT_ID).exists() {
        mount(Some(BOOT_ID), "/proc/sys/kernel/random/boot_id", nothing, MsFlags::MS_BIND, nothing)?;
    }
    Ok(())
}

/// Waits for the command, buries whoever is left to this process meanwhile, and hands signals on.
fn attend(main: Pid, ready: &Path) -> io::Result<ExitStatus> {
    let held = SigSet::all();
    held.thread_block()?;
    let signals = SignalFd::new(&held)?;
    fs::write(ready, "")?;
    loop {
        if let Some(ended) = bury(main)? {
            return Ok(ended);
        }
        let Some(info) = signals.read_signal()? else { continue };
        match Signal::try_from(i32::try_from(info.ssi_signo).unwrap_or(0)) {
            Ok(Signal::SIGCHLD) | Err(_) => {}
            // Only without a namespace of its own: there nothing else ends those who left the group.
            Ok(Signal::SIGTERM) if getpid().as_raw() != 1 => {
                end_all()?;
                return Ok(ExitStatus::from_raw(Signal::SIGKILL as i32));
            }
            Ok(signal) => {
                let _ = killpg(main, signal);
            }
        }
    }
}

fn bury(main: Pid) -> io::Result<Option<ExitStatus>> {
    loop {
        let (pid, raw) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, (code & 0xff) << 8),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, signal as i32),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if pid == main {
            return Ok(Some(ExitStatus::from_raw(raw)));
        }
    }
}

/// Kills every descendant: who loses its parent becomes a child of this process.
fn end_all() -> io::Result<()> {
    let me = getpid();
    loop {
        let children = children(me);
        for child in children {
            let _ = kill(child, Signal::SIGKILL);
        }
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(Errno::ECHILD) => return Ok(()),
            Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_millis(1)),
            _ => {}
        }
    }
}

fn children(of: Pid) -> Vec<Pid> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name, in parentheses, may hold anything.
            let parent =
                stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
            parent == Some(of.as_raw())
        })
        .map(Pid::from_raw)
        .collect()
}

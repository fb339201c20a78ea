//! One command from its start to its end.

use std::{
    fs,
    io::{self, Read},
    os::unix::process::ExitStatusExt,
    path::{Component, Path, PathBuf},
    process::{Child, ChildStdin, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use nix::{
    sched::{CloneFlags, unshare},
    sys::{
        signal::{Signal, kill},
        statvfs::statvfs,
    },
    unistd::Pid,
};
use swarm_guest::{
    message::{Ending, Exec, Exited, Failed, FailedCode, FromGuest, Limit},
    protocol::{DATA, Frame, Kind},
};

use crate::{
    cgroup::Cgroup,
    keeper::{Order, Report},
    outbox::Outbox,
    plumbing::Inlet,
    settings::Settings,
    vitals,
};

/// What every command's environment begins with.
const PLAIN: [(&str, &str); 3] = [
    ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"),
    ("HOME", "/tmp"),
    ("LANG", "C.UTF-8"),
];

/// How often disk and memory are looked at, and a command that does not die is killed again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long the rest of the output may take when someone who got away holds it open.
const DRAIN: Duration = Duration::from_secs(2);

/// How long a signal waits for the command to be reachable.
const NOT_READY: Duration = Duration::from_secs(1);

/// The longest that a command may be asked to take.
const LONGEST_WALL: Duration = Duration::from_hours(24 * 7);

/// What happens to a command.
enum Happening {
    Ended(ExitStatus),
    Flooded,
    Kill,
    StreamOver,
}

/// A command that runs, for those who deal with it meanwhile.
pub struct Running {
    pub channel: u32,
    happenings: Sender<Happening>,
    keeper: Pid,
    stdin: Option<ChildStdin>,
    inlet: Option<Inlet>,
    cgroup: Option<Arc<Cgroup>>,
    isolate: bool,
    ready: PathBuf,
}

/// What the commands of a machine share.
#[derive(Debug)]
pub struct Ground {
    pub settings: Settings,
    pub outbox: Arc<Outbox>,
    /// Bytes moved and commands ended.
    pub progress: AtomicU64,
    pub has_cgroup: bool,
}

impl Ground {
    /// Bytes in use where commands may write. In a machine the work folder and `/tmp` are on one file system of their own.
    fn disk_used(&self) -> u64 {
        statvfs(&self.settings.work)
            .map_or(0, |seen| (seen.blocks() - seen.blocks_free()).saturating_mul(seen.fragment_size()))
    }
}

/// Starts a command. `over` is called when it has ended, before that is said.
pub fn start(
    ground: &Arc<Ground>,
    channel: u32,
    exec: Exec,
    over: impl FnOnce() + Send + 'static,
) -> Result<Running, Failed> {
    let failed = |error: io::Error| Failed::new(FailedCode::Io, format!("cannot start a command: {error}"));
    let settings = &ground.settings;
    let cwd = place(&exec, &settings.seen)?;
    let cgroup =
        ground.has_cgroup.then(|| Cgroup::make(&exec.limits).map(Arc::new)).transpose().map_err(failed)?;
    let report = settings.state.join("report");
    let order = Order {
        report: report.clone(),
        cwd,
        isolate: settings.isolate,
        user: settings.user,
        cgroup: cgroup.as_ref().map(|cgroup| cgroup.path().to_owned()),
        pids: settings.machine.then_some(exec.limits.pids),
        file_bytes: exec.limits.disk_bytes,
        argv: exec.argv.clone(),
    };
    let ready = order.ready();
    for old in [&report, &ready] {
        let _ = fs::remove_file(old);
    }
    let began = Instant::now();
    let (happenings, happened) = mpsc::channel();
    let mut child = spawn(&order, &exec, happenings.clone()).map_err(failed)?;
    let keeper = Pid::from_raw(i32::try_from(child.pid).unwrap_or(i32::MAX));
    let limit = exec.limits.output_bytes;
    for (kind, stream) in [(Kind::Stdout, child.stdout.take()), (Kind::Stderr, child.stderr.take())] {
        pump(ground, channel, kind, stream, limit, happenings.clone()).map_err(failed)?;
    }
    let kills_before = cgroup.as_ref().map_or_else(vitals::memory_kills, |cgroup| cgroup.memory_kills());
    let watch = Watch {
        ground: Arc::clone(ground),
        channel,
        exec,
        began,
        keeper,
        happened,
        report,
        ready: ready.clone(),
        cgroup: cgroup.clone(),
        kills_before,
        disk_before: ground.disk_used(),
    };
    std::thread::Builder::new().name("watch".to_owned()).spawn(move || watch.run(over)).map_err(failed)?;
    Ok(Running {
        channel,
        happenings,
        keeper,
        stdin: child.stdin,
        inlet: None,
        cgroup,
        isolate: settings.isolate,
        ready,
    })
}

/// Where it begins, as the command sees it.
fn place(exec: &Exec, seen: &Path) -> Result<PathBuf, Failed> {
    let invalid = |detail: &str| Err(Failed::new(FailedCode::Invalid, detail));
    if exec.argv.first().is_none_or(String::is_empty) {
        return invalid("there is no program");
    }
    if exec.argv.iter().chain(exec.env.keys()).chain(exec.env.values()).any(|text| text.contains('\0')) {
        return invalid("the command has a NUL character");
    }
    if exec.env.keys().any(|key| key.is_empty() || key.contains('=')) {
        return invalid("a variable has no possible name");
    }
    let cwd = Path::new(&exec.cwd);
    if cwd.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return invalid("the working folder is not inside");
    }
    Ok(seen.join(cwd))
}

struct Started {
    pid: u32,
    stdin: Option<ChildStdin>,
    stdout: Option<Box<dyn Read + Send>>,
    stderr: Option<Box<dyn Read + Send>>,
}

/// Starts the keeper from a thread of its own. That one gives the keeper new namespaces, which only who has no other
/// namespaces yet can do; and it lives as long as the keeper, which the kernel ends with it.
fn spawn(order: &Order, exec: &Exec, happenings: Sender<Happening>) -> io::Result<Started> {
    let mut command = order.command()?;
    command.env_clear().envs(PLAIN).envs(&exec.env).current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let isolate = order.isolate;
    let (answer, started) = mpsc::channel();
    std::thread::Builder::new().name("starter".to_owned()).spawn(move || {
        let namespaces = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
        let ready = if isolate { unshare(namespaces).map_err(io::Error::from) } else { Ok(()) };
        let child = ready.and_then(|()| command.spawn());
        // Its own copies of the command's ends of the pipes would hold them open.
        drop(command);
        let mut child: Child = match child {
            Ok(child) => child,
            Err(error) => return drop(answer.send(Err(error))),
        };
        let boxed = |stream: Option<_>| stream.map(|stream| -> Box<dyn Read + Send> { Box::new(stream) });
        let given = Started {
            pid: child.id(),
            stdin: child.stdin.take(),
            stdout: boxed(child.stdout.take()),
            stderr: child.stderr.take().map(|stream| -> Box<dyn Read + Send> { Box::new(stream) }),
        };
        let _ = answer.send(Ok(given));
        let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(9));
        let _ = happenings.send(Happening::Ended(status));
    })?;
    started.recv().map_err(io::Error::other)?
}

/// Sends what a command writes, up to a limit; what is more is read and dropped until it ends.
fn pump(
    ground: &Arc<Ground>,
    channel: u32,
    kind: Kind,
    stream: Option<Box<dyn Read + Send>>,
    limit: u64,
    happenings: Sender<Happening>,
) -> io::Result<()> {
    let ground = Arc::clone(ground);
    std::thread::Builder::new().name("pump".to_owned()).spawn(move || {
        let mut buffer = vec![0; DATA];
        let mut total = 0;
        let mut stream = stream;
        while let Some(from) = &mut stream {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            ground.progress.fetch_add(count as u64, Ordering::Relaxed);
            let room = usize::try_from(limit.saturating_sub(total)).unwrap_or(usize::MAX);
            total += count as u64;
            if room > 0 {
                ground.outbox.send(Frame::data(kind, channel, &buffer[..count.min(room)]));
            }
            if total > limit {
                let _ = happenings.send(Happening::Flooded);
            }
        }
        let _ = happenings.send(Happening::StreamOver);
    })?;
    Ok(())
}

impl Running {
    /// Bytes for standard input; none is its end.
    pub fn stdin(&mut self, outbox: &Arc<Outbox>, bytes: Vec<u8>) {
        if let Some(stdin) = self.stdin.take()
            && !bytes.is_empty()
        {
            self.inlet = Inlet::open(self.channel, Arc::clone(outbox), stdin, || ()).ok();
        }
        if let Some(inlet) = &mut self.inlet {
            inlet.take(bytes);
        }
    }

    /// Hands a signal on. Signal 9 ends everything.
    pub fn signal(&self, signal: i32) {
        let signal = match Signal::try_from(signal) {
            Ok(Signal::SIGKILL) => return drop(self.happenings.send(Happening::Kill)),
            // It ends a keeper without a namespace; most programs take the two for the same.
            Ok(Signal::SIGTERM) if !self.isolate => Signal::SIGINT,
            // It would stop the keeper itself.
            Ok(Signal::SIGSTOP) | Err(_) => return,
            Ok(signal) => signal,
        };
        // A command that has just been started, or one that has just ended.
        let until = Instant::now() + NOT_READY;
        while !self.ready.exists() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = kill(self.keeper, signal);
    }

    /// CPU time used so far, where that is known.
    pub fn cpu_ms(&self) -> u64 {
        self.cgroup.as_ref().map_or(0, |cgroup| cgroup.cpu_ms())
    }
}

/// Who waits for the end of a command and sees that it comes.
struct Watch {
    ground: Arc<Ground>,
    channel: u32,
    exec: Exec,
    began: Instant,
    keeper: Pid,
    happened: Receiver<Happening>,
    report: PathBuf,
    ready: PathBuf,
    cgroup: Option<Arc<Cgroup>>,
    kills_before: u64,
    disk_before: u64,
}

/// Why a command was ended.
#[derive(Clone, Copy)]
enum Verdict {
    Passed(Limit),
    Killed,
}

impl Watch {
    fn run(self, over: impl FnOnce()) {
        let mut open = 2;
        let (status, verdict) = self.until_its_end(&mut open);
        self.until_all_is_read(open);
        let answer = self.answer(status, verdict);
        let Self { ground, channel, cgroup, .. } = self;
        over();
        drop(cgroup);
        ground.progress.fetch_add(1, Ordering::Relaxed);
        ground.outbox.say(channel, &answer);
    }

    /// What the command has added; one that only removes is always within its limit.
    fn disk_is_passed(&self) -> bool {
        let most = self.exec.limits.disk_bytes.filter(|_| self.ground.settings.machine);
        let grown = self.ground.disk_used().saturating_sub(self.disk_before);
        most.is_some_and(|most| grown > most)
    }

    /// What the command holds beside its files. A burst between two looks is bounded by what both together may take.
    fn memory_is_passed(&self) -> bool {
        let held = self.cgroup.as_ref().map(|cgroup| cgroup.memory_beside(self.ground.disk_used()));
        held.zip(self.exec.limits.memory_bytes).is_some_and(|(held, most)| held > most)
    }

    fn until_its_end(&self, open: &mut u32) -> (Option<ExitStatus>, Option<Verdict>) {
        let wall = Duration::from_millis(self.exec.limits.wall_ms).min(LONGEST_WALL);
        let mut verdict = None;
        loop {
            let left = wall.saturating_sub(self.began.elapsed());
            let looks = self.exec.limits.disk_bytes.is_some() && self.ground.settings.machine;
            let patience = match verdict {
                Some(_) => LOOK_EVERY,
                None if looks => left.min(LOOK_EVERY),
                None => left,
            };
            match self.happened.recv_timeout(patience.max(Duration::from_millis(1))) {
                Ok(Happening::Ended(status)) => return (Some(status), verdict),
                Ok(Happening::Flooded) => drop(verdict.get_or_insert(Verdict::Passed(Limit::Output))),
                Ok(Happening::Kill) => drop(verdict.get_or_insert(Verdict::Killed)),
                Ok(Happening::StreamOver) => *open = open.saturating_sub(1),
                Err(RecvTimeoutError::Disconnected) => return (None, verdict),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if verdict.is_none() && self.began.elapsed() >= wall {
                verdict = Some(Verdict::Passed(Limit::Wall));
            }
            if verdict.is_none() && looks && self.disk_is_passed() {
                verdict = Some(Verdict::Passed(Limit::Disk));
            }
            if verdict.is_none() && looks && self.memory_is_passed() {
                verdict = Some(Verdict::Passed(Limit::Memory));
            }
            if verdict.is_some() {
                // Without a namespace the keeper ends those who left the group, and then itself: once it can.
                if !self.ground.settings.isolate && !self.ready.exists() {
                    continue;
                }
                let signal = if self.ground.settings.isolate { Signal::SIGKILL } else { Signal::SIGTERM };
                let _ = kill(self.keeper, signal);
            }
        }
    }

    /// With a namespace nobody is left to write, and this takes as long as the host takes to read.
    fn until_all_is_read(&self, mut open: u32) {
        while open > 0 {
            match self.happened.recv_timeout(DRAIN) {
                Ok(Happening::StreamOver) => open -= 1,
                Err(RecvTimeoutError::Timeout) if self.ground.settings.isolate => {}
                Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    fn answer(&self, status: Option<ExitStatus>, verdict: Option<Verdict>) -> FromGuest {
        let kills = self.cgroup.as_ref().map_or_else(vitals::memory_kills, |cgroup| cgroup.memory_kills());
        let report: Option<Report> =
            fs::read(&self.report).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let counted = self.cgroup.is_some() || self.ground.settings.machine;
        let ending = match (verdict, report) {
            (Some(Verdict::Passed(limit)), _) => Ending::Limit { limit },
            (Some(Verdict::Killed), _) => Ending::Signal { signal: 9 },
            (None, _) if counted && kills > self.kills_before => Ending::Limit { limit: Limit::Memory },
            (None, _) if self.disk_is_passed() => Ending::Limit { limit: Limit::Disk },
            (None, Some(Report::Code(code))) => Ending::Code { code },
            (None, Some(Report::Signal(signal))) => Ending::Signal { signal },
            (None, Some(Report::NoFolder)) => {
                let detail = format!("{} is not there", self.exec.cwd);
                return FromGuest::Failed(Failed::new(FailedCode::NoFolder, detail));
            }
            (None, Some(Report::Failed(why))) => {
                let detail = format!("cannot make the command's surroundings: {why}");
                return FromGuest::Failed(Failed::new(FailedCode::Io, detail));
            }
            (None, None) => Ending::Signal { signal: status.and_then(|status| status.signal()).unwrap_or(9) },
        };
        let took_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        FromGuest::Exited(Exited { ending, took_ms })
    }
}

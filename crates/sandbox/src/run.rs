//! One command from its start to its end: reads what it writes, watches its limits, and leaves no process behind.

use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cell::Cell,
    disk,
    egress::Proxy,
    error::SandboxError,
    launch,
    output::Output,
    sandbox::{Ended, How, Limit},
};

/// How often memory and disk are looked at. Both are held, or measured again at the end, without it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Measuring a large folder may take no more than this part of the time.
const MEASURING_SHARE: u32 = 10;

/// How long the rest of the output may take to be read when all processes are dead.
const DRAIN: Duration = Duration::from_secs(2);

/// A command that is ready to be started.
pub(crate) struct Run<'a> {
    pub(crate) cell: &'a Cell,
    pub(crate) command: Command,
    pub(crate) stdin: Vec<u8>,
    pub(crate) wall: Duration,
    /// Where the temporary file system of the sandbox can be seen, if it has one.
    pub(crate) inside: Option<Inside<'a>>,
    /// The way out, if there is one.
    pub(crate) way_out: Option<&'a Proxy>,
    pub(crate) cancel: CancellationToken,
}

/// How to see the temporary file system of a running sandbox: by a process in it.
pub(crate) struct Inside<'a> {
    pub(crate) process: Box<dyn Fn() -> Option<i32> + Send + Sync + 'a>,
    pub(crate) folder: &'static str,
    pub(crate) size: u64,
}

impl Inside<'_> {
    fn used(&self) -> u64 {
        (self.process)().and_then(|process| disk::used_inside(process, self.folder, self.size)).unwrap_or(0)
    }
}

/// How a command ended.
pub(crate) struct Finished {
    pub(crate) ended: Ended,
    /// Whether it came to its end without swarm.
    pub(crate) by_itself: bool,
}

impl Run<'_> {
    /// Runs it. Meanwhile no other command of the cell may run.
    pub(crate) async fn finish(mut self) -> Result<Finished, SandboxError> {
        let began = Instant::now();
        let cell = self.cell;
        let failed =
            |doing: &str, source| SandboxError::io(format!("{doing} in sandbox {}", cell.name), source);
        cell.cgroup.arm(&cell.limits).map_err(|error| failed("set the limits", error))?;
        let kills_before = cell.cgroup.memory_kills();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.command.kill_on_drop(true).process_group(0);
        let command = std::mem::replace(&mut self.command, Command::new("true"));
        let mut child = launch::spawn(command).await.map_err(|error| failed("start a process", error))?;
        let reaper = cell.reaper(child.id().and_then(|id| i32::try_from(id).ok()));
        let mut streams = Streams::of(&mut child, std::mem::take(&mut self.stdin), cell.limits.output_bytes);

        let verdict = tokio::select! {
            status = child.wait() => Verdict::Ended(status.map_err(|error| failed("wait for a process", error))?),
            limit = self.watch(kills_before) => Verdict::Passed(limit),
            () = streams.read_until_flood() => Verdict::Passed(Limit::Output),
            () = tokio::time::sleep(self.wall) => Verdict::Passed(Limit::Wall),
            () = self.cancel.cancelled() => Verdict::Cancelled,
        };
        let took = began.elapsed();
        reaper.end_all().await?;
        child.wait().await.map_err(|error| failed("wait for a process", error))?;
        let flooded = tokio::time::timeout(DRAIN, streams.read_rest()).await.unwrap_or(false);
        let grown = match (&verdict, self.grown().await) {
            (Verdict::Ended(_), grown) => grown?,
            (_, grown) => grown.unwrap_or_default(),
        };
        cell.gauge.leave(grown);

        let (how, by_itself) = match verdict {
            Verdict::Cancelled => (How::Cancelled, false),
            Verdict::Passed(limit) => (How::LimitPassed { limit }, false),
            Verdict::Ended(_) if cell.cgroup.memory_kills() > kills_before => {
                (How::LimitPassed { limit: Limit::Memory }, false)
            }
            Verdict::Ended(_) if self.has_spent_the_network() => {
                (How::LimitPassed { limit: Limit::Network }, false)
            }
            Verdict::Ended(_) if flooded => (How::LimitPassed { limit: Limit::Output }, false),
            Verdict::Ended(_) if grown >= cell.limits.disk_bytes => {
                (How::LimitPassed { limit: Limit::Disk }, false)
            }
            Verdict::Ended(status) => (how(status), true),
        };
        let (stdout, stdout_dropped) = streams.stdout.kept.finish();
        let (stderr, stderr_dropped) = streams.stderr.kept.finish();
        let dropped_bytes = stdout_dropped.saturating_add(stderr_dropped);
        Ok(Finished { ended: Ended { how, stdout, stderr, dropped_bytes, took }, by_itself })
    }

    fn has_spent_the_network(&self) -> bool {
        self.way_out.is_some_and(Proxy::is_spent)
    }

    /// Ends when the command passes its memory, disk or network. A gauge that fails to read is asked again later.
    async fn watch(&self, kills_before: u64) -> Limit {
        let mut measure_at = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.cell.cgroup.memory_kills() > kills_before {
                return Limit::Memory;
            }
            if self.has_spent_the_network() {
                return Limit::Network;
            }
            let began = Instant::now();
            if began < measure_at {
                continue;
            }
            let (inside, limit) = (self.inside.as_ref().map_or(0, Inside::used), self.cell.limits.disk_bytes);
            let grown = self.grown().await.unwrap_or_default();
            let is_full = grown < limit && grown.saturating_add(inside) >= limit;
            if is_full || self.cell.gauge.passes(grown, limit) {
                return Limit::Disk;
            }
            measure_at = Instant::now() + began.elapsed() * MEASURING_SHARE;
        }
    }

    /// What the folders have grown by, in bytes.
    async fn grown(&self) -> Result<u64, SandboxError> {
        let gauge = self.cell.gauge.clone();
        let measured =
            tokio::task::spawn_blocking(move || gauge.growth()).await.map_err(std::io::Error::other);
        measured
            .and_then(|grown| grown)
            .map_err(|source| SandboxError::io(format!("measure sandbox {}", self.cell.name), source))
    }
}

enum Verdict {
    Ended(ExitStatus),
    Passed(Limit),
    Cancelled,
}

fn how(status: ExitStatus) -> How {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    signal
        .map_or_else(|| How::Exited { code: status.code().unwrap_or(-1) }, |signal| How::Signalled { signal })
}

struct Stream {
    from: Option<Box<dyn AsyncRead + Send + Unpin>>,
    buffer: Vec<u8>,
    kept: Output,
}

impl Stream {
    fn new(from: Option<impl AsyncRead + Send + Unpin + 'static>, limit: usize) -> Self {
        Self {
            from: from.map(|from| Box::new(from) as Box<dyn AsyncRead + Send + Unpin>),
            buffer: vec![0; 32 << 10],
            kept: Output::new(limit),
        }
    }

    /// Reads once; never ends when there is no more.
    async fn read(&mut self) {
        let Some(from) = &mut self.from else {
            return std::future::pending().await;
        };
        match from.read(&mut self.buffer).await {
            Ok(count @ 1..) => self.kept.push(&self.buffer[..count]),
            _ => self.from = None,
        }
    }

    async fn read_all(&mut self) {
        while self.from.is_some() {
            self.read().await;
        }
    }
}

struct Streams {
    stdout: Stream,
    stderr: Stream,
    feeder: tokio::task::JoinHandle<()>,
}

impl Streams {
    fn of(child: &mut Child, stdin: Vec<u8>, limit: usize) -> Self {
        let pipe = child.stdin.take();
        let feeder = tokio::spawn(async move {
            if let Some(mut pipe) = pipe {
                // A command need not read what it is given.
                let _ = pipe.write_all(&stdin).await;
            }
        });
        Self {
            stdout: Stream::new(child.stdout.take(), limit),
            stderr: Stream::new(child.stderr.take(), limit),
            feeder,
        }
    }

    async fn read_until_flood(&mut self) {
        while !self.is_flood() {
            tokio::select! {
                () = self.stdout.read() => {}
                () = self.stderr.read() => {}
            }
        }
    }

    /// Reads what is left in the pipes and says whether it was too much in all.
    async fn read_rest(&mut self) -> bool {
        tokio::join!(self.stdout.read_all(), self.stderr.read_all());
        self.is_flood()
    }

    fn is_flood(&self) -> bool {
        self.stdout.kept.is_flood() || self.stderr.kept.is_flood()
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.feeder.abort();
    }
}

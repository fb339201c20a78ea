//! The sandbox around a microVM.
//!
//! The work folder on the host is the truth. Before a command the machine is given what changed in it, after the command
//! the host takes back what the command changed. A machine that dies on the way changed nothing, and the next command
//! runs in another one.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use swarm_domain::attempt::Rung;
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    console::Console,
    files::Files,
    frozen::Frozen,
    ground::apart,
    host,
    link::{Command, Link, LinkError, Outcome},
    machine::Shape,
    pool::{Pool, Vm},
    size,
    way_out::WayOut,
};
use crate::{
    admission,
    cgroup::Cgroup,
    disk::Gauge,
    error::SandboxError,
    sandbox::{Ended, Exec, How, Limit, Limits, Sandbox, SandboxSpec},
    window::{Figures, Window},
};

/// How long a machine whose stream has ended may take to be known as ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a command may write at least, when its sandbox is at its limit.
const LEAST_DISK: u64 = 64 << 10;

/// What the guest may take beyond the time that it holds a command to, before the host ends the machine.
const GRACE: Duration = Duration::from_secs(5);

/// How long a machine that was written down may take to answer again.
const AGAIN_WITHIN: Duration = Duration::from_secs(20);

/// A sandbox, whichever machine it has.
pub(super) struct Around {
    pool: Arc<Pool>,
    name: String,
    workdir: PathBuf,
    limits: Limits,
    gauge: Gauge,
    way_out: Option<WayOut>,
    shape: Shape,
    window: Arc<MachineWindow>,
    /// Commands run one after the other. While one runs the machine is taken out, so that one that nobody waits for any
    /// more takes it along.
    vm: Mutex<Option<Taken>>,
}

/// A machine that is this sandbox's.
struct Taken {
    vm: Vm,
    files: Files,
    /// How much the sandbox had written before it.
    spent: u64,
    /// Whether it was just given the work folder.
    is_new: bool,
    /// By what it is told from its likes.
    identity: String,
}

#[async_trait]
impl Sandbox for Around {
    fn rung(&self) -> Rung {
        self.pool.ingredients().monitor.rung()
    }

    async fn exec(&self, command: Exec, cancel: CancellationToken) -> Result<Ended, SandboxError> {
        admission::exec(&command)?;
        let mut place = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Ended::before_the_start()),
            place = self.vm.lock() => place,
        };
        let began = Instant::now();
        let vm = place.take();
        let running = self.run(vm, command);
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                let took = began.elapsed();
                Ok(Ended { how: How::Cancelled, took, ..Ended::before_the_start() })
            }
            ended = running => {
                let (ended, vm) = ended?;
                *place = vm;
                ended
            }
        }
    }

    fn window(&self) -> Arc<dyn Window> {
        self.window.clone()
    }

    async fn write_memory(&self, folder: &Path) -> Result<bool, SandboxError> {
        let mut place = self.vm.lock().await;
        // One that has died has no memory, and what counts is in the work folder.
        let Some(mut taken) = place.take() else {
            return Ok(false);
        };
        let written = self.write(&mut taken, folder).await?;
        *place = Some(taken);
        written.map(|()| true)
    }

    async fn stop(self: Box<Self>) -> Result<(), SandboxError> {
        match self.vm.into_inner() {
            Some(taken) => taken.vm.end().await,
            None => Ok(()),
        }
    }
}

impl Around {
    pub(super) fn new(
        pool: Arc<Pool>,
        spec: SandboxSpec,
        workdir: PathBuf,
        gauge: Gauge,
        way_out: Option<WayOut>,
    ) -> Self {
        let image = pool.ingredients().image.name().to_owned();
        let window = Arc::new(MachineWindow { gauge: gauge.clone(), image, machine: StdMutex::default() });
        let shape = size::of(&spec.limits);
        let SandboxSpec { name, limits, .. } = spec;
        Self { pool, name, workdir, limits, gauge, way_out, shape, window, vm: Mutex::default() }
    }

    /// Gets its first machine.
    pub(super) async fn begin(&self) -> Result<(), SandboxError> {
        let taken = self.fresh().await?;
        *self.vm.lock().await = Some(taken);
        Ok(())
    }

    /// Gets a first machine that goes on from what another one's memory was.
    pub(super) async fn begin_from(&self, memory: &Path) -> Result<(), SandboxError> {
        let (folder, ingredients) = (memory.to_owned(), self.pool.ingredients().clone());
        let frozen = apart(move || Frozen::read(&folder, &ingredients)).await?;
        let vm = self.pool.revive(&frozen.boot, memory).await?;
        let taken = self.settle(vm).await?;
        *self.vm.lock().await = Some(taken);
        Ok(())
    }

    /// A machine out of the pool that was made this sandbox's.
    async fn fresh(&self) -> Result<Taken, SandboxError> {
        self.settle(self.pool.take(self.shape).await?).await
    }

    /// Makes a machine this sandbox's: it has the time, randomness of its own, the work folder, and the sandbox's share of
    /// the processors.
    async fn settle(&self, mut vm: Vm) -> Result<Taken, SandboxError> {
        let failed =
            |doing: &str, source| SandboxError::io(format!("{doing} of sandbox {}", self.name), source);
        let share = Limits { cpu_milli: self.limits.cpu_milli, ..size::on_the_host(vm.boot.shape) };
        vm.cell.cgroup.arm(&share).map_err(|error| failed("set the limits", error))?;
        if let Some(a_second) = self.limits.disk_iops {
            vm.machine.bound_reads(a_second).await?;
        }
        let (workdir, private) = (self.workdir.clone(), vm.cell.folder().to_owned());
        let files = apart(move || {
            Files::new(&workdir, &private).map_err(|source| SandboxError::io("make room for files", source))
        })
        .await?;
        let spent = self.grown().await?;
        let seed = host::random::<32>().map_err(|error| failed("get the randomness", error))?;
        let identity = host::random::<16>().map_err(|error| failed("get the randomness", error))?;
        let identity = host::hex(&identity);
        let link = &mut vm.link;
        let settling = async {
            link.set_clock(host::unix_nanos()).await?;
            let files = files.push(link).await?;
            if let Some(way_out) = &self.way_out {
                way_out.give(link).await?;
            }
            // From here on what is written counts, and commands are let in.
            link.reseed(seed, identity.clone()).await?;
            Ok(files)
        };
        let files = settling.await.map_err(|error: LinkError| error.of(&self.name))?;
        self.window.show(&vm);
        Ok(Taken { vm, files, spent, is_new: true, identity })
    }

    /// Has the machine say nothing more, writes it down, and lets it go on, whatever became of the file. The outer error
    /// means that it cannot go on.
    async fn write(
        &self,
        taken: &mut Taken,
        folder: &Path,
    ) -> Result<Result<(), SandboxError>, SandboxError> {
        let Taken { vm, identity, .. } = taken;
        let lost = |error: LinkError| error.of(&self.name);
        vm.link.freeze().await.map_err(lost)?;
        let written = vm.machine.checkpoint(&vm.cell, folder).await;
        let written = match written {
            // Its old stream did not outlive that.
            Ok(Some(stream)) => {
                vm.link = timeout(AGAIN_WITHIN, Link::open(stream))
                    .await
                    .unwrap_or_else(|_| Err(LinkError::Lost("the guest does not answer any more".to_owned())))
                    .map_err(lost)?;
                Ok(())
            }
            other => {
                vm.link.greet_again().await.map_err(lost)?;
                other.map(drop)
            }
        };
        let seed = host::random::<32>().map_err(|error| {
            SandboxError::io(format!("get the randomness of sandbox {}", self.name), error)
        })?;
        vm.link.set_clock(host::unix_nanos()).await.map_err(lost)?;
        // What it goes on with is not what its copies have; it keeps its name.
        vm.link.reseed(seed, identity.clone()).await.map_err(lost)?;
        let (boot, folder, ingredients) =
            (vm.boot.clone(), folder.to_owned(), self.pool.ingredients().clone());
        Ok(match written {
            Ok(()) => apart(move || Frozen::write(&folder, &boot, &ingredients)).await,
            Err(error) => Err(error),
        })
    }

    /// How much the work folder grew since the sandbox was made.
    async fn grown(&self) -> Result<u64, SandboxError> {
        let (gauge, name) = (self.gauge.clone(), self.name.clone());
        apart(move || {
            gauge.growth().map_err(|source| SandboxError::io(format!("measure sandbox {name}"), source))
        })
        .await
    }

    /// Runs a command; gives the machine back when it can be used again.
    async fn run(&self, taken: Option<Taken>, mut exec: Exec) -> Result<Ran, SandboxError> {
        let Taken { mut vm, files, spent, is_new, identity } = match taken {
            Some(taken) => taken,
            None => self.fresh().await?,
        };
        if let Some(way_out) = &self.way_out {
            let own = std::mem::take(&mut exec.env);
            exec.env = way_out.environment();
            exec.env.extend(own);
        }
        let wall = exec.wall.unwrap_or(self.limits.wall).min(self.limits.wall);
        // What an earlier machine of this sandbox wrote counts too. Who is past it may still remove files.
        let disk_bytes = self.limits.disk_bytes.saturating_sub(spent).max(LEAST_DISK);
        let command = Command::of(&exec, &Limits { disk_bytes, ..self.limits.clone() }, wall);
        let talked = {
            let Vm { link, machine, .. } = &mut vm;
            let talking = self.talk(link, files, is_new, &command, wall + GRACE);
            let talked = tokio::select! {
                biased;
                talked = talking => talked,
                how = machine.ended() => Err(LinkError::Lost(how)),
            };
            match talked {
                // The stream ends a moment before the machine is known to have ended.
                Err(LinkError::Lost(reason)) => {
                    let how = timeout(LAST_WORDS, machine.ended()).await;
                    Err(LinkError::Lost(how.unwrap_or(reason)))
                }
                talked => talked,
            }
        };
        let (talked, took) = talked.map_err(|error| error.of(&self.name))?;
        let (outcome, files) = match talked {
            Talked::Ended(outcome, files) => (outcome, files),
            // Its machine goes with it, unless the mistake was a small one.
            Talked::Refused(error, files) => {
                let taken =
                    error.is_no_folder().then_some(Taken { vm, files, spent, is_new: false, identity });
                return Ok((Err(error.of(&self.name)), taken));
            }
        };
        let Outcome { mut how, stdout, stderr, dropped } = outcome;
        if matches!(how, How::Exited { .. } | How::Signalled { .. })
            && self.grown().await? >= self.limits.disk_bytes
        {
            how = How::LimitPassed { limit: Limit::Disk };
        }
        // A full machine is of no more use, and neither is one that has what the host would not take.
        let is_full = how == How::LimitPassed { limit: Limit::Disk };
        let taken =
            files.filter(|_| !is_full).map(|files| Taken { vm, files, spent, is_new: false, identity });
        Ok((Ok(Ended { how, stdout, stderr, dropped_bytes: dropped, took }), taken))
    }

    /// Files in, the command, files out. Says how long the command took.
    async fn talk(
        &self,
        link: &mut Link,
        files: Files,
        is_new: bool,
        command: &Command,
        patience: Duration,
    ) -> Result<(Talked, Duration), LinkError> {
        let files = if is_new { files } else { files.push(link).await? };
        let began = Instant::now();
        let ended = timeout(patience, link.exec(command)).await;
        let took = began.elapsed();
        let outcome = match ended {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(LinkError::Failed(failed))) => {
                return Ok((Talked::Refused(failed.into(), files), took));
            }
            Ok(Err(error)) => return Err(error),
            // The guest did not hold it to its time. The machine goes, and with it what the command did.
            Err(_) => return Ok((Talked::Ended(Outcome::silent(), None), took)),
        };
        match files.pull(link, &self.limits).await {
            Ok(files) => Ok((Talked::Ended(outcome, Some(files)), took)),
            Err(error) if error.is_too_much() => {
                let how = How::LimitPassed { limit: Limit::Disk };
                Ok((Talked::Ended(Outcome { how, ..outcome }, None), took))
            }
            Err(error) => Err(error),
        }
    }
}

/// What came of a command.
enum Talked {
    /// It ended. Without files the machine has what the host has not.
    Ended(Outcome, Option<Files>),
    /// It was not begun.
    Refused(LinkError, Files),
}

/// What came of a command, and the machine where it can be used again.
type Ran = (Result<Ended, SandboxError>, Option<Taken>);

/// What can be seen of the machine that the sandbox has at the moment.
struct MachineWindow {
    gauge: Gauge,
    image: String,
    machine: StdMutex<Option<(Console, Cgroup)>>,
}

impl MachineWindow {
    fn show(&self, vm: &Vm) {
        *self.lock() = Some((vm.machine.console(), vm.cell.cgroup.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Console, Cgroup)>> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window for MachineWindow {
    fn figures(&self) -> Figures {
        let cgroup = self.lock().as_ref().map(|(_, cgroup)| cgroup.clone());
        let figures = cgroup.map(|cgroup| cgroup.figures()).unwrap_or_default();
        Figures { disk_bytes: self.gauge.growth().ok(), ..figures }
    }

    fn console(&self, lines: usize) -> Option<String> {
        self.lock().as_ref().map(|(console, _)| console.tail(lines))
    }

    fn image(&self) -> Option<String> {
        Some(self.image.clone())
    }
}

//! The sandbox around a microVM.
//!
//! The work folder on the host is the truth. Before a command the machine is given what changed in it, after the command
//! the host takes back what the command changed. A machine that dies on the way changed nothing, and the next command
//! runs in another one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use swarm_domain::attempt::Rung;
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    files::Files,
    firecracker::Firecracker,
    guest::GuestProgram,
    home::Home,
    host,
    image::Image,
    kernel::Kernel,
    link::{Command, Link, LinkError, Outcome},
    machine::{Monitor, Shape, Stages},
    pool::{Pool, Vm},
    proof,
    qemu::{Accel, Qemu},
    size,
    template::Ingredients,
    way_out::WayOut,
};
use crate::{
    admission,
    cgroup::Places,
    disk::Gauge,
    error::SandboxError,
    figures::{Figures, Progress},
    instance::Instance,
    limits_report::{Hold, LimitsReport},
    sandbox::{Backend, Ended, Exec, How, Limit, Limits, Network, Sandbox, SandboxSpec},
};

/// How long a machine may take from its start to the guest's first word. An emulated one on a busy host takes its time.
const BOOT_WITHIN: Duration = Duration::from_mins(1);

/// How long a machine whose stream has ended may take to be known as ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a command may write at least, when its sandbox is at its limit.
const LEAST_DISK: u64 = 64 << 10;

/// What the guest may take beyond the time that it holds a command to, before the host ends the machine.
const GRACE: Duration = Duration::from_secs(5);

/// Makes sandboxes that are microVMs.
#[derive(Debug)]
pub struct MicroVms {
    pool: Arc<Pool>,
    instance: Arc<Instance>,
    emulated: bool,
    jailed: bool,
}

impl MicroVms {
    /// With QEMU. `state` is swarm's own folder for the records of its sandboxes. Where hardware virtualisation is of no
    /// use, machines are emulated if that is wanted; else that is the error.
    pub async fn qemu(state: &Path, emulation_will_do: bool) -> Result<Self, SandboxError> {
        Self::qemu_in(state, Home::of(state), emulation_will_do).await
    }

    /// The same, with kernel, images and templates in this folder.
    pub async fn qemu_in(state: &Path, home: Home, emulation_will_do: bool) -> Result<Self, SandboxError> {
        // The cheapest question first: what is not installed needs no kernel.
        let qemu = apart(|| Qemu::find(Accel::Kvm)).await?;
        let jailed = qemu.is_jailed();
        let ground = Ground::look(state, home, Rung::Qemu, Arc::new(qemu.clone())).await?;
        let Some(obstacle) = ground.obstacle().await else {
            return Ok(ground.open(false, jailed));
        };
        if !emulation_will_do {
            let reason = format!("machines would be emulated, many times slower ({obstacle})");
            let mend = "enable hardware virtualisation, or ask for emulation: `--sandbox qemu`".to_owned();
            return Err(SandboxError::Unavailable { rung: Rung::Qemu, reason, mend });
        }
        tracing::info!(obstacle, "microVMs are emulated");
        Ok(ground.with(Arc::new(qemu.emulating())).open(true, jailed))
    }

    /// With Firecracker, which needs hardware virtualisation.
    pub async fn firecracker(state: &Path) -> Result<Self, SandboxError> {
        let firecracker = apart(Firecracker::find).await?;
        let jailed = firecracker.is_jailed();
        let ground = Ground::look(state, Home::of(state), Rung::Firecracker, Arc::new(firecracker)).await?;
        match ground.obstacle().await {
            None => Ok(ground.open(false, jailed)),
            Some(reason) => {
                let mend = "enable hardware virtualisation, or use `--sandbox qemu`".to_owned();
                Err(SandboxError::Unavailable { rung: Rung::Firecracker, reason, mend })
            }
        }
    }

    /// How firmly limits are held.
    #[must_use]
    pub fn limits(&self) -> LimitsReport {
        let together = Hold::Together;
        LimitsReport { memory: together, cpu: together, pids: together, reason: None }
    }

    /// What the operator must be told before anything runs.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let slow = "microVMs are emulated here: commands take several times as long";
        let bare = "bubblewrap does not work here: the monitor itself runs with swarm's own rights";
        let said: Vec<_> = [(self.emulated, slow), (!self.jailed, bare)]
            .into_iter()
            .filter(|(so, _)| *so)
            .map(|(_, text)| text)
            .collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Makes a machine from nothing but its template, has it do one command, and says how long each stage took.
    pub async fn measure(&self, limits: &Limits) -> Result<Stages, SandboxError> {
        self.pool.measure(limits).await
    }

    /// Measures `count` machines one after the other, and then as many at once.
    pub(crate) async fn figures(&self, count: usize, said: Progress<'_>) -> Result<Figures, SandboxError> {
        self.pool.figures(count, said).await
    }

    /// How many machines wait to be used.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.pool.ready()
    }

    /// Lets no machine wait any more, and ends those that do.
    pub async fn drain(&self) {
        self.pool.drain().await;
    }
}

/// All that a rung is opened on.
struct Ground {
    home: Home,
    instance: Arc<Instance>,
    places: Places,
    ingredients: Ingredients,
}

impl Ground {
    async fn look(
        state: &Path,
        home: Home,
        rung: Rung,
        monitor: Arc<dyn Monitor>,
    ) -> Result<Self, SandboxError> {
        let state = state.to_owned();
        apart(move || {
            let kernel = Kernel::installed(&home)?.ok_or_else(|| SandboxError::Unavailable {
                rung,
                reason: "there is no kernel for microVMs".to_owned(),
                mend: "run `swarm sandbox setup`".to_owned(),
            })?;
            let (image, guest) = (Image::usual(&home)?, GuestProgram::find(&home)?);
            let instance = Arc::new(Instance::open(&state)?);
            let ingredients = Ingredients { monitor, kernel, image, guest, boot_within: BOOT_WITHIN };
            Ok(Self { home, instance, places: Places::find(), ingredients })
        })
        .await
    }

    async fn obstacle(&self) -> Option<String> {
        proof::obstacle(&self.home, self.ingredients.clone(), &self.instance, &self.places).await
    }

    fn with(mut self, monitor: Arc<dyn Monitor>) -> Self {
        self.ingredients.monitor = monitor;
        self
    }

    fn open(self, emulated: bool, jailed: bool) -> MicroVms {
        let Self { home, instance, places, ingredients } = self;
        let pool = Arc::new(Pool::open(ingredients, home, Arc::clone(&instance), places));
        MicroVms { pool, instance, emulated, jailed }
    }
}

/// Does what blocks where it holds nothing up.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| SandboxError::io("wait for its own work", std::io::Error::other(error)))?
}

#[async_trait]
impl Backend for MicroVms {
    fn rung(&self) -> Rung {
        self.pool.ingredients().monitor.rung()
    }

    async fn probe(&self) -> Result<(), SandboxError> {
        let folder =
            tempfile::tempdir().map_err(|source| SandboxError::io("make a folder for a trial", source))?;
        let spec = SandboxSpec {
            name: "probe".to_owned(),
            workdir: folder.path().to_owned(),
            ..SandboxSpec::default()
        };
        let unavailable = |reason: String| SandboxError::Unavailable {
            rung: self.rung(),
            reason,
            mend: "run `swarm sandbox setup`; if it stays so, use `--sandbox bubblewrap`".to_owned(),
        };
        let sandbox = self.create(spec).await?;
        let ended = sandbox.exec(Exec::shell("exit 0"), CancellationToken::new()).await;
        sandbox.stop().await?;
        match ended.map_err(|error| unavailable(error.to_string()))?.how {
            How::Exited { code: 0 } => Ok(()),
            how => Err(unavailable(format!("`exit 0` ended with {how}"))),
        }
    }

    async fn create(&self, spec: SandboxSpec) -> Result<Box<dyn Sandbox>, SandboxError> {
        let state = self.instance.folder().parent().unwrap_or(self.instance.folder()).to_owned();
        let checked = spec.clone();
        let (workdir, gauge, way_out) = apart(move || {
            let workdir = admission::spec(&checked, &state)?;
            let way_out = match checked.network {
                Network::None => None,
                Network::Through(egress) => Some(WayOut::open(egress, &checked.limits)?),
            };
            let gauge = Gauge::start(vec![workdir.clone()]).map_err(|source| {
                SandboxError::io(format!("measure the work folder of {}", checked.name), source)
            })?;
            Ok((workdir, gauge, way_out))
        })
        .await?;
        let shape = size::of(&spec.limits);
        let sandbox = Around {
            pool: Arc::clone(&self.pool),
            name: spec.name,
            workdir,
            limits: spec.limits,
            gauge,
            way_out,
            shape,
            vm: Mutex::default(),
        };
        // What cannot work is found out now and not with the first command.
        let vm = sandbox.fresh().await?;
        *sandbox.vm.lock().await = Some(vm);
        Ok(Box::new(sandbox))
    }

    async fn close(&self) {
        self.drain().await;
        self.instance.settle().await;
    }
}

struct Around {
    pool: Arc<Pool>,
    name: String,
    workdir: PathBuf,
    limits: Limits,
    gauge: Gauge,
    way_out: Option<WayOut>,
    shape: Shape,
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
                Ok(ended)
            }
        }
    }

    async fn stop(self: Box<Self>) -> Result<(), SandboxError> {
        match self.vm.into_inner() {
            Some(taken) => taken.vm.end().await,
            None => Ok(()),
        }
    }
}

impl Around {
    /// A machine that was made this sandbox's: it has the time, randomness of its own, the work folder, and the sandbox's
    /// share of the processors.
    async fn fresh(&self) -> Result<Taken, SandboxError> {
        let mut vm = self.pool.take(self.shape).await?;
        let failed =
            |doing: &str, source| SandboxError::io(format!("{doing} of sandbox {}", self.name), source);
        let share = Limits { cpu_milli: self.limits.cpu_milli, ..size::on_the_host(self.shape) };
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
        let link = &mut vm.link;
        let settling = async {
            link.set_clock(host::unix_nanos()).await?;
            let files = files.push(link).await?;
            if let Some(way_out) = &self.way_out {
                way_out.give(link).await?;
            }
            // From here on what is written counts, and commands are let in.
            link.reseed(seed, host::hex(&identity)).await?;
            Ok(files)
        };
        let files = settling.await.map_err(|error: LinkError| error.of(&self.name))?;
        Ok(Taken { vm, files, spent, is_new: true })
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
    async fn run(
        &self,
        taken: Option<Taken>,
        mut exec: Exec,
    ) -> Result<(Ended, Option<Taken>), SandboxError> {
        let Taken { mut vm, files, spent, is_new } = match taken {
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
            // Its machine goes with it: commands that cannot begin are seldom.
            Talked::Refused(error) => return Err(error.of(&self.name)),
        };
        let Outcome { mut how, stdout, stderr, dropped } = outcome;
        if matches!(how, How::Exited { .. } | How::Signalled { .. })
            && self.grown().await? >= self.limits.disk_bytes
        {
            how = How::LimitPassed { limit: Limit::Disk };
        }
        // A full machine is of no more use, and neither is one that has what the host would not take.
        let is_full = how == How::LimitPassed { limit: Limit::Disk };
        let taken = files.filter(|_| !is_full).map(|files| Taken { vm, files, spent, is_new: false });
        Ok((Ended { how, stdout, stderr, dropped_bytes: dropped, took }, taken))
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
            Ok(Err(LinkError::Failed(failed))) => return Ok((Talked::Refused(failed.into()), took)),
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
    Refused(LinkError),
}

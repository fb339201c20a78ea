//! How long machines take to come, beside the same monitor with the same command line and none of swarm's parts around
//! it: no walls, no cgroup, no bound on how many there are.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{GREETED_WITHIN, Pool, Shared, admission};
use crate::{
    cell::Cell,
    cgroup::Places,
    error::SandboxError,
    figures::{
        AtOnce, Figures, HostFacts, MachineFacts, Memory, Progress, Stage, mebibytes_each, milliseconds,
    },
    proportion::Proportion,
    sandbox::{Exec, How, Limits},
    vm::{
        host::{self, Means},
        link::{Command, Link, LinkError},
        machine::{Monitor, Shape, Stages},
        qemu::MEMORY,
        size,
        template::{self, Template},
    },
};

/// A boot from nothing is slow, and its times differ little.
const MOST_BOOTS: usize = 10;

/// Who watches is told after so many.
const SAY_EVERY: usize = 10;

/// Small machines, so that many fit at once.
fn measured() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(2), ..Limits::default() }
}

/// When a machine had come how far, each counted from when it was asked for.
struct Passage {
    resumed: Duration,
    greeted: Duration,
    answered: Duration,
}

/// Of many machines.
#[derive(Default)]
struct Times {
    booted: Vec<Duration>,
    resumed: Vec<Duration>,
    greeted: Vec<Duration>,
    answered: Vec<Duration>,
}

impl Times {
    fn add(&mut self, passage: &Passage) {
        self.resumed.push(passage.resumed);
        self.greeted.push(passage.greeted);
        self.answered.push(passage.answered);
    }
}

impl Pool {
    /// Makes a machine from nothing but its template, has it do one command, and says how long each stage took.
    pub(crate) async fn measure(&self, limits: &Limits) -> Result<Stages, SandboxError> {
        let shape = size::of(limits);
        let cold_boot = self.template(shape).await?.cold_boot;
        let Passage { resumed, answered, .. } = self.passage(shape, limits).await?;
        Ok(Stages { cold_boot, resumed, first_exec: answered })
    }

    /// Measures `count` machines one after the other, each beside one without swarm's parts, and then as many at once.
    pub(crate) async fn figures(&self, count: usize, said: Progress<'_>) -> Result<Figures, SandboxError> {
        let host = HostFacts::read();
        let (shared, limits) = (&self.shared, measured());
        let shape = size::of(&limits);
        let others = std::iter::repeat_n(shape, count.saturating_sub(1));
        if !admission::admits(shared.at_first, Means::now(), others, shape) {
            let each = shape.memory_mib;
            let detail = format!("this host has no room for {count} machines of {each} MiB at once");
            return Err(SandboxError::invalid("number of sandboxes", detail));
        }
        said("the template: one boot, and its snapshot");
        let template = self.template(shape).await?;
        let monitor = &shared.ingredients.monitor;
        let bare = monitor.bare();
        let (mut ours, mut alone) = (Times::default(), Times::default());
        let boots = count.min(MOST_BOOTS);
        for number in 1..=boots {
            said(&format!("boots from nothing: {number} of {boots}"));
            ours.booted.push(shared.booted(monitor.as_ref(), &template).await?);
            alone.booted.push(shared.booted_alone(bare.as_ref(), &template).await?);
        }
        for number in 1..=count {
            if number % SAY_EVERY == 1 {
                said(&format!("copies of the template: {number} of {count}"));
            }
            ours.add(&self.passage(shape, &limits).await?);
            alone.add(&shared.passage_alone(bare.as_ref(), &template, &limits).await?);
        }
        said(&format!("at once: {count}"));
        let (at_once, memory) = shared.crowd(&template, &limits, count).await?;
        Ok(Figures {
            rung: monitor.rung(),
            host,
            program: monitor.identity(),
            machine: Some(MachineFacts {
                memory_mib: shape.memory_mib,
                vcpus: shape.vcpus,
                kernel: shared.ingredients.kernel.release().to_owned(),
                image: shared.ingredients.image.name().to_owned(),
            }),
            stages: vec![
                Stage::of("cold boot to the guest's first word", &ours.booted, &alone.booted),
                Stage::of("restore to resumed", &ours.resumed, &alone.resumed),
                Stage::of("restore to the guest's first word", &ours.greeted, &alone.greeted),
                Stage::of("restore to the first command answered", &ours.answered, &alone.answered),
            ],
            at_once,
            memory: Some(memory),
        })
    }

    /// One machine, as a sandbox gets it when none is ready.
    async fn passage(&self, shape: Shape, limits: &Limits) -> Result<Passage, SandboxError> {
        let began = Instant::now();
        let mut vm = self.make(shape).await?;
        let greeted = began.elapsed();
        let resumed = vm.began.duration_since(began) + vm.resumed;
        answer(&mut vm.link, limits, &vm.cell.name).await?;
        let answered = began.elapsed();
        vm.end().await?;
        Ok(Passage { resumed, greeted, answered })
    }
}

impl Shared {
    async fn berth(&self, places: Places, shape: Shape) -> Result<Cell, SandboxError> {
        let instance = Arc::clone(&self.instance);
        let made = tokio::task::spawn_blocking(move || {
            Cell::berth(instance, &places, "measured", &size::on_the_host(shape))
        });
        made.await.map_err(|error| SandboxError::io("make a microVM", io::Error::other(error)))?
    }

    async fn booted(&self, monitor: &dyn Monitor, template: &Template) -> Result<Duration, SandboxError> {
        let began = Instant::now();
        let cell = self.berth(self.places.clone(), template.boot.shape).await?;
        self.boot(began, monitor, cell, template).await
    }

    async fn booted_alone(&self, bare: &dyn Monitor, template: &Template) -> Result<Duration, SandboxError> {
        let cell = self.berth(nowhere(), template.boot.shape).await?;
        self.boot(Instant::now(), bare, cell, template).await
    }

    /// Boots a machine with a memory of its own, which goes with its folder.
    async fn boot(
        &self,
        began: Instant,
        monitor: &dyn Monitor,
        cell: Cell,
        template: &Template,
    ) -> Result<Duration, SandboxError> {
        let folder = cell.folder().join("booted");
        fs::create_dir(&folder).map_err(|source| SandboxError::io("make a folder for a microVM", source))?;
        let mut machine = monitor.boot(&cell, &template.boot, &folder).await?;
        let link = template::greet(&mut machine, &cell.name, self.ingredients.boot_within).await?;
        let took = began.elapsed();
        drop(link);
        machine.kill().await;
        cell.stop().await?;
        Ok(took)
    }

    async fn passage_alone(
        &self,
        bare: &dyn Monitor,
        template: &Template,
        limits: &Limits,
    ) -> Result<Passage, SandboxError> {
        let cell = self.berth(nowhere(), template.boot.shape).await?;
        let began = Instant::now();
        let mut machine = bare.restore(&cell, &template.boot, &template.folder).await?;
        let resumed = began.elapsed();
        let [.., patience] = GREETED_WITHIN;
        let mut link = template::greet(&mut machine, &cell.name, patience).await?;
        let greeted = began.elapsed();
        answer(&mut link, limits, &cell.name).await?;
        let answered = began.elapsed();
        drop(link);
        machine.kill().await;
        cell.stop().await?;
        Ok(Passage { resumed, greeted, answered })
    }

    /// Asks for many in one moment; what they hold is read when the last one has answered.
    async fn crowd(
        self: &Arc<Self>,
        template: &Template,
        limits: &Limits,
        count: usize,
    ) -> Result<(AtOnce, Memory), SandboxError> {
        let gone = |error| SandboxError::io("wait for its own work", io::Error::other(error));
        let shape = template.boot.shape;
        let began = Instant::now();
        let mut coming = JoinSet::new();
        for _ in 0..count {
            let (this, limits) = (Arc::clone(self), limits.clone());
            coming.spawn(async move {
                let room = this.room(shape).await?;
                let mut vm = this.restore(shape, room).await?;
                answer(&mut vm.link, &limits, &vm.cell.name).await?;
                Ok::<_, SandboxError>(vm)
            });
        }
        let mut vms = Vec::with_capacity(count);
        while let Some(came) = coming.join_next().await {
            vms.push(came.map_err(gone)??);
        }
        let wall = began.elapsed();
        let processes = vms.iter().flat_map(|vm| vm.cell.living()).collect();
        let memory = template.folder.join(MEMORY);
        let weighed = tokio::task::spawn_blocking(move || -> io::Result<_> {
            let inode = fs::metadata(memory)?.ino();
            Ok(Proportion::of(&processes, inode))
        });
        let weighed = weighed
            .await
            .map_err(gone)?
            .map_err(|source| SandboxError::io("read the memory of a template", source))?;
        let mut leaving = JoinSet::new();
        for vm in vms {
            leaving.spawn(vm.end());
        }
        while let Some(left) = leaving.join_next().await {
            left.map_err(gone)??;
        }
        let memory = Memory {
            count,
            each_mib: mebibytes_each(weighed.all(), count),
            monitor_mib: mebibytes_each(weighed.rest, count),
        };
        Ok((AtOnce { count, wall_ms: milliseconds(wall) }, memory))
    }
}

fn nowhere() -> Places {
    Places::none("measured without".to_owned())
}

/// Makes a machine one of its own, and has it do the least that there is to do.
async fn answer(link: &mut Link, limits: &Limits, name: &str) -> Result<(), SandboxError> {
    let failed = |source| SandboxError::io("get the randomness", source);
    let seed = host::random::<32>().map_err(failed)?;
    let identity = host::hex(&host::random::<16>().map_err(failed)?);
    let command = Command::of(&Exec::shell("exit 0"), limits, limits.wall);
    let first = async {
        link.set_clock(host::unix_nanos()).await?;
        link.reseed(seed, identity).await?;
        link.exec(&command).await
    };
    let outcome = first.await.map_err(|error: LinkError| error.of(name))?;
    if outcome.how == (How::Exited { code: 0 }) {
        return Ok(());
    }
    Err(SandboxError::Gone { name: name.to_owned(), reason: format!("`exit 0` ended with {}", outcome.how) })
}

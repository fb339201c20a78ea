//! The rung of microVMs: opens it, says how firmly it holds, makes its sandboxes.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use swarm_domain::attempt::Rung;
use tokio_util::sync::CancellationToken;

use super::{
    around::Around,
    firecracker::Firecracker,
    ground::{self, Ground, apart},
    home::Home,
    machine::Stages,
    pool::Pool,
    qemu::{Accel, Qemu},
    way_out::WayOut,
};
use crate::{
    admission,
    disk::Gauge,
    error::SandboxError,
    figures::{Figures, Progress},
    instance::Instance,
    limits_report::{Hold, LimitsReport},
    sandbox::{Backend, Exec, How, Limits, Network, Sandbox, SandboxSpec},
    window::Waiting,
};

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
        // The cheapest questions first: what is not installed needs no kernel, and without one nobody asks its version.
        let kept = home.clone();
        let qemu = apart(move || {
            Qemu::program()?;
            ground::kernel(&kept, Rung::Qemu)?;
            Qemu::find(Accel::Kvm)
        })
        .await?;
        let jailed = qemu.is_jailed();
        let ground = Ground::look(state, home, Rung::Qemu, Arc::new(qemu.clone())).await?;
        let Some(obstacle) = ground.obstacle().await else {
            return Ok(Self::on(ground, false, jailed));
        };
        if !emulation_will_do {
            let reason = format!("machines would be emulated, many times slower ({obstacle})");
            let mend = "enable hardware virtualisation, or ask for emulation: `--sandbox qemu`".to_owned();
            return Err(SandboxError::Unavailable { rung: Rung::Qemu, reason, mend });
        }
        tracing::info!(obstacle, "microVMs are emulated");
        Ok(Self::on(ground.with(Arc::new(qemu.emulating())), true, jailed))
    }

    /// With Firecracker, which needs hardware virtualisation.
    pub async fn firecracker(state: &Path) -> Result<Self, SandboxError> {
        let firecracker = apart(Firecracker::find).await?;
        let jailed = firecracker.is_jailed();
        let ground = Ground::look(state, Home::of(state), Rung::Firecracker, Arc::new(firecracker)).await?;
        match ground.obstacle().await {
            None => Ok(Self::on(ground, false, jailed)),
            Some(reason) => {
                let mend = "enable hardware virtualisation, or use `--sandbox qemu`".to_owned();
                Err(SandboxError::Unavailable { rung: Rung::Firecracker, reason, mend })
            }
        }
    }

    fn on(ground: Ground, emulated: bool, jailed: bool) -> Self {
        let (pool, instance) = ground.open();
        Self { pool, instance, emulated, jailed }
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
        let sandbox = self.around(spec).await?;
        // What cannot work is found out now and not with the first command.
        sandbox.begin().await?;
        Ok(Box::new(sandbox))
    }

    async fn revive(&self, spec: SandboxSpec, memory: &Path) -> Result<Box<dyn Sandbox>, SandboxError> {
        let sandbox = self.around(spec).await?;
        sandbox.begin_from(memory).await?;
        Ok(Box::new(sandbox))
    }

    fn waiting(&self) -> Vec<Waiting> {
        self.pool.waiting()
    }

    async fn close(&self) {
        self.drain().await;
        self.instance.settle().await;
    }
}

impl MicroVms {
    /// A sandbox that has no machine yet.
    async fn around(&self, spec: SandboxSpec) -> Result<Around, SandboxError> {
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
        Ok(Around::new(Arc::clone(&self.pool), spec, workdir, gauge, way_out))
    }
}

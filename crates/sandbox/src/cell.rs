//! What a sandbox of either rung holds: its limits, its cgroup, a private folder, and the duty to end what it started.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use swarm_domain::vitals::SandboxKind;
use tokio::sync::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use crate::{
    admission, census,
    cgroup::{Cgroup, Places},
    disk::{self, Gauge},
    error::SandboxError,
    instance::{Instance, Record},
    sandbox::{Limits, SandboxSpec},
    tally::Counted,
};

/// How long killed processes may take to be gone, and the kernel to let go of their cgroup.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of the machine that becomes a template.
pub(crate) const TEMPLATE: &str = "template";

/// The part of a sandbox that is on the host.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The work folder's real path.
    pub(crate) workdir: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) cgroup: Cgroup,
    pub(crate) gauge: Gauge,
    /// Commands run one after the other: the end of one means the end of all processes.
    turn: Mutex<()>,
    folder: PathBuf,
    instance: Arc<Instance>,
    open: bool,
    _counted: Counted,
}

impl Cell {
    /// Makes it. `counted` names the folders within the private one that count towards the disk limit, and are made.
    pub(crate) fn make(
        instance: Arc<Instance>,
        places: &Places,
        spec: &SandboxSpec,
        counted: &[&str],
    ) -> Result<Self, SandboxError> {
        let state = instance.folder().parent().unwrap_or(instance.folder());
        let workdir = admission::spec(spec, state)?;
        let counted_as = SandboxKind::Process;
        let mut cell = Self::hold(instance, places, (&spec.name, counted_as), workdir, &spec.limits)?;
        let failed = |doing: &str| {
            let doing = format!("{doing} of sandbox {}", spec.name);
            move |source| SandboxError::Io { doing, source }
        };
        let mut folders = vec![cell.workdir.clone()];
        folders.extend(counted.iter().map(|name| cell.folder.join(name)));
        folders[1..].iter().try_for_each(fs::create_dir).map_err(failed("make the private folders"))?;
        cell.gauge = Gauge::start(folders).map_err(failed("measure the work folder"))?;
        cell.bound_operations().map_err(failed("bound the disk's operations"))?;
        Ok(cell)
    }

    fn bound_operations(&self) -> std::io::Result<()> {
        let Some(most) = self.limits.disk_iops else {
            return Ok(());
        };
        let is_bounded = match disk::device(&self.workdir)? {
            Some(device) => self.cgroup.bound_operations(&device, most)?,
            None => false,
        };
        if !is_bounded {
            let sandbox = &self.name;
            tracing::warn!(sandbox, "no cgroup bounds operations of the work folder's disk here");
        }
        Ok(())
    }

    /// Makes one that holds a microVM: what is in that is not measured from here.
    pub(crate) fn berth(
        instance: Arc<Instance>,
        places: &Places,
        name: &str,
        limits: &Limits,
    ) -> Result<Self, SandboxError> {
        let kind = if name == TEMPLATE { SandboxKind::Template } else { SandboxKind::Microvm };
        Self::hold(instance, places, (name, kind), PathBuf::new(), limits)
    }

    fn hold(
        instance: Arc<Instance>,
        places: &Places,
        (name, kind): (&str, SandboxKind),
        workdir: PathBuf,
        limits: &Limits,
    ) -> Result<Self, SandboxError> {
        let failed = |doing: &str| {
            let doing = format!("{doing} of sandbox {name}");
            move |source| SandboxError::Io { doing, source }
        };
        let id = instance.fresh_id();
        let folder = instance.folder().join(&id);
        let cgroup = places.cgroup(&id, limits.disk_iops.is_some());
        instance
            .record(&id, &Record { name: name.to_owned(), cgroup: cgroup.clone() })
            .map_err(failed("write the record"))?;
        // From here on dropping it clears up.
        let cell = Self {
            id,
            name: name.to_owned(),
            workdir,
            limits: limits.clone(),
            cgroup,
            gauge: Gauge::default(),
            turn: Mutex::new(()),
            folder,
            instance,
            open: true,
            _counted: Counted::begun(kind),
        };
        fs::create_dir(&cell.folder).map_err(failed("make the private folder"))?;
        cell.cgroup.make(&cell.limits).map_err(failed("make the cgroup"))?;
        Ok(cell)
    }

    /// A folder of swarm's that the sandbox does not see (in the process rung: that it need not see).
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Kills every process of it once; some may be born meanwhile.
    fn kill(&self, leader: Option<i32>) {
        self.cgroup.kill();
        if let Some(leader) = leader {
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
        if self.cgroup.is_empty() {
            self.living().into_iter().for_each(census::end);
        }
    }

    /// Its processes.
    pub(crate) fn living(&self) -> std::collections::HashSet<i32> {
        if self.cgroup.is_empty() { census::marked(|id| id == self.id) } else { self.cgroup.processes() }
    }

    /// Kills until no process is left. `leader` leads the process group of the command.
    pub(crate) async fn end_all(&self, leader: Option<i32>) -> Result<(), SandboxError> {
        let until = Instant::now() + PATIENCE;
        // A process that is just becoming another program has no marker to be seen.
        let wanted = if self.cgroup.is_empty() { 2 } else { 1 };
        let mut empty = 0;
        loop {
            self.kill(leader);
            empty = if self.living().is_empty() { empty + 1 } else { 0 };
            if empty == wanted {
                return Ok(());
            }
            if Instant::now() >= until {
                let source = std::io::Error::other("a process does not die");
                return Err(SandboxError::io(format!("end the processes of sandbox {}", self.name), source));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until no other command runs. Nothing when it is cancelled before.
    pub(crate) async fn take_turn(
        &self,
        cancel: &CancellationToken,
    ) -> Result<Option<MutexGuard<'_, ()>>, SandboxError> {
        let turn = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(None),
            turn = self.turn.lock() => turn,
        };
        // Nobody may have waited for the end of the command before.
        self.end_all(None).await?;
        Ok(Some(turn))
    }

    /// Frees everything.
    pub(crate) async fn stop(mut self) -> Result<(), SandboxError> {
        self.end_all(None).await?;
        self.open = false;
        let held = self.held();
        let name = self.name.clone();
        let freed = tokio::task::spawn_blocking(move || held.free(PATIENCE)).await;
        freed
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|source| SandboxError::io(format!("clear up after sandbox {name}"), source))
    }

    fn held(&self) -> Held {
        Held {
            id: self.id.clone(),
            cgroup: self.cgroup.clone(),
            folder: self.folder.clone(),
            instance: Arc::clone(&self.instance),
        }
    }

    /// Kills everything when dropped: for a command that nobody waits for any more.
    pub(crate) fn reaper(&self, leader: Option<i32>) -> Reaper<'_> {
        Reaper { cell: self, leader, armed: true }
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        self.kill(None);
        let held = self.held();
        // What cannot be freed stays on record, and the next start sweeps it.
        let _ =
            std::thread::Builder::new().name("sandbox-drop".to_owned()).spawn(move || held.free(PATIENCE));
    }
}

/// See [`Cell::reaper`].
pub(crate) struct Reaper<'a> {
    cell: &'a Cell,
    leader: Option<i32>,
    armed: bool,
}

impl Reaper<'_> {
    /// Ends all there is, and then has no more to do.
    pub(crate) async fn end_all(mut self) -> Result<(), SandboxError> {
        self.cell.end_all(self.leader).await?;
        self.armed = false;
        Ok(())
    }
}

impl Drop for Reaper<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.cell.kill(self.leader);
        }
    }
}

/// What is left of a sandbox once its processes are killed.
struct Held {
    id: String,
    cgroup: Cgroup,
    folder: PathBuf,
    instance: Arc<Instance>,
}

impl Held {
    fn free(&self, patience: Duration) -> std::io::Result<()> {
        self.cgroup.remove(patience)?;
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => self.instance.forget(&self.id),
        }
        Ok(())
    }
}

//! The process rung: no isolation at all. Only for an operator who asks for it by name.
//!
//! A command runs with the operator's own rights. What it is given is a plain environment, a `HOME` and `TMPDIR` of its
//! own, and the limits that a machine can put on a process. Its end is the end of its process group, of its cgroup where
//! there is one, and of every process that carries its marker; without cgroups, one that means to can get away.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use swarm_domain::attempt::Rung;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::{
    admission, ceilings,
    cell::Cell,
    census::MARKER,
    cgroup::Places,
    error::SandboxError,
    instance::Instance,
    limits_report::{Hold, LimitsReport},
    run::Run,
    sandbox::{Backend, Ended, Exec, How, Sandbox, SandboxSpec},
    window::{Cells, Window},
};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Joins the cgroups, leaves a sign that it came so far, sets the ceilings and becomes the command.
const ENTER: &str = r#"
while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
shift
: >"$1" || exit 125
shift
"#;

/// Runs commands as plain processes.
#[derive(Debug, Clone)]
pub struct Process {
    places: Places,
    instance: Arc<Instance>,
}

impl Process {
    /// Looks at what the machine has. `state` is swarm's own folder for the records of its sandboxes: made if missing,
    /// closed to other users, the same one at each start.
    pub async fn open(state: &Path) -> Result<Self, SandboxError> {
        let state = state.to_owned();
        let made = tokio::task::spawn_blocking(move || {
            let instance = Arc::new(Instance::open(&state)?);
            Ok(Self { places: Places::find(), instance })
        });
        made.await.map_err(|error| SandboxError::io("look at the machine", std::io::Error::other(error)))?
    }

    /// How firmly limits are held here.
    #[must_use]
    pub fn limits(&self) -> LimitsReport {
        let mut report = self.places.report();
        // A ceiling on a user's processes would count the operator's own too.
        if report.pids == Hold::Each {
            report.pids = Hold::Not;
        }
        report
    }
}

#[async_trait]
impl Backend for Process {
    fn rung(&self) -> Rung {
        Rung::Process
    }

    async fn probe(&self) -> Result<(), SandboxError> {
        if Path::new("/bin/sh").exists() {
            return Ok(());
        }
        let (reason, mend) = ("there is no /bin/sh".to_owned(), "install a shell".to_owned());
        Err(SandboxError::Unavailable { rung: Rung::Process, reason, mend })
    }

    async fn create(&self, spec: SandboxSpec) -> Result<Box<dyn Sandbox>, SandboxError> {
        let (this, report) = (self.clone(), self.limits());
        let made = tokio::task::spawn_blocking(move || {
            Cell::make(this.instance, &this.places, &spec, &["home", "tmp"])
        });
        let cell = made
            .await
            .map_err(|error| SandboxError::io("make a sandbox", std::io::Error::other(error)))??;
        Ok(Box::new(Plain { cell, report }))
    }

    async fn close(&self) {
        self.instance.settle().await;
    }
}

struct Plain {
    cell: Cell,
    report: LimitsReport,
}

#[async_trait]
impl Sandbox for Plain {
    fn rung(&self) -> Rung {
        Rung::Process
    }

    async fn exec(&self, exec: Exec, cancel: CancellationToken) -> Result<Ended, SandboxError> {
        admission::exec(&exec)?;
        let Some(_turn) = self.cell.take_turn(&cancel).await? else {
            return Ok(Ended::before_the_start());
        };
        let cwd = self.cell.workdir.join(&exec.cwd);
        if !cwd.is_dir() {
            return Err(SandboxError::invalid(
                "working folder",
                format!("{} is not there", exec.cwd.display()),
            ));
        }
        let limits = &self.cell.limits;
        let came_so_far = self.cell.folder().join("started");
        let _ = std::fs::remove_file(&came_so_far);

        let mut command = Command::new("/bin/sh");
        command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.env("HOME", self.cell.folder().join("home")).env("TMPDIR", self.cell.folder().join("tmp"));
        command.envs(&exec.env).env(MARKER, &self.cell.id).current_dir(cwd);
        command
            .arg("-c")
            .arg(format!("{ENTER}{}exec \"$@\"", ceilings::script(limits, &self.report)))
            .arg("sh");
        command.args(self.cell.cgroup.gates()).arg("--").arg(&came_so_far).args(&exec.argv);
        let run = Run {
            cell: &self.cell,
            command,
            stdin: exec.stdin,
            wall: exec.wall.unwrap_or(limits.wall).min(limits.wall),
            inside: None,
            way_out: None,
            cancel,
        };
        let finished = run.finish().await?;
        if finished.by_itself && matches!(finished.ended.how, How::Exited { .. }) && !came_so_far.exists() {
            let said = String::from_utf8_lossy(&finished.ended.stderr).trim().to_owned();
            return Err(SandboxError::io(
                format!("set up sandbox {}", self.cell.name),
                std::io::Error::other(said),
            ));
        }
        Ok(finished.ended)
    }

    fn window(&self) -> Arc<dyn Window> {
        Cells::shared(&self.cell.cgroup, &self.cell.gauge, None)
    }

    async fn stop(self: Box<Self>) -> Result<(), SandboxError> {
        self.cell.stop().await
    }
}

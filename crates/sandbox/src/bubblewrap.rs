//! The bubblewrap rung: Linux namespaces, a read-only system, a filter of system calls, Landlock, cgroup limits.
//!
//! Each command has a bubblewrap of its own, and with it process, mount and network namespaces of its own: when its first
//! process ends, the kernel kills the others.

mod diagnosis;
mod figures;
mod landlock;
mod syscalls;
pub(crate) mod system;
mod view;
mod way_out;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

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
    guest,
    instance::Instance,
    limits_report::LimitsReport,
    programs,
    run::{Inside, Run},
    sandbox::{Backend, Ended, Exec, How, Network, Sandbox, SandboxSpec},
    window::{Cells, Window},
};
use landlock::Landlock;
use way_out::WayOut;

/// Where the guest program appears inside: it confines commands, and leads to the network.
const GUEST: &str = "/run/swarm-guest";

/// Makes bubblewrap sandboxes.
#[derive(Debug, Clone)]
pub struct Bubblewrap {
    shared: Arc<Shared>,
    guest: Option<PathBuf>,
    landlock: Landlock,
}

#[derive(Debug)]
struct Shared {
    program: Option<PathBuf>,
    places: Places,
    view: view::View,
    instance: Arc<Instance>,
}

/// What the shell does that becomes bubblewrap: joins the cgroups, opens the two files that bubblewrap wants open.
const ENTER: &str = r#"
while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
shift
exec 8>"$1" 9<"$2"
shift 2
exec "$@"
"#;

impl Bubblewrap {
    /// Looks at what the machine has. `state` is swarm's own folder for the records of its sandboxes: made if missing,
    /// closed to other users, the same one at each start. Whether bubblewrap works is asked with [`Backend::probe`].
    pub async fn open(state: &Path) -> Result<Self, SandboxError> {
        let state = state.to_owned();
        let made = tokio::task::spawn_blocking(move || {
            let instance = Arc::new(Instance::open(&state)?);
            let view = view::View::make(instance.folder())
                .map_err(|source| SandboxError::io("write the files that a sandbox sees", source))?;
            let guest = guest::program();
            let landlock = Landlock::look(guest.as_deref());
            let shared = Shared { program: program(), places: Places::find(), view, instance };
            Ok(Self { shared: Arc::new(shared), guest, landlock })
        });
        made.await.map_err(|error| SandboxError::io("look at the machine", std::io::Error::other(error)))?
    }

    /// With this guest program instead of the one beside swarm or of `SWARM_GUEST`.
    #[must_use]
    pub fn with_guest(mut self, program: PathBuf) -> Self {
        self.landlock = Landlock::look(Some(&program));
        self.guest = Some(program);
        self
    }

    /// The version of Landlock that commands are held by, where they are.
    #[must_use]
    pub fn landlock(&self) -> Option<u32> {
        match self.landlock {
            Landlock::Held(version) => Some(version),
            Landlock::Absent(_) => None,
        }
    }

    /// Whether commands are held by Landlock too, in words.
    pub(crate) fn second_wall(&self) -> String {
        self.landlock.to_string()
    }

    /// How firmly limits are held here.
    #[must_use]
    pub fn limits(&self) -> LimitsReport {
        self.shared.places.report()
    }
}

/// Where bubblewrap is.
pub(crate) fn program() -> Option<PathBuf> {
    programs::find("bwrap")
}

#[async_trait]
impl Backend for Bubblewrap {
    fn rung(&self) -> Rung {
        Rung::Bubblewrap
    }

    async fn probe(&self) -> Result<(), SandboxError> {
        if self.shared.program.is_none() {
            return Err(diagnosis::not_installed());
        }
        let folder = tempfile::tempdir_in(std::env::temp_dir())
            .map_err(|source| SandboxError::io("make a folder for a trial", source))?;
        let spec = SandboxSpec {
            name: "probe".to_owned(),
            workdir: folder.path().to_owned(),
            ..SandboxSpec::default()
        };
        let sandbox = self.make(spec).await?;
        let outcome = sandbox.attempt(Exec::shell("exit 0"), CancellationToken::new()).await;
        sandbox.cell.stop().await?;
        match outcome? {
            Outcome::Ended(Ended { how: How::Exited { code: 0 }, .. }) => Ok(()),
            Outcome::Ended(ended) => Err(diagnosis::of(&format!("`exit 0` ended with {}", ended.how))),
            Outcome::NotSetUp(reason) => Err(diagnosis::of(&reason)),
        }
    }

    async fn create(&self, spec: SandboxSpec) -> Result<Box<dyn Sandbox>, SandboxError> {
        Ok(Box::new(self.make(spec).await?))
    }

    async fn close(&self) {
        self.shared.instance.settle().await;
    }
}

impl Bubblewrap {
    async fn make(&self, spec: SandboxSpec) -> Result<Wrapped, SandboxError> {
        let (shared, guest, landlock) = (Arc::clone(&self.shared), self.guest.clone(), self.landlock.clone());
        let made = tokio::task::spawn_blocking(move || {
            let program = shared.program.clone().ok_or_else(diagnosis::not_installed)?;
            let cell = Cell::make(Arc::clone(&shared.instance), &shared.places, &spec, &[])?;
            let way_out = match spec.network {
                Network::None => None,
                Network::Through(egress) => {
                    Some(WayOut::open(egress, &spec.limits, cell.folder(), guest.as_deref())?)
                }
            };
            let guest = guest.filter(|_| way_out.is_some() || landlock.is_held());
            Ok(Wrapped { program, cell, way_out, landlock, guest, shared })
        });
        made.await.map_err(|error| SandboxError::io("make a sandbox", std::io::Error::other(error)))?
    }
}

struct Wrapped {
    program: PathBuf,
    cell: Cell,
    way_out: Option<WayOut>,
    landlock: Landlock,
    /// The guest program, where it is needed inside.
    guest: Option<PathBuf>,
    shared: Arc<Shared>,
}

enum Outcome {
    Ended(Ended),
    /// The command was not come to: why.
    NotSetUp(String),
}

#[async_trait]
impl Sandbox for Wrapped {
    fn rung(&self) -> Rung {
        Rung::Bubblewrap
    }

    async fn exec(&self, command: Exec, cancel: CancellationToken) -> Result<Ended, SandboxError> {
        admission::exec(&command)?;
        let cwd = command.cwd.clone();
        match self.attempt(command, cancel).await? {
            Outcome::Ended(ended) => Ok(ended),
            Outcome::NotSetUp(reason) if reason.contains("Can't chdir") => {
                Err(SandboxError::invalid("working folder", format!("{} is not there", cwd.display())))
            }
            Outcome::NotSetUp(reason) => Err(SandboxError::io(
                format!("set up sandbox {}", self.cell.name),
                std::io::Error::other(reason),
            )),
        }
    }

    fn window(&self) -> Arc<dyn Window> {
        let proxy = self.way_out.as_ref().map(|it| it.proxy.clone());
        Cells::shared(&self.cell.cgroup, &self.cell.gauge, proxy)
    }

    async fn stop(self: Box<Self>) -> Result<(), SandboxError> {
        self.cell.stop().await
    }
}

impl Wrapped {
    async fn attempt(&self, exec: Exec, cancel: CancellationToken) -> Result<Outcome, SandboxError> {
        let Some(_turn) = self.cell.take_turn(&cancel).await? else {
            return Ok(Outcome::Ended(Ended::before_the_start()));
        };
        let mask = view::Mask::of(&self.cell.workdir)?;
        let status = self.cell.folder().join("status");
        let limits = &self.cell.limits;
        let ceilings = ceilings::script(limits, &self.shared.places.report());

        let mut command = Command::new("/bin/sh");
        command.env_clear().env("PATH", view::PATH).env(MARKER, &self.cell.id).current_dir("/");
        command.args(["-c", ENTER, "sh"]).args(self.cell.cgroup.gates()).arg("--");
        command.arg(&status).arg(self.shared.view.filter()).arg(&self.program);
        let way_out = self.way_out.as_ref();
        let mut shown = way_out.map(WayOut::arguments).unwrap_or_default();
        if let Some(guest) = &self.guest {
            shown.extend(["--ro-bind".into(), guest.into(), GUEST.into()]);
        }
        let mut environment: BTreeMap<_, _> = way_out.iter().flat_map(|it| it.environment()).collect();
        environment.extend(exec.env);
        command.args(self.shared.view.arguments(&self.cell.workdir, mask, limits, shown));
        command.args(view::environment(&environment, &self.cell.id));
        command.arg("--chdir").arg(view::inside(&exec.cwd)).arg("--");
        // A shell in between gives every program that is not there the exit code that people know: 127.
        let relay = way_out.map(|_| WayOut::start()).unwrap_or_default();
        let confine = self.landlock.before_a_command();
        let line = format!("exec 8>&- 9<&-\n{relay}{ceilings}exec {confine}\"$@\"");
        command.args(["/bin/sh", "-c", &line, "sh"]).args(&exec.argv);

        let process = || child_of(&fs::read_to_string(&status).ok()?);
        let run = Run {
            cell: &self.cell,
            command,
            stdin: exec.stdin,
            wall: exec.wall.unwrap_or(limits.wall).min(limits.wall),
            way_out: way_out.map(|it| &it.proxy),
            inside: Some(Inside { process: Box::new(process), folder: "/tmp", size: limits.disk_bytes }),
            cancel,
        };
        // Of an earlier command.
        let _ = fs::remove_file(&status);
        let finished = run.finish().await?;
        let exited = matches!(finished.ended.how, How::Exited { .. });
        if finished.by_itself
            && exited
            && !came_to_the_command(&fs::read_to_string(&status).unwrap_or_default())
        {
            let said = String::from_utf8_lossy(&finished.ended.stderr);
            return Ok(Outcome::NotSetUp(said.trim().chars().take(500).collect()));
        }
        Ok(Outcome::Ended(finished.ended))
    }
}

/// The sandbox's first process, from what bubblewrap writes about its state.
fn child_of(status: &str) -> Option<i32> {
    let first: serde_json::Value = serde_json::from_str(status.lines().next()?).ok()?;
    first.get("child-pid")?.as_i64()?.try_into().ok()
}

/// Bubblewrap writes the exit code of a command only, not its own when something fails before.
fn came_to_the_command(status: &str) -> bool {
    status.lines().any(|line| line.contains("\"exit-code\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_that_bubblewrap_writes_is_read() {
        let status = "{ \"child-pid\": 1253, \"net-namespace\": 4026532183 }\n{ \"exit-code\": 3 }\n";
        assert_eq!(child_of(status), Some(1253));
        assert!(came_to_the_command(status));
        assert_eq!(child_of(""), None);
        assert!(!came_to_the_command("{ \"child-pid\": 1253 }\n"));
    }
}

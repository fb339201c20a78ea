//! How long a bubblewrap sandbox takes to start, beside `bwrap` alone.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use swarm_domain::attempt::Rung;
use tokio::{process::Command, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Bubblewrap, diagnosis, system};
use crate::{
    error::SandboxError,
    figures::{AtOnce, Figures, HostFacts, Progress, Stage, milliseconds},
    sandbox::{Backend, Exec, How, Sandbox, SandboxSpec},
};

/// Who watches is told after so many.
const SAY_EVERY: usize = 10;

/// The least that there is to do.
const NOTHING: &str = "/bin/true";

impl Bubblewrap {
    /// Measures `count` commands one after the other, each beside `bwrap` alone, and then as many sandboxes at once.
    pub(crate) async fn figures(&self, count: usize, said: Progress<'_>) -> Result<Figures, SandboxError> {
        let host = HostFacts::read();
        let program = self.shared.program.clone().ok_or_else(diagnosis::not_installed)?;
        let folder =
            tempfile::tempdir().map_err(|source| SandboxError::io("make a folder to measure in", source))?;
        let (mut started, mut alone, mut made) = (Vec::new(), Vec::new(), Vec::new());
        let sandbox = self.create(spec(folder.path())).await?;
        for number in 1..=count {
            if number % SAY_EVERY == 1 {
                said(&format!("commands: {number} of {count}"));
            }
            started.push(answered(&*sandbox).await?);
            alone.push(without_swarm(&program).await?);
        }
        sandbox.stop().await?;
        for number in 1..=count {
            if number % SAY_EVERY == 1 {
                said(&format!("sandboxes: {number} of {count}"));
            }
            let began = Instant::now();
            let sandbox = self.create(spec(folder.path())).await?;
            answered(&*sandbox).await?;
            made.push(began.elapsed());
            sandbox.stop().await?;
        }
        said(&format!("at once: {count}"));
        let at_once = self.crowd(folder.path(), count).await?;
        Ok(Figures {
            rung: Rung::Bubblewrap,
            host,
            program: version(&program).await,
            machine: None,
            stages: vec![
                Stage::of("command asked for to its end", &started, &alone),
                Stage::of("sandbox asked for to its first command answered", &made, &[]),
            ],
            at_once,
            memory: None,
        })
    }

    async fn crowd(&self, folder: &Path, count: usize) -> Result<AtOnce, SandboxError> {
        let began = Instant::now();
        let mut coming = JoinSet::new();
        for _ in 0..count {
            let (this, spec) = (self.clone(), spec(folder));
            coming.spawn(async move {
                let sandbox = this.create(spec).await?;
                answered(&*sandbox).await?;
                Ok::<_, SandboxError>(sandbox)
            });
        }
        let gone = |error| SandboxError::io("wait for its own work", std::io::Error::other(error));
        let mut sandboxes = Vec::with_capacity(count);
        while let Some(came) = coming.join_next().await {
            sandboxes.push(came.map_err(gone)??);
        }
        let wall = began.elapsed();
        for sandbox in sandboxes {
            sandbox.stop().await?;
        }
        Ok(AtOnce { count, wall_ms: milliseconds(wall) })
    }
}

fn spec(folder: &Path) -> SandboxSpec {
    SandboxSpec { name: "measured".to_owned(), workdir: folder.to_owned(), ..SandboxSpec::default() }
}

async fn answered(sandbox: &dyn Sandbox) -> Result<Duration, SandboxError> {
    let nothing = Exec { argv: vec![NOTHING.to_owned()], ..Exec::default() };
    let began = Instant::now();
    let ended = sandbox.exec(nothing, CancellationToken::new()).await?;
    let took = began.elapsed();
    if ended.how == (How::Exited { code: 0 }) { Ok(took) } else { Err(unlike(&ended.how.to_string())) }
}

/// The same namespaces and system folders, and nothing else of what a sandbox has.
async fn without_swarm(program: &Path) -> Result<Duration, SandboxError> {
    let mut command = Command::new(program);
    command.args(["--unshare-all"]).args(system::folders()).args(["--proc", "/proc", "--dev", "/dev"]);
    command.arg(NOTHING).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().await.map_err(|source| SandboxError::io("start bwrap", source))?;
    let took = began.elapsed();
    if status.success() { Ok(took) } else { Err(unlike(&status.to_string())) }
}

fn unlike(how: &str) -> SandboxError {
    SandboxError::io("measure", std::io::Error::other(format!("`{NOTHING}` ended with {how}")))
}

async fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().await;
    output
        .map_or_else(|_| "bubblewrap".to_owned(), |it| String::from_utf8_lossy(&it.stdout).trim().to_owned())
}

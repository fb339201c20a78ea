//! Where the tools of others run: in a sandbox, on the files that they are about and nothing else.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use swarm_domain::scope::RelativePath;
use swarm_sandbox::{Backend, Ended, Exec, How, Limits, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::{error::FlowError, validate::acceptance::run_alone};

/// Where programs are that a sandbox sees.
const SEEN: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Where tools run.
pub(crate) struct Bench<'a> {
    /// Makes the sandboxes; none where no sandbox works.
    pub(crate) backend: Option<&'a dyn Backend>,
    /// Where folders for it are made.
    pub(crate) folder: PathBuf,
    /// Of the folder and the sandbox.
    pub(crate) name: String,
    /// What a command may use.
    pub(crate) limits: &'a Limits,
    /// Whether tools may reach the network.
    pub(crate) online: bool,
    /// Ends what is under way.
    pub(crate) cancel: CancellationToken,
}

/// What a tool needs beyond what an acceptance command may use.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) output_bytes: usize,
    pub(crate) seconds: u64,
}

impl Bench<'_> {
    /// Runs a tool in a fresh folder with these files.
    pub(crate) async fn run(
        &self,
        backend: &dyn Backend,
        label: &str,
        files: &[(&str, &[u8])],
        needs: Needs,
        command: Exec,
    ) -> Result<Ended, FlowError> {
        let name = format!("{}-{label}", self.name);
        let folder = self.folder.join(&name);
        fresh(&folder)?;
        for (path, bytes) in files {
            write(&folder, path, bytes)?;
        }
        let limits = Limits {
            output_bytes: self.limits.output_bytes.max(needs.output_bytes),
            wall: self.limits.wall.max(std::time::Duration::from_secs(needs.seconds)),
            memory_bytes: self.limits.memory_bytes.max(2 << 30),
            ..self.limits.clone()
        };
        let spec = SandboxSpec { name, workdir: folder.clone(), limits, ..SandboxSpec::default() };
        let ended = run_alone(backend, spec, command, self.cancel.clone()).await;
        remove(&folder)?;
        ended
    }
}

/// Whether a sandbox sees this program.
pub(crate) fn is_seen(program: &str) -> bool {
    SEEN.iter().any(|folder| Path::new(folder).join(program).is_file())
}

/// Where the operator has this program.
pub(crate) fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The environment of a tool that is run as the operator's own: where programs are, and nothing that is secret.
pub(crate) fn own_environment() -> BTreeMap<String, String> {
    let known = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
    let names = ["PATH", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
    names.iter().copied().filter_map(known).collect()
}

/// How a tool failed, in a line.
pub(crate) fn last_words(ended: &Ended) -> String {
    let said = String::from_utf8_lossy(&ended.stderr);
    // npm ends with where its log lies, which is gone by then.
    let telling = |line: &&str| !line.is_empty() && !line.contains("complete log of this run");
    let line = said.lines().rev().map(str::trim).find(telling).unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).take(160).collect();
    match (&ended.how, line.is_empty()) {
        (How::Exited { code }, true) => format!("it ended with {code}"),
        (How::Exited { .. }, false) => line,
        (how, _) => how.to_string(),
    }
}

pub(crate) fn fresh(folder: &Path) -> Result<(), FlowError> {
    remove(folder)?;
    std::fs::create_dir_all(folder).map_err(|error| FlowError::internal("a folder for a tool", error))
}

pub(crate) fn remove(folder: &Path) -> Result<(), FlowError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FlowError::internal("removing a tool's folder", error))
        }
        _ => Ok(()),
    }
}

fn write(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), FlowError> {
    let path = RelativePath::parse(path).map_err(|error| FlowError::internal("a file for a tool", error))?;
    let target = folder.join(path.as_str());
    let failed = |error| FlowError::internal("a file for a tool", error);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(target, bytes).map_err(failed)
}

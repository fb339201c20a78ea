//! One way to call the `git` command: nothing of the user's setup leaks in, nothing runs that a repository names.
//!
//! The environment is emptied and every configuration file but the mirror's own is switched off, so a `.gitattributes`
//! filter, a hook or an `fsmonitor` has no program to run: those are named by configuration, never by content.
//! `GIT_DIR` is always given, so git never discovers a repository, and with it a configuration, by itself.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, Command},
    time::{Instant, sleep, timeout},
};

use crate::{error::ForgeError, refs};

/// Bounds on each call of git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a command without network may take.
    pub local: Duration,
    /// How long a fetch or push may take, and how long another process's fetch is waited for.
    pub network: Duration,
    /// Bytes of output that are read into memory.
    pub output_bytes: usize,
    /// Bytes that a file may have to be committed.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            local: Duration::from_mins(2),
            network: Duration::from_mins(10),
            output_bytes: 128 << 20,
            file_bytes: 100 << 20,
        }
    }
}

/// What never changes between calls.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.symlinks=true",
    "core.fileMode=true",
    "core.quotePath=false",
    "core.filesRefLockTimeout=2000",
    "core.packedRefsTimeout=2000",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "protocol.ext.allow=never",
    "protocol.file.allow=always",
    "credential.helper=",
];

/// What a command over the network may see of the user's environment: proxies, certificates, the ssh agent, and the
/// home folder for `~/.netrc`.
const NETWORK_ENV: &[&str] = &[
    "HOME",
    "SSH_AUTH_SOCK",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
];

/// The bytes of standard error that are kept.
const STDERR_KEPT: usize = 8 << 10;

/// How often a ref that is locked is tried again; git itself waits for it before that.
const LOCK_AGAIN: Duration = Duration::from_millis(200);

/// One call of git, about to be made.
#[must_use]
pub(crate) struct Call {
    name: &'static str,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    settings: Vec<String>,
    cwd: PathBuf,
    stdin: Vec<u8>,
    deadline: Duration,
    keep: usize,
    cut: bool,
    accepted: &'static [i32],
}

/// What git answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
    /// Whether standard output was longer than what was kept.
    pub truncated: bool,
}

impl Reply {
    /// Standard output as text, without the white space around it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim().to_owned()
    }

    /// Standard output split at NUL bytes.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout.split(|b| *b == 0).filter(|field| !field.is_empty())
    }
}

impl Call {
    /// `git <name>` in the folder `cwd`.
    pub fn new(limits: &Limits, cwd: &Path, name: &'static str) -> Self {
        Self {
            name,
            args: Vec::new(),
            env: Vec::new(),
            settings: Vec::new(),
            cwd: cwd.to_owned(),
            stdin: Vec::new(),
            deadline: limits.local,
            keep: limits.output_bytes,
            cut: false,
            accepted: &[0],
        }
    }

    pub fn git_dir(self, dir: &Path) -> Self {
        self.env("GIT_DIR", dir)
    }

    /// Works on the files in `dir`, with the index in `index`.
    pub fn work_tree(mut self, dir: &Path, index: &Path) -> Self {
        dir.clone_into(&mut self.cwd);
        self.env("GIT_WORK_TREE", dir).env("GIT_INDEX_FILE", index)
    }

    pub fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.into(), value.as_ref().to_owned()));
        self
    }

    /// A configuration setting for this call. Visible to every user of the machine: never a secret.
    pub fn setting(mut self, setting: String) -> Self {
        self.settings.push(setting);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Over the network, or through another repository: a longer deadline, and a way to authenticate.
    pub fn network(mut self, limits: &Limits) -> Self {
        self.deadline = limits.network;
        for key in NETWORK_ENV {
            if let Some(value) = std::env::var_os(key) {
                self.env.push(((*key).into(), value));
            }
        }
        self
    }

    /// Keeps the first `bytes` of output and does without the rest.
    pub fn cut_at(mut self, bytes: usize) -> Self {
        self.keep = bytes;
        self.cut = true;
        self
    }

    /// Exit codes that are answers, not failures.
    pub fn accept(mut self, codes: &'static [i32]) -> Self {
        self.accepted = codes;
        self
    }

    /// Makes the call and reads standard output as one line of text.
    pub async fn text(self) -> Result<String, ForgeError> {
        Ok(self.run().await?.text())
    }

    /// Makes the call, which changes refs of the repository at `dir`. A lock file in its way belongs to a git that ends
    /// within milliseconds, or to one that was killed: it is waited for, and removed once it is old.
    pub async fn run_on_refs(self, dir: &Path) -> Result<Reply, ForgeError> {
        let patience = Instant::now() + refs::STALE * 3 / 2;
        loop {
            match self.make().await {
                Err(ForgeError::Git { detail, .. })
                    if detail.contains(".lock': File exists") && Instant::now() < patience =>
                {
                    if refs::remove_stale_locks(dir)? == 0 {
                        sleep(LOCK_AGAIN).await;
                    }
                }
                other => return other,
            }
        }
    }

    /// Makes the call. When this returns, or is dropped, git and what it started have ended.
    pub async fn run(self) -> Result<Reply, ForgeError> {
        self.make().await
    }

    async fn make(&self) -> Result<Reply, ForgeError> {
        let mut child = self.command().spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound if self.cwd.is_dir() => {
                ForgeError::GitMissing { detail: "there is no `git` on the PATH".to_owned() }
            }
            _ => ForgeError::Io { doing: format!("start git {}", self.name), source: e },
        })?;
        let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let work = async {
            let ((), out, err) = tokio::join!(
                feed(stdin, &self.stdin),
                read_up_to(stdout, self.keep, true),
                read_up_to(stderr, STDERR_KEPT, false)
            );
            let status = child.wait().await;
            Ok::<_, std::io::Error>((out?, err?, status?))
        };
        let ((stdout, truncated), (stderr, _), status) = timeout(self.deadline, work)
            .await
            .map_err(|_| ForgeError::TimedOut { command: self.name, after: self.deadline })?
            .map_err(ForgeError::io(format!("read from git {}", self.name)))?;
        group.0 = None;
        let reply = Reply { code: status.code().unwrap_or(-1), stdout, stderr: plain(&stderr), truncated };
        if truncated {
            return if self.cut {
                Ok(reply)
            } else {
                Err(ForgeError::TooMuchOutput { command: self.name, limit: self.keep })
            };
        }
        if self.accepted.contains(&reply.code) {
            Ok(reply)
        } else {
            tracing::debug!(command = self.name, code = reply.code, stderr = %reply.stderr, "git failed");
            Err(ForgeError::Git { command: self.name, code: reply.code, detail: reply.stderr })
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.cwd).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
            .env("LC_ALL", "C")
            .env("HOME", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
            .env("GIT_ALLOW_PROTOCOL", "file:https:http:ssh:git")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .envs(self.env.iter().map(|(k, v)| (k, v)))
            .arg("--no-pager");
        for setting in SETTINGS.iter().copied().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command
            .arg(self.name)
            .args(&self.args)
            .stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

/// Ends git's children with it: a fetch starts several.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

async fn feed(stdin: Option<ChildStdin>, bytes: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A git that ends without reading everything says why by its exit code.
        let _ = stdin.write_all(bytes).await;
        let _ = stdin.shutdown().await;
    }
}

/// Reads at most `keep` bytes and says whether there were more. With `stop` the pipe is then closed, which ends the
/// writer; else the rest is read and dropped.
async fn read_up_to(
    pipe: Option<impl AsyncRead + Unpin>,
    keep: usize,
    stop: bool,
) -> std::io::Result<(Vec<u8>, bool)> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else {
        return Ok((kept, false));
    };
    let mut buffer = vec![0_u8; 64 << 10];
    let mut more = false;
    loop {
        let n = pipe.read(&mut buffer).await?;
        if n == 0 {
            return Ok((kept, more));
        }
        let fits = n.min(keep - kept.len());
        kept.extend_from_slice(&buffer[..fits]);
        if fits < n {
            more = true;
            if stop {
                return Ok((kept, more));
            }
        }
    }
}

/// Text from outside made safe to show: no control characters but line ends.
fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

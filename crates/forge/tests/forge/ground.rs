//! Ground to test on: a user's repository, a data folder, a clock that moves with each look.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use swarm_domain::{
    AttemptId, Clock, CommitId, IdempotencyKey, ProjectId, RequirementId, RunId, TicketId, scope::Scope,
};
use swarm_forge::{Attribution, Base, CommitMessage, Forge, ForgeError, Mirror, Signature, Worktree};

/// A second later each time it is asked.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.fetch_add(1, Ordering::SeqCst), 0).unwrap()
    }
}

pub struct Ground {
    dir: tempfile::TempDir,
    pub forge: Forge,
}

/// A mirror with a run that has begun.
pub struct Begun {
    pub mirror: Mirror,
    pub base: Base,
    pub branch: String,
}

pub fn project() -> ProjectId {
    ProjectId::parse("textstat").unwrap()
}

pub fn run(name: &str) -> RunId {
    RunId::parse(name).unwrap()
}

pub fn attempt(name: &str) -> AttemptId {
    AttemptId::parse(name).unwrap()
}

pub fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::of(&[name])
}

pub fn scope(globs: &[&str]) -> Scope {
    Scope::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

pub fn text(subject: &str) -> CommitMessage {
    CommitMessage {
        subject: subject.to_owned(),
        body: "Because it was asked for.".to_owned(),
        ticket: TicketId::parse("T-1").unwrap(),
        agent: "coder".to_owned(),
        requirements: vec![RequirementId::parse("REQ-1").unwrap(), RequirementId::parse("REQ-2").unwrap()],
        attribution: Attribution::Sponsor { person: Signature::new("Ada", "ada@example.org") },
    }
}

pub fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// The lock file of a ref, as a git left it that was killed some time ago.
pub fn locked(reference: &Path, ago: Duration) -> PathBuf {
    let lock = reference.with_added_extension("lock");
    let file = std::fs::File::create(&lock).unwrap();
    file.set_modified(file.metadata().unwrap().modified().unwrap() - ago).unwrap();
    lock
}

/// Runs git as a user would, with a setup of no one.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let out = command(folder, args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
}

pub fn git_fails(folder: &Path, args: &[&str]) -> bool {
    !command(folder, args).output().unwrap().status.success()
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Grace")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "grace@example.org")))
        .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
        .args(args);
    command
}

/// All files below a folder with their content: what must not change is compared whole.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_symlink() {
                let target = std::fs::read_link(entry.path()).unwrap();
                found.insert(entry.path(), target.into_os_string().into_encoded_bytes());
            } else {
                found.insert(entry.path(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

impl Ground {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let forge = Forge::open(&dir.path().join("data"), Arc::new(Ticking(1_700_000_000.into())));
        Self { dir, forge }
    }

    /// Another process on the same data folder, later.
    pub fn another_forge(&self) -> Forge {
        Forge::open(&self.data(), Arc::new(Ticking(1_800_000_000.into())))
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A user's repository with one commit.
    pub fn repo(&self, name: &str) -> PathBuf {
        let path = self.empty_repo(name);
        write(&path, "README.md", "# textstat\n");
        write(&path, "src/words.py", "def count(text):\n    return 0\n\n\n# one\n# two\n# three\n");
        git(&path, &["add", "-A"]);
        git(&path, &["commit", "-q", "-m", "first"]);
        path
    }

    pub fn empty_repo(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(&path).unwrap();
        git(&path, &["init", "-q"]);
        path
    }

    pub async fn mirror(&self, repo: &Path) -> Result<Mirror, ForgeError> {
        self.forge.mirror(&project(), repo.to_str().unwrap()).await
    }

    /// A repository, its mirror, and the run `run_1`.
    pub async fn begun(&self) -> Begun {
        let repo = self.repo("repo");
        self.begun_on(&repo).await
    }

    pub async fn begun_on(&self, repo: &Path) -> Begun {
        let mirror = self.mirror(repo).await.unwrap();
        let base = mirror.base(None).await.unwrap();
        let branch = mirror.begin_run(&run("run_1"), &base).await.unwrap();
        Begun { mirror, base, branch }
    }
}

impl Begun {
    pub async fn worktree(&self, name: &str) -> Worktree {
        self.mirror.worktree(&run("run_1"), &attempt(name), &self.base.commit).await.unwrap()
    }

    /// Commits everything in the worktree under a key of its own.
    pub async fn commit(&self, worktree: &Worktree, subject: &str) -> CommitId {
        self.mirror
            .commit(worktree, &key(subject), &text(subject), None)
            .await
            .unwrap()
            .expect("something to commit")
    }

    /// An attempt that writes these files and commits them.
    pub async fn work(&self, name: &str, files: &[(&str, &str)]) -> CommitId {
        let worktree = self.worktree(name).await;
        for (path, content) in files {
            write(&worktree.path, path, content);
        }
        self.commit(&worktree, &format!("feat: {name}")).await
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(self.mirror.path(), args)
    }
}

//! A project's mirror: swarm's own bare copy of the user's repository, where all its work goes.
//!
//! Refs in a mirror:
//! - `refs/upstream/…`: what the user's repository has; the only refs that a fetch changes or prunes
//! - `refs/heads/swarm/<run>`: a run's integration branch, and `refs/swarm/runs/<run>`: where it began
//! - `refs/swarm/attempts/<run>/<attempt>`: an attempt's last commit, and `refs/swarm/bases/…`: where it began
//! - `refs/swarm/keys/<run>/<attempt>/<hash>`: the commit that was made under a key
//! - `refs/archive/<run>/<attempt>`: what an attempt left
//! - `refs/swarm/root`: the first commit, where the user's repository had none

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use swarm_domain::{AttemptId, Clock, CommitId, ProjectId, RunId};

use crate::{
    error::ForgeError,
    git::{Call, Limits},
    known::Known,
    lock::FileLock,
    loose::{self, Loose},
    message::{Trailers, message},
    object::{RawCommit, Stamp, commit_id, hex},
    pristine::Pristines,
    refs,
    scratch::Scratch,
    signature::Signature,
    source::Source,
    spare::Spares,
    upstream::Upstream,
};

/// A project's bare mirror. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mirror {
    shelf: Arc<Shelf>,
}

/// Where a mirror stands and what it mirrors.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub project: ProjectId,
    pub data_dir: PathBuf,
    pub limits: Arc<Limits>,
    pub time: Time,
    pub dir: PathBuf,
    pub source: Option<Source>,
    pub upstream: Upstream,
    pub known: Arc<Known>,
    pub spares: Spares,
    pub pristines: Pristines,
}

/// Where the time comes from.
#[derive(Clone)]
pub(crate) struct Time(pub Arc<dyn Clock>);

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

/// Where work begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The commit.
    pub commit: CommitId,
    /// The branch that the work will be offered to; `HEAD` where the repository's head is on none.
    pub branch: String,
}

impl Mirror {
    pub(crate) fn new(shelf: Shelf) -> Self {
        Self { shelf: Arc::new(shelf) }
    }

    /// The user's repository as it was when it was last fetched.
    #[must_use]
    pub fn upstream(&self) -> &Upstream {
        &self.shelf.upstream
    }

    /// The project that this mirror belongs to.
    #[must_use]
    pub fn project(&self) -> &ProjectId {
        &self.shelf.project
    }

    /// The folder of the bare repository.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shelf.dir
    }

    /// The commit to begin from: the head of `branch`, or of the repository's own head. A repository without commits
    /// gets a first, empty one, made in the mirror only and found again by later calls.
    pub async fn base(&self, branch: Option<&str>) -> Result<Base, ForgeError> {
        let heads = self.upstream_branches().await?;
        let head = self.resolve(refs::UPSTREAM_HEAD).await?;
        // What swarm itself published is no work of the user's to build on by itself.
        let theirs = heads.iter().any(|(name, _)| !name.starts_with("swarm/"));
        if !theirs && head.is_none() && !branch.is_some_and(|name| name.starts_with("swarm/")) {
            let branch = branch.or(self.upstream().head_branch.as_deref()).unwrap_or("main");
            refs::check_branch(branch)?;
            return Ok(Base { commit: self.root().await?, branch: branch.to_owned() });
        }
        let find = |name: &str| heads.iter().find(|(known, _)| known == name);
        if let Some(name) = branch.or(self.upstream().head_branch.as_deref()) {
            return match find(name) {
                Some((name, commit)) => Ok(Base { commit: commit.clone(), branch: name.clone() }),
                None => Err(ForgeError::NoBranch {
                    branch: name.chars().filter(|c| !c.is_control()).take(100).collect(),
                    known: heads.into_iter().map(|(name, _)| name).take(10).collect(),
                }),
            };
        }
        let commit =
            head.ok_or_else(|| ForgeError::NotFound { what: "commit at the repository's head".to_owned() })?;
        let here = |name: &&(String, CommitId)| name.1 == commit;
        let named =
            ["main", "master"].iter().filter_map(|n| find(n)).find(here).or_else(|| heads.iter().find(here));
        let branch = named.map_or_else(|| "HEAD".to_owned(), |(name, _)| name.clone());
        Ok(Base { commit, branch })
    }

    /// Makes the run's integration branch at `base` and gives its name, `swarm/<run>`. Beginning a run again from the
    /// same base changes nothing, however far its branch has come.
    pub async fn begin_run(&self, run: &RunId, base: &Base) -> Result<String, ForgeError> {
        let (branch, began) = (refs::integration(run)?, refs::run_base(run)?);
        let commit = self.require_commit(&base.commit).await?;
        let _lock = self.lock().await?;
        match self.resolve(&began).await? {
            Some(known) if known == base.commit => {}
            Some(known) => {
                return Err(ForgeError::RunExists { run: run.to_string(), base: known });
            }
            None => {
                let transaction =
                    format!("start\ncreate {branch} {commit}\ncreate {began} {commit}\nprepare\ncommit\n");
                self.update_refs(&transaction).await?;
            }
        }
        Ok(refs::short(&branch).to_owned())
    }

    /// The head of the run's integration branch.
    pub async fn head(&self, run: &RunId) -> Result<CommitId, ForgeError> {
        let found = self.resolve(&refs::integration(run)?).await?;
        found.ok_or_else(|| ForgeError::NotFound { what: format!("run `{run}` in this mirror") })
    }

    async fn root(&self) -> Result<CommitId, ForgeError> {
        let _lock = self.lock().await?;
        if let Some(root) = self.resolve(refs::ROOT).await? {
            return Ok(root);
        }
        let tree = self.git("mktree").text().await?;
        let trailers = Trailers { agent: Some("swarm".to_owned()), ..Trailers::default() };
        let text = message("chore: begin", "", &trailers);
        let stamp = self.stamp(&Signature::swarm());
        let root = self.write_commit(&tree, &[], &stamp, &stamp, text.as_bytes()).await?;
        self.update_refs(&format!("create {} {root}\n", refs::ROOT)).await?;
        Ok(root)
    }

    async fn upstream_branches(&self) -> Result<Vec<(String, CommitId)>, ForgeError> {
        let call = self.git("for-each-ref").args(["--format=%(objectname) %(refname)", refs::UPSTREAM_HEADS]);
        let listed = call.run().await?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let heads = text.lines().filter_map(|line| line.split_once(' '));
        heads
            .filter_map(|(id, name)| Some((id, name.strip_prefix(refs::UPSTREAM_HEADS)?)))
            .map(|(id, name)| Ok((name.to_owned(), commit_id(id)?)))
            .collect()
    }

    /// `who`, now.
    pub(crate) fn stamp(&self, who: &Signature) -> Stamp {
        Stamp::new(who, self.shelf.time.0.now())
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shelf.limits
    }

    pub(crate) fn known(&self) -> &Known {
        &self.shelf.known
    }

    pub(crate) fn spares(&self) -> &Spares {
        &self.shelf.spares
    }

    pub(crate) fn pristines(&self) -> &Pristines {
        &self.shelf.pristines
    }

    /// A call of git on this mirror.
    pub(crate) fn git(&self, name: &'static str) -> Call {
        Call::new(&self.shelf.limits, &self.shelf.dir, name).git_dir(&self.shelf.dir)
    }

    /// Held while refs are changed in a way that one transaction of git's does not cover.
    pub(crate) async fn lock(&self) -> Result<FileLock, ForgeError> {
        let path = self.shelf.dir.join("swarm/refs.lock");
        FileLock::acquire(&path, &format!("the mirror of {}", self.shelf.project), self.shelf.limits.local)
            .await
    }

    /// Where swarm keeps its own files about an attempt: the index of its worktree, and a lock.
    pub(crate) fn attempt_dir(&self, run: &RunId, attempt: &AttemptId) -> PathBuf {
        self.shelf.dir.join("swarm/attempts").join(run.as_str()).join(attempt.as_str())
    }

    pub(crate) fn worktree_dir(&self, run: &RunId, attempt: &AttemptId) -> PathBuf {
        self.shelf.data_dir.join("worktrees").join(run.as_str()).join(attempt.as_str())
    }

    pub(crate) async fn scratch(&self) -> Result<Scratch, ForgeError> {
        Scratch::open(&self.shelf.data_dir, &self.shelf.limits).await
    }

    /// The commit that a full ref name points to.
    pub(crate) async fn resolve(&self, name: &str) -> Result<Option<CommitId>, ForgeError> {
        match loose::read(self.path(), name) {
            Loose::At(id) if self.known().is_commit(&id) => return Ok(Some(commit_id(&id)?)),
            Loose::Absent => return Ok(None),
            Loose::At(_) | Loose::Unclear => {}
        }
        let call = self.git("rev-parse").args(["--verify", "-q"]).arg(format!("{name}^{{commit}}"));
        let reply = call.accept(&[0, 1]).run().await?;
        if reply.code != 0 {
            return Ok(None);
        }
        let found = commit_id(&reply.text())?;
        self.known().note_commit(found.as_str());
        Ok(Some(found))
    }

    /// The commit's name, once it is sure that the mirror holds it.
    pub(crate) async fn require_commit<'a>(&self, id: &'a CommitId) -> Result<&'a str, ForgeError> {
        let name = hex(id)?;
        if self.known().is_commit(name) {
            return Ok(name);
        }
        match self.resolve(name).await? {
            Some(_) => Ok(name),
            None => Err(ForgeError::NotFound { what: format!("commit {name} in this mirror") }),
        }
    }

    pub(crate) async fn read_commit(&self, id: &CommitId) -> Result<Arc<RawCommit>, ForgeError> {
        let name = hex(id)?;
        if let Some(raw) = self.known().raw(name) {
            return Ok(raw);
        }
        let name = self.require_commit(id).await?;
        let reply = self.git("cat-file").args(["commit", name]).run().await?;
        let raw = Arc::new(RawCommit::parse(&reply.stdout));
        self.known().note_raw(name, Arc::clone(&raw));
        Ok(raw)
    }

    /// Whether `ancestor` is `descendant` or comes before it.
    pub async fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool, ForgeError> {
        let names = [self.require_commit(ancestor).await?, self.require_commit(descendant).await?];
        let [before, after] = names;
        if before == after {
            return Ok(true);
        }
        if let Some(holds) = self.known().line(before, after) {
            return Ok(holds);
        }
        let call = self.git("merge-base").arg("--is-ancestor").args(names);
        let holds = call.accept(&[0, 1]).run().await?.code == 0;
        self.known().note_line(before, after, holds);
        Ok(holds)
    }

    pub(crate) async fn write_commit(
        &self,
        tree: &str,
        parents: &[&str],
        author: &Stamp,
        committer: &Stamp,
        text: &[u8],
    ) -> Result<CommitId, ForgeError> {
        let mut call = self.git("commit-tree").arg(tree);
        for parent in parents {
            call = call.args(["-p", parent]);
        }
        let made = call
            .args(["-F", "-"])
            .env("GIT_AUTHOR_NAME", &author.name)
            .env("GIT_AUTHOR_EMAIL", &author.email)
            .env("GIT_AUTHOR_DATE", format!("@{}", author.date))
            .env("GIT_COMMITTER_NAME", &committer.name)
            .env("GIT_COMMITTER_EMAIL", &committer.email)
            .env("GIT_COMMITTER_DATE", format!("@{}", committer.date))
            .stdin(text)
            .text()
            .await?;
        let made = commit_id(&made)?;
        self.known().note_commit(made.as_str());
        Ok(made)
    }

    /// Changes refs in one transaction.
    pub(crate) async fn update_refs(&self, transaction: &str) -> Result<(), ForgeError> {
        self.git("update-ref").arg("--stdin").stdin(transaction).run_on_refs(self.path()).await?;
        Ok(())
    }
}

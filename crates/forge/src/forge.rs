//! The forge: the mirrors below one data folder.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use swarm_domain::{AttemptId, Clock, ProjectId, RunId};

use crate::{
    archive::SweepReport,
    durable,
    error::ForgeError,
    git::{Call, Limits},
    known::Known,
    lock::FileLock,
    mirror::{Mirror, Shelf, Time},
    pristine::Pristines,
    remote::{self, RemoteHead},
    scratch::{self, Scratch},
    source::Source,
    spare::Spares,
    upstream::{Upstream, is_dirty},
};

/// The oldest git that can merge without a work tree (`git merge-tree --write-tree`).
pub const OLDEST_GIT: (u32, u32) = (2, 38);

/// What programs drop into a folder when they run and nobody means to commit. Tracked files are never ignored.
const DROPPINGS: &str =
    "__pycache__/\n*.py[cod]\n.pytest_cache/\n.mypy_cache/\n.ruff_cache/\nnode_modules/\n.DS_Store\n";

/// Mirrors, worktrees and archives below one data folder. Cheap to clone; several processes may share the folder.
#[derive(Debug, Clone)]
pub struct Forge {
    data_dir: PathBuf,
    limits: Arc<Limits>,
    time: Time,
    /// The addresses as they were given, credentials and all: for as long as this process lives, and on no disk.
    sources: Arc<Mutex<HashMap<ProjectId, Source>>>,
    known: Arc<Mutex<HashMap<ProjectId, Arc<Known>>>>,
    spares: Spares,
    pristines: Pristines,
}

impl Forge {
    /// The forge in this data folder. Nothing is made before it is needed; commits carry the time of `clock`.
    #[must_use]
    pub fn open(data_dir: &Path, clock: Arc<dyn Clock>) -> Self {
        let data_dir = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        Self {
            data_dir,
            limits: Arc::default(),
            time: Time(clock),
            sources: Arc::default(),
            known: Arc::default(),
            spares: Spares::default(),
            pristines: Pristines::default(),
        }
    }

    /// The same forge with other bounds on git.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = Arc::new(limits);
        self
    }

    /// The version of git on this machine, if it can be used: what `swarm doctor` asks.
    pub async fn check(&self) -> Result<String, ForgeError> {
        let text = Call::new(&self.limits, Path::new("/"), "version").text().await?;
        if version(&text).is_some_and(|found| found >= OLDEST_GIT) {
            return Ok(text.trim_start_matches("git version ").to_owned());
        }
        let (major, minor) = OLDEST_GIT;
        Err(ForgeError::GitMissing { detail: format!("found `{text}`, and {major}.{minor} is needed") })
    }

    /// The project's mirror, brought in step with `repo`: a path (a work tree, clean or not, a bare repository, one
    /// without commits) or an https, http, ssh, git or file address. The repository itself is only read.
    ///
    /// Credentials in an address are remembered by this forge while it lives and stored nowhere.
    pub async fn mirror(&self, project: &ProjectId, repo: &str) -> Result<Mirror, ForgeError> {
        self.check().await?;
        let given = Source::parse(repo)?;
        let source = match self.remembered(project) {
            Some(known) if !given.has_credentials() && known.to_string() == given.to_string() => known,
            _ => given,
        };
        let dir = self.mirror_dir(project);
        let _lock = self.lock(project).await?;
        if dir.exists() {
            let known = read_upstream(&dir).await?;
            if known.repo != source.to_string() {
                return Err(ForgeError::OtherRepo { known: known.repo, asked: source.to_string() });
            }
            let head = remote::head(self.git(&dir, "ls-remote"), &self.limits, &source).await?;
            let upstream = self.refresh(&dir, &source, head).await?;
            return Ok(self.shelve(project, dir, Some(source), upstream));
        }
        let scratch = Scratch::open(&self.data_dir, &self.limits).await?;
        let fresh = scratch.fresh()?;
        let bare = fresh.path().join("mirror.git");
        self.init(&bare, "sha1").await?;
        let head = remote::head(self.git(&bare, "ls-remote"), &self.limits, &source).await?;
        if head.commit.as_ref().is_some_and(|c| c.as_str().len() == 64) {
            durable::remove_stubborn(&bare)?;
            self.init(&bare, "sha256").await?;
        }
        let upstream = self.refresh(&bare, &source, head).await?;
        std::fs::rename(&bare, &dir).map_err(ForgeError::io("put the mirror in place"))?;
        // What was known was known of another repository.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
        tracing::info!(%project, repo = %source, "mirrored");
        Ok(self.shelve(project, dir, Some(source), upstream))
    }

    /// The project's mirror as it is, without reaching for the user's repository; none if there is none yet.
    pub async fn known(&self, project: &ProjectId) -> Result<Option<Mirror>, ForgeError> {
        let dir = self.mirror_dir(project);
        if !dir.exists() {
            return Ok(None);
        }
        let upstream = read_upstream(&dir).await?;
        let remembered = self.remembered(project).filter(|known| known.to_string() == upstream.repo);
        // A path may be gone by now; that matters only to whoever publishes.
        let source = remembered.or_else(|| Source::parse(&upstream.repo).ok());
        Ok(Some(self.shelve(project, dir, source, upstream)))
    }

    /// Archives and removes every worktree that is not `live`, in all mirrors, and what a killed process left half
    /// made. Run it when swarm starts, before any attempt goes on.
    pub async fn sweep_worktrees(
        &self,
        live: &HashSet<(RunId, AttemptId)>,
    ) -> Result<SweepReport, ForgeError> {
        let mut report = SweepReport::default();
        for project in self.projects()? {
            if let Some(mirror) = self.known(&project).await? {
                mirror.sweep(live, &mut report).await?;
            }
        }
        report.remnants = scratch::sweep(&self.data_dir)?;
        Ok(report)
    }

    fn projects(&self) -> Result<Vec<ProjectId>, ForgeError> {
        let folder = self.data_dir.join("mirrors");
        let entries = match std::fs::read_dir(&folder) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(ForgeError::io(format!("read {}", folder.display())))?,
        };
        let mut projects: Vec<_> = entries
            .flatten()
            .filter_map(|entry| ProjectId::parse(entry.file_name().to_str()?.strip_suffix(".git")?).ok())
            .collect();
        projects.sort();
        Ok(projects)
    }

    fn mirror_dir(&self, project: &ProjectId) -> PathBuf {
        self.data_dir.join("mirrors").join(format!("{project}.git"))
    }

    async fn lock(&self, project: &ProjectId) -> Result<FileLock, ForgeError> {
        let path = self.data_dir.join("mirrors").join(format!("{project}.lock"));
        FileLock::acquire(&path, &format!("the mirror of {project}"), self.limits.network).await
    }

    fn git(&self, dir: &Path, name: &'static str) -> Call {
        Call::new(&self.limits, dir, name).git_dir(dir)
    }

    async fn init(&self, dir: &Path, format: &str) -> Result<(), ForgeError> {
        let parent = dir.parent().unwrap_or(Path::new("/"));
        let call = Call::new(&self.limits, parent, "init")
            .args(["-q", "--bare", "--template=", "-b", "main"])
            .env("GIT_DEFAULT_REF_FORMAT", "files");
        call.arg(format!("--object-format={format}")).arg(dir).run().await?;
        durable::write(&dir.join("info/exclude"), DROPPINGS.as_bytes())
    }

    /// Fetches and notes what was found. The lock is held by the caller.
    async fn refresh(&self, dir: &Path, source: &Source, head: RemoteHead) -> Result<Upstream, ForgeError> {
        remote::fetch(self.git(dir, "fetch"), &self.limits, source, head.commit.is_some(), dir).await?;
        let scratch = Scratch::open(&self.data_dir, &self.limits).await?;
        let dirty = is_dirty(dir, &scratch, &self.limits, source, head.commit.as_ref()).await?;
        let upstream =
            Upstream { repo: source.to_string(), head_branch: head.branch, head: head.commit, dirty };
        let text = serde_json::to_vec_pretty(&upstream).map_err(|e| ForgeError::Io {
            doing: "note the repository's head".to_owned(),
            source: e.into(),
        })?;
        durable::write(&dir.join("swarm/upstream.json"), &text)?;
        Ok(upstream)
    }

    fn remembered(&self, project: &ProjectId) -> Option<Source> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner).get(project).cloned()
    }

    fn known_of(&self, project: &ProjectId) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(project.clone()).or_default())
    }

    fn shelve(
        &self,
        project: &ProjectId,
        dir: PathBuf,
        source: Option<Source>,
        upstream: Upstream,
    ) -> Mirror {
        if let Some(source) = source.as_ref().filter(|s| s.has_credentials()) {
            let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
            sources.insert(project.clone(), source.clone());
        }
        Mirror::new(Shelf {
            project: project.clone(),
            data_dir: self.data_dir.clone(),
            limits: Arc::clone(&self.limits),
            time: self.time.clone(),
            dir,
            source,
            upstream,
            known: self.known_of(project),
            spares: self.spares.clone(),
            pristines: self.pristines.clone(),
        })
    }
}

async fn read_upstream(dir: &Path) -> Result<Upstream, ForgeError> {
    let path = dir.join("swarm/upstream.json");
    let doing = || format!("read {}", path.display());
    let text = tokio::fs::read(&path).await.map_err(ForgeError::io(doing()))?;
    serde_json::from_slice(&text).map_err(|e| ForgeError::Io { doing: doing(), source: e.into() })
}

/// Major and minor of `git version 2.47.3 (Apple Git-1)`.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_git_is_read_whatever_its_packager_adds() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.45.1.windows.1"), Some((2, 45)));
        assert_eq!(version("tig version 2.5"), None);
    }
}

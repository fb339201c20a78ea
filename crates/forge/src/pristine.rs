//! Pristine checkouts: a commit that is checked out again and again is written out by git twice, and copied from then on.
//!
//! Each acceptance command runs on a checkout of its own, and a merge proves all that was merged before it. Nobody but
//! the copying knows where a pristine checkout lies: it is below the scratch folder, and goes with the process.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm_domain::{CommitId, ProjectId};
use tempfile::TempDir;

use crate::{error::ForgeError, mirror::Mirror, scratch::Scratch};

/// Commits that are remembered at once; the one that was asked for longest ago goes first.
const MOST: usize = 4;

/// The pristine checkouts of one forge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pristines(Arc<Mutex<Vec<Asked>>>);

/// A commit that was checked out.
#[derive(Debug)]
struct Asked {
    project: ProjectId,
    commit: CommitId,
    /// None until it is asked for a second time: most are asked for once.
    files: Option<Arc<Pristine>>,
}

/// The files of a commit.
#[derive(Debug)]
pub(crate) struct Pristine {
    side: TempDir,
    _scratch: Scratch,
}

impl Pristine {
    fn tree(&self) -> PathBuf {
        self.side.path().join("tree")
    }

    /// Writes the same files into a folder that is there and empty.
    pub(crate) async fn copy(self: Arc<Self>, to: &Path) -> io::Result<()> {
        let to = to.to_owned();
        tokio::task::spawn_blocking(move || copy(self.tree(), to)).await.map_err(io::Error::other)?
    }
}

/// Copies what a folder holds, links as links. With a stack of its own: a folder may lie as deep as its name is long.
fn copy(from: PathBuf, to: PathBuf) -> io::Result<()> {
    let mut open = vec![(from, to)];
    while let Some((from, to)) = open.pop() {
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
            if kind.is_dir() {
                fs::create_dir(&target)?;
                open.push((entry.path(), target));
            } else if kind.is_symlink() {
                symlink(fs::read_link(entry.path())?, &target)?;
            } else {
                fs::copy(entry.path(), &target)?;
            }
        }
    }
    Ok(())
}

impl Pristines {
    fn all(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mirror {
    /// The files of a commit that was checked out before; none where this is the first time.
    pub(crate) async fn pristine(&self, commit: &CommitId) -> Result<Option<Arc<Pristine>>, ForgeError> {
        if !self.was_asked_for(commit) {
            return Ok(None);
        }
        if let Some(files) = self.known_pristine(commit, None) {
            return Ok(Some(files));
        }
        let scratch = self.scratch().await?;
        let made = Pristine { side: scratch.fresh()?, _scratch: scratch };
        let doing = || format!("write out {commit}");
        fs::create_dir(made.tree()).map_err(ForgeError::io(doing()))?;
        self.export(commit, &made.tree(), &made.side.path().join("index")).await?;
        // Two that made it at once share one; where it was forgotten meanwhile it serves this once.
        let made = Arc::new(made);
        Ok(Some(self.known_pristine(commit, Some(&made)).unwrap_or(made)))
    }

    /// Forgets all pristine checkouts.
    pub(crate) fn forget_pristines(&self) {
        // Removed from the disk when the lock is free again.
        let gone = std::mem::take(&mut *self.pristines().all());
        drop(gone);
    }

    /// Whether a commit was asked for before; now it was.
    fn was_asked_for(&self, commit: &CommitId) -> bool {
        let mut all = self.pristines().all();
        let at = all.iter().position(|asked| asked.commit == *commit && asked.project == *self.project());
        let asked = at.map(|at| all.remove(at));
        let known = asked.is_some();
        let (project, commit) = (self.project().clone(), commit.clone());
        all.push(asked.unwrap_or(Asked { project, commit, files: None }));
        let oldest = (all.len() > MOST).then(|| all.remove(0));
        drop(all);
        drop(oldest);
        known
    }

    /// The pristine checkout of a commit: the one that is there, else this one from now on.
    fn known_pristine(&self, commit: &CommitId, made: Option<&Arc<Pristine>>) -> Option<Arc<Pristine>> {
        let mut all = self.pristines().all();
        let asked =
            all.iter_mut().find(|asked| asked.commit == *commit && asked.project == *self.project())?;
        if asked.files.is_none() {
            asked.files = made.map(Arc::clone);
        }
        asked.files.clone()
    }
}

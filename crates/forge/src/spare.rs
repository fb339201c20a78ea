//! Spare checkouts: the files of a commit on which an attempt will likely begin, written out before it does.
//!
//! A spare is a guess. It is taken by an attempt that begins on just this commit, and removed where none does. It lies
//! in the scratch folder under its lock, so that one whose process was killed is swept away with the rest.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm_domain::{CommitId, ProjectId, RunId};
use tempfile::TempDir;

use crate::{error::ForgeError, mirror::Mirror, scratch::Scratch};

/// Spares of one run at the most.
const MOST_OF_A_RUN: usize = 4;
/// Spares of all runs at the most; the oldest goes first.
const MOST: usize = 16;

/// The spares of one forge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spares(Arc<Mutex<Vec<Spare>>>);

/// One checkout. Its files are those of its commit: nobody knows of it who could change them.
#[derive(Debug)]
pub(crate) struct Spare {
    project: ProjectId,
    run: RunId,
    commit: CommitId,
    side: TempDir,
    _scratch: Scratch,
}

impl Spare {
    pub(crate) fn tree(&self) -> PathBuf {
        self.side.path().join("tree")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.side.path().join("index")
    }
}

impl Spares {
    fn all(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mirror {
    /// Writes out the files of `commit` up to `number` times, for attempts of `run` that will likely begin on it. Spares
    /// of another commit are of no more use to the run, and go.
    pub async fn prepare(&self, run: &RunId, commit: &CommitId, number: usize) -> Result<(), ForgeError> {
        let is_ours = |spare: &Spare| spare.run == *run && spare.project == *self.project();
        self.discard(|spare| is_ours(spare) && spare.commit != *commit);
        let there = self.spares().all().iter().filter(|spare| is_ours(spare)).count();
        for _ in there..number.min(MOST_OF_A_RUN) {
            let spare = self.spare(run, commit).await?;
            let mut spares = self.spares().all();
            spares.push(spare);
            let oldest = (spares.len() > MOST).then(|| spares.remove(0));
            drop(spares);
            drop(oldest);
        }
        Ok(())
    }

    /// Removes what was prepared for a run and not taken, and what was kept to be copied.
    pub fn discard_spares(&self, run: &RunId) {
        self.discard(|spare| spare.run == *run && spare.project == *self.project());
        self.forget_pristines();
    }

    fn discard(&self, of_no_use: impl Fn(&Spare) -> bool) {
        // Removed from the disk when the lock is free again.
        let gone: Vec<Spare> = self.spares().all().extract_if(.., |spare| of_no_use(spare)).collect();
        drop(gone);
    }

    /// A spare of this commit for this run, if there is one.
    pub(crate) fn take_spare(&self, run: &RunId, commit: &CommitId) -> Option<Spare> {
        let mut spares = self.spares().all();
        let at = spares.iter().position(|spare| {
            spare.run == *run && spare.commit == *commit && spare.project == *self.project()
        });
        at.map(|at| spares.remove(at))
    }

    /// The files of a commit and an index of them, out of sight.
    pub(crate) async fn spare(&self, run: &RunId, commit: &CommitId) -> Result<Spare, ForgeError> {
        let scratch = self.scratch().await?;
        let side = scratch.fresh()?;
        let spare = Spare {
            project: self.project().clone(),
            run: run.clone(),
            commit: commit.clone(),
            side,
            _scratch: scratch,
        };
        let doing = format!("write out {commit}");
        std::fs::create_dir(spare.tree()).map_err(ForgeError::io(doing))?;
        self.export(commit, &spare.tree(), &spare.index()).await?;
        Ok(spare)
    }
}

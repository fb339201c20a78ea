//! Nothing that is not published is deleted: what an attempt leaves is archived before its folder goes.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use swarm_domain::{AttemptId, CommitId, RunId};

use crate::{
    durable,
    error::ForgeError,
    message::{Trailers, message},
    mirror::Mirror,
    object::hex,
    refs,
    signature::Signature,
    snapshot::Rules,
    worktree::Worktree,
};

/// What an attempt left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The ref in the mirror that holds it.
    pub reference: String,
    /// The commit at that ref.
    pub commit: CommitId,
    /// Whether the last of it had not been committed by the attempt.
    pub uncommitted: bool,
    /// The folder, where it holds something that git could not store.
    pub folder: Option<PathBuf>,
}

/// What a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepReport {
    /// The worktrees that nobody worked in any more.
    pub archived: Vec<Archived>,
    /// Worktrees that could not be archived, with the reason. They are still where they were.
    pub failed: Vec<(PathBuf, String)>,
    /// Folders that were half made or half removed.
    pub remnants: usize,
}

impl Mirror {
    /// Archives an attempt and removes its worktree: its commits, and the files that it did not commit in a commit of
    /// their own. Ignored files are not work and go. Archiving again changes nothing.
    pub async fn archive_attempt(&self, run: &RunId, attempt: &AttemptId) -> Result<Archived, ForgeError> {
        let reference = refs::archive(run, attempt)?;
        let _lock = self.lock_attempt(run, attempt).await?;
        let path = self.worktree_dir(run, attempt);
        let Some(base) = self.resolve(&refs::attempt_base(run, attempt)?).await? else {
            return Err(ForgeError::NotFound { what: format!("attempt `{attempt}` in this mirror") });
        };
        if !path.exists()
            && let Some(commit) = self.resolve(&reference).await?
        {
            let (run, attempt) = (run.clone(), attempt.clone());
            return Ok(Archived { run, attempt, reference, commit, uncommitted: false, folder: None });
        }
        let worktree = Worktree { run: run.clone(), attempt: attempt.clone(), base, path };
        let kept = self.keep(&worktree).await?;
        let folder = if worktree.path.exists() { self.put_away(&worktree, &kept).await? } else { None };
        let _ = std::fs::remove_file(self.index(&worktree));
        tracing::info!(%run, %attempt, commit = %kept.commit, uncommitted = kept.uncommitted, "archived");
        Ok(Archived {
            run: worktree.run,
            attempt: worktree.attempt,
            reference,
            commit: kept.commit,
            uncommitted: kept.uncommitted,
            folder,
        })
    }

    /// Points the attempt's archive at all that it did. The attempt's lock is held by the caller.
    pub(crate) async fn keep(&self, worktree: &Worktree) -> Result<Kept, ForgeError> {
        let (run, attempt) = (&worktree.run, &worktree.attempt);
        let head = self.attempt_head(run, attempt).await?.unwrap_or_else(|| worktree.base.clone());
        let reference = refs::archive(run, attempt)?;
        let before = self.resolve(&reference).await?;
        let (tree, whole) = if worktree.path.exists() {
            durable::make_accessible(&worktree.path);
            match self.snapshot(worktree, Rules::Archive).await {
                Ok(snapshot) => (snapshot.tree, snapshot.whole),
                Err(error) => {
                    tracing::warn!(%run, %attempt, %error, "the worktree cannot be stored in git and is kept as it is");
                    (self.tree_of(&head).await?, false)
                }
            }
        } else {
            (self.tree_of(&head).await?, true)
        };
        let uncommitted = tree != self.tree_of(&head).await?;
        let commit = self.gathered(worktree, &tree, &head, before.as_ref()).await?;
        if before.as_ref() != Some(&commit) {
            self.update_refs(&format!("update {reference} {}\n", hex(&commit)?)).await?;
        }
        Ok(Kept { commit, uncommitted, whole })
    }

    /// A commit that holds `tree`, everything up to `head`, and what was archived `before`.
    async fn gathered(
        &self,
        worktree: &Worktree,
        tree: &str,
        head: &CommitId,
        before: Option<&CommitId>,
    ) -> Result<CommitId, ForgeError> {
        let mut parents = vec![hex(head)?];
        if let Some(before) = before {
            if self.is_ancestor(head, before).await? && self.tree_of(before).await? == tree {
                return Ok(before.clone());
            }
            if !self.is_ancestor(before, head).await? {
                parents.push(hex(before)?);
            }
        }
        if parents.len() == 1 && self.tree_of(head).await? == tree {
            return Ok(head.clone());
        }
        let trailers = Trailers {
            run: Some(worktree.run.clone()),
            agent: Some("swarm".to_owned()),
            ..Trailers::default()
        };
        let text = message(&format!("chore: archive what {} left", worktree.attempt), "", &trailers);
        let stamp = self.stamp(&Signature::swarm());
        self.write_commit(tree, &parents, &stamp, &stamp, text.as_bytes()).await
    }

    /// Takes an archived worktree's folder away; moves it aside where git could not store all of it, and says where.
    pub(crate) async fn put_away(
        &self,
        worktree: &Worktree,
        kept: &Kept,
    ) -> Result<Option<PathBuf>, ForgeError> {
        if kept.whole {
            self.scratch().await?.remove(&worktree.path)?;
            return Ok(None);
        }
        let doing = || format!("move {} aside", worktree.path.display());
        let parent = self.shelf().data_dir.join("archive").join(worktree.run.as_str());
        std::fs::create_dir_all(&parent).map_err(ForgeError::io(doing()))?;
        let aside = tempfile::Builder::new()
            .prefix(&format!("{}-", worktree.attempt))
            .tempdir_in(&parent)
            .map_err(ForgeError::io(doing()))?
            .keep()
            .join("worktree");
        std::fs::rename(&worktree.path, &aside).map_err(ForgeError::io(doing()))?;
        Ok(Some(aside))
    }

    /// Archives the worktrees of this mirror's attempts that are not `live`.
    pub(crate) async fn sweep(
        &self,
        live: &HashSet<(RunId, AttemptId)>,
        report: &mut SweepReport,
    ) -> Result<(), ForgeError> {
        refs::remove_stale_locks(self.path())?;
        for (run, attempt) in folders(&self.shelf().data_dir.join("worktrees")) {
            if live.contains(&(run.clone(), attempt.clone())) {
                continue;
            }
            match self.archive_attempt(&run, &attempt).await {
                Ok(archived) => report.archived.push(archived),
                // Another project's.
                Err(ForgeError::NotFound { .. }) => {}
                Err(error) => {
                    tracing::warn!(%run, %attempt, %error, "a worktree could not be archived and stays");
                    report.failed.push((self.worktree_dir(&run, &attempt), error.to_string()));
                }
            }
        }
        Ok(())
    }
}

/// What keeping an attempt came to.
#[derive(Debug)]
pub(crate) struct Kept {
    pub commit: CommitId,
    pub uncommitted: bool,
    /// Whether git could store all of it.
    pub whole: bool,
}

/// The attempts that have a folder.
fn folders(worktrees: &Path) -> Vec<(RunId, AttemptId)> {
    let read = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = read(worktrees)
        .into_iter()
        .filter_map(|run| RunId::parse(run).ok())
        .flat_map(|run| {
            let attempts = read(&worktrees.join(run.as_str())).into_iter();
            attempts
                .filter_map(move |attempt| Some((run.clone(), AttemptId::parse(attempt).ok()?)))
                .collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found
}

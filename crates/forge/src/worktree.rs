//! Worktrees: a folder of its own for each attempt.
//!
//! A worktree is plain files. Its index and its branch live in the mirror, so an agent's commands meet no `.git` that
//! they could change, and nothing that they write there is ever read as configuration.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use swarm_domain::{AttemptId, CommitId, RunId, scope::RelativePath};

use crate::{
    durable,
    error::ForgeError,
    lock::FileLock,
    mirror::Mirror,
    object::hex,
    refs,
    snapshot::{OnDisk, on_disk},
};

/// An attempt's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worktree {
    /// The run.
    pub run: RunId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The commit that the attempt began from.
    pub base: CommitId,
    /// The folder.
    pub path: PathBuf,
}

impl Mirror {
    /// The attempt's worktree, made from `base` where it is not there yet. Asked again it is the same one, with its
    /// files as they are; one that was lost or archived comes back as the attempt's last commit left it.
    pub async fn worktree(
        &self,
        run: &RunId,
        attempt: &AttemptId,
        base: &CommitId,
    ) -> Result<Worktree, ForgeError> {
        let (head_ref, base_ref) = (refs::attempt_head(run, attempt)?, refs::attempt_base(run, attempt)?);
        let name = self.require_commit(base).await?;
        let _lock = self.lock_attempt(run, attempt).await?;
        let began = self.resolve(&base_ref).await?;
        if let Some(began) = began.as_ref().filter(|began| *began != base) {
            return Err(ForgeError::WorktreeExists { attempt: attempt.to_string(), base: began.clone() });
        }
        let path = self.worktree_dir(run, attempt);
        let worktree = Worktree { run: run.clone(), attempt: attempt.clone(), base: base.clone(), path };
        if began.is_some() && worktree.path.is_dir() {
            return Ok(worktree);
        }
        if began.is_none() {
            let refs =
                format!("start\ncreate {base_ref} {name}\ncreate {head_ref} {name}\nprepare\ncommit\n");
            self.update_refs(&refs).await?;
        }
        let head = self.resolve(&head_ref).await?.unwrap_or_else(|| base.clone());
        self.put_in_place(&worktree, &head).await?;
        Ok(worktree)
    }

    /// The last commit of an attempt; none if there never was such an attempt here.
    pub async fn attempt_head(
        &self,
        run: &RunId,
        attempt: &AttemptId,
    ) -> Result<Option<CommitId>, ForgeError> {
        self.resolve(&refs::attempt_head(run, attempt)?).await
    }

    /// The commit that an attempt's worktree was made from; none if there never was such an attempt here.
    pub async fn attempt_base(
        &self,
        run: &RunId,
        attempt: &AttemptId,
    ) -> Result<Option<CommitId>, ForgeError> {
        self.resolve(&refs::attempt_base(run, attempt)?).await
    }

    /// Makes the worktree's files, and the attempt's head, just those of `commit`. What was there is archived first.
    pub async fn reset(&self, worktree: &Worktree, commit: &CommitId) -> Result<(), ForgeError> {
        let name = self.require_commit(commit).await?;
        let _lock = self.lock_attempt(&worktree.run, &worktree.attempt).await?;
        if worktree.path.exists() {
            let kept = self.keep(worktree).await?;
            self.put_away(worktree, &kept).await?;
        }
        let head_ref = refs::attempt_head(&worktree.run, &worktree.attempt)?;
        self.update_refs(&format!("update {head_ref} {name}\n")).await?;
        self.put_in_place(worktree, commit).await
    }

    /// Makes single files of the worktree what they are in `commit`: written anew, or removed where it has none.
    /// A folder that stands where the commit has no file is left alone, and so is a file that stands where the commit
    /// has a folder: it belongs to somebody else's work.
    pub async fn restore(
        &self,
        worktree: &Worktree,
        commit: &CommitId,
        paths: &[RelativePath],
    ) -> Result<(), ForgeError> {
        let name = self.require_commit(commit).await?;
        self.refuse_escaping_links(name).await?;
        let known: BTreeSet<_> = self.files(commit).await?.into_iter().collect();
        let _lock = self.lock_attempt(&worktree.run, &worktree.attempt).await?;
        let mut wanted = Vec::new();
        for path in paths {
            if known.contains(path.as_str()) {
                if is_below_a_file(&worktree.path, path.as_str()) {
                    continue;
                }
                wanted.extend_from_slice(path.as_str().as_bytes());
                wanted.push(0);
            } else if let OnDisk::File(_) | OnDisk::Link | OnDisk::Other =
                on_disk(&worktree.path, path.as_str().as_bytes())
            {
                let file = worktree.path.join(path.as_str());
                std::fs::remove_file(&file).map_err(ForgeError::io(format!("remove {path}")))?;
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let scratch = self.scratch().await?;
        let side = scratch.fresh()?;
        let index = side.path().join("index");
        self.git("read-tree").work_tree(&worktree.path, &index).arg(name).run().await?;
        let call = self.git("checkout-index").work_tree(&worktree.path, &index);
        call.args(["-f", "-q", "-z", "--stdin"]).stdin(wanted).run().await?;
        Ok(())
    }

    /// Held while an attempt's worktree, index or refs are worked on.
    pub(crate) async fn lock_attempt(
        &self,
        run: &RunId,
        attempt: &AttemptId,
    ) -> Result<FileLock, ForgeError> {
        let path = self.attempt_dir(run, attempt).join("lock");
        FileLock::acquire(&path, &format!("attempt {attempt}"), self.limits().local).await
    }

    /// The index of a worktree.
    pub(crate) fn index(&self, worktree: &Worktree) -> PathBuf {
        self.attempt_dir(&worktree.run, &worktree.attempt).join("index")
    }

    /// Writes the files out of sight and moves them into place when they are whole.
    async fn put_in_place(&self, worktree: &Worktree, commit: &CommitId) -> Result<(), ForgeError> {
        hex(commit)?;
        let doing = || format!("make the worktree of {}", worktree.attempt);
        let whole = match self.take_spare(&worktree.run, commit) {
            Some(spare) => spare,
            None => self.spare(&worktree.run, commit).await?,
        };
        if worktree.path.exists() {
            self.scratch().await?.remove(&worktree.path)?;
        }
        let parent = worktree.path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(parent)
            .and_then(|()| durable::copy_index(&whole.index(), &self.index(worktree)).map(drop))
            .and_then(|()| std::fs::rename(whole.tree(), &worktree.path))
            .map_err(ForgeError::io(doing()))
    }
}

/// Whether a file stands where the path has a folder.
fn is_below_a_file(root: &Path, path: &str) -> bool {
    Path::new(path).ancestors().skip(1).any(|folder| {
        !folder.as_os_str().is_empty()
            && matches!(on_disk(root, folder.as_os_str().as_encoded_bytes()), OnDisk::File(_))
    })
}

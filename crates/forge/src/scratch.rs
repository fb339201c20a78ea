//! Where things are made before they are moved into place, and removed after they were moved out of it.
//!
//! Whoever works here shares a lock; a sweep needs it alone. So what a sweep finds was left by the dead.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{durable, error::ForgeError, git::Limits, lock::FileLock};

/// The scratch folder of a data folder, in use.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    _lock: FileLock,
}

const LOCK: &str = "lock";

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("scratch")
}

impl Scratch {
    pub async fn open(data_dir: &Path, limits: &Limits) -> Result<Self, ForgeError> {
        let folder = folder(data_dir);
        let lock = FileLock::share(&folder.join(LOCK), "the scratch folder", limits.local).await?;
        Ok(Self { folder, _lock: lock })
    }

    /// A fresh folder, gone when it is dropped.
    pub fn fresh(&self) -> Result<TempDir, ForgeError> {
        tempfile::tempdir_in(&self.folder).map_err(ForgeError::io("make a scratch folder"))
    }

    /// Removes a folder that others may still see: first out of sight, then for good.
    pub fn remove(&self, path: &Path) -> Result<(), ForgeError> {
        let doing = || format!("remove {}", path.display());
        let away = self.fresh()?.keep();
        std::fs::rename(path, away.join("gone")).map_err(ForgeError::io(doing()))?;
        durable::remove_stubborn(&away)
    }
}

/// Removes what dead processes left, and says how much; nothing while anybody works here.
pub(crate) fn sweep(data_dir: &Path) -> Result<usize, ForgeError> {
    let folder = folder(data_dir);
    if !folder.exists() {
        return Ok(0);
    }
    let Some(_lock) = FileLock::alone(&folder.join(LOCK))? else {
        return Ok(0);
    };
    let entries = std::fs::read_dir(&folder).map_err(ForgeError::io("read the scratch folder"))?;
    let mut removed = 0;
    for entry in entries.flatten().filter(|entry| entry.file_name() != LOCK) {
        durable::remove_stubborn(&entry.path())?;
        removed += 1;
    }
    // A worktree is moved into its run's folder by somebody who works here, so nobody waits for one of these now.
    for run in std::fs::read_dir(data_dir.join("worktrees")).into_iter().flatten().flatten() {
        // Fails where anything is left in it, as it should.
        let _ = std::fs::remove_dir(run.path());
    }
    Ok(removed)
}

//! A lock between processes: the kernel frees it when its holder dies, so none is ever stale.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::error::ForgeError;

/// How often a held lock is tried again.
const AGAIN: Duration = Duration::from_millis(15);

/// Held until dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits up to `patience` for the lock on the file at `path`, which is made if need be and never removed.
    pub async fn acquire(path: &Path, what: &str, patience: Duration) -> Result<Self, ForgeError> {
        Self::wait(path, what, patience, File::try_lock).await
    }

    /// The same, beside others who share it.
    pub async fn share(path: &Path, what: &str, patience: Duration) -> Result<Self, ForgeError> {
        Self::wait(path, what, patience, File::try_lock_shared).await
    }

    /// The lock, if nobody else has it or shares it now.
    pub fn alone(path: &Path) -> Result<Option<Self>, ForgeError> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(ForgeError::Io { doing: doing(path), source }),
        }
    }

    async fn wait(
        path: &Path,
        what: &str,
        patience: Duration,
        attempt: fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, ForgeError> {
        let file = open(path)?;
        let deadline = Instant::now() + patience;
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(source)) => {
                    return Err(ForgeError::Io { doing: doing(path), source });
                }
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(ForgeError::Locked { what: what.to_owned(), waited: patience });
                }
                Err(TryLockError::WouldBlock) => sleep(AGAIN).await,
            }
        }
    }
}

fn doing(path: &Path) -> String {
    format!("lock {}", path.display())
}

fn open(path: &Path) -> Result<File, ForgeError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(ForgeError::io(doing(path)))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(path).map_err(ForgeError::io(doing(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_that_is_held_is_waited_for_and_then_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/lock");
        let held = FileLock::share(&path, "it", Duration::ZERO).await.unwrap();
        let beside = FileLock::share(&path, "it", Duration::ZERO).await.unwrap();
        assert!(FileLock::alone(&path).unwrap().is_none());
        drop(held);
        let error = FileLock::acquire(&path, "it", Duration::ZERO).await.unwrap_err();
        assert_eq!(error.problem().code, "forge.locked");
        assert!(error.is_retryable());
        drop(beside);
        assert!(FileLock::alone(&path).unwrap().is_some());
    }
}

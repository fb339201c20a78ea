//! Locks between processes: released by the system when their holder dies, however it dies.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use tokio::time::Instant;

use crate::{Result, StoreError};

/// How long to wait for somebody else who starts or stops the server.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often to look whether the lock is free.
const LOOK: Duration = Duration::from_millis(10);

/// A held lock on a file. Dropping it frees it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody else holds the lock.
    pub(crate) async fn exclusive(path: &Path) -> Result<Self> {
        wait(path, File::try_lock).await
    }

    /// Waits until nobody holds the lock exclusively.
    pub(super) async fn shared(path: &Path) -> Result<Self> {
        wait(path, File::try_lock_shared).await
    }

    /// The lock, if nobody else holds it.
    pub(super) fn exclusive_if_free(path: &Path) -> Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }
}

async fn wait(path: &Path, lock: fn(&File) -> Result<(), TryLockError>) -> Result<Lock> {
    let file = open(path)?;
    let began = Instant::now();
    loop {
        match lock(&file) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => tokio::time::sleep(LOOK).await,
            Err(error) => return Err(StoreError::io("lock", path)(error.into())),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::io("open", path))
}

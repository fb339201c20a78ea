//! One process of swarm that makes sandboxes, as others see it: a folder with a lock and a record of each sandbox.
//!
//! The kernel lets go of the lock when the process dies, however it dies. So a folder whose lock can be taken belongs to
//! nobody, and what its records name may be swept away. A process id would not do: it is given out again, and another
//! container counts its own.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{cgroup::Cgroup, error::SandboxError};

/// How long sandboxes that were dropped may take to be gone. Their processes are killed; the rest is the kernel's to do.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a sandbox holds that outlives a killed process. Written before any of it is made.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) cgroup: Cgroup,
}

/// This process's folder.
#[derive(Debug)]
pub(crate) struct Instance {
    folder: PathBuf,
    tag: String,
    next: AtomicU64,
    _lock: File,
}

impl Instance {
    /// Makes a folder of its own below `state`, which is made if missing and closed to other users.
    pub(crate) fn open(state: &Path) -> Result<Self, SandboxError> {
        Self::make(state)
            .map_err(|source| SandboxError::io(format!("make its folder in {}", state.display()), source))
    }

    fn make(state: &Path) -> io::Result<Self> {
        let gate = Gate::take(state)?;
        let folder = tempfile::Builder::new().prefix("run-").rand_bytes(10).tempdir_in(state)?;
        let lock = OpenOptions::new().create_new(true).write(true).open(folder.path().join(LOCK))?;
        lock.lock()?;
        drop(gate);
        let folder = fs::canonicalize(folder.keep())?;
        let tag = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { folder, tag, next: AtomicU64::new(1), _lock: lock })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An id that no other sandbox has, on this machine and ever.
    pub(crate) fn fresh_id(&self) -> String {
        format!("{}.{}", self.tag, self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether an id was given out by the instance with this tag.
    pub(crate) fn gave(tag: &str, id: &str) -> bool {
        id.strip_prefix(tag).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Remembers what a sandbox holds.
    pub(crate) fn record(&self, id: &str, record: &Record) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut file, record)?;
        file.flush()?;
        file.persist(self.record_path(id)).map(drop).map_err(|error| error.error)
    }

    /// Waits until nothing is on record any more, and then leaves nothing of its own: at the end of the process. What does
    /// not go within some seconds stays on record.
    pub(crate) async fn settle(&self) {
        let until = Instant::now() + PATIENCE;
        while records(&self.folder).next().is_some() {
            if Instant::now() >= until {
                let folder = self.folder.display();
                tracing::warn!(%folder, "something of a sandbox is still there; the next start sweeps it");
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// Forgets it, once nothing of it is left.
    pub(crate) fn forget(&self, id: &str) {
        let _ = fs::remove_file(self.record_path(id));
    }

    fn record_path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A record that is left names something that could not be removed yet; the next start tries again.
        if records(&self.folder).next().is_none() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

const LOCK: &str = "lock";

/// Held while a folder is made and locked, and while dead ones are looked for: between the two a new folder looks dead.
pub(crate) struct Gate {
    _file: File,
}

impl Gate {
    pub(crate) fn take(state: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(state)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(state.join("gate"))?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

/// The folders in `state` of processes that are no more, each with its lock taken and its tag.
pub(crate) fn dead(state: &Path, _gate: &Gate) -> io::Result<Vec<(PathBuf, String, File)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(state)?.flatten() {
        let tag = entry.file_name().to_string_lossy().into_owned();
        if !tag.starts_with("run-") || !entry.file_type()?.is_dir() {
            continue;
        }
        let open =
            OpenOptions::new().create(true).truncate(false).write(true).open(entry.path().join(LOCK))?;
        match open.try_lock() {
            Ok(()) => found.push((entry.path(), tag, open)),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(found)
}

/// The ids and records in an instance's folder. One that was cut off while being written names nothing that was made.
pub(crate) fn records(folder: &Path) -> impl Iterator<Item = (String, Record)> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let id = entry.file_name().to_str()?.strip_suffix(".json")?.to_owned();
        Some((id, serde_json::from_slice(&fs::read(entry.path()).ok()?).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_instance_is_not_dead_and_one_whose_lock_is_free_is() {
        let state = tempfile::tempdir().unwrap();
        let living = Instance::open(state.path()).unwrap();
        fs::create_dir(state.path().join("run-gone")).unwrap();
        let gate = Gate::take(state.path()).unwrap();
        let dead = dead(state.path(), &gate).unwrap();
        assert_eq!(dead.iter().map(|(_, tag, _)| tag.as_str()).collect::<Vec<_>>(), ["run-gone"]);
        assert!(living.folder().exists());
    }

    #[test]
    fn an_id_belongs_to_the_instance_that_gave_it_and_to_no_other() {
        assert!(Instance::gave("run-a", "run-a.1"));
        assert!(!Instance::gave("run-a", "run-ab.1"));
        assert!(!Instance::gave("run-a", "run-a"));
    }

    #[test]
    fn the_folder_goes_with_the_instance_unless_something_is_left_to_sweep() {
        let state = tempfile::tempdir().unwrap();
        let instance = Instance::open(state.path()).unwrap();
        let (id, folder) = (instance.fresh_id(), instance.folder().to_owned());
        instance.record(&id, &Record { name: "a".to_owned(), cgroup: Cgroup::default() }).unwrap();
        drop(instance);
        assert_eq!(records(&folder).map(|(id, _)| id).collect::<Vec<_>>(), [id]);

        let instance = Instance::open(state.path()).unwrap();
        let folder = instance.folder().to_owned();
        drop(instance);
        assert!(!folder.exists());
    }
}

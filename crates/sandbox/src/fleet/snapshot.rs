//! A sandbox as it was at a moment: its files, its memory where it has one of its own, and where the log stood.
//!
//! It is written beside its place and then moved there: what has its name is whole. What a killed process had begun goes
//! with that process's folder.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use nix::sys::statvfs::statvfs;
use serde::{Deserialize, Serialize};
use swarm_domain::{SandboxId, SnapshotId, Subject, attempt::Rung};
use tokio::sync::OwnedMutexGuard;

use super::{
    Fleet, FleetError, apart,
    copy::copy,
    member::{Member, Place},
};
use crate::{error::SandboxError, sandbox::Limits};

const FACTS: &str = "snapshot.json";
const FILES: &str = "files";
const MEMORY: &str = "memory";

/// Where less than this is free, nothing is begun.
const LEAST_FREE: u64 = 64 << 20;

/// A sandbox as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Of which sandbox.
    pub of: SandboxId,
    /// On which rung.
    pub rung: Rung,
    /// The position of the last event of the log at that moment.
    pub position: u64,
    /// Whether the memory is in it; else it is files alone.
    pub memory: bool,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The work.
    pub subject: Subject,
    /// The agent.
    pub agent: Option<String>,
    /// What the sandbox might use.
    pub limits: Limits,
    /// The folder that it is in.
    #[serde(skip)]
    pub place: PathBuf,
}

impl Snapshot {
    /// The one in this folder.
    pub(super) fn read(place: &Path) -> Option<Self> {
        let facts: Self = serde_json::from_slice(&fs::read(place.join(FACTS)).ok()?).ok()?;
        Some(Self { place: place.to_owned(), ..facts })
    }

    pub(super) fn files(&self) -> PathBuf {
        self.place.join(FILES)
    }

    pub(super) fn memory(&self) -> PathBuf {
        self.place.join(MEMORY)
    }
}

/// A sandbox in which nothing runs for as long as this is there.
pub struct Still {
    fleet: Fleet,
    member: Arc<Member>,
    place: OwnedMutexGuard<Place>,
}

impl Still {
    pub(super) fn new(fleet: Fleet, member: Arc<Member>, place: OwnedMutexGuard<Place>) -> Self {
        Self { fleet, member, place }
    }

    /// The work that it is for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.member.holder.subject
    }

    /// Writes it down. The sandbox goes on, also where it could not be written.
    pub async fn write(self, position: u64) -> Result<Snapshot, FleetError> {
        let Self { fleet, member, place } = self;
        let shelf = fleet.snapshots_folder();
        let (own, bounds) = (fleet.own_folder(), fleet.bounds().clone());
        let id = fleet.mint_snapshot();
        let (workdir, name) = (member.workdir.clone(), id.to_string());
        let prepared = apart(move || {
            let failed = |source| SandboxError::unwritten("write a snapshot", source);
            fs::create_dir_all(&shelf).map_err(failed)?;
            room(&shelf)?;
            let making = tempfile::Builder::new().prefix("making-").tempdir_in(&own).map_err(failed)?;
            let stage = own.join(format!("stage-{name}"));
            let bytes = copy(&workdir, &making.path().join(FILES), &stage, bounds.snapshot_file_bytes)?;
            fs::create_dir(making.path().join(MEMORY)).map_err(failed)?;
            Ok((making, bytes))
        });
        let (making, file_bytes) = prepared.await?;
        let memory = making.path().join(MEMORY);
        let has_memory = match place.as_deref() {
            Some(sandbox) => sandbox.write_memory(&memory).await?,
            None => false,
        };
        // From here on it may go on.
        drop(place);
        let snapshot = Snapshot {
            id: id.clone(),
            of: member.id.clone(),
            rung: member.rung,
            position,
            memory: has_memory,
            bytes: file_bytes + own_bytes(&memory),
            at: fleet.now(),
            subject: member.holder.subject.clone(),
            agent: member.holder.agent.clone(),
            limits: member.limits.clone(),
            place: fleet.snapshots_folder().join(id.as_str()),
        };
        let kept = fleet.bounds().snapshots;
        Ok(apart(move || place_it(making, snapshot, kept)).await?)
    }
}

/// Moves it where it belongs, and lets the oldest go.
fn place_it(making: tempfile::TempDir, snapshot: Snapshot, kept: usize) -> Result<Snapshot, SandboxError> {
    let failed = |source| SandboxError::unwritten("write a snapshot", source);
    let json = serde_json::to_vec_pretty(&snapshot).map_err(|error| failed(error.into()))?;
    fs::write(making.path().join(FACTS), json).map_err(failed)?;
    fs::File::open(making.path().join(FACTS)).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(making.path(), &snapshot.place).map_err(failed)?;
    // What it names is somewhere else now.
    let _ = making.keep();
    if let Some(shelf) = snapshot.place.parent() {
        let mut all = all(shelf);
        // Ids are in the order of time.
        all.sort_by(|one, other| one.id.cmp(&other.id));
        let surplus = all.len().saturating_sub(kept.max(1));
        for old in &all[..surplus] {
            fs::remove_dir_all(&old.place).map_err(failed)?;
        }
    }
    Ok(snapshot)
}

/// Those in this folder.
pub(super) fn all(shelf: &Path) -> Vec<Snapshot> {
    let entries = fs::read_dir(shelf).into_iter().flatten().flatten();
    entries.filter_map(|entry| Snapshot::read(&entry.path())).collect()
}

/// Fails where there is too little room to begin.
fn room(folder: &Path) -> Result<(), SandboxError> {
    let found =
        statvfs(folder).map_err(|error| SandboxError::io("look at the disk", std::io::Error::from(error)))?;
    if found.blocks_available() * found.fragment_size() < LEAST_FREE {
        return Err(SandboxError::NoSpace { doing: "write a snapshot".to_owned() });
    }
    Ok(())
}

/// The bytes of the files in a folder that are nobody else's too.
fn own_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let own = entries.filter_map(|entry| entry.metadata().ok()).filter(|found| found.nlink() == 1);
    own.map(|found| found.len()).sum()
}

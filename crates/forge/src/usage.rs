//! What an attempt's worktree takes on disk.

use std::{os::unix::fs::MetadataExt as _, path::PathBuf};

use swarm_domain::{AttemptId, RunId};

use crate::{error::ForgeError, mirror::Mirror};

/// A block as file systems count them, in bytes.
const BLOCK: u64 = 512;

impl Mirror {
    /// The bytes that the files of an attempt's worktree have allocated: its own, also those that are ignored, and not
    /// the repository's objects, which all attempts share. Links are not followed. 0 where there is no worktree.
    pub async fn disk_bytes(&self, run: &RunId, attempt: &AttemptId) -> Result<u64, ForgeError> {
        let folder = self.worktree_dir(run, attempt);
        let walk = tokio::task::spawn_blocking(move || allocated(folder));
        walk.await.map_err(|error| ForgeError::Io {
            doing: format!("measure the worktree of {attempt}"),
            source: std::io::Error::other(error),
        })
    }
}

/// What vanishes or cannot be read while it is looked at counts for nothing.
fn allocated(folder: PathBuf) -> u64 {
    let mut bytes = 0_u64;
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            bytes = bytes.saturating_add(found.blocks().saturating_mul(BLOCK));
            if found.is_dir() {
                open.push(entry.path());
            }
        }
    }
    bytes
}

//! A takeover on record while it lasts: one that a killed process left open is told of at the next start.

use std::{fs, io, path::Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{SandboxId, Subject, sandbox::HandedBack};

use super::Lapsed;

const NAMED: &str = "takeover-";

/// A takeover.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// The process that has the sandbox, by its folder's name.
    pub(super) process: String,
    pub(super) id: SandboxId,
    pub(super) subject: Subject,
    pub(super) by: String,
    pub(super) since: DateTime<Utc>,
}

impl Note {
    /// Puts it on record.
    pub(super) fn keep(&self, folder: &Path) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.persist(folder.join(name(&self.id, self.since))).map(drop).map_err(|error| error.error)
    }
}

/// It ended, and that is known.
pub(super) fn forget(folder: &Path, lapsed: &Lapsed) {
    // One that stays is told of once more, under the same key.
    let _ = fs::remove_file(folder.join(name(&lapsed.id, lapsed.since)));
}

/// There may be one takeover of a sandbox after the other.
fn name(id: &SandboxId, since: DateTime<Utc>) -> String {
    format!("{NAMED}{id}.{}", since.timestamp_micros())
}

/// Those that ended with their process. What cannot be read is of nobody.
pub(super) fn left(folder: &Path) -> Vec<Lapsed> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let notes = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(NAMED))
        .filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok());
    notes
        .filter(|note: &Note| !folder.join(&note.process).exists())
        .map(|Note { id, subject, by, since, .. }| {
            // How many commands ran in it is in the log itself, command by command.
            Lapsed { id, subject, by, since, commands: 0, why: HandedBack::SandboxEnded }
        })
        .collect()
}

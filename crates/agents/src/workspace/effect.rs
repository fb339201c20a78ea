//! What a step is about to do to a file, noted before it does it.
//!
//! Steps run at least once. The note lets the second run tell "done already" from "not yet done" by the file's hash.

use std::{io::Write as _, path::Path};

use serde::{Deserialize, Serialize};
use swarm_domain::BlobHash;

use crate::error::AgentError;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Effect {
    pub(super) path: String,
    pub(super) before: Option<BlobHash>,
    pub(super) after: BlobHash,
    pub(super) bytes: u64,
}

impl Effect {
    /// The note of this step, if it left one.
    pub(super) fn load(folder: &Path, step_key: &str) -> Result<Option<Self>, AgentError> {
        let doing = "read the note of an effect";
        match std::fs::read(folder.join(name(step_key))) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| AgentError::io(doing)(error.into()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AgentError::io(doing)(error)),
        }
    }

    /// Puts the note on the disk, whole or not at all.
    pub(super) fn note(&self, folder: &Path, step_key: &str) -> Result<(), AgentError> {
        let doing = || AgentError::io("note an effect");
        let bytes = serde_json::to_vec(self).map_err(|error| doing()(error.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(doing())?;
        file.write_all(&bytes).map_err(doing())?;
        file.as_file().sync_all().map_err(doing())?;
        file.persist(folder.join(name(step_key))).map_err(|error| doing()(error.error))?;
        std::fs::File::open(folder).and_then(|dir| dir.sync_all()).map_err(doing())
    }
}

/// Keys may hold anything; the hash of one is a file name.
fn name(step_key: &str) -> String {
    format!("{}.json", BlobHash::of(step_key.as_bytes()))
}

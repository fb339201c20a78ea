//! What the program was told about where it runs.

use std::path::PathBuf;

/// Where it runs and what it may do there.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The work folder, as files are put into it.
    pub work: PathBuf,
    /// The work folder, as commands see it.
    pub seen: PathBuf,
    /// A folder of its own: closed to commands, on the work folder's file system.
    pub state: PathBuf,
    /// Whether this is the first process of a machine of its own, whose clock, name and randomness it may set.
    pub machine: bool,
    /// Whether commands get process namespaces of their own.
    pub isolate: bool,
    /// Who runs commands and owns the work folder, where not whoever runs this.
    pub user: Option<u32>,
    /// At which address connections are taken that are relayed to the host.
    pub relay: Option<String>,
}

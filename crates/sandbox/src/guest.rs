//! Where the guest program is: the part of swarm that runs inside.

use std::path::{Path, PathBuf};

/// What it is called beside the `swarm` program: as `make guest` leaves it, which runs everywhere, and as a build of the
/// whole workspace does, which needs the system's libraries.
pub(crate) const NAMES: [&str; 2] = ["swarm-guest-static", "swarm-guest"];

/// The variable that names it where it is elsewhere.
const VARIABLE: &str = "SWARM_GUEST";

/// Where to look for it, the best place first.
pub(crate) fn places() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return vec![PathBuf::from(named)];
    }
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent);
    beside.into_iter().flat_map(|folder| NAMES.map(|name| folder.join(name))).collect()
}

/// The guest program, if there is one.
pub(crate) fn program() -> Option<PathBuf> {
    places().into_iter().find(|program| program.is_file()).and_then(|path| path.canonicalize().ok())
}

//! Where the guest program is: the part of swarm that runs inside.

use std::path::PathBuf;

/// What it is called beside the `swarm` program.
const NAME: &str = "swarm-guest";

/// The variable that names it where it is elsewhere.
const VARIABLE: &str = "SWARM_GUEST";

/// The guest program, if there is one.
pub(crate) fn program() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join(NAME));
    named.or_else(beside).filter(|program| program.is_file()).and_then(|path| path.canonicalize().ok())
}

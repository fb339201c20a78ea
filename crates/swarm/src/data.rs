//! The data folder: what swarm keeps on this machine.
//!
//! PostgreSQL refuses to run as root. When swarm does, its private one runs as another user, who must be able to pass
//! through the data folder to a folder of its own.

use std::path::{Path, PathBuf};

use swarm_domain::Problem;

use crate::exit::{Failure, Result};

/// Where root keeps data: nobody else may enter its home.
const OF_ROOT: &str = "/var/lib/swarm";

/// Finds the data folder: what was asked for, else `$XDG_DATA_HOME/swarm`, else for root `/var/lib/swarm` (PostgreSQL
/// runs as another user then, who may not enter root's home), else `~/.local/share/swarm`.
pub(crate) fn folder(asked: Option<&Path>) -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = match (asked, absolute("XDG_DATA_HOME")) {
        (Some(asked), _) => asked.to_owned(),
        (None, Some(home)) => home.join("swarm"),
        (None, None) if is_root() => PathBuf::from(OF_ROOT),
        (None, None) => absolute("HOME").ok_or_else(no_home)?.join(".local/share/swarm"),
    };
    std::path::absolute(&folder).map_err(|error| Failure::io(format!("find {}", folder.display()), error))
}

/// The right to work in a data folder: one process has it at a time. It ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Claim {
    _file: std::fs::File,
}

/// Claims the data folder; none where another process has.
pub(crate) fn claim(folder: &Path) -> Result<Option<Claim>> {
    use std::os::unix::fs::OpenOptionsExt;
    make(folder)?;
    let path = folder.join("work.lock");
    let failed = |error| Failure::io(format!("lock {}", path.display()), error);
    let mut options = std::fs::OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Claim { _file: file })),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn no_home() -> Problem {
    Problem::new(
        "config.no_home",
        "there is no place for swarm's data: neither HOME nor XDG_DATA_HOME is set",
        "name a folder with --data or SWARM_DATA",
    )
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

/// Makes the data folder, for its owner alone: as root others may pass through, and see nothing.
pub(crate) fn make(folder: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let failed = |error| Failure::io(format!("make the data folder {}", folder.display()), error);
    if !folder.exists() {
        let mode = if is_root() { 0o711 } else { 0o700 };
        std::fs::DirBuilder::new().recursive(true).mode(mode).create(folder).map_err(failed)?;
        // A wider umask on the way, or a narrower one, is not what was asked for.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    Ok(())
}

//! Where the server's Unix socket stands. The system allows only about a hundred bytes for its path.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::{PORT, account::Account, folder::Folder};
use crate::{Result, StoreError};

/// The longest path of a socket, in bytes. Linux allows 107, macOS 103.
const MAX_PATH_BYTES: usize = 99;

/// The folder for the socket: that of the database, or a short one where its path is too long. Nobody but the server's
/// account may enter it; the server asks for no password.
pub(super) fn folder(cluster: &Folder, account: &Account) -> Result<PathBuf> {
    let own = cluster.database();
    if fits(&own) {
        return Ok(own);
    }
    let short = short(cluster.data(), account);
    match fs::DirBuilder::new().mode(0o700).create(&short) {
        Ok(()) => account.give(&short)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(StoreError::io("create", short)(error)),
    }
    // Somebody else may have made it before us, to listen in.
    let meta = fs::symlink_metadata(&short).map_err(StoreError::io("look at", &short))?;
    if !meta.is_dir() || meta.uid() != account.uid().as_raw() || meta.mode() & 0o077 != 0 {
        return Err(
            cluster.unusable(format!("{} stands in the way of its socket: remove it", short.display()))
        );
    }
    Ok(short)
}

/// The lock that the server keeps beside its socket.
pub(super) fn lock_file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}.lock"))
}

fn fits(folder: &Path) -> bool {
    folder.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= MAX_PATH_BYTES
}

/// Named by the data folder, so that every cluster has its own.
fn short(data: &Path, account: &Account) -> PathBuf {
    let hash = blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex();
    let name = format!("swarm-pg-{}-{}", account.uid(), &hash[..12]);
    let private = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    private
        .filter(|folder| account.is_own() && folder.is_absolute() && folder.is_dir())
        .map(|folder| folder.join(&name))
        .filter(|folder| fits(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(&name))
}

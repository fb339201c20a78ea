//! Whose account the server runs under. PostgreSQL refuses to run as root, rightly.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use nix::unistd::{Gid, Uid, User, chown, geteuid};
use tokio::process::Command;

use super::folder::Folder;
use crate::{Result, StoreError};

/// Accounts without rights of their own, in order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
/// What the server's programs get to see of our environment: no key or token, and no `PG…` that would steer them.
const ENVIRONMENT: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZDIR"];

/// The account of the server.
#[derive(Debug)]
pub(super) enum Account {
    /// Our own.
    Own,
    /// Another one's, because we are root.
    Other(User),
}

impl Account {
    /// The account that the files of the database belong to, or will belong to.
    pub(super) fn for_folder(folder: &Folder) -> Result<Self> {
        let owner = folder.owner()?.map(Uid::from_raw);
        let me = geteuid();
        if !me.is_root() {
            return match owner {
                Some(owner) if owner != me => Err(folder.unusable(format!(
                    "it belongs to the user {owner}, and this is the user {me}: run swarm as that user"
                ))),
                _ => Ok(Self::Own),
            };
        }
        let user = match owner {
            Some(owner) if !owner.is_root() => User::from_uid(owner).ok().flatten(),
            _ => UNPRIVILEGED.iter().find_map(|name| User::from_name(name).ok().flatten()),
        };
        let user = user.filter(|user| !user.uid.is_root());
        user.map(Self::Other).ok_or_else(|| {
            folder.unusable(
                "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as: run \
                 swarm as an ordinary user",
            )
        })
    }

    pub(super) fn uid(&self) -> Uid {
        match self {
            Self::Own => geteuid(),
            Self::Other(user) => user.uid,
        }
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// A program that will run under this account, with a bare environment.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/");
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Self::Other(user) = self {
            // Setting the user also drops root's supplementary groups.
            command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
        }
        command
    }

    /// Hands a file or folder that we just made over to this account.
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other(user) => {
                let (uid, gid): (Uid, Gid) = (user.uid, user.gid);
                chown(path, Some(uid), Some(gid))
                    .map_err(|error| StoreError::io("hand over", path)(error.into()))
            }
        }
    }

    /// Fails where this account cannot reach the folder, naming the parent that is in the way.
    pub(super) async fn can_enter(&self, folder: &Path) -> Result<()> {
        let Self::Other(user) = self else { return Ok(()) };
        if self.enters(folder).await? {
            return Ok(());
        }
        let mut shut = folder.to_owned();
        for parent in folder.ancestors().collect::<Vec<_>>().into_iter().rev() {
            if !self.enters(parent).await? {
                shut = parent.to_owned();
                break;
            }
        }
        Err(StoreError::ClusterFolder {
            folder: PathBuf::from(folder),
            detail: format!(
                "PostgreSQL refuses to run as root, so it runs as `{}`, and that user may not enter {}. Run swarm as \
                 an ordinary user, or `chmod o+x {}`, or keep the data elsewhere",
                user.name,
                shut.display(),
                shut.display()
            ),
        })
    }

    async fn enters(&self, folder: &Path) -> Result<bool> {
        let status = self
            .command("/bin/sh")
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .map_err(StoreError::io("run", "/bin/sh"))?;
        Ok(status.success())
    }
}

//! The folder of the private cluster: where its files stand, and how it is made.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::Stdio,
};

use super::{ROLE, account::Account, programs::Programs};
use crate::{Result, StoreError};

/// The log of the server is begun anew past this size, in bytes; one old log is kept.
const MAX_LOG_BYTES: u64 = 16 * 1024 * 1024;

/// swarm's data folder, seen as the home of the cluster.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    data: PathBuf,
}

impl Folder {
    /// Makes the data folder if it is not there. Its path becomes absolute and free of links.
    pub(super) fn open(data: &Path) -> Result<Self> {
        // As root the server runs under another account, which must be able to pass through.
        let mode = if nix::unistd::geteuid().is_root() { 0o711 } else { 0o700 };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(data)
            .map_err(StoreError::io("create", data))?;
        let data = data.canonicalize().map_err(StoreError::io("find", data))?;
        Ok(Self { data })
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// The files of the database.
    pub(super) fn database(&self) -> PathBuf {
        self.data.join("postgres")
    }

    /// Held by who starts or stops the server.
    pub(super) fn start_lock(&self) -> PathBuf {
        self.data.join("postgres.start.lock")
    }

    /// Held by everybody who uses the server.
    pub(super) fn use_lock(&self) -> PathBuf {
        self.data.join("postgres.use.lock")
    }

    /// What the server says.
    pub(super) fn log(&self) -> PathBuf {
        self.data.join("postgres.log")
    }

    /// Opens the log for appending.
    pub(super) fn open_log(&self) -> Result<fs::File> {
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|meta| meta.len() > MAX_LOG_BYTES) {
            fs::rename(&log, self.data.join("postgres.log.old")).map_err(StoreError::io("rename", &log))?;
        }
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true).mode(0o600).open(&log).map_err(StoreError::io("open", &log))
    }

    /// Who owns the files of the database, if they are there.
    pub(super) fn owner(&self) -> Result<Option<u32>> {
        let database = self.database();
        match fs::symlink_metadata(&database) {
            Ok(meta) => Ok(Some(meta.uid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("look at", database)(error)),
        }
    }

    /// The major version of PostgreSQL that wrote the files; absent when there are none yet.
    pub(super) fn version(&self) -> Result<Option<u32>> {
        let database = self.database();
        match fs::read_to_string(database.join("PG_VERSION")) {
            Ok(text) => match text.trim().parse() {
                Ok(version) => Ok(Some(version)),
                Err(_) => Err(self.unusable("its PG_VERSION is not a version: restore it from a backup")),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let used = fs::read_dir(&database).is_ok_and(|mut entries| entries.next().is_some());
                if used { Err(self.unusable("it holds files, but no database")) } else { Ok(None) }
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(self.unusable("it belongs to another user, who alone may use it"))
            }
            Err(error) => Err(StoreError::io("read", database)(error)),
        }
    }

    /// Makes an empty database. It takes its place in one move, so that a crash leaves all of it or nothing.
    pub(super) async fn initialise(&self, programs: &Programs, account: &Account) -> Result<()> {
        let unfinished = self.data.join("postgres.new");
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", unfinished)(error));
            }
            _ => {}
        }
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&unfinished)
            .map_err(StoreError::io("create", &unfinished))?;
        account.give(&unfinished)?;
        let output = account
            .command(programs.initdb())
            .arg("--pgdata")
            .arg(&unfinished)
            .args([
                "--username",
                ROLE,
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--no-locale",
                "--data-checksums",
            ])
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(StoreError::io("run", programs.initdb()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(self.failed("making the database", said));
        }
        fs::rename(&unfinished, self.database()).map_err(StoreError::io("rename", unfinished))
    }

    pub(super) fn unusable(&self, detail: impl Into<String>) -> StoreError {
        StoreError::ClusterFolder { folder: self.database(), detail: detail.into() }
    }

    pub(super) fn failed(&self, doing: &'static str, detail: impl Into<String>) -> StoreError {
        StoreError::Cluster { doing, detail: detail.into(), log: self.log() }
    }
}

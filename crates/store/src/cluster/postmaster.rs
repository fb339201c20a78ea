//! The server's first process: found by the file that it keeps, started, awaited and stopped.

use std::{
    fs, io,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{Connection, PgConnection};
use tokio::{process::Child, time::Instant};

use super::{PORT, account::Account, folder::Folder, options, programs::Programs, socket};
use crate::{Result, StoreError};

/// How long the server may take to answer: after a crash it first makes good what was lost.
const START_PATIENCE: Duration = Duration::from_mins(1);
/// How long it may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
/// How long the processes of a killed server may take to notice.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(20);
/// How often to look.
const LOOK: Duration = Duration::from_millis(10);
/// How much of the server's last words is shown, in bytes.
const LAST_WORDS: u64 = 4096;

/// swarm's own settings. Everything else is PostgreSQL's default; what is committed survives a loss of power.
const SETTINGS: [(&str, &str); 7] = [
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("max_connections", "200"),
    ("logging_collector", "off"),
    ("log_destination", "stderr"),
    ("log_line_prefix", "%m [%p] "),
    ("cluster_name", "swarm"),
];

/// A server process.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: i32,
    /// Where it is our child, so that it is reaped.
    child: Option<Child>,
}

impl Postmaster {
    /// The server that runs on this folder, if one does.
    pub(super) fn running(folder: &Folder) -> Result<Option<Self>> {
        let pid = recorded(folder)?.map(|record| record.pid);
        Ok(pid.filter(|&pid| is_server(pid, &folder.database())).map(|pid| Self { pid, child: None }))
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Starts the server. It is not ready yet.
    pub(super) async fn start(
        folder: &Folder,
        programs: &Programs,
        account: &Account,
        socket: &Path,
        settings: &[(String, String)],
    ) -> Result<Self> {
        let began = Instant::now();
        loop {
            forget_dead(&folder.database().join("postmaster.pid"), &folder.database())?;
            forget_dead(&socket::lock_file(socket), &folder.database())?;
            let from = fs::metadata(folder.log()).map_or(0, |meta| meta.len());
            let mut child = spawn(folder, programs, account, socket, settings)?;
            // Either it writes down that it runs, or it ends at once.
            let ended = loop {
                if let Some(status) =
                    child.try_wait().map_err(StoreError::io("await", programs.postgres()))?
                {
                    break status;
                }
                let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
                if let (Some(pid), Some(record)) = (pid, recorded(folder)?)
                    && record.pid == pid
                    && record.socket.is_some()
                {
                    return Ok(Self { pid, child: Some(child) });
                }
                if began.elapsed() > START_PATIENCE {
                    child.kill().await.map_err(StoreError::io("stop", programs.postgres()))?;
                    return Err(folder.failed("starting PostgreSQL", last_words(folder, from)));
                }
                tokio::time::sleep(LOOK).await;
            };
            let said = last_words(folder, from);
            // Its predecessor was killed, and that one's children have not noticed yet.
            let orphans = said.contains("pre-existing shared memory block");
            if !orphans || began.elapsed() > ORPHAN_PATIENCE {
                return Err(folder.failed("starting PostgreSQL", format!("it ended with {ended}: {said}")));
            }
            tokio::time::sleep(LOOK * 5).await;
        }
    }

    /// Waits until the server answers. Gives back the folder of its socket, or nothing when the server ends first.
    pub(super) async fn until_ready(&mut self, folder: &Folder) -> Result<Option<PathBuf>> {
        let began = Instant::now();
        let mut last = "it does not say where its socket is".to_owned();
        while began.elapsed() < START_PATIENCE {
            if let Some(socket) = recorded(folder)?.filter(|r| r.pid == self.pid).and_then(|r| r.socket) {
                match PgConnection::connect_with(&options(&socket).database("postgres")).await {
                    Ok(conn) => {
                        conn.close().await?;
                        return Ok(Some(socket));
                    }
                    Err(error) => last = error.to_string(),
                }
            }
            if self.has_ended(folder) {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(folder.failed("starting PostgreSQL", last))
    }

    /// Stops the server: clients are cut off, what they had not committed is rolled back.
    pub(super) async fn stop(&mut self, folder: &Folder) -> Result<()> {
        if self.has_ended(folder) {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), Signal::SIGINT) {
            Ok(()) | Err(nix::Error::ESRCH) => {}
            Err(error) => return Err(folder.failed("stopping PostgreSQL", error.to_string())),
        }
        let began = Instant::now();
        while !self.has_ended(folder) {
            if began.elapsed() > STOP_PATIENCE {
                return Err(folder.failed("stopping PostgreSQL", "it does not end"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    pub(super) fn has_ended(&mut self, folder: &Folder) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => !is_server(self.pid, &folder.database()),
        }
    }
}

fn spawn(
    folder: &Folder,
    programs: &Programs,
    account: &Account,
    socket: &Path,
    settings: &[(String, String)],
) -> Result<Child> {
    let log = folder.open_log()?;
    let mut command = account.command(programs.postgres());
    command.arg("-D").arg(folder.database()).arg("-p").arg(PORT.to_string());
    for (name, value) in SETTINGS {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    // A list in PostgreSQL's eyes: quoted, so that a comma or a blank in the path is a part of it.
    let quoted = socket.display().to_string().replace('"', "\"\"");
    command.arg("-c").arg(format!("unix_socket_directories=\"{quoted}\""));
    for (name, value) in settings {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(StoreError::io("open", folder.log()))?)
        .stderr(log)
        // A Ctrl-C in our terminal is not meant for it.
        .process_group(0)
        .spawn()
        .map_err(StoreError::io("run", programs.postgres()))
}

/// What the server writes down about itself.
struct Record {
    pid: i32,
    socket: Option<PathBuf>,
}

fn recorded(folder: &Folder) -> Result<Option<Record>> {
    let path = folder.database().join("postmaster.pid");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(folder.unusable("it belongs to another user, who alone may use it"));
        }
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let mut lines = text.lines();
    let Some(pid) = lines.next().and_then(|line| line.trim().parse().ok()).filter(|pid| *pid > 0) else {
        return Ok(None);
    };
    let socket = lines.nth(3).filter(|line| !line.is_empty()).map(PathBuf::from);
    Ok(Some(Record { pid, socket }))
}

/// Whether this process is the server of this folder. Process ids are given out again: a stale file may name somebody
/// else's process by now.
fn is_server(pid: i32, database: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let mut arguments = line.split(|byte| *byte == 0);
    let program = arguments.next().unwrap_or_default();
    program.ends_with(b"postgres")
        && arguments.any(|argument| argument == database.as_os_str().as_encoded_bytes())
}

/// Removes a lock file that names a process which is not a server of this folder. PostgreSQL does so itself, but not
/// where the id was given to another process of the same user, which after the restart of a container is likely, nor
/// where the dead server's parent has not taken note of its end. Whether children of the dead server still work on
/// the files it finds out by other means.
fn forget_dead(lock: &Path, database: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(lock) else {
        return Ok(());
    };
    let pid = text.lines().next().and_then(|line| line.trim().trim_start_matches('-').parse::<i32>().ok());
    let Some(process) = pid.map(|pid| Path::new("/proc").join(pid.to_string())).filter(|p| p.exists()) else {
        return Ok(());
    };
    let ended = fs::read(process.join("cmdline")).is_ok_and(|line| line.is_empty());
    let other = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim_end() != "postgres");
    let elsewhere = fs::read_link(process.join("cwd")).is_ok_and(|folder| folder != database);
    if !(ended || other || elsewhere) {
        return Ok(());
    }
    match fs::remove_file(lock) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", lock)(error)),
        _ => Ok(()),
    }
}

/// The end of the log, from where it stood before.
fn last_words(folder: &Folder, from: u64) -> String {
    let read = || -> io::Result<String> {
        let mut file = fs::File::open(folder.log())?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.min(end).max(end.saturating_sub(LAST_WORDS))))?;
        let mut bytes = Vec::new();
        file.take(LAST_WORDS).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_else(|error| format!("its log cannot be read: {error}"))
}

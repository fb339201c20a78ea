//! Unix sockets in a folder whose path may be longer than a socket's address: they are reached through the open folder.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::net::{UnixListener, UnixStream};

/// How often a socket is looked for that another process makes.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// An open folder.
#[derive(Debug)]
pub(super) struct Sockets {
    folder: File,
}

impl Sockets {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let folder = OpenOptions::new().read(true).custom_flags(nix::libc::O_DIRECTORY).open(folder)?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{name}", self.folder.as_raw_fd()))
    }

    /// Makes one, in place of an older one.
    pub(super) fn listen(&self, name: &str) -> io::Result<UnixListener> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => UnixListener::bind(path),
        }
    }

    /// Connects to one that another process makes, as soon as it is there.
    pub(super) async fn connect(&self, name: &str, patience: Duration) -> io::Result<UnixStream> {
        let until = Instant::now() + patience;
        loop {
            match UnixStream::connect(self.path(name)).await {
                Ok(stream) => return Ok(stream),
                Err(error) if Instant::now() >= until => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_with_a_path_too_long_for_a_socket_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("x".repeat(120));
        fs::create_dir(&deep).unwrap();
        let sockets = Sockets::open(&deep).unwrap();
        for _ in 0..2 {
            let listener = sockets.listen("a").unwrap();
            let (connected, accepted) =
                tokio::join!(sockets.connect("a", Duration::from_secs(5)), listener.accept());
            assert!(connected.is_ok() && accepted.is_ok());
        }
        assert!(deep.join("a").exists());
    }
}

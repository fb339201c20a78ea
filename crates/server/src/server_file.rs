//! `server.json`: how a client on the same machine finds the server and its token.

use std::{
    fmt, fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{sys::signal, unistd::Pid};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{error::ServerError, token::Token};

const NAME: &str = "server.json";
/// A live server answers `/livez` at once, however busy the rest of it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands in the file.
#[derive(Clone, Serialize, Deserialize)]
struct Content {
    url: String,
    token: String,
    pid: u32,
    version: String,
}

/// The file of the server that runs. Removed when dropped.
pub(crate) struct ServerFile {
    path: PathBuf,
    content: Content,
}

impl ServerFile {
    /// Refuses where another server lives. What a dead one left behind is overwritten.
    pub(crate) async fn refuse_second(data_dir: &Path) -> Result<(), ServerError> {
        let Some(content) = read(&data_dir.join(NAME)) else {
            return Ok(());
        };
        if lives(&content).await {
            return Err(ServerError::Taken { url: content.url, pid: content.pid });
        }
        tracing::info!(pid = content.pid, "a server that was not stopped properly left its file behind");
        Ok(())
    }

    /// Tells clients where the server is: all of the file at once, readable by its owner alone.
    pub(crate) fn write(data_dir: &Path, url: &str, token: &Token) -> Result<Self, ServerError> {
        let path = data_dir.join(NAME);
        let content = Content {
            url: url.to_owned(),
            token: token.reveal().to_owned(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        match write(data_dir, &path, &content) {
            Ok(()) => Ok(Self { path, content }),
            Err(source) => Err(ServerError::File { path, source }),
        }
    }
}

impl fmt::Debug for ServerFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for ServerFile {
    fn drop(&mut self) {
        // A server that came after us may have put its own in this place.
        if read(&self.path).is_some_and(|now| now.token == self.content.token) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn read(path: &Path) -> Option<Content> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn write(data_dir: &Path, path: &Path, content: &Content) -> io::Result<()> {
    fs::create_dir_all(data_dir)?;
    // A named temporary file has mode 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    file.write_all(&serde_json::to_vec_pretty(content)?)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A process id alone proves nothing: after a restart of the machine it may be anyone's.
async fn lives(content: &Content) -> bool {
    let Ok(pid) = i32::try_from(content.pid) else {
        return false;
    };
    if matches!(signal::kill(Pid::from_raw(pid), None), Err(nix::errno::Errno::ESRCH)) {
        return false;
    }
    matches!(timeout(PATIENCE, answers(&content.url)).await, Ok(Ok(true)))
}

async fn answers(url: &str) -> io::Result<bool> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    Ok(&start == b"HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Fixed;

    impl swarm_domain::Entropy for Fixed {
        fn bytes(&self) -> [u8; 10] {
            [7; 10]
        }
    }

    #[test]
    fn the_file_is_for_its_owner_alone_and_goes_with_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let file = ServerFile::write(dir.path(), "http://127.0.0.1:1", &Token::generate(&Fixed)).unwrap();
        let path = dir.path().join(NAME);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{file:?}").contains(&file.content.token));
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn the_file_of_a_later_server_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = ServerFile::write(dir.path(), "http://127.0.0.1:1", &Token::generate(&Fixed)).unwrap();
        let path = dir.path().join(NAME);
        let other = Content { token: "other".to_owned(), ..file.content.clone() };
        fs::write(&path, serde_json::to_vec(&other).unwrap()).unwrap();
        drop(file);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_file_that_a_dead_server_left_or_that_is_no_file_of_ours_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        for left in [
            r#"{"url":"http://127.0.0.1:9","token":"x","pid":2147483000,"version":"0"}"#,
            // The process lives, but nothing listens there.
            &format!(
                r#"{{"url":"http://127.0.0.1:9","token":"x","pid":{},"version":"0"}}"#,
                std::process::id()
            ),
            "not json",
            "",
        ] {
            fs::write(dir.path().join(NAME), left).unwrap();
            assert!(ServerFile::refuse_second(dir.path()).await.is_ok(), "{left}");
        }
    }
}

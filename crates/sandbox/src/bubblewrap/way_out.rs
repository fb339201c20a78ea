//! The way out of a bubblewrap sandbox: the proxy on the host, its socket inside, and the relay that leads to it.
//!
//! The sandbox keeps its network namespace with nothing in it but a loopback of its own. The relay listens there, because
//! programs know how to talk to a proxy at a port and not at a socket file.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;
use tokio_util::task::AbortOnDropHandle;

use super::GUEST;
use crate::{
    egress::{Egress, Proxy, RELAY_PORT, Surroundings},
    error::SandboxError,
    sandbox::Limits,
};

/// Where the proxy's socket and the certificates appear inside.
const FOLDER: &str = "/run/swarm";
const SOCKET: &str = "way-out";
/// The file that is `swarm_guest::message::CERTIFICATES` inside.
const BUNDLE: &str = "ca.pem";

/// Starts the relay, as a child of the sandbox's first process and not of the command, and waits until it listens: a
/// command may ask at once. `0A` is a listening socket.
fn start() -> String {
    format!(
        "( {GUEST} relay --socket {FOLDER}/{SOCKET} </dev/null >/dev/null 2>&1 & )
listens() {{ while read -r _ at _ state _; do [ \"$at $state\" = '0100007F:{RELAY_PORT:04X} 0A' ] && return 0; done </proc/net/tcp; return 1; }}
tries=0
until listens; do
  tries=$((tries + 1)); [ $tries -le 500 ] || {{ echo 'the relay to the network does not start' >&2; exit 125; }}
  sleep 0.01
done
"
    )
}

/// The open way out of one sandbox. Closed when dropped.
#[derive(Debug)]
pub(super) struct WayOut {
    pub(super) proxy: Proxy,
    folder: PathBuf,
    inside: Surroundings,
    _listening: AbortOnDropHandle<()>,
}

impl WayOut {
    /// Opens it below the sandbox's private folder. Must be called within a tokio runtime.
    pub(super) fn open(
        egress: Egress,
        limits: &Limits,
        private: &Path,
        guest: Option<&Path>,
    ) -> Result<Self, SandboxError> {
        if guest.is_none() {
            return Err(SandboxError::NoGuest);
        }
        let failed = |source| SandboxError::io("open the way out", source);
        let proxy = Proxy::new(egress, limits.network_bytes)?;
        let folder = private.join("way-out");
        fs::create_dir(&folder).map_err(failed)?;
        let inside = Surroundings::of(&proxy);
        fs::write(folder.join(BUNDLE), inside.certificates()).map_err(failed)?;
        let listener = listener(&folder).map_err(failed)?;
        let listening = proxy.clone();
        let listening = AbortOnDropHandle::new(tokio::spawn(async move { listening.listen(listener).await }));
        Ok(Self { proxy, folder, inside, _listening: listening })
    }

    /// What bubblewrap shows inside.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        vec!["--ro-bind".into(), self.folder.clone().into(), FOLDER.into()]
    }

    /// The variables by which programs find the way, and the certificates that they are to trust.
    pub(super) fn environment(&self) -> impl Iterator<Item = (String, String)> {
        self.inside.environment()
    }

    /// What the sandbox's shell does before the command.
    pub(super) fn start() -> String {
        start()
    }
}

/// The path of a socket has room for 107 bytes; swarm's folders may be deeper. By way of an open folder it is short.
fn listener(folder: &Path) -> io::Result<UnixListener> {
    let open = File::open(folder)?;
    UnixListener::bind(format!("/proc/self/fd/{}/{SOCKET}", open.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificates_are_where_programs_are_told_that_they_are() {
        assert_eq!(swarm_guest::message::CERTIFICATES, format!("{FOLDER}/{BUNDLE}"));
    }

    #[tokio::test]
    async fn a_folder_as_deep_as_it_may_be_has_room_for_the_socket() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a".repeat(120)).join("b".repeat(120));
        fs::create_dir_all(&deep).unwrap();
        let _listener = listener(&deep).unwrap();
        assert!(deep.join(SOCKET).exists());
    }
}

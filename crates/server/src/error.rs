//! Why a server did not start.

use std::{net::SocketAddr, path::PathBuf};

use swarm_domain::{Problem, identity::ProviderName};

/// Why a server did not start, sorted by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can be reached from other machines. Choose a loopback address.
    #[error("{0} can be reached from other machines, and what is sent there is not sealed yet")]
    NotLoopback(SocketAddr),
    /// Another server works on this data folder. Use that one.
    #[error("a server already works on this data folder: {url}, process {pid}")]
    Taken {
        /// Where it listens.
        url: String,
        /// Its process.
        pid: u32,
    },
    /// The address cannot be listened on. Choose another port.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A provider cannot be as it is set. Mend its setting.
    #[error("the provider {provider} cannot be as it is set: {what}")]
    Provider {
        /// Which.
        provider: ProviderName,
        /// The setting, and what is wrong with it.
        what: String,
    },
    /// The file that tells clients where the server is cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ServerError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::NotLoopback(_) => ("server.not_loopback", "listen on 127.0.0.1 or [::1]"),
            Self::Taken { .. } => {
                ("server.taken", "use it, stop it first, or choose another folder with `--data`")
            }
            Self::Bind { .. } => ("server.bind", "choose another port, or 0 for a free one"),
            Self::Provider { .. } => {
                ("server.provider", "mend its section `[auth.providers.NAME]`: `swarm config check`")
            }
            Self::File { .. } => {
                ("server.file", "check the free space and the rights of the folder: `swarm doctor`")
            }
        };
        Problem::new(code, self.to_string(), next)
    }
}

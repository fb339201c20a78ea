//! Why a server did not start.

use std::{net::SocketAddr, path::PathBuf};

use swarm_domain::{Problem, identity::ProviderName};

/// Why a server did not start, sorted by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can be reached from other machines. Choose a loopback address.
    #[error("{0} can be reached from other machines, and this door is for those of this one")]
    NotLoopback(SocketAddr),
    /// The public door has no TLS, and no proxy is trusted that would have it.
    #[error("{0} would be reached without TLS: there is no certificate, and no proxy is trusted")]
    Unsealed(SocketAddr),
    /// What was set up needs a name that starts with `https://`.
    #[error("no address of this server is known that begins with https://")]
    Nameless,
    /// A certificate, its key or an authority's cannot be used.
    #[error("the certificate cannot be used: {detail}")]
    Certificate {
        /// Which file, and what is wrong.
        detail: String,
    },
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
    /// The address of Redis is none. Mend it, or unset it.
    #[error("{}", .0.detail)]
    Redis(Problem),
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
            Self::NotLoopback(_) => {
                ("server.not_loopback", "listen on 127.0.0.1 or [::1]; for others there is `server.public`")
            }
            Self::Unsealed(_) => (
                "server.unsealed",
                "give `server.public` a certificate, or `server.trusted_proxies` the proxy before it",
            ),
            Self::Nameless => ("server.nameless", "name it in `server.urls`: `https://swarm.example.org`"),
            Self::Certificate { .. } => (
                "server.certificate",
                "name a certificate and its own key in PEM form, readable by who runs swarm",
            ),
            Self::Taken { .. } => {
                ("server.taken", "use it, stop it first, or choose another folder with `--data`")
            }
            Self::Redis(problem) => return problem.clone(),
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

//! How a server is set up.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use swarm_domain::audit::RetentionPolicy;

/// How a server is set up. Every bound that it keeps has a name here.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it listens. Loopback only, until there are accounts; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The data folder, in which `server.json` tells clients where the server is.
    pub data_dir: PathBuf,
    /// Who is behind every request until there are accounts: the login name of the operator.
    pub operator: String,
    /// The largest body that a request may have, in bytes.
    pub max_body_bytes: usize,
    /// The longest that a request may take, streams and the audit of the whole log aside.
    pub request_timeout: Duration,
    /// How many event streams are served at once.
    pub max_streams: usize,
    /// How often a stream without events says that it still lives.
    pub keep_alive: Duration,
    /// How long the contents of finished work are kept.
    pub retention: RetentionPolicy,
    /// How long requests under way get to end when the server stops.
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    /// A server at `addr` for the data folder `data_dir`, with the usual bounds.
    #[must_use]
    pub fn new(addr: SocketAddr, data_dir: PathBuf, operator: impl Into<String>) -> Self {
        Self {
            addr,
            data_dir,
            operator: operator.into(),
            max_body_bytes: 2 << 20,
            request_timeout: Duration::from_mins(1),
            max_streams: 64,
            keep_alive: Duration::from_secs(15),
            retention: RetentionPolicy::default(),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

//! How a server is set up.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use swarm_domain::{
    audit::RetentionPolicy,
    identity::{ProviderName, Registration, SecondFactorPolicy},
};

use crate::{federation::ProviderConfig, live::frame::Limits};

/// How people sign in.
#[derive(Debug, Clone)]
pub struct SignInConfig {
    /// Who may make an account.
    pub registration: Registration,
    /// Who must have a second factor.
    pub second_factor: SecondFactorPolicy,
    /// How long an access token counts; at most an hour.
    pub access: Duration,
    /// How long a session goes on without being used.
    pub idle: Duration,
    /// How long a session goes on at all.
    pub session: Duration,
    /// How often one address may try, one is given back each time: password, link or refresh token.
    pub by_address: Tries,
    /// How often one account may be tried, from wherever.
    pub by_account: Tries,
}

/// How often something may be tried.
#[derive(Debug, Clone, Copy)]
pub struct Tries {
    /// So often at once.
    pub burst: u16,
    /// One more after each such time.
    pub every: Duration,
}

impl Default for SignInConfig {
    fn default() -> Self {
        Self {
            registration: Registration::default(),
            second_factor: SecondFactorPolicy::default(),
            access: Duration::from_mins(10),
            idle: Duration::from_hours(14 * 24),
            session: Duration::from_hours(30 * 24),
            by_address: Tries { burst: 30, every: Duration::from_secs(4) },
            by_account: Tries { burst: 10, every: Duration::from_secs(30) },
        }
    }
}

/// How a server is set up. Every bound that it keeps has a name here.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where it listens. Loopback only; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The data folder, in which `server.json` tells clients where the server is.
    pub data_dir: PathBuf,
    /// Who shows the token of `server.json`: the login name of the operator.
    pub operator: String,
    /// How people sign in.
    pub sign_in: SignInConfig,
    /// Who else says who somebody is.
    pub providers: BTreeMap<ProviderName, ProviderConfig>,
    /// The largest body that a request may have, in bytes.
    pub max_body_bytes: usize,
    /// The longest that a request may take, streams and the audit of the whole log aside.
    pub request_timeout: Duration,
    /// How many event streams are served at once.
    pub max_streams: usize,
    /// What a WebSocket may do, and how many there may be.
    pub sockets: SocketLimits,
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
            sign_in: SignInConfig::default(),
            providers: BTreeMap::new(),
            max_body_bytes: 2 << 20,
            request_timeout: Duration::from_mins(1),
            max_streams: 64,
            sockets: SocketLimits::default(),
            keep_alive: Duration::from_secs(15),
            retention: RetentionPolicy::default(),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

/// What a WebSocket may do, and how many there may be.
#[derive(Debug, Clone)]
pub struct SocketLimits {
    /// How many there may be at once.
    pub max_connections: usize,
    /// How many messages a client may send a second in the long run.
    pub messages_per_second: u32,
    /// How many messages a client may send at once.
    pub burst: u32,
    /// The largest frame, in bytes, either way.
    pub max_frame_bytes: usize,
    /// How many paths a connection may follow.
    pub max_subscriptions: usize,
    /// How many frames wait for a client before some are left out.
    pub send_queue: usize,
    /// How long a client may take nothing before some of what is new is left out.
    pub patience: Duration,
    /// How long a client may take nothing of what waits for it.
    pub stall: Duration,
    /// How often the server shows that it lives. A client that says nothing for two and a half of them is gone.
    pub heartbeat: Duration,
    /// How long a ticket that lets a client in is good.
    pub ticket_life: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            messages_per_second: 20,
            burst: 40,
            max_frame_bytes: 64 << 10,
            max_subscriptions: 64,
            send_queue: 256,
            patience: Duration::from_secs(1),
            stall: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            ticket_life: Duration::from_secs(30),
        }
    }
}

impl SocketLimits {
    /// As clients are told.
    pub(crate) fn shown(&self) -> Limits {
        Limits {
            messages_per_second: self.messages_per_second,
            burst: self.burst,
            max_frame_bytes: whole(self.max_frame_bytes),
            max_subscriptions: whole(self.max_subscriptions),
            send_queue: whole(self.send_queue),
            heartbeat_ms: u64::try_from(self.heartbeat.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

//! How a server is set up.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use swarm_domain::{
    audit::RetentionPolicy,
    identity::{ProviderName, Registration, SecondFactorPolicy},
    rate::{Rate, RateLimit, Unit},
};

use serde::Serialize;
use utoipa::ToSchema;

use crate::{federation::ProviderConfig, live::frame::Limits, network::Network, web_origin::WebOrigin};

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
    /// Where this machine's own programs come in. Loopback only; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The data folder, in which `server.json` tells clients where the server is.
    pub data_dir: PathBuf,
    /// Who shows the token of `server.json`: the login name of the operator.
    pub operator: String,
    /// How people sign in.
    pub sign_in: SignInConfig,
    /// Who else says who somebody is.
    pub providers: BTreeMap<ProviderName, ProviderConfig>,
    /// Where this server is known to be, as its pages are: names that `Host` may say beside those of loopback.
    pub urls: Vec<WebOrigin>,
    /// The door for a network, beside that of this machine; none where absent.
    pub public: Option<PublicDoor>,
    /// What a connection may cost before a request has come, and how many there may be.
    pub connections: ConnectionLimits,
    /// How often anybody may ask.
    pub rates: RateLimits,
    /// The proxies whose word counts about who called them (`X-Forwarded-For`).
    pub trusted_proxies: Vec<Network>,
    /// Where the pages of others are from that may ask, with a token of their own.
    pub cors_origins: Vec<WebOrigin>,
    /// The longest that the body of a request may take to come.
    pub body_timeout: Duration,
    /// The largest body that a request may have, in bytes.
    pub max_body_bytes: usize,
    /// The longest that a request may take, streams and the audit of the whole log aside.
    pub request_timeout: Duration,
    /// How many event streams are served at once.
    pub max_streams: usize,
    /// What a WebSocket may do, and how many there may be.
    pub sockets: SocketLimits,
    /// The Redis that carries live updates between nodes; they are read from the database alone where there is none.
    pub redis: Option<String>,
    /// How many events Redis holds, about: a node that was away for longer reads them from the database.
    pub redis_held: usize,
    /// How often a stream without events says that it still lives.
    pub keep_alive: Duration,
    /// How long the contents of finished work are kept.
    pub retention: RetentionPolicy,
    /// How long requests under way get to end when the server stops.
    pub shutdown_grace: Duration,
    /// How the program is set up, to be shown to who looks after it. No value in it is a secret.
    pub settings: Vec<Setting>,
}

/// A setting of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Setting {
    /// Its key, with dots, such as `flows.gate.secrets`.
    pub key: String,
    /// Its value, as TOML has it.
    pub value: String,
    /// Where the value is from: `default`, a file, a variable with a `$` before it, or an option.
    pub from: String,
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
            urls: Vec::new(),
            public: None,
            connections: ConnectionLimits::default(),
            rates: RateLimits::default(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            body_timeout: Duration::from_secs(30),
            max_body_bytes: 2 << 20,
            request_timeout: Duration::from_mins(1),
            max_streams: 64,
            sockets: SocketLimits::default(),
            redis: None,
            redis_held: 4_096,
            keep_alive: Duration::from_secs(15),
            retention: RetentionPolicy::default(),
            shutdown_grace: Duration::from_secs(5),
            settings: Vec::new(),
        }
    }
}

/// A door that others than this machine's own programs come to.
#[derive(Debug, Clone)]
pub struct PublicDoor {
    /// Where it is.
    pub listen: SocketAddr,
    /// What seals what is said there.
    pub seal: Seal,
    /// Where plain HTTP is taken only to be led to TLS.
    pub redirect_from: Option<SocketAddr>,
}

/// What seals a public door.
#[derive(Debug, Clone)]
pub enum Seal {
    /// TLS by a certificate in files.
    Files(CertificateFiles),
    /// TLS by certificates that an authority gives, for the names in [`ServerConfig::urls`].
    Acme(AcmeOrder),
    /// TLS ends before: only the trusted proxies are spoken to.
    Proxy,
}

/// A certificate in files, in PEM form. They are read again when they change, and when SIGHUP comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and those between it and the root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// An order of certificates, by ACME (RFC 8555). The proof is given in TLS itself (RFC 8737): the authority comes to the
/// door on port 443.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeOrder {
    /// Where the authority tells what it offers. Who orders agrees to its terms.
    pub directory: String,
    /// The mail addresses that it writes to when something is wrong.
    pub contact: Vec<String>,
    /// Certificates in PEM form that are trusted beside the public authorities' when it is spoken to.
    pub authorities: Option<PathBuf>,
}

/// What a connection may cost before a request has come, and how many there may be.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// How many there may be at each door. More wait in the system's queue.
    pub max_connections: usize,
    /// How many from one address; of IPv6, from one network of 64 bits. This machine and trusted proxies may have all.
    pub max_per_address: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long the head of a request may take to come, and how long a connection may say nothing between two.
    pub head_timeout: Duration,
    /// How many headers a request may have.
    pub max_headers: usize,
    /// How large the head of a request may be, in bytes.
    pub max_head_bytes: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_per_address: 500,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(30),
            max_headers: 100,
            max_head_bytes: 32 << 10,
        }
    }
}

/// How often anybody may ask. Each is counted by this server alone, in memory.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Each address of those who show nobody: of IPv6, each network of 64 bits.
    pub address: RateLimit,
    /// Each API key that has no rate of its own, which may not be more unless an admin gives it.
    pub key: RateLimit,
    /// Each account, all its sessions together.
    pub user: RateLimit,
    /// Who shows the token of `server.json`.
    pub operator: RateLimit,
    /// Each project, whoever asks about it.
    pub project: RateLimit,
    /// Each tenant, whoever asks.
    pub tenant: RateLimit,
    /// How many of a kind are counted apart at once. Those for whom there is no place share one count.
    pub max_subjects: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        let count = |count: u32| NonZeroU32::MIN.saturating_add(count.saturating_sub(1));
        let a_minute = |number| Rate::new(count(number), Unit::Minute);
        // A page asks for much when it is opened, and for little after.
        let of_a_person = RateLimit(Some(a_minute(100).at_once(count(300))));
        Self {
            address: of_a_person,
            key: RateLimit(Some(a_minute(100))),
            user: of_a_person,
            operator: RateLimit(None),
            project: RateLimit(Some(a_minute(1000))),
            tenant: RateLimit(Some(a_minute(1000))),
            max_subjects: 10_000,
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

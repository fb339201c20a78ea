//! `[server.limits]`: how often anybody may ask, and how much they may send.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use swarm_domain::rate::RateLimit;
use swarm_server::{ConnectionLimits, RateLimits};

/// `[server.limits]`. A rate is written like `100/min` or `100/min burst 300`; `none` is no limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSettings {
    /// For each address of those who show nobody.
    pub(crate) address: RateLimit,
    /// For each API key that was made without a rate of its own.
    pub(crate) key: RateLimit,
    /// For each account, all its sessions together.
    pub(crate) user: RateLimit,
    /// For who shows the token of `server.json`.
    pub(crate) operator: RateLimit,
    /// For each project, whoever asks about it.
    pub(crate) project: RateLimit,
    /// For each tenant, whoever asks.
    pub(crate) tenant: RateLimit,
    /// How many of each kind are counted apart at once.
    pub(crate) max_subjects: NonZeroUsize,
    /// The largest body of a request, in bytes.
    pub(crate) body_bytes: NonZeroUsize,
    /// The longest that a body may take to come, in seconds.
    pub(crate) body_seconds: NonZeroU32,
    /// How many connections there may be at each door.
    pub(crate) connections: NonZeroUsize,
    /// How many from one address, but for this machine's and trusted proxies'.
    pub(crate) connections_per_address: NonZeroUsize,
    /// The longest that a TLS handshake may take, in seconds.
    pub(crate) handshake_seconds: NonZeroU32,
    /// The longest that the head of a request may take, and that a connection may say nothing between two, in seconds.
    pub(crate) head_seconds: NonZeroU32,
    /// The largest head of a request, in bytes.
    pub(crate) head_bytes: NonZeroUsize,
    /// How many headers a request may have.
    pub(crate) headers: NonZeroUsize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        let RateLimits { address, key, user, operator, project, tenant, max_subjects } =
            RateLimits::default();
        let connections = ConnectionLimits::default();
        Self {
            address,
            key,
            user,
            operator,
            project,
            tenant,
            max_subjects: count(max_subjects),
            body_bytes: count(2 << 20),
            body_seconds: seconds(Duration::from_secs(30)),
            connections: count(connections.max_connections),
            connections_per_address: count(connections.max_per_address),
            handshake_seconds: seconds(connections.handshake_timeout),
            head_seconds: seconds(connections.head_timeout),
            head_bytes: count(connections.max_head_bytes),
            headers: count(connections.max_headers),
        }
    }
}

impl LimitSettings {
    /// What a connection may cost.
    pub(crate) fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            max_connections: self.connections.get(),
            max_per_address: self.connections_per_address.get(),
            handshake_timeout: Duration::from_secs(self.handshake_seconds.get().into()),
            head_timeout: Duration::from_secs(self.head_seconds.get().into()),
            max_headers: self.headers.get(),
            max_head_bytes: self.head_bytes.get(),
        }
    }

    /// As the server takes them.
    pub(crate) fn rates(&self) -> RateLimits {
        let Self { address, key, user, operator, project, tenant, max_subjects, .. } = *self;
        RateLimits { address, key, user, operator, project, tenant, max_subjects: max_subjects.get() }
    }
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}

fn seconds(duration: Duration) -> NonZeroU32 {
    u32::try_from(duration.as_secs()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_as_text_and_none_is_no_limit() {
        let settings: LimitSettings = toml::from_str("key = \"20/min\"\nuser = \"none\"\n").unwrap();
        assert_eq!(settings.rates().key.to_string(), "20/min");
        assert_eq!(settings.rates().user, RateLimit(None));
        assert_eq!(settings.rates().tenant.to_string(), "1000/min");
        for bad in
            ["key = 20", "key = \"20\"", "user = \"\"", "body_bytes = 0", "max_subjects = 0", "ip = \"1/s\""]
        {
            assert!(toml::from_str::<LimitSettings>(bad).is_err(), "{bad}");
        }
    }
}

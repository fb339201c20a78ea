//! What the handlers work with.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use swarm_domain::TenantId;
use swarm_flows::Flows;
use swarm_policy::Policy;
use swarm_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub(crate) use crate::door::By;
use crate::{
    config::ServerConfig,
    door::{Denials, Passwords, RunProjects, TokenKeys},
    federation::Providers,
    live::Live,
    rates::Rates,
    refusal::{Refusal, Reply},
    routes::health::SandboxProbe,
    token::Token,
    web_origin::WebOrigin,
};

/// What the handlers work with. A clone is cheap and shares all of it.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) flows: Flows,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) door: Arc<Door>,
    /// Who else says who somebody is.
    pub(crate) providers: Arc<Providers>,
    /// How often everybody has asked lately.
    pub(crate) rates: Arc<Rates>,
    /// Which project the runs are of that were asked about.
    pub(crate) runs: Arc<RunProjects>,
    /// What live connections share.
    pub(crate) live: Arc<Live>,
    /// A permit for every event stream.
    pub(crate) streams: Arc<Semaphore>,
    /// What the last look at the sandboxes showed.
    pub(crate) sandbox: Arc<SandboxProbe>,
    /// Ends the event streams.
    pub(crate) stop: CancellationToken,
}

/// What a request must show to come in.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) token: Token,
    /// What signs access tokens.
    pub(crate) token_keys: TokenKeys,
    pub(crate) passwords: Passwords,
    /// Which denials were written down lately.
    pub(crate) denials: Denials,
    /// Where its own pages are from; the names in them are those that a `Host` header may say.
    pub(crate) origins: Vec<WebOrigin>,
    /// Where the pages of others are from that may ask.
    pub(crate) friends: Vec<WebOrigin>,
}

impl Door {
    /// The address of this server that a request names.
    pub(crate) fn named(&self, host: &str) -> Option<&WebOrigin> {
        // A port that is the scheme's own may be said, too.
        let is = |origin: &&WebOrigin| {
            let usual = if origin.is_secure() { ":443" } else { ":80" };
            let host = host.strip_suffix(usual).unwrap_or(host);
            origin.authority().eq_ignore_ascii_case(host)
        };
        self.origins.iter().find(is)
    }

    /// Whether what is answered goes over TLS, by the name that was called.
    pub(crate) fn is_sealed(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        host.and_then(|host| self.named(host)).is_some_and(WebOrigin::is_secure)
    }
}

impl App {
    pub(crate) fn store(&self) -> &Store {
        self.flows.store()
    }

    /// Who may do what.
    pub(crate) fn policy(&self) -> &Policy {
        &self.flows.parts().policy
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.flows.parts().config.tenant
    }

    /// One of the places for readers that take long. It is free again when the permit is dropped.
    pub(crate) fn stream_permit(&self) -> Reply<OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().map_err(|_| {
            Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "events.too_many_streams",
                format!("{} streams are served already", self.config.max_streams),
                "close one, or read /api/events by pages",
            )
        })
    }
}

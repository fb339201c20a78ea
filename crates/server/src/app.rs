//! What the handlers work with.

use std::sync::Arc;

use axum::http::StatusCode;
use swarm_domain::TenantId;
use swarm_flows::Flows;
use swarm_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub(crate) use crate::door::By;
use crate::{
    config::ServerConfig,
    door::{Passwords, TokenKeys},
    federation::Providers,
    live::Live,
    refusal::{Refusal, Reply},
    routes::health::SandboxProbe,
    token::Token,
};

/// What the handlers work with. A clone is cheap and shares all of it.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) flows: Flows,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) door: Arc<Door>,
    /// Who else says who somebody is.
    pub(crate) providers: Arc<Providers>,
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
    /// The names of this server, with its port, that a `Host` header may say.
    pub(crate) hosts: Vec<String>,
}

impl App {
    pub(crate) fn store(&self) -> &Store {
        self.flows.store()
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

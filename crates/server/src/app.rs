//! What the handlers work with.

use std::sync::Arc;

use swarm_domain::TenantId;
use swarm_flows::Flows;
use swarm_policy::Policy;
use swarm_store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::door::By;
use crate::{
    config::ServerConfig,
    door::{Denials, Passwords, TokenKeys},
    live::Live,
    routes::health::SandboxProbe,
    token::Token,
};

/// What the handlers work with. A clone is cheap and shares all of it.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) flows: Flows,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) door: Arc<Door>,
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
    /// The names of this server, with its port, that a `Host` header may say.
    pub(crate) hosts: Vec<String>,
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
}

//! What the handlers work with.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use swarm_domain::TenantId;
use swarm_flows::{Asker, Flows};
use swarm_store::Store;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    config::ServerConfig, door::Correlation, live::Live, refusal::Refusal, routes::health::SandboxProbe,
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
}

/// Who asks: the operator, with the correlation id of this request.
pub(crate) struct By(pub(crate) Asker);

impl FromRequestParts<App> for By {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Some(Correlation(id)) = parts.extensions.get() else {
            return Err(Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR));
        };
        Ok(Self(Asker { person: app.config.operator.clone(), correlation: Some(id.clone()) }))
    }
}

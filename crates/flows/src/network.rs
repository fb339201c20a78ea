//! The way out of an agent's commands: what its file allows, what is added to it, and what is told of it.

use std::{sync::Arc, time::Duration};

use swarm_agents::Agent;
use swarm_domain::{
    Subject,
    network::{NetworkUse, summed},
};
use swarm_sandbox::{
    Network,
    egress::{self, Egress, Report, Terms, WithoutCredentials},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{error::FlowError, parts::Parts, secret::Credentials};

/// How long connections that were cut off may take to say what they were for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is told of one command's requests. Without a network, nothing.
#[derive(Default)]
pub(crate) struct Told(Option<UnboundedReceiver<Report>>);

/// The network of one command of an agent, without any credentials, and who hears what it asks.
pub(crate) fn of(agent: &Agent, terms: &Arc<Terms>) -> (Network, Told) {
    through(agent, terms, Arc::new(WithoutCredentials))
}

/// The same with the secrets that are for this work. Each use is an event about it.
pub(crate) async fn with_secrets(
    parts: &Parts,
    agent: &Agent,
    about: Subject,
) -> Result<(Network, Told), FlowError> {
    if agent.network.is_empty() {
        return Ok((Network::None, Told::default()));
    }
    let secrets = Credentials::of(parts, about).await;
    let secrets = secrets.map_err(|problem| FlowError::Later { problem, after: None })?;
    Ok(through(agent, &parts.way_out, Arc::new(secrets)))
}

fn through(agent: &Agent, terms: &Arc<Terms>, credentials: Arc<dyn egress::Credentials>) -> (Network, Told) {
    if agent.network.is_empty() {
        return (Network::None, Told::default());
    }
    let (to, reports) = unbounded_channel();
    let allowed = agent.network.clone();
    let egress = Egress { allowed, terms: Arc::clone(terms), credentials, reports: Some(to) };
    (Network::Through(egress), Told(Some(reports)))
}

impl Told {
    /// All of it, once the sandbox is gone.
    pub(crate) async fn summed(self) -> Vec<NetworkUse> {
        let mut uses = Vec::new();
        let Some(mut reports) = self.0 else {
            return uses;
        };
        let hearing = async {
            while let Some(report) = reports.recv().await {
                uses.push(NetworkUse::from(report));
            }
        };
        // Whatever is not told by then is in the log.
        let _ = tokio::time::timeout(PATIENCE, hearing).await;
        summed(uses)
    }
}

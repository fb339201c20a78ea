//! The way out of an agent's commands: what its file allows, and what is told of it.

use std::{sync::Arc, time::Duration};

use swarm_agents::Agent;
use swarm_domain::network::{NetworkUse, summed};
use swarm_sandbox::{
    Network,
    egress::{Egress, Report, Terms},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// How long connections that were cut off may take to say what they were for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is told of one command's requests.
pub(crate) struct Told(Option<UnboundedReceiver<Report>>);

/// The network of one command of an agent, and who hears what it asks.
pub(crate) fn of(agent: &Agent, terms: &Arc<Terms>) -> (Network, Told) {
    if agent.network.is_empty() {
        return (Network::None, Told(None));
    }
    let (to, reports) = unbounded_channel();
    let egress = Egress {
        allowed: agent.network.clone(),
        terms: Arc::clone(terms),
        reports: Some(to),
        ..Egress::default()
    };
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

//! Looks after the sandboxes of this process: ends those that nobody needs any more, and writes down what ended by itself.

use std::{sync::Arc, time::Duration};

use swarm_domain::EventBody;
use swarm_sandbox::{Fleet, fleet::Lapsed};

use crate::{
    background::Background,
    error::FlowError,
    parts::{Parts, part},
};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Puts a fleet around where code runs, so that every sandbox of this process is known.
pub(crate) async fn around(parts: Parts) -> Result<(Parts, Fleet), FlowError> {
    let folder = parts.config.state_dir.join("vms");
    let (clock, entropy) = (Arc::clone(&parts.clock), Arc::clone(&parts.entropy));
    let bounds = parts.config.vms.clone();
    let fleet = Fleet::open(Arc::clone(&parts.sandboxes), clock, entropy, bounds, &folder).await?;
    Ok((Parts { sandboxes: Arc::new(fleet.clone()), ..parts }, fleet))
}

/// The task that does it.
pub(crate) struct Warden {
    fleet: Fleet,
    task: Background,
}

impl Warden {
    /// Begins to look.
    pub(crate) fn begin(parts: Parts, fleet: Fleet) -> Self {
        let watched = fleet.clone();
        let task = Background::begin(|stopped| async move {
            while stopped.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
                tend(&parts, &watched).await;
            }
            watched.end_all().await;
            tend(&parts, &watched).await;
        });
        Self { fleet, task }
    }

    /// The sandboxes.
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Ends all of them, and looks no more.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

async fn tend(parts: &Parts, fleet: &Fleet) {
    for lapsed in fleet.tend().await {
        if let Err(error) = write_down(parts, fleet, &lapsed).await {
            tracing::warn!(%error, ?lapsed, "the end of a takeover could not be written down");
        }
    }
}

async fn write_down(parts: &Parts, fleet: &Fleet, lapsed: &Lapsed) -> Result<(), FlowError> {
    let (key, body) = handed_back(lapsed);
    let key: Vec<_> = key.iter().map(String::as_str).collect();
    parts.record(&key, part("fleet"), lapsed.subject.clone(), body).await?;
    fleet.told(lapsed);
    Ok(())
}

/// How the end of a takeover is written down: once, whoever does it.
pub(crate) fn handed_back(lapsed: &Lapsed) -> ([String; 4], EventBody) {
    let Lapsed { id, since, commands, why, .. } = lapsed;
    let key = ["vm".to_owned(), id.to_string(), "handed-back".to_owned(), since.to_rfc3339()];
    (key, EventBody::SandboxHandedBack { sandbox: id.clone(), commands: *commands, why: *why })
}

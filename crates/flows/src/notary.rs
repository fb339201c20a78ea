//! The notary: the task that signs checkpoints of the log while this process works.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_store::{Due, Store};
use tokio_util::sync::CancellationToken;

use crate::background::Background;

/// How long the log may grow before it is looked at again. Not more often than this, however fast it grows.
const CALM: Duration = Duration::from_secs(1);
/// How long the last checkpoint may take when the process stops.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);

/// When checkpoints are signed. At the end of each run and when swarm stops there is one in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// So many events may wait for a checkpoint.
    pub checkpoint_events: u64,
    /// So long, in seconds.
    pub checkpoint_seconds: u64,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { checkpoint_events: 1_000, checkpoint_seconds: 60 }
    }
}

/// The task.
pub(crate) struct Notary {
    task: Background,
}

impl Notary {
    /// Begins to sign.
    pub(crate) fn begin(store: Store, config: AuditConfig) -> Self {
        Self { task: Background::begin(|stop| watch(store, config, stop)) }
    }

    /// Signs what is not signed yet, and ends.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

async fn watch(store: Store, config: AuditConfig, stop: CancellationToken) {
    let time = Duration::from_secs(config.checkpoint_seconds.max(1));
    let due = Due::After { events: config.checkpoint_events.max(1), time };
    let mut growth = store.growth();
    let mut said = String::new();
    // What a process that died did not come to sign is signed at once.
    let mut now = Due::Now;
    loop {
        if stop.run_until_cancelled(sign(&store, now, &mut said)).await.is_none() {
            break;
        }
        now = due;
        let rest = async {
            tokio::time::sleep(CALM).await;
            growth.wait(time).await;
        };
        if stop.run_until_cancelled(rest).await.is_none() {
            break;
        }
    }
    if tokio::time::timeout(GOODBYE_PATIENCE, sign(&store, Due::Now, &mut said)).await.is_err() {
        tracing::warn!("the end of the log is signed at the next start");
    }
}

/// Work goes on where signing fails: the log says what happened either way. What is wrong is said once.
async fn sign(store: &Store, due: Due, said: &mut String) {
    match store.sign_checkpoints(due).await {
        Ok(0) => {}
        Ok(signed) => {
            said.clear();
            tracing::debug!(signed, "signed checkpoints of the log");
        }
        Err(error) => {
            let problem = error.problem();
            if *said == problem.detail {
                tracing::debug!(%error, "no checkpoint could be signed");
            } else if error.is_transient() {
                tracing::warn!(%error, "no checkpoint could be signed");
            } else {
                tracing::error!(%error, next = problem.next, "no checkpoint could be signed");
            }
            *said = problem.detail;
        }
    }
}

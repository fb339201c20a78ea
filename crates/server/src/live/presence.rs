//! Who watches through other servers: exchanged through the database, as often as heartbeats tell of it.

use std::{sync::Arc, time::Duration};

use swarm_domain::TenantId;
use swarm_store::Store;
use tokio_util::sync::CancellationToken;

use super::seats::Seats;

/// How often within a heartbeat, and for how many heartbeats a server that says nothing more is believed.
const OFTEN: u32 = 3;
const LIFE: u32 = 3;
/// How long leaving may take.
const LEAVE: Duration = Duration::from_secs(1);

/// Tells the others of this server's watchers and hears of theirs, until `stop`.
pub(super) async fn exchange(
    store: Store,
    tenant: TenantId,
    node: String,
    seats: Arc<Seats>,
    heartbeat: Duration,
    stop: CancellationToken,
) {
    let mut told = false;
    loop {
        let ours = seats.told();
        // Where nobody watches, nobody needs to hear of others.
        if !ours.is_empty() || told {
            match store.exchange_presence(&tenant, &node, &ours, heartbeat * LIFE).await {
                Ok(others) => {
                    told = !ours.is_empty();
                    seats.hear(others);
                }
                Err(error) => {
                    tracing::debug!(%error, "who watches through other servers is not known");
                    seats.hear(Vec::new());
                }
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(heartbeat / OFTEN)).await.is_none() {
            break;
        }
    }
    if told {
        // Where that fails, what was told runs out.
        let _ = tokio::time::timeout(LEAVE, store.leave_presence(&tenant, &node)).await;
    }
}

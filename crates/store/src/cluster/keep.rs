//! Keeping the private PostgreSQL alive: who uses it starts it again when it was killed under them.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Cluster, join_or_start, lock::Lock};
use crate::Result;

/// How often to look whether it still runs.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait after it could not be started.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

impl Cluster {
    /// Starts the server again whenever it has ended, until `stop`. Nothing committed is lost by its end, and what was
    /// under way waits for it.
    pub async fn keep(&self, stop: &CancellationToken) {
        let mut wait = LOOK;
        while stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = LOOK;
            match self.revive().await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::warn!("PostgreSQL had ended by itself or was killed: it was started again");
                }
                Err(error) => {
                    tracing::error!(%error, "PostgreSQL has ended and cannot be started again just now");
                    wait = AFTER_FAILURE;
                }
            }
        }
    }

    /// Starts the server again where it has ended, or joins it where another process was faster. Gives back whether it
    /// had ended.
    pub async fn revive(&self) -> Result<bool> {
        if !self.postmaster.lock().await.has_ended(&self.folder) {
            return Ok(false);
        }
        let _starting = Lock::exclusive(&self.folder.start_lock()).await?;
        // Left in the meantime: then it is nobody's business of ours.
        if self.in_use.lock().await.is_none() {
            return Ok(false);
        }
        let (_, server, socket) = join_or_start(&self.folder, &self.options).await?;
        *self.postmaster.lock().await = server;
        if socket != self.socket {
            return Err(self.folder.unusable(format!("its socket moved to {}", socket.display())));
        }
        Ok(true)
    }
}

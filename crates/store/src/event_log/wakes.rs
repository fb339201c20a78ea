//! Hearing how far a log is, for those who are told by another way what stands there.

use swarm_domain::TenantId;
use tokio::sync::broadcast::{self, error::RecvError};

use super::wakeup::Wakeup;
use crate::Store;

/// Says how far a tenant's log is.
#[derive(Debug)]
pub struct Wakes {
    tenant: TenantId,
    wakeups: broadcast::Receiver<Wakeup>,
}

impl Store {
    /// Hears of a tenant's log. To be called before the first look: what is committed after it then wakes. Needs a Tokio
    /// runtime.
    #[must_use]
    pub fn wakes(&self, tenant: &TenantId) -> Wakes {
        Wakes { tenant: tenant.clone(), wakeups: self.wakeups().subscribe() }
    }
}

impl Wakes {
    /// The position that the log has reached; none where it may have grown and nobody said how far. May be dropped and
    /// called again. A wake-up can be lost: whoever waits looks now and then anyway.
    pub async fn next(&mut self) -> Option<u64> {
        loop {
            match self.wakeups.recv().await {
                Ok(Some(grown)) if *grown.tenant == *self.tenant.as_str() => return Some(grown.position),
                Ok(Some(_)) => {}
                Ok(None) | Err(RecvError::Lagged(_)) => return None,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

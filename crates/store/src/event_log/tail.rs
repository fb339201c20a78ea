//! Following a log: every event once, in order, from a position on, for as long as the reader wants.

use std::{collections::VecDeque, time::Duration};

use futures::{Stream, stream};
use swarm_domain::{Event, TenantId};
use tokio::{sync::broadcast, time::Instant};

use super::{EventFilter, wakeup::Wakeup};
use crate::{Result, Store, StoreError};

/// How many events are read at once.
const PAGE: u32 = 256;
/// A wake-up can be lost without a trace (a proxy in between, a promoted replica): look anyway, this often.
const LOOK_ANYWAY: Duration = Duration::from_secs(10);
/// How long the database may be away before the tail gives up: a restart is waited for here, a longer absence is for
/// the reader to hear of and to wait for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The wait between two tries while the database is away.
const RETRY: Duration = Duration::from_millis(250);

struct Tail {
    store: Store,
    tenant: TenantId,
    position: u64,
    read: VecDeque<Event>,
    wakeups: broadcast::Receiver<Wakeup>,
}

impl Store {
    /// Follows a tenant's log from behind position `after` (0: from the start). Positions without gaps are the
    /// cursor, notifications only say when to look, so that nothing is lost or repeated when a connection breaks.
    ///
    /// Ends with an error when the database stays away for ten seconds, or when the store is closed. The position of
    /// the last event is then where to go on. Needs a Tokio runtime.
    pub fn tail(&self, tenant: &TenantId, after: u64) -> impl Stream<Item = Result<Event>> + Send + use<> {
        let tail = Tail {
            store: self.clone(),
            tenant: tenant.clone(),
            position: after,
            read: VecDeque::new(),
            wakeups: self.wakeups().subscribe(),
        };
        stream::unfold(Some(tail), |tail| async {
            let mut tail = tail?;
            match tail.next().await {
                Ok(event) => Some((Ok(event), Some(tail))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

impl Store {
    /// The next events of a tenant's log behind a position, up to 256; asked again for ten seconds where the database is
    /// away.
    pub async fn events_behind(&self, tenant: &TenantId, position: u64) -> Result<Vec<Event>> {
        let filter = EventFilter { after: position, limit: PAGE, ..EventFilter::default() };
        let began = Instant::now();
        loop {
            match self.events(tenant, &filter).await {
                Err(error)
                    if error.is_transient() && began.elapsed() < PATIENCE && !self.wakeups().is_stopped() =>
                {
                    tracing::debug!(%error, %tenant, "reading events again");
                    tokio::time::sleep(RETRY).await;
                }
                done => return done,
            }
        }
    }
}

impl Tail {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.read.pop_front() {
                self.position = event.seq;
                return Ok(event);
            }
            if self.store.wakeups().is_stopped() {
                return Err(StoreError::Unavailable(sqlx::Error::PoolClosed));
            }
            self.read = self.store.events_behind(&self.tenant, self.position).await?.into();
            if self.read.is_empty() {
                self.wait().await;
            }
        }
    }

    /// Until this tenant's log may have grown.
    async fn wait(&mut self) {
        let deadline = Instant::now() + LOOK_ANYWAY;
        let stopping = self.store.wakeups().stopping();
        loop {
            let woken = tokio::select! {
                woken = self.wakeups.recv() => woken,
                () = tokio::time::sleep_until(deadline) => return,
                () = stopping.cancelled() => return,
            };
            match woken {
                Ok(Some(grown)) if *grown.tenant != *self.tenant.as_str() => {}
                // Ours, anybody's, or so many that some were skipped.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                // The sender lives as long as the store, which we hold.
                Err(broadcast::error::RecvError::Closed) => return tokio::time::sleep_until(deadline).await,
            }
        }
    }
}

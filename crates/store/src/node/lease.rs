//! The lease of this process, as it knows it: its token, when it was last confirmed, and what is being done under it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use swarm_domain::{
    NodeId,
    lease::{self, FencingToken},
};
use tokio::sync::watch;

use super::Joining;
use crate::{Result, Store, StoreError};

/// The lease of the node that this process is.
pub(crate) struct NodeLease {
    joining: Joining,
    held: Mutex<Held>,
    /// Holds the name, and carries the signs of life: they must not wait for a free connection.
    session: tokio::sync::Mutex<Option<PgConnection>>,
    acting: watch::Sender<u64>,
    /// Whether nothing may be begun any more.
    parked: watch::Sender<bool>,
    /// The last token that was found stale.
    stale: watch::Sender<FencingToken>,
}

#[derive(Clone, Copy)]
struct Held {
    token: FencingToken,
    /// When the last sign of life that was taken had been sent.
    confirmed: Instant,
    /// Since when they were taken without a gap that another node may have acted on.
    steady: Instant,
}

/// Something that is being done under a node's lease. A node that drains waits for the last of them.
#[derive(Debug)]
#[must_use = "it stands for what is being done, until it is dropped"]
pub struct Acting(Option<watch::Sender<u64>>);

impl Drop for Acting {
    fn drop(&mut self) {
        if let Some(acting) = &self.0 {
            acting.send_modify(|number| *number = number.saturating_sub(1));
        }
    }
}

impl NodeLease {
    pub(super) fn new(joining: Joining, token: FencingToken, session: PgConnection) -> Self {
        let now = Instant::now();
        Self {
            joining,
            held: Mutex::new(Held { token, confirmed: now, steady: now }),
            session: tokio::sync::Mutex::new(Some(session)),
            acting: watch::Sender::new(0),
            parked: watch::Sender::new(false),
            stale: watch::Sender::new(FencingToken::default()),
        }
    }

    pub(super) fn joining(&self) -> &Joining {
        &self.joining
    }

    pub(crate) fn name(&self) -> &NodeId {
        &self.joining.name
    }

    pub(crate) fn token(&self) -> FencingToken {
        self.held().token
    }

    pub(super) fn ttl_millis(&self) -> i64 {
        millis(self.joining.ttl)
    }

    pub(super) fn session(&self) -> &tokio::sync::Mutex<Option<PgConnection>> {
        &self.session
    }

    /// Fails where the token that the database knows is not this one's.
    pub(crate) fn check(&self, current: Option<FencingToken>) -> Result<()> {
        let held = self.token();
        match current {
            Some(current) if lease::may_write(held, current).is_ok() => Ok(()),
            _ => Err(self.fenced(held)),
        }
    }

    /// Notes that this token is stale, and says so.
    pub(super) fn fenced(&self, token: FencingToken) -> StoreError {
        self.stale.send_modify(|stale| *stale = token.max(*stale));
        StoreError::Fenced { node: self.name().to_string(), token: token.get() }
    }

    pub(super) fn confirmed(&self, sent: Instant) {
        let mut held = self.held();
        if sent.duration_since(held.confirmed) > self.joining.ttl / 2 {
            held.steady = sent;
        }
        held.confirmed = held.confirmed.max(sent);
    }

    pub(super) fn renewed_with(&self, token: FencingToken) {
        let now = Instant::now();
        *self.held() = Held { token, confirmed: now, steady: now };
    }

    pub(super) fn park(&self) {
        self.parked.send_replace(true);
    }

    /// Whether nobody can have taken over yet: signs of life are taken at the earliest when they are sent, and the last
    /// one is not half a lease old.
    fn is_fresh(&self) -> bool {
        self.held().confirmed.elapsed() < self.joining.ttl / 2
    }

    /// Whether this node may judge others: after a time in which the database was away everybody's lease has run out,
    /// and who comes back first must not take the others for dead before they had time to come back too.
    pub(super) fn is_steady(&self) -> bool {
        let held = *self.held();
        self.is_fresh() && held.confirmed.duration_since(held.steady) >= self.joining.ttl
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for NodeLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeLease")
            .field("name", self.name())
            .field("token", &self.token())
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(super) fn lease(&self) -> Result<&Arc<NodeLease>> {
        self.node_lease()
            .ok_or_else(|| StoreError::NotFound { kind: "node", id: "of this process".to_owned() })
    }

    /// Asks to do something whose effect the database does not see (a command, a commit), and holds a drain up until it
    /// is done. As long as a fresh sign of life says that the node is the one that it was, that costs nothing; else
    /// the database is asked. Where the node drains, it waits for ever: nothing more is begun.
    ///
    /// Fails with [`StoreError::Fenced`] where another node took over. A store that is nobody's may always act.
    pub async fn act(&self) -> Result<Acting> {
        let Some(lease) = self.node_lease() else { return Ok(Acting(None)) };
        let mut parked = lease.parked.subscribe();
        // The sender lives as long as the lease.
        let _ = parked.wait_for(|parked| !parked).await;
        lease.acting.send_modify(|number| *number += 1);
        let acting = Acting(Some(lease.acting.clone()));
        if self.is_fenced() {
            return Err(lease.fenced(lease.token()));
        }
        if !lease.is_fresh() {
            self.heartbeat().await?;
        }
        Ok(acting)
    }

    /// Whether this node's token is known to be stale. Asks nobody.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.node_lease().is_some_and(|lease| *lease.stale.borrow() >= lease.token())
    }

    /// Asks the database whether this node is still the one that it was: before an effect that cannot be taken back.
    pub async fn confirm(&self) -> Result<()> {
        if self.node_lease().is_some() { self.heartbeat().await } else { Ok(()) }
    }

    /// Waits until nothing is done under the lease any more.
    pub async fn still(&self) {
        if let Some(lease) = self.node_lease() {
            let _ = lease.acting.subscribe().wait_for(|number| *number == 0).await;
        }
    }

    /// Waits until the token that this node holds is found stale. A store that is nobody's waits for ever.
    pub async fn fenced(&self) {
        match self.node_lease() {
            Some(lease) => {
                let _ = lease.stale.subscribe().wait_for(|stale| *stale >= lease.token()).await;
            }
            None => std::future::pending().await,
        }
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

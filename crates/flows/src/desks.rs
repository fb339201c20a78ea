//! The desks of a node: as many tickets as it may work on at once, whichever way they came to it.
//!
//! A ticket that this node would take from the queue anyway is begun here at once: it waits for nobody's look at the
//! queue. That is so where no other node lives and a desk is free. Which way a ticket went is written down with its
//! start, in one transaction of the engine; a build that is taken up again joins what was started, either way.

use std::{collections::BTreeSet, sync::Arc};

use swarm_domain::Label;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    engine::{self, Flow},
    error::FlowError,
    parts::Parts,
};

/// The desks of one lease.
#[derive(Clone)]
pub(crate) struct Desks(Arc<Semaphore>);

impl Desks {
    pub(crate) fn new(number: u32) -> Self {
        Self(Arc::new(Semaphore::new(number.max(1) as usize)))
    }

    /// Whether a ticket that needs these labels is begun here without the queue. Others share the queue as soon as they
    /// live: then whoever is free takes it.
    pub(crate) async fn may_take(&self, parts: &Parts, needed: &BTreeSet<Label>) -> bool {
        if !needed.is_empty() || !parts.config.takes.serves(needed) || self.0.available_permits() == 0 {
            return false;
        }
        let (Some((own, _)), Ok(nodes)) = (parts.store.node(), parts.store.nodes().await) else {
            return false;
        };
        nodes.iter().all(|node| !node.state.holds_work() || node.name == own)
    }

    /// Waits for a free desk for the ticket of the current workflow. One that needs no label and comes, handed over by a
    /// node that is gone, to one that leaves such work to others, is put back for them; then this never ends.
    pub(crate) async fn sit_down(&self, parts: &Parts, needs_label: bool) -> Flow<OwnedSemaphorePermit> {
        if !needs_label && parts.config.takes.only_labelled {
            engine::put_back(&parts.store).await?;
            return std::future::pending().await;
        }
        let desk = Arc::clone(&self.0).acquire_owned().await;
        desk.map_err(|closed| FlowError::internal("the desks", closed).into())
    }
}

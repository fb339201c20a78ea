//! Live updates: what happens, told as it happens, and never told wrong.
//!
//! ```text
//! log ──NOTIFY──▶ feed: one reader, the latest events in memory
//!                  │ each connection takes them by a position of its own
//!        ┌─────────┼──────────────┐
//!     WebSocket   server-sent    long-poll            one cursor: the position in the log
//! ```
//!
//! - [`frame`] is the contract, with [`version`], [`name`] and [`path`]; [`contract`] writes it down as JSON Schema and
//!   AsyncAPI;
//! - [`feed`] reads the log, [`fanout`] lets Redis spare it reads where there are many nodes, [`happened`] is an event on its way to many, [`window`] holds the latest;
//! - [`socket`] speaks to one client, [`outbox`] and [`bucket`] bound what waits for it and what it may say, [`reader`] is
//!   what server-sent events and long-poll follow the log by;
//! - [`access`] decides who may follow what, [`seats`] knows who is here, [`presence`] who is elsewhere, [`meter`] counts.
//!
//! To add a frame: a variant of [`frame::Said`] or [`frame::Asked`] with its kind in [`meter`], then `SWARM_UPDATE=1` with
//! the test `contract`. A change that an old client would not read needs a new [`version::Version`] and the way down to the
//! one before.

pub(crate) mod access;
mod bucket;
pub(crate) mod contract;
pub(crate) mod fanout;
mod feed;
pub(crate) mod frame;
mod happened;
pub(crate) mod meter;
mod name;
mod outbox;
pub(crate) mod path;
mod presence;
pub(crate) mod reader;
pub(crate) mod seats;
pub(crate) mod socket;
pub(crate) mod version;
mod window;

use std::{fmt, sync::Arc};

use swarm_domain::{Clock, TenantId};
use swarm_policy::Policy;
use swarm_store::Store;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use access::Access;
use fanout::Fanout;
pub(crate) use feed::Feed;
pub(crate) use happened::Happened;
use meter::{Meter, Transport};
use seats::Seats;

use crate::config::SocketLimits;

/// All that live connections share.
pub(crate) struct Live {
    /// What they read from.
    pub(crate) feed: Arc<Feed>,
    /// What brings events besides the log, where something does.
    pub(crate) fanout: Option<Arc<Fanout>>,
    /// Who may follow what.
    pub(crate) access: Arc<Access>,
    /// Who is here.
    pub(crate) seats: Arc<Seats>,
    /// What is counted.
    pub(crate) meter: Arc<Meter>,
    /// What a connection may do.
    pub(crate) limits: SocketLimits,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Live {
    /// Begins to follow a tenant's log, until `stop`. Needs a Tokio runtime.
    pub(crate) fn start(
        store: Store,
        tenant: &TenantId,
        clock: Arc<dyn Clock>,
        policy: Arc<Policy>,
        limits: SocketLimits,
        (node, fanout): (String, Option<Fanout>),
        stop: CancellationToken,
    ) -> Arc<Self> {
        let access = Arc::new(Access::to(tenant, policy));
        let fanout = fanout.map(Arc::new);
        let (seats, tasks) = (Arc::<Seats>::default(), TaskTracker::new());
        tasks.spawn(presence::exchange(
            store.clone(),
            tenant.clone(),
            node,
            Arc::clone(&seats),
            limits.heartbeat,
            stop.clone(),
        ));
        Arc::new(Self {
            feed: Feed::start(store, tenant.clone(), Arc::clone(&access), fanout.clone(), stop.clone()),
            fanout,
            access,
            seats,
            meter: Arc::default(),
            tasks,
            limits,
            clock,
            stop,
        })
    }

    /// Runs a connection as one that is waited for when the server stops.
    pub(crate) async fn track(&self, connection: impl Future<Output = ()>) {
        self.tasks.track_future(connection).await;
    }

    /// Waits until every connection and the reader have ended, once they were told to.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.feed.ended().await;
    }

    /// Counts an event that went out, and how long it took if it is new.
    pub(crate) fn sent(&self, transport: Transport, happened: &Happened, fresh: bool) {
        self.meter.events.one(transport);
        if fresh {
            self.meter.latency.note((self.clock.now() - happened.event().at).num_milliseconds());
        }
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("limits", &self.limits).finish_non_exhaustive()
    }
}

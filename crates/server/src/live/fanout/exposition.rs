//! What is counted of the fan-out, for Prometheus. The names are a promise: docs/src/metrics.md has them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::{Fanout, LinkState};
use crate::live::meter::{counter, counters, gauge};

/// What was counted, each time that it is asked for.
#[derive(Debug)]
pub(crate) struct FanoutMetrics(pub(crate) Arc<Fanout>);

impl Collector for FanoutMetrics {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (to, status) = (&mut to, self.0.status());
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let counts = &status.counts;
        let up = u64::from(status.state() == LinkState::Live);
        gauge(to, "swarm_live_redis_up", "Whether Redis carries live updates", up)?;
        let relays = u64::from(self.0.relays());
        gauge(to, "swarm_live_redis_relay", "Whether this server puts events into Redis", relays)?;
        let ways = [("redis", count(&counts.carried)), ("rows", count(&counts.rows))];
        counters(to, "swarm_live_events_read", "Events by the way they came", "way", ways.into_iter())?;
        let relayed = count(&counts.relayed);
        counter(to, "swarm_live_redis_relayed", "Events that this server put into Redis", relayed)?;
        let refused = count(&counts.refused);
        counter(to, "swarm_live_redis_refused", "Entries of Redis that were not taken", refused)?;
        counter(to, "swarm_live_redis_lost", "Times that Redis was lost", count(&counts.lost))
    }
}

//! What is counted, as JSON.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use serde::Serialize;
use utoipa::ToSchema;

use super::{Counts, Kind, Meter, Transport};

/// What was counted of live connections since the server started. `/metrics` tells the same to Prometheus.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebSocketMetrics {
    /// Open connections by transport.
    pub open: BTreeMap<String, u64>,
    /// Frames that were handed to WebSockets, by type.
    pub sent: BTreeMap<String, u64>,
    /// Messages from WebSockets, by type.
    pub received: BTreeMap<String, u64>,
    /// Frames that were not sent, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// WebSockets that ended, by reason.
    pub disconnects: BTreeMap<String, u64>,
    /// Connections that were not made, by reason.
    pub turned_away: BTreeMap<String, u64>,
    /// Events that went out, by transport.
    pub events: BTreeMap<String, u64>,
    /// Bytes handed to WebSockets.
    pub bytes_sent: u64,
    /// Bytes of messages from WebSockets.
    pub bytes_received: u64,
    /// From the log to the connection.
    pub latency: LatencyShown,
}

/// How long events took from the log to a connection, in milliseconds. A share is told by the bucket that it is in: it
/// stays within that many milliseconds; absent above the last one, 5000, or where nothing was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatencyShown {
    /// How many.
    pub count: u64,
    /// All together.
    pub sum_ms: u64,
    /// Half of them.
    pub p50_ms: Option<u64>,
    /// 95 of 100.
    pub p95_ms: Option<u64>,
    /// 99 of 100.
    pub p99_ms: Option<u64>,
}

impl WebSocketMetrics {
    /// What a meter has counted.
    pub(crate) fn of(meter: &Meter) -> Self {
        let held = meter.latency.snapshot();
        Self {
            open: Transport::ALL.iter().map(|way| (way.name().to_owned(), meter.open_now(*way))).collect(),
            sent: by_name(&meter.sent),
            received: by_name(&meter.heard),
            dropped: by_name(&meter.dropped),
            disconnects: by_name(&meter.ended),
            turned_away: by_name(&meter.turned_away),
            events: by_name(&meter.events),
            bytes_sent: meter.bytes_sent.load(Ordering::Relaxed),
            bytes_received: meter.bytes_heard.load(Ordering::Relaxed),
            latency: LatencyShown {
                count: held.count(),
                sum_ms: held.sum,
                p50_ms: held.within(50),
                p95_ms: held.within(95),
                p99_ms: held.within(99),
            },
        }
    }
}

fn by_name<K: Kind>(counts: &Counts<K>) -> BTreeMap<String, u64> {
    counts.all().map(|(name, count)| (name.to_owned(), count)).collect()
}

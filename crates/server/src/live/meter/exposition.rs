//! What is counted, for Prometheus. The names are a promise: docs/src/metrics.md has them.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
};

use super::{Kind, Meter, Transport, latency::BOUNDS};

/// What a meter has counted, each time that it is asked for.
#[derive(Debug)]
pub(crate) struct LiveMetrics(pub(crate) Arc<Meter>);

/// An exemplar is never given.
const NONE: Option<&Exemplar<NoLabelSet, f64>> = None;

impl Collector for LiveMetrics {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let meter = &self.0;
        let to = &mut to;
        counters(to, "swarm_live_frames_sent", "Frames handed to WebSockets", "type", meter.sent.all())?;
        counters(to, "swarm_live_messages_received", "Messages from WebSockets", "type", meter.heard.all())?;
        counters(
            to,
            "swarm_live_frames_dropped",
            "Frames that were not sent",
            "reason",
            meter.dropped.all(),
        )?;
        counters(to, "swarm_live_disconnects", "WebSockets that ended", "reason", meter.ended.all())?;
        let turned_away = meter.turned_away.all();
        counters(to, "swarm_live_turned_away", "WebSockets that were not made", "reason", turned_away)?;
        counters(to, "swarm_live_events_sent", "Events that went out", "transport", meter.events.all())?;
        counter(
            to,
            "swarm_live_sent_bytes",
            "Bytes handed to WebSockets",
            meter.bytes_sent.load(Ordering::Relaxed),
        )?;
        let heard = meter.bytes_heard.load(Ordering::Relaxed);
        counter(to, "swarm_live_received_bytes", "Bytes of messages from WebSockets", heard)?;
        let open = Transport::ALL.iter().map(|way| (way.name(), meter.open_now(*way)));
        gauges(to, "swarm_live_connections", "Open connections", "transport", open)?;
        latency(to, meter)
    }
}

/// A counter for each value of a label.
pub(crate) fn counters<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: impl Iterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (value, count) in counts {
        metric.encode_family(&[(label, value)])?.encode_counter(&count, NONE)?;
    }
    Ok(())
}

/// A gauge for each value of a label.
pub(crate) fn gauges<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    counts: impl Iterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let mut metric = to.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (value, count) in counts {
        metric.encode_family(&[(label, value)])?.encode_gauge(&signed(count))?;
    }
    Ok(())
}

/// One counter.
pub(crate) fn counter(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, count: u64) -> fmt::Result {
    to.encode_descriptor(name, help, None, MetricType::Counter)?.encode_counter(&count, NONE)
}

/// One gauge.
pub(crate) fn gauge(to: &mut DescriptorEncoder<'_>, name: &str, help: &str, count: u64) -> fmt::Result {
    to.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&signed(count))
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^52")]
fn latency(to: &mut DescriptorEncoder<'_>, meter: &Meter) -> fmt::Result {
    let held = meter.latency.snapshot();
    let seconds = |millis: u64| millis as f64 / 1_000.0;
    let bounds = BOUNDS.iter().map(|bound| seconds(*bound)).chain([f64::MAX]);
    let buckets: Vec<(f64, u64)> = bounds.zip(held.buckets).collect();
    let help = "From the log to the connection";
    to.encode_descriptor("swarm_live_delivery_seconds", help, None, MetricType::Histogram)?
        .encode_histogram::<NoLabelSet>(seconds(held.sum), held.count(), &buckets, None)
}

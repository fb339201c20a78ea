//! What is counted of live connections. Frames, messages and ends go through [`Line`](super::socket::Line) alone, which
//! counts each by its kind: a path without a counter cannot be written.

mod exposition;
mod kind;
mod latency;
mod shown;

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub(crate) use exposition::{LiveMetrics, counter, counters, gauge, gauges};
pub(crate) use kind::{Dropped, Ended, Heard, Sent, Transport, TurnedAway};
use latency::Latency;
pub(crate) use shown::WebSocketMetrics;

/// An enum of what is counted.
pub(crate) trait Kind: Copy + Sized + 'static {
    /// Every one of them, in the order of their places.
    const ALL: &'static [Self];
    /// As metrics have it.
    fn name(self) -> &'static str;
    /// Its place in an array.
    fn place(self) -> usize;
}

/// A count for each kind.
#[derive(Debug)]
pub(crate) struct Counts<K> {
    counts: Box<[AtomicU64]>,
    kinds: PhantomData<K>,
}

impl<K: Kind> Default for Counts<K> {
    fn default() -> Self {
        Self { counts: K::ALL.iter().map(|_| AtomicU64::new(0)).collect(), kinds: PhantomData }
    }
}

impl<K: Kind> Counts<K> {
    /// Counts one.
    pub(crate) fn one(&self, kind: K) {
        self.some(kind, 1);
    }

    /// Counts some.
    pub(crate) fn some(&self, kind: K, count: u64) {
        if let Some(held) = self.counts.get(kind.place()) {
            held.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// How many there were.
    pub(crate) fn of(&self, kind: K) -> u64 {
        self.counts.get(kind.place()).map_or(0, |held| held.load(Ordering::Relaxed))
    }

    /// Every kind with its count.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        K::ALL.iter().map(|kind| (kind.name(), self.of(*kind)))
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Frames handed to WebSockets.
    pub(crate) sent: Counts<Sent>,
    /// Messages from WebSockets.
    pub(crate) heard: Counts<Heard>,
    /// Frames that were not sent.
    pub(crate) dropped: Counts<Dropped>,
    /// WebSockets that ended.
    pub(crate) ended: Counts<Ended>,
    /// Connections that were not made.
    pub(crate) turned_away: Counts<TurnedAway>,
    /// Events that went out.
    pub(crate) events: Counts<Transport>,
    /// From the log to the connection.
    pub(crate) latency: Latency,
    /// Bytes handed to WebSockets.
    pub(crate) bytes_sent: AtomicU64,
    /// Bytes of messages from WebSockets.
    pub(crate) bytes_heard: AtomicU64,
    opened: Counts<Transport>,
    closed: Counts<Transport>,
}

impl Meter {
    /// Counts a connection for as long as the guard lives.
    pub(crate) fn open(self: &Arc<Self>, transport: Transport) -> Open {
        self.opened.one(transport);
        Open { meter: Arc::clone(self), transport }
    }

    /// How many connections are open.
    pub(crate) fn open_now(&self, transport: Transport) -> u64 {
        let closed = self.closed.of(transport);
        self.opened.of(transport).saturating_sub(closed)
    }
}

/// A connection that is counted.
#[derive(Debug)]
pub(crate) struct Open {
    meter: Arc<Meter>,
    transport: Transport,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.meter.closed.one(self.transport);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each_has_a_place_of_its_own<K: Kind>() {
        assert!(K::ALL.iter().enumerate().all(|(place, kind)| kind.place() == place));
    }

    #[test]
    fn every_kind_is_counted_in_its_own_place() {
        each_has_a_place_of_its_own::<Sent>();
        each_has_a_place_of_its_own::<Heard>();
        each_has_a_place_of_its_own::<Dropped>();
        each_has_a_place_of_its_own::<Ended>();
        each_has_a_place_of_its_own::<Transport>();
        each_has_a_place_of_its_own::<TurnedAway>();
        let counts = Counts::<Dropped>::default();
        counts.some(Dropped::Unsent, 3);
        let all: Vec<_> = counts.all().collect();
        assert_eq!(all, [("superseded", 0), ("overflow", 0), ("unsent", 3)]);
    }

    #[test]
    fn a_connection_is_open_until_it_is_dropped() {
        let meter = Arc::new(Meter::default());
        let open = meter.open(Transport::Sse);
        assert_eq!((meter.open_now(Transport::Sse), meter.open_now(Transport::Poll)), (1, 0));
        drop(open);
        assert_eq!(meter.open_now(Transport::Sse), 0);
    }
}

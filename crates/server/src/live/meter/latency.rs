//! How long events take from the log to a connection.

use std::sync::atomic::{AtomicU64, Ordering};

/// The upper bounds of the buckets, in milliseconds. What takes longer is in one more.
pub(crate) const BOUNDS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// A histogram of milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

/// What it held at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// How many in each bucket, not added up.
    pub(crate) buckets: [u64; BOUNDS.len() + 1],
    /// All milliseconds together.
    pub(crate) sum: u64,
}

impl Latency {
    /// Counts one. A clock that went back counts as nothing.
    pub(crate) fn note(&self, millis: i64) {
        let millis = u64::try_from(millis).unwrap_or(0);
        let place = BOUNDS.partition_point(|bound| *bound < millis);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(millis, Ordering::Relaxed);
    }

    /// What it holds.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let buckets = self.buckets.each_ref().map(|bucket| bucket.load(Ordering::Relaxed));
        Snapshot { buckets, sum: self.sum.load(Ordering::Relaxed) }
    }
}

impl Snapshot {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The bound that a share of them, in hundredths, stays within; absent where there are none or it is above all.
    pub(crate) fn within(&self, percent: u64) -> Option<u64> {
        let wanted = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (count, bound) in self.buckets.iter().zip(BOUNDS) {
            seen += count;
            if seen >= wanted {
                return Some(bound);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_by_the_bound_that_it_stays_within() {
        let latency = Latency::default();
        assert_eq!(latency.snapshot().within(50), None);
        for millis in [-5, 0, 1, 2, 3, 30] {
            latency.note(millis);
        }
        let held = latency.snapshot();
        assert_eq!((held.count(), held.sum), (6, 36));
        assert_eq!([50, 67, 99].map(|percent| held.within(percent)), [Some(1), Some(5), Some(50)]);
        latency.note(60_000);
        assert_eq!(latency.snapshot().within(99), None);
    }
}

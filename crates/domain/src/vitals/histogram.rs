//! How often something took how long.

use serde::{Deserialize, Serialize};

/// Milliseconds up to which each class reaches; the last class has no end.
const BOUNDS: [u64; 14] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000, 600_000, 3_600_000];

/// How often something took how long, in classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Histogram {
    /// Milliseconds up to which each class reaches.
    pub bounds_ms: Vec<u64>,
    /// How many are in each class; behind the last bound there is one class more.
    pub counts: Vec<u64>,
    /// All of them, added up.
    pub sum_ms: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { bounds_ms: BOUNDS.to_vec(), counts: vec![0; BOUNDS.len() + 1], sum_ms: 0 }
    }
}

impl Histogram {
    /// One more.
    pub fn add(&mut self, millis: u64) {
        let class = self.bounds_ms.partition_point(|bound| *bound < millis);
        if let Some(count) = self.counts.get_mut(class) {
            *count = count.saturating_add(1);
        }
        self.sum_ms = self.sum_ms.saturating_add(millis);
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// For each bound how many took no longer.
    pub fn up_to(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut sum = 0_u64;
        self.bounds_ms.iter().zip(&self.counts).map(move |(bound, count)| {
            sum = sum.saturating_add(*count);
            (*bound, sum)
        })
    }

    /// The bound of the class that the one of this rank is in, of a hundred; nothing where there is none, or it is beyond
    /// the last bound.
    #[must_use]
    pub fn within_ms(&self, percent: u64) -> Option<u64> {
        let rank = self.count().saturating_mul(percent).div_ceil(100).max(1);
        self.up_to().find(|(_, count)| *count >= rank).map(|(bound, _)| bound)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bound_belongs_to_its_class() {
        let mut found = Histogram::default();
        assert_eq!(found.within_ms(50), None);
        for millis in [5, 6, 10, 4_000_000] {
            found.add(millis);
        }
        assert_eq!(found.up_to().take(2).collect::<Vec<_>>(), [(5, 1), (10, 3)]);
        assert_eq!(
            (found.within_ms(25), found.within_ms(50), found.within_ms(100)),
            (Some(5), Some(10), None)
        );
    }

    proptest! {
        #[test]
        fn none_is_lost_and_each_count_is_what_it_says(all in prop::collection::vec(0_u64..5_000_000, 0..200)) {
            let mut found = Histogram::default();
            for millis in &all {
                found.add(*millis);
            }
            prop_assert_eq!(found.count(), all.len() as u64);
            prop_assert_eq!(found.sum_ms, all.iter().sum::<u64>());
            for (bound, count) in found.up_to() {
                prop_assert_eq!(count, all.iter().filter(|millis| **millis <= bound).count() as u64);
            }
        }
    }
}

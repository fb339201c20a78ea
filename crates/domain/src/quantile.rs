//! Quantiles of small samples that keep their promise.
//!
//! The promise: of *n* past values and one more of the same kind, in any order, the next one stays at or below the
//! quantile with at least the probability that was asked for. That holds for the value of rank ⌈(n+1)·p⌉ without any
//! assumption on how values are spread (split conformal prediction: Vovk, Gammerman and Shafer, *Algorithmic Learning in
//! a Random World*, 2005; Lei et al., *Distribution-Free Predictive Inference for Regression*, 2018). Where that rank is
//! beyond the sample, nothing can be promised and nothing is said.

use serde::{Deserialize, Serialize};

/// The fewest values of which a P90 can be promised: ⌈(9+1)·0.9⌉ = 9.
pub const FEWEST: usize = 9;

/// What is passed half of the time, and what is passed one time in ten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// The half of all stay at or below it.
    pub p50: u64,
    /// Nine of ten stay at or below it.
    pub p90: u64,
}

impl Span {
    /// The span of these values, in any order; none where they are too few.
    #[must_use]
    pub fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        Some(Self { p50: quantile(&values, 50)?, p90: quantile(&values, 90)? })
    }

    /// Two spans one after the other. The sum of two P90 is passed less than one time in ten: it errs on the side that
    /// costs nobody more than was said.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { p50: self.p50.saturating_add(other.p50), p90: self.p90.saturating_add(other.p90) }
    }
}

/// What the next value stays at or below with a probability of at least `percent`, going by values that stand in
/// ascending order. None where they are too few for that.
#[must_use]
pub fn quantile(sorted: &[u64], percent: u32) -> Option<u64> {
    let rank = ((sorted.len() + 1) * percent as usize).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn too_few_values_promise_nothing() {
        assert_eq!(Span::of(vec![5; FEWEST - 1]), None);
        assert_eq!(Span::of(vec![5; FEWEST]), Some(Span { p50: 5, p90: 5 }));
        assert_eq!(quantile(&[], 50), None);
        assert_eq!(quantile(&[1], 0), None);
        assert_eq!(quantile(&[1, 2, 3], 100), None);
        assert_eq!(Span::of((1..=9).rev().collect()), Some(Span { p50: 5, p90: 9 }));
    }

    proptest! {
        #[test]
        fn a_higher_level_is_never_a_lower_value(mut values in prop::collection::vec(any::<u64>(), 0..60)) {
            values.sort_unstable();
            let all: Vec<_> = (1..=99).filter_map(|percent| quantile(&values, percent)).collect();
            prop_assert!(all.is_sorted());
            if let Some(Span { p50, p90 }) = Span::of(values) {
                prop_assert!(p50 <= p90);
            }
        }

        #[test]
        fn larger_values_never_have_a_smaller_quantile(
            values in prop::collection::vec(0_u64..1_000, FEWEST..60), more in 0_u64..100,
        ) {
            let larger = Span::of(values.iter().map(|value| value + more).collect()).unwrap();
            let span = Span::of(values).unwrap();
            prop_assert_eq!(larger, Span { p50: span.p50 + more, p90: span.p90 + more });
        }

        /// The promise itself, counted over every way in which one of the values could have been the last.
        #[test]
        fn of_all_orders_at_least_the_promised_share_keeps_below(
            values in prop::collection::vec(0_u64..200, (FEWEST + 1)..40), percent in 1_u32..=90,
        ) {
            let below = (0..values.len()).filter(|&last| {
                let mut rest = values.clone();
                let next = rest.swap_remove(last);
                rest.sort_unstable();
                quantile(&rest, percent).is_some_and(|bound| next <= bound)
            });
            prop_assert!(below.count() * 100 >= values.len() * percent as usize);
        }
    }
}

//! Replies that are given again, and whether that is as good as asking.

use serde::{Deserialize, Serialize};

use crate::budget::Spend;

/// What the cache of replies had to do with a model call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CacheOutcome {
    /// It was asked and had nothing: the model answered.
    Missed,
    /// It answered: no model was asked.
    Hit {
        /// What the call cost that brought the reply.
        saved: Spend,
    },
    /// It had a reply, and the model was asked all the same, to see. Both said the same.
    Agreed,
    /// It had a reply, the model was asked all the same, and said something else. What the model said now counts.
    Differed,
}

impl CacheOutcome {
    /// Whether the reply came from the cache.
    #[must_use]
    pub fn is_hit(&self) -> bool {
        matches!(self, Self::Hit { .. })
    }

    /// Its name, as it stands in a column.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Hit { .. } => "hit",
            Self::Agreed => "agreed",
            Self::Differed => "differed",
        }
    }
}

/// How often a reply of the cache was compared with one of the model, and how often both said the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Agreement {
    /// Comparisons.
    pub checked: u64,
    /// Those in which both said the same.
    pub agreed: u64,
}

impl Agreement {
    /// Whether the cache may go on answering: too little is known yet, or the share that agreed is no smaller than this.
    #[must_use]
    pub fn holds(self, fewest: u64, least_percent: u64) -> bool {
        self.checked < fewest.max(1)
            || u128::from(self.agreed) * 100 >= u128::from(self.checked) * u128::from(least_percent)
    }
}

/// What the cache did for one caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CacheFacts {
    /// Who asked: an agent.
    pub caller: String,
    /// Calls that it answered.
    pub hits: u64,
    /// Calls that it could not answer.
    pub missed: u64,
    /// What the hits would have cost.
    pub saved: Spend,
    /// What comparisons showed since it was emptied last, the latest ones.
    pub agreement: Agreement,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_answers_until_enough_comparisons_say_otherwise() {
        let of = |agreed, checked| Agreement { checked, agreed };
        assert!(of(0, 0).holds(10, 80), "nothing is known");
        assert!(of(0, 9).holds(10, 80), "too little is known");
        assert!(of(8, 10).holds(10, 80));
        assert!(!of(7, 10).holds(10, 80));
        assert!(!of(0, 1).holds(0, 1), "none is not enough to judge by");
        assert!(of(0, 50).holds(10, 0), "whoever asks for nothing gets it");
    }

    proptest! {
        #[test]
        fn more_agreement_never_shuts_it(agreed in 0..1000u64, more in 0..1000u64, fewest in 0..50u64, least in 0..=100u64) {
            let checked = agreed + more;
            let before = Agreement { checked, agreed };
            let after = Agreement { checked: checked + 1, agreed: agreed + 1 };
            prop_assert!(!before.holds(fewest, least) || after.holds(fewest, least) || checked < fewest.max(1));
        }

        #[test]
        fn full_agreement_never_shuts_it(checked in any::<u64>(), fewest in any::<u64>(), least in 0..=100u64) {
            let all = Agreement { checked, agreed: checked };
            prop_assert!(all.holds(fewest, least));
        }
    }

    #[test]
    fn an_outcome_is_read_as_it_was_written() {
        for outcome in [
            CacheOutcome::Missed,
            CacheOutcome::Hit { saved: Spend { calls: 1, ..Spend::default() } },
            CacheOutcome::Agreed,
            CacheOutcome::Differed,
        ] {
            let text = serde_json::to_value(outcome).unwrap();
            assert_eq!(text["kind"], outcome.name());
            assert_eq!(serde_json::from_value::<CacheOutcome>(text).unwrap(), outcome);
        }
    }
}

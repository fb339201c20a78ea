//! What may be spent, and what was.

use serde::{Deserialize, Serialize};

use crate::money::MicroUsd;

/// A limit on spending. An absent limit does not limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// At the most this much money.
    pub usd: Option<MicroUsd>,
    /// At the most this many tokens, in and out together.
    pub tokens: Option<u64>,
}

/// What was used: by a call, an attempt, a ticket or a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spend {
    /// Money.
    pub usd: MicroUsd,
    /// Tokens that went in, those read from a cache among them.
    pub tokens_in: u64,
    /// Tokens that came out.
    pub tokens_out: u64,
    /// Model calls.
    pub calls: u64,
}

impl Spend {
    /// This and `other` together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            usd: self.usd + other.usd,
            tokens_in: self.tokens_in.saturating_add(other.tokens_in),
            tokens_out: self.tokens_out.saturating_add(other.tokens_out),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    /// Tokens in and out together.
    #[must_use]
    pub fn tokens(self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }
}

impl Budget {
    /// Whether a further cost of `next` would still fit after `spent`.
    #[must_use]
    pub fn allows(&self, spent: Spend, next: Spend) -> bool {
        let after = spent.plus(next);
        self.usd.is_none_or(|limit| after.usd <= limit)
            && self.tokens.is_none_or(|limit| after.tokens() <= limit)
    }

    /// How much of it `spent` is, in percent: of money or of tokens, whichever is more; none where neither is limited.
    #[must_use]
    pub fn used_percent(&self, spent: Spend) -> Option<u64> {
        let money = self.usd.map(|limit| percent(spent.usd.0, limit.0));
        money.max(self.tokens.map(|limit| percent(spent.tokens(), limit)))
    }
}

fn percent(spent: u64, limit: u64) -> u64 {
    u64::try_from(u128::from(spent) * 100 / u128::from(limit.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_money_and_tokens_the_more_used_one_counts() {
        let spent = Spend { usd: MicroUsd(500), tokens_in: 90, tokens_out: 0, calls: 1 };
        let budget = Budget { usd: Some(MicroUsd(1_000)), tokens: Some(100) };
        assert_eq!(budget.used_percent(spent), Some(90));
        assert_eq!(Budget::default().used_percent(spent), None);
    }

    #[test]
    fn a_percentage_neither_wraps_round_nor_divides_by_nothing() {
        assert_eq!(percent(4, 5), 80);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
        assert_eq!(percent(u64::MAX, 0), u64::MAX);
    }
}

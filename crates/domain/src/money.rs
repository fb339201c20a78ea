//! Money, in millionths of a US dollar: whole numbers, so that sums are exact and an event hashes the same anywhere.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

use serde::{Deserialize, Serialize};

/// An amount in millionths of a US dollar. Arithmetic saturates: a sum of costs never wraps round to small.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64))]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

/// Not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in US dollars: write it like 2 or 0.50")]
pub struct InvalidAmount(String);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// What `tokens` cost at `per_million` US-dollar millionths for a million tokens, rounded up.
    #[must_use]
    pub fn for_tokens(tokens: u64, per_million: Self) -> Self {
        let product = u128::from(tokens) * u128::from(per_million.0);
        Self(u64::try_from(product.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// What is left of this amount after `spent`, never below zero.
    #[must_use]
    pub fn less(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros == 0 || self.0 >= 1_000_000 {
            write!(f, "${whole}.{:02}", micros / 10_000)
        } else {
            // Below a dollar the cents would hide most model calls: show four places, or six where needed.
            let text = format!("{micros:06}");
            if self.0 >= 100 { write!(f, "$0.{}", &text[..4]) } else { write!(f, "$0.{text}") }
        }
    }
}

impl FromStr for MicroUsd {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let fail = || InvalidAmount(text.to_owned());
        let plain = text.trim().trim_start_matches('$');
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 6 {
            return Err(fail());
        }
        let digits = |part: &str| -> Result<u64, InvalidAmount> {
            if part.is_empty() {
                Ok(0)
            } else if part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().map_err(|_| fail())
            } else {
                Err(fail())
            }
        };
        let micros = digits(&format!("{fraction:0<6}"))?;
        let dollars = digits(whole)?.checked_mul(1_000_000).ok_or_else(fail)?;
        dollars.checked_add(micros).map(Self).ok_or_else(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_and_shown_without_losing_a_millionth() {
        assert_eq!("0.5".parse(), Ok(MicroUsd(500_000)));
        assert_eq!("$12".parse(), Ok(MicroUsd(12_000_000)));
        assert_eq!("0.000001".parse(), Ok(MicroUsd(1)));
        for bad in ["", "-1", "1,5", "1.2345678", "ten", ".", "1e3", "99999999999999999999"] {
            assert!(bad.parse::<MicroUsd>().is_err(), "{bad:?}");
        }
        assert_eq!(MicroUsd(1_500_000).to_string(), "$1.50");
        assert_eq!(MicroUsd(1_234).to_string(), "$0.0012");
        assert_eq!(MicroUsd(7).to_string(), "$0.000007");
        assert_eq!(MicroUsd::ZERO.to_string(), "$0.00");
    }

    #[test]
    fn the_price_of_tokens_is_rounded_up_never_down_to_nothing() {
        assert_eq!(MicroUsd::for_tokens(1, MicroUsd(150_000)), MicroUsd(1));
        assert_eq!(MicroUsd::for_tokens(1_000_000, MicroUsd(150_000)), MicroUsd(150_000));
        assert_eq!(MicroUsd::for_tokens(u64::MAX, MicroUsd(u64::MAX)), MicroUsd(u64::MAX));
    }
}

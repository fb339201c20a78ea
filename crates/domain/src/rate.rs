//! How often something may be done: so many times in a unit of time, and so many at once.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// The most that a rate may name, in its unit or at once.
pub const MAX_COUNT: u32 = 1_000_000;

/// How often, in the long run, and how often at once: `100/min`, or `100/min burst 300`. Written and read as that text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    count: NonZeroU32,
    unit: Unit,
    burst: NonZeroU32,
}

/// A unit of time that rates are said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// Not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write it like 20/min, 5/s or 100/min burst 300, up to a million")]
pub struct InvalidRate(String);

impl Unit {
    /// How long it is.
    #[must_use]
    pub fn duration(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_mins(1),
            Self::Hour => Duration::from_hours(1),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "min",
            Self::Hour => "h",
        }
    }
}

impl Rate {
    /// So often in a unit of time; as often at once.
    #[must_use]
    pub fn new(count: NonZeroU32, unit: Unit) -> Self {
        let count = count.min(NonZeroU32::new(MAX_COUNT).unwrap_or(NonZeroU32::MIN));
        Self { count, unit, burst: count }
    }

    /// The same, with so many at once.
    #[must_use]
    pub fn at_once(self, burst: NonZeroU32) -> Self {
        Self { burst: burst.min(NonZeroU32::new(MAX_COUNT).unwrap_or(NonZeroU32::MIN)), ..self }
    }

    /// How many at once.
    #[must_use]
    pub fn burst(self) -> NonZeroU32 {
        self.burst
    }

    /// After how long one more is given back.
    #[must_use]
    pub fn every(self) -> Duration {
        self.unit.duration() / self.count.get()
    }

    /// How long it takes until all are given back that there may be at once, in whole seconds.
    #[must_use]
    pub fn window_seconds(self) -> u64 {
        let nanos = self.unit.duration().as_nanos() * u128::from(self.burst.get());
        let window = nanos.div_ceil(u128::from(self.count.get()) * 1_000_000_000);
        u64::try_from(window).unwrap_or(u64::MAX).max(1)
    }

    /// Whether this allows nothing that the other does not.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.every() >= other.every() && self.burst <= other.burst
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.count, self.unit.word())?;
        if self.burst == self.count { Ok(()) } else { write!(f, " burst {}", self.burst) }
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let fail = || InvalidRate(text.chars().take(60).collect());
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let number = plain.then(|| digits.parse().ok()).flatten().filter(|count| *count <= MAX_COUNT);
            number.and_then(NonZeroU32::new).ok_or_else(fail)
        };
        let mut words = text.split_whitespace();
        let (count, unit) = words.next().and_then(|word| word.split_once('/')).ok_or_else(fail)?;
        let unit = [Unit::Second, Unit::Minute, Unit::Hour].into_iter().find(|one| one.word() == unit);
        let rate = Self::new(number(count)?, unit.ok_or_else(fail)?);
        match (words.next(), words.next(), words.next()) {
            (None, ..) => Ok(rate),
            (Some("burst"), Some(burst), None) => Ok(rate.at_once(number(burst)?)),
            _ => Err(fail()),
        }
    }
}

impl TryFrom<String> for Rate {
    type Error = InvalidRate;

    fn try_from(text: String) -> Result<Self, InvalidRate> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Rate {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ObjectBuilder, Type};
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "How often, in the long run, and how often at once: `100/min`, or `100/min burst 300`.",
            ))
            .pattern(Some("^[0-9]+/(s|min|h)( burst [0-9]+)?$"));
        text.examples(["100/min"]).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Rate {}

/// A rate that something is bound to, or none: `none`, or a [`Rate`] as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RateLimit(pub Option<Rate>);

impl FromStr for RateLimit {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|rate| Self(Some(rate))) }
    }
}

impl TryFrom<String> for RateLimit {
    type Error = InvalidRate;

    fn try_from(text: String) -> Result<Self, InvalidRate> {
        text.parse()
    }
}

impl From<RateLimit> for String {
    fn from(limit: RateLimit) -> Self {
        limit.to_string()
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => rate.fmt(f),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_no_rate_is_refused_with_its_form() {
        for bad in [
            "",
            "20",
            "/min",
            "0/min",
            "20/day",
            "20/minute",
            "-1/s",
            "+1/s",
            "1.5/s",
            "20 /min",
            "20/min burst",
            "20/min burst 0",
            "20/min 40",
            "20/min burst 40 more",
            "1000001/s",
            "99999999999999999999/s",
            "none",
        ] {
            let refused = bad.parse::<Rate>().unwrap_err().to_string();
            assert!(refused.contains("20/min"), "{bad}: {refused}");
        }
        assert_eq!("none".parse::<RateLimit>(), Ok(RateLimit(None)));
        assert!("nothing".parse::<RateLimit>().is_err());
    }

    #[test]
    fn a_rate_says_how_long_one_and_how_long_all_take_to_come_back() {
        assert_eq!(
            (rate("100/min").every(), rate("100/min").window_seconds()),
            (Duration::from_millis(600), 60)
        );
        assert_eq!(rate("100/min burst 300").window_seconds(), 180);
        assert_eq!((rate("5/s").window_seconds(), rate("3/s burst 1").window_seconds()), (1, 1));
        assert_eq!(rate("1/h").every(), Duration::from_hours(1));
    }

    #[test]
    fn a_rate_is_within_another_where_neither_its_pace_nor_its_burst_is_more() {
        assert!(rate("20/min").is_within(rate("100/min")) && rate("100/min").is_within(rate("100/min")));
        for more in ["101/min", "100/min burst 101", "2/s", "1/s burst 200"] {
            assert!(!rate(more).is_within(rate("100/min")), "{more}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(count in 1..=MAX_COUNT, burst in 1..=MAX_COUNT, unit in 0..3_usize) {
            let unit = [Unit::Second, Unit::Minute, Unit::Hour][unit];
            let count = NonZeroU32::new(count).unwrap();
            let made = Rate::new(count, unit).at_once(NonZeroU32::new(burst).unwrap());
            prop_assert_eq!(made.to_string().parse::<Rate>(), Ok(made));
        }

        #[test]
        fn nothing_that_is_given_stops_the_reading(text in ".{0,40}") {
            let _ = text.parse::<RateLimit>();
        }
    }
}

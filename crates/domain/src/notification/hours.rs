//! When somebody works, and when they want to be left alone: by the clock on their wall.

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc, Weekday,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Why hours cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHours {
    /// A time of a day has another form.
    #[error("`{0}` are no hours of a day: write them like 09:00-17:30")]
    Span(String),
    /// There is no such time zone.
    #[error("`{0}` is no time zone: write it like Europe/Berlin")]
    Zone(String),
}

/// Hours of a day, such as `09:00-17:30`: the first belongs to them, the last does not. Those that end before they begin
/// go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    from: NaiveTime,
    to: NaiveTime,
}

impl Span {
    /// Reads hours.
    pub fn parse(text: &str) -> Result<Self, InvalidHours> {
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let both = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
        match both {
            Some((from, to)) if from != to => Ok(Self { from, to }),
            _ => Err(InvalidHours::Span(text.chars().take(32).collect())),
        }
    }

    fn holds(self, time: NaiveTime) -> bool {
        if self.from < self.to {
            time >= self.from && time < self.to
        } else {
            time >= self.from || time < self.to
        }
    }

    fn goes_over_midnight(self) -> bool {
        self.to < self.from
    }
}

impl TryFrom<String> for Span {
    type Error = InvalidHours;
    fn try_from(text: String) -> Result<Self, InvalidHours> {
        Self::parse(&text)
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        format!("{}-{}", span.from.format("%H:%M"), span.to.format("%H:%M"))
    }
}

/// A time zone by its name in the IANA database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(Tz);

impl Default for TimeZone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl TryFrom<String> for TimeZone {
    type Error = InvalidHours;
    fn try_from(text: String) -> Result<Self, InvalidHours> {
        text.parse().map(Self).map_err(|_| InvalidHours::Zone(text.chars().take(64).collect()))
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.0.name().to_owned()
    }
}

/// A person's hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    /// Where their clock hangs.
    pub time_zone: TimeZone,
    /// When they work; at any time where it is not said.
    pub work: Option<Span>,
    /// The days on which they do; all where none is named.
    pub days: Vec<Weekday>,
    /// When they want no message.
    pub quiet: Option<Span>,
}

impl Hours {
    /// Whether they work now.
    #[must_use]
    pub fn at_work(&self, now: DateTime<Utc>) -> bool {
        let local = now.with_timezone(&self.time_zone.0).naive_local();
        let mut day = local.weekday();
        if let Some(span) = self.work {
            if !span.holds(local.time()) {
                return false;
            }
            // The hours behind midnight belong to the evening before.
            if span.goes_over_midnight() && local.time() < span.to {
                day = day.pred();
            }
        }
        self.days.is_empty() || self.days.contains(&day)
    }

    /// Until when they want no message; none where they may be told now. Always later than now.
    #[must_use]
    pub fn quiet_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let span = self.quiet?;
        let local = now.with_timezone(&self.time_zone.0).naive_local();
        if !span.holds(local.time()) {
            return None;
        }
        let tomorrow = span.goes_over_midnight() && local.time() >= span.from;
        let day = if tomorrow { local.date().checked_add_days(Days::new(1))? } else { local.date() };
        self.at(day.and_time(span.to), now)
    }

    /// The moment at which the clock shows this, behind now. Where it is put forward over it, the hour after.
    fn at(&self, shown: NaiveDateTime, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = match self.time_zone.0.from_local_datetime(&shown) {
            LocalResult::Single(at) => at,
            LocalResult::Ambiguous(first, second) => {
                if first > now {
                    first
                } else {
                    second
                }
            }
            LocalResult::None => {
                self.time_zone.0.from_local_datetime(&(shown + TimeDelta::hours(1))).earliest()?
            }
        };
        Some(found.with_timezone(&Utc)).filter(|at| *at > now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn hours(zone: &str, work: &str, quiet: &str) -> Hours {
        Hours {
            time_zone: zone.to_owned().try_into().unwrap(),
            work: Span::parse(work).ok(),
            days: vec![Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri],
            quiet: Span::parse(quiet).ok(),
        }
    }

    #[test]
    fn what_is_no_time_of_a_day_is_refused() {
        for bad in ["", "9", "09:00", "09:00-", "25:00-26:00", "09:00-09:00", "a-b", "-", "09:00-17:30-18:00"]
        {
            assert!(Span::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(String::from(Span::parse(" 9:05 - 17:30 ").unwrap()), "09:05-17:30");
        assert!(TimeZone::try_from("Mars/Olympus".to_owned()).is_err());
        assert_eq!(String::from(TimeZone::try_from("Asia/Kolkata".to_owned()).unwrap()), "Asia/Kolkata");
    }

    #[test]
    fn work_is_by_the_clock_on_their_wall_in_summer_and_winter() {
        let ada = hours("Europe/Berlin", "09:00-17:00", "");
        assert!(ada.at_work(at("2026-07-01T07:30:00Z")), "half past nine in summer");
        assert!(!ada.at_work(at("2026-12-01T07:30:00Z")), "half past eight in winter");
        assert!(!ada.at_work(at("2026-07-04T10:00:00Z")), "a Saturday");
        assert!(Hours::default().at_work(at("2026-07-04T03:00:00Z")), "nothing was said");
        let night = hours("UTC", "22:00-06:00", "");
        assert!(night.at_work(at("2026-07-04T03:00:00Z")), "Friday's shift");
        assert!(!night.at_work(at("2026-07-06T03:00:00Z")), "Sunday's, which there is none of");
    }

    #[test]
    fn quiet_ends_with_the_morning_also_where_the_clock_is_changed_that_night() {
        let ada = hours("Europe/Berlin", "", "22:00-07:00");
        let until = |now| ada.quiet_until(at(now));
        assert_eq!(until("2026-07-01T12:00:00Z"), None);
        assert_eq!(until("2026-07-01T21:00:00Z"), Some(at("2026-07-02T05:00:00Z")));
        assert_eq!(until("2026-07-02T04:59:59Z"), Some(at("2026-07-02T05:00:00Z")));
        assert_eq!(until("2026-07-02T05:00:00Z"), None);
        // Summer time begins: the night is an hour shorter.
        assert_eq!(until("2026-03-28T22:30:00Z"), Some(at("2026-03-29T05:00:00Z")));
        // The clock goes from two to three: there is no half past two.
        let late = hours("Europe/Berlin", "", "23:00-02:30");
        assert_eq!(late.quiet_until(at("2026-03-28T23:30:00Z")), Some(at("2026-03-29T01:30:00Z")));
        // And twice a half past two in autumn: the second where the first is over.
        assert_eq!(late.quiet_until(at("2026-10-24T23:30:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(late.quiet_until(at("2026-10-25T01:10:00Z")), Some(at("2026-10-25T01:30:00Z")));
    }

    proptest! {
        #[test]
        fn quiet_always_ends_later_than_now_and_within_a_day_and_a_bit(
            seconds in 0_i64..4_000_000_000, from in 0_u32..1440, to in 0_u32..1440, zone in 0_usize..500
        ) {
            prop_assume!(from != to);
            let time = |m: u32| NaiveTime::from_hms_opt(m / 60, m % 60, 0).unwrap();
            let zone = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let quiet = Some(Span { from: time(from), to: time(to) });
            let hours = Hours { time_zone: TimeZone(zone), quiet, ..Hours::default() };
            if let Some(until) = hours.quiet_until(now) {
                prop_assert!(until > now && until - now <= TimeDelta::hours(49), "{now} {until} {zone}");
            }
        }
    }
}

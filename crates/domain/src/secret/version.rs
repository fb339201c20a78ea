//! Versions: which value counts when, and what a rotation does.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Reference, SecretError};

/// The longest time that an old value counts beside the new one.
pub const MAX_WINDOW_SECONDS: u32 = 30 * 86_400;

/// What is said of a new version but its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issued {
    /// Where the value is looked up; absent where it is sealed in swarm's own store.
    pub reference: Option<Reference>,
    /// When it stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

/// A version of a secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretVersion {
    /// Counts up, and is not used again when the secret is removed and set anew.
    pub number: u32,
    /// From when on it counts.
    pub since: DateTime<Utc>,
    /// Until when it counts beside the version that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// When it stops to count by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// Where the value is looked up; absent where it is sealed in swarm's own store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl SecretVersion {
    /// A version that counts from now on.
    #[must_use]
    pub fn issued(number: u32, since: DateTime<Utc>, said: Issued) -> Self {
        Self { number, since, until: None, expires: said.expires, reference: said.reference }
    }

    /// Whether it counts at this time.
    #[must_use]
    pub fn is_valid(&self, at: DateTime<Utc>) -> bool {
        self.since <= at && !self.has_ended(at)
    }

    /// Whether its time is over, for good.
    #[must_use]
    pub fn has_ended(&self, at: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= at) || self.has_expired(at)
    }

    /// Whether it stopped to count by itself.
    #[must_use]
    pub fn has_expired(&self, at: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|expires| expires <= at)
    }
}

impl Issued {
    /// Whether it would ever count.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), SecretError> {
        if self.expires.is_some_and(|expires| expires <= now) { Err(SecretError::Expiry) } else { Ok(()) }
    }
}

/// The versions after a rotation, oldest first: the one that was newest goes on to count for the window, the ones before
/// it end. So there are never more than two.
#[must_use]
pub fn rotated(
    versions: &[SecretVersion],
    at: DateTime<Utc>,
    window_seconds: u32,
    number: u32,
    said: Issued,
) -> Vec<SecretVersion> {
    let window = TimeDelta::seconds(i64::from(window_seconds.min(MAX_WINDOW_SECONDS)));
    let end = at.checked_add_signed(window).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let newest = versions.iter().max_by_key(|version| version.number);
    let old = newest.map(|version| SecretVersion {
        until: Some(version.until.map_or(end, |until| until.min(end))),
        ..version.clone()
    });
    let old = old.filter(|version| !version.has_ended(at));
    old.into_iter().chain([SecretVersion::issued(number, at, said)]).collect()
}

//! Sessions: a family of refresh tokens, of which only the last one counts.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// For how long a token that was just used is taken for a race of two requests and not for theft. It opens nothing in
/// this time either.
pub const RACE_SECONDS: i64 = 10;

/// How long after somebody signed in they may add a way in, in seconds: who finds a session open shall not be able to stay.
pub const FRESH_SECONDS: i64 = 600;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// The person signed out.
    SignedOut,
    /// It was revoked from elsewhere.
    Revoked,
    /// A refresh token was used a second time.
    Reused,
    /// The password changed.
    PasswordChanged,
    /// The account was disabled.
    Disabled,
}

/// What showing a refresh token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// It is the last one of its family: another takes its place.
    Rotates,
    /// It was used a moment ago, most likely by the same person at the same time. It opens nothing.
    Raced,
    /// It was used before: somebody has a copy. The family ends.
    Reused,
}

/// What showing a refresh token means that was first used then, if it was.
#[must_use]
pub fn presented(used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Presented {
    match used_at {
        None => Presented::Rotates,
        Some(used) if now.signed_duration_since(used) <= TimeDelta::seconds(RACE_SECONDS) => Presented::Raced,
        Some(_) => Presented::Reused,
    }
}

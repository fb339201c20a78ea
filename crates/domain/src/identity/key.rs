//! API keys: a part of what somebody may do, for a program.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{IdentityError, KeyName, Scope, within};
use crate::{
    id::{KeyId, UserId},
    rate::Rate,
    secret::SecretVersion,
};

/// The longest that a key counts, in days.
pub const MAX_KEY_DAYS: i64 = 366;

/// All that is known of a key but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Which.
    pub id: KeyId,
    /// What it is called.
    pub name: KeyName,
    /// Whose it is; absent where the operator made it.
    pub owner: Option<UserId>,
    /// What it may do, as far as its owner still may.
    pub scopes: BTreeSet<Scope>,
    /// How often it may ask; as often as the server lets every key where absent.
    pub rate: Option<Rate>,
    /// Its secrets that count or did last, oldest first.
    pub versions: Vec<SecretVersion>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl KeyRecord {
    /// Whether its secret of this number counts.
    #[must_use]
    pub fn counts(&self, version: u32, at: DateTime<Utc>) -> bool {
        let valid = self.versions.iter().any(|one| one.number == version && one.is_valid(at));
        valid && self.revoked_at.is_none()
    }

    /// The newest of its secrets, whether it counts or not.
    #[must_use]
    pub fn newest(&self) -> Option<&SecretVersion> {
        self.versions.iter().max_by_key(|version| version.number)
    }

    /// Whether a key that somebody makes who may do what `has` says may have these scopes and this end.
    pub fn check(
        has: &BTreeSet<Scope>,
        scopes: &BTreeSet<Scope>,
        expires: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), IdentityError> {
        if scopes.is_empty() {
            return Err(IdentityError::KeyScopeless);
        }
        if let Some(beyond) = within(scopes, has) {
            return Err(IdentityError::KeyBeyond(beyond));
        }
        let last = now + TimeDelta::days(MAX_KEY_DAYS);
        match expires {
            Some(end) if end <= now || end > last => Err(IdentityError::KeyExpiry),
            _ => Ok(()),
        }
    }
}

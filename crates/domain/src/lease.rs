//! Leases: who may work on something, for how long, and how one who lost it is kept from writing.
//!
//! A lease says "until then, unless renewed". That alone is not enough: a process that slept past its time does not
//! know that it did. So each lease carries a [`FencingToken`] that grows with every grant, and every write is checked
//! against the token that counts now ([`may_write`]): what a woken process still holds is an old number.
//!
//! ```
//! use chrono::{DateTime, TimeDelta};
//! use swarm_domain::{NodeId, lease::{LeaseError, Seat, may_write}};
//!
//! let (ada, bob) = (NodeId::parse("ada").unwrap(), NodeId::parse("bob").unwrap());
//! let (start, ttl) = (DateTime::UNIX_EPOCH, TimeDelta::seconds(6));
//!
//! let seat = Seat::default().grant(&ada, start, ttl).unwrap();
//! let adas = seat.lease().unwrap().token;
//! assert!(matches!(seat.grant(&bob, start, ttl), Err(LeaseError::Held { .. })));
//!
//! // Ada sleeps; her time runs out and Bob takes over.
//! let seat = seat.grant(&bob, start + ttl, ttl).unwrap();
//! assert!(matches!(may_write(adas, seat.token()), Err(LeaseError::Stale { .. })));
//! ```

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::id::NodeId;

/// A number that grows with every grant of the same seat, and never goes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64))]
#[serde(transparent)]
pub struct FencingToken(u64);

impl FencingToken {
    /// A token as it was stored; 0 is the one before the first grant.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }

    /// The token of the next grant.
    #[must_use]
    pub fn next(self) -> Self {
        // At a grant a nanosecond, the numbers last for five centuries.
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The right to work on something until it runs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lease {
    /// Who has it.
    pub holder: NodeId,
    /// What each write must show.
    pub token: FencingToken,
    /// When it runs out, unless it is renewed before.
    pub expires: DateTime<Utc>,
}

impl Lease {
    /// Whether its time is over: then others may take over, and may not before.
    #[must_use]
    pub fn has_run_out(&self, now: DateTime<Utc>) -> bool {
        now >= self.expires
    }
}

/// Why something leased was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Another grant came after the one that this token is from. Its holder must stop at once.
    #[error("the token {held} is stale: {current} counts now")]
    Stale {
        /// The token that was shown.
        held: FencingToken,
        /// The one that counts.
        current: FencingToken,
    },
    /// Somebody has it, and their time is not over.
    #[error("{by} has it until {until}")]
    Held {
        /// Who.
        by: NodeId,
        /// Until when, unless renewed.
        until: DateTime<Utc>,
    },
    /// The lease ran out and was taken back, or was given back; nobody has got it since. Ask for a new one.
    #[error("the lease with the token {held} has ended")]
    Expired {
        /// The token that was shown.
        held: FencingToken,
    },
}

/// Something that one holder at a time may have. It remembers the last token, also while nobody has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    last: FencingToken,
    lease: Option<Lease>,
}

impl Seat {
    /// A seat as it was stored. A lease that does not carry the last token is none: it was overtaken.
    #[must_use]
    pub fn stored(last: FencingToken, lease: Option<Lease>) -> Self {
        Self { last, lease: lease.filter(|lease| lease.token == last) }
    }

    /// The last token that was granted.
    #[must_use]
    pub fn token(&self) -> FencingToken {
        self.last
    }

    /// The lease that counts.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Gives it to `holder` for `ttl`, where nobody has it or the time of who has it is over (they are overtaken, and
    /// their token is stale from now on). Also the same holder has to wait: a process that begins again is not the one
    /// that had it.
    pub fn grant(&self, holder: &NodeId, now: DateTime<Utc>, ttl: TimeDelta) -> Result<Self, LeaseError> {
        self.has_ended(now)?;
        let token = self.last.next();
        let lease = Lease { holder: holder.clone(), token, expires: until(now, ttl) };
        Ok(Self { last: token, lease: Some(lease) })
    }

    /// The holder's sign of life: the lease lasts for `ttl` from now. One that comes late still counts as long as
    /// nobody took the lease: then nobody else can have written. A renewal never makes a lease shorter.
    pub fn renew(&self, held: FencingToken, now: DateTime<Utc>, ttl: TimeDelta) -> Result<Self, LeaseError> {
        let lease = self.held_by(held)?;
        let expires = until(now, ttl).max(lease.expires);
        Ok(Self { lease: Some(Lease { expires, ..lease.clone() }), ..*self })
    }

    /// The holder gives it back, before its time is over.
    pub fn release(&self, held: FencingToken) -> Result<Self, LeaseError> {
        self.held_by(held)?;
        Ok(Self { lease: None, ..*self })
    }

    /// Takes it back from a holder whose time is over, for nobody yet. The token is stale only with the next grant, but
    /// it ends here: it can neither be renewed nor used.
    pub fn expire(&self, now: DateTime<Utc>) -> Result<Self, LeaseError> {
        self.has_ended(now)?;
        Ok(Self { lease: None, ..*self })
    }

    /// Whether the holder of this token may write now. Time plays no part: until somebody else is granted the seat or
    /// it is taken back, nobody else can have written.
    pub fn may_write(&self, held: FencingToken) -> Result<(), LeaseError> {
        self.held_by(held).map(drop)
    }

    fn has_ended(&self, now: DateTime<Utc>) -> Result<(), LeaseError> {
        match &self.lease {
            Some(lease) if !lease.has_run_out(now) => {
                Err(LeaseError::Held { by: lease.holder.clone(), until: lease.expires })
            }
            _ => Ok(()),
        }
    }

    fn held_by(&self, held: FencingToken) -> Result<&Lease, LeaseError> {
        may_write(held, self.last)?;
        self.lease.as_ref().ok_or(LeaseError::Expired { held })
    }
}

/// Whether a write that shows this token counts, where `current` is the last that was granted.
pub fn may_write(held: FencingToken, current: FencingToken) -> Result<(), LeaseError> {
    if held == current { Ok(()) } else { Err(LeaseError::Stale { held, current }) }
}

fn until(now: DateTime<Utc>, ttl: TimeDelta) -> DateTime<Utc> {
    now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
#[path = "lease_tests.rs"]
mod tests;

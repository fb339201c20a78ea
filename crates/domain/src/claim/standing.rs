//! Where a claim stands, and what may follow: a function of what is stored, the time of the database, and the token
//! that is shown.

use chrono::{DateTime, TimeDelta, Utc};

use super::ClaimState;
use crate::{
    Problem,
    id::{BlobHash, NodeId},
    lease::{FencingToken, Lease, LeaseError, Seat},
};

/// The terms that a claim is offered on. They stay with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long a lease lasts without a sign of life, in seconds.
    pub lease_seconds: u32,
    /// After so many leases that ran out, the attempt counts as failed.
    pub max_expiries: u32,
}

impl Terms {
    fn lease(self) -> TimeDelta {
        TimeDelta::seconds(self.lease_seconds.max(1).into())
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// In a word.
    pub state: ClaimState,
    /// Who has it, and the last token that was granted.
    pub seat: Seat,
    /// How many leases ran out.
    pub expiries: u32,
    /// What came back.
    pub result: Option<BlobHash>,
}

/// Why a worker is refused. It must stop working on the claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRefusal {
    /// The lease ran out or was overtaken.
    #[error("the claim is not held by this token any more: {0}")]
    Stale(LeaseError),
    /// The ticket was given up.
    #[error("the claim was withdrawn: its ticket was given up")]
    Withdrawn,
    /// Other work came back under this token before.
    #[error("other work was returned for this claim before")]
    Settled,
}

impl ClaimRefusal {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Stale(_) => ("claim.stale", "drop the work and claim again"),
            Self::Withdrawn => ("claim.withdrawn", "drop the work and claim again"),
            Self::Settled => ("claim.settled", "nothing: what came first counts; claim again"),
        };
        Problem::new(code, self.to_string(), next)
    }
}

impl Standing {
    /// A claim that was just offered.
    #[must_use]
    pub fn open() -> Self {
        Self { state: ClaimState::Open, seat: Seat::default(), expiries: 0, result: None }
    }

    /// What time made of it, and the lease that ran out if one did. Asked before anything else: a lease that ran out
    /// is over, however late that is noticed.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>, terms: Terms) -> (Self, Option<Lease>) {
        let lost = self.seat.lease().filter(|lease| lease.has_run_out(now)).cloned();
        let (ClaimState::Claimed, Some(lost), Ok(seat)) = (self.state, lost, self.seat.expire(now)) else {
            return (self, None);
        };
        let expiries = self.expiries.saturating_add(1);
        let state = if expiries >= terms.max_expiries.max(1) { ClaimState::Failed } else { ClaimState::Open };
        (Self { state, seat, expiries, ..self }, Some(lost))
    }

    /// A worker takes it.
    pub fn take(&self, worker: &NodeId, now: DateTime<Utc>, terms: Terms) -> Result<Self, ClaimRefusal> {
        let seat = self.seat.grant(worker, now, terms.lease()).map_err(ClaimRefusal::Stale)?;
        match self.state {
            ClaimState::Open => Ok(Self { state: ClaimState::Claimed, seat, ..self.clone() }),
            ClaimState::Withdrawn => Err(ClaimRefusal::Withdrawn),
            ClaimState::Claimed | ClaimState::Done | ClaimState::Failed => Err(ClaimRefusal::Settled),
        }
    }

    /// The holder's sign of life.
    pub fn renew(&self, token: FencingToken, now: DateTime<Utc>, terms: Terms) -> Result<Self, ClaimRefusal> {
        self.held(token)?;
        let seat = self.seat.renew(token, now, terms.lease()).map_err(ClaimRefusal::Stale)?;
        Ok(Self { seat, ..self.clone() })
    }

    /// The holder gives it back: it is open again at once, and that counts against nobody.
    pub fn give_back(&self, token: FencingToken) -> Result<Self, ClaimRefusal> {
        self.held(token)?;
        let seat = self.seat.release(token).map_err(ClaimRefusal::Stale)?;
        Ok(Self { state: ClaimState::Open, seat, ..self.clone() })
    }

    /// The holder returns its work. The same work again under the same token changes nothing and is no fault: its
    /// answer may have been lost. The flag says whether this was the first time.
    pub fn settle(&self, token: FencingToken, result: &BlobHash) -> Result<(Self, bool), ClaimRefusal> {
        if self.state == ClaimState::Done && self.seat.token() == token {
            return match &self.result {
                Some(known) if known == result => Ok((self.clone(), false)),
                _ => Err(ClaimRefusal::Settled),
            };
        }
        self.held(token)?;
        self.seat.may_write(token).map_err(ClaimRefusal::Stale)?;
        Ok((Self { state: ClaimState::Done, result: Some(result.clone()), ..self.clone() }, true))
    }

    /// The ticket was given up. What is settled stays as it is.
    #[must_use]
    pub fn withdraw(self) -> Self {
        if self.state.is_settled() { self } else { Self { state: ClaimState::Withdrawn, ..self } }
    }

    fn held(&self, token: FencingToken) -> Result<(), ClaimRefusal> {
        match self.state {
            ClaimState::Withdrawn => Err(ClaimRefusal::Withdrawn),
            ClaimState::Claimed => self.seat.may_write(token).map_err(ClaimRefusal::Stale),
            // An older token is stale whatever came after it; the newest one has lost its lease.
            ClaimState::Open | ClaimState::Failed | ClaimState::Done => {
                let stale = crate::lease::may_write(token, self.seat.token()).err();
                Err(ClaimRefusal::Stale(stale.unwrap_or(LeaseError::Expired { held: token })))
            }
        }
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;

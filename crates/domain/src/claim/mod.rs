//! Claims: attempts that are offered to workers elsewhere, and the rules of who may take, keep, return and lose one.
//!
//! The worker has neither the database nor the repository. It gets a [`WorkBrief`], works where it is, and returns
//! [`Work`]; the server keeps the lease. What was returned is judged like any other attempt.

mod standing;
mod work;

use serde::{Deserialize, Serialize};

pub use standing::{ClaimRefusal, Standing, Terms};
pub use work::{
    BriefFile, MAX_RETURNED_BYTES, MAX_RETURNED_FILES, MAX_SAID_CHARS, Reported, ReturnedFile, Work,
    WorkBrief, WorkFault,
};

/// Where the turns of a run's attempts are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Hands {
    /// By the node that runs the ticket.
    #[default]
    Here,
    /// By workers that claim them over HTTP.
    Claimed,
}

impl Hands {
    /// Whether it is what a run has where nothing is said.
    #[must_use]
    pub fn is_here(&self) -> bool {
        *self == Self::Here
    }
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// Nobody has it.
    Open,
    /// A worker has it, by a lease.
    Claimed,
    /// Work came back.
    Done,
    /// Too many workers lost it.
    Failed,
    /// The ticket was given up.
    Withdrawn,
}

impl ClaimState {
    /// Whether nothing more happens to it.
    #[must_use]
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Open | Self::Claimed)
    }
}

/// How a worker let go of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    /// With files that it changed.
    Done,
    /// It says that it could not do the work.
    Failed,
    /// Unfinished, so that another may take it at once.
    GivenBack,
}

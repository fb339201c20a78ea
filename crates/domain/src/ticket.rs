//! What a ticket is, and what may follow what in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    agent::Capability,
    budget::Budget,
    id::{RequirementId, TicketId},
    problem::Problem,
    spec::Acceptance,
};

/// A piece of work that one agent can do in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ticket {
    /// Stable for the same requirements.
    pub id: TicketId,
    /// Imperative, as in a commit's subject.
    pub title: String,
    /// How to go about it, for the agent.
    pub description: String,
    /// What it serves.
    pub requirements: Vec<RequirementId>,
    /// Globs of the files that it may touch.
    pub touches: Vec<String>,
    /// What must be merged before it begins.
    pub depends_on: Vec<Dependency>,
    /// What must pass for it to be done.
    pub acceptance: Vec<TicketCheck>,
    /// What it may spend.
    pub budget: Budget,
    /// How much harm a mistake in it can do.
    pub risk: Risk,
    /// The kind of agent that it wants.
    pub capability: Capability,
}

/// An acceptance command and the requirement that it proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketCheck {
    /// What it proves.
    pub requirement: RequirementId,
    /// The command and what it must do.
    pub check: Acceptance,
}

/// Why one ticket waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dependency {
    /// The ticket waited for.
    pub on: TicketId,
    /// Why.
    pub kind: DependencyKind,
}

/// The kinds of dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DependencyKind {
    /// The spec says that the one comes before the other.
    Blocks,
    /// An acceptance command of the one needs what the other makes.
    NeedsArtifact,
    /// Both may touch the same files; in order they cannot clash.
    SameFile,
}

impl fmt::Display for DependencyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocks => "blocks",
            Self::NeedsArtifact => "needs-artifact",
            Self::SameFile => "same-file",
        })
    }
}

/// How much harm a mistake can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Easily undone.
    #[default]
    Low,
    /// Felt by users.
    Medium,
    /// Data, money, security or a public interface.
    High,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Where a ticket of a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TicketState {
    /// Waits for the tickets that it depends on, or for a free agent.
    Waiting,
    /// An agent works on it.
    Working,
    /// The validator checks the attempt.
    Verifying,
    /// Accepted; waits for its turn in the merge train.
    Merging,
    /// Its work is on the integration branch.
    Merged,
    /// A person must decide or mend something.
    NeedsPerson {
        /// Why, and what to do.
        problem: Problem,
    },
    /// Given up by a person, who may take it up again.
    Cancelled,
}

impl TicketState {
    /// The name of the state alone.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Verifying => "verifying",
            Self::Merging => "merging",
            Self::Merged => "merged",
            Self::NeedsPerson { .. } => "needs_person",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Merged | Self::NeedsPerson { .. } | Self::Cancelled)
    }

    /// Goes on to `next`, where that may follow.
    pub fn then(&self, next: Self) -> Result<Self, NotAllowed> {
        use TicketState::{Cancelled, Merged, Merging, NeedsPerson, Verifying, Waiting, Working};
        let allowed = match self {
            Waiting => matches!(next, Working | Cancelled | NeedsPerson { .. }),
            Working => matches!(next, Working | Verifying | Waiting | NeedsPerson { .. } | Cancelled),
            // Verified work that is rejected goes back to an agent.
            Verifying => matches!(next, Merging | Working | NeedsPerson { .. } | Cancelled),
            Merging => matches!(next, Merged | Working | NeedsPerson { .. } | Cancelled),
            NeedsPerson { .. } => matches!(next, Working | Waiting | Cancelled | NeedsPerson { .. }),
            // A person's decision can be taken back; by itself nothing leads out of it.
            Cancelled => matches!(next, Waiting),
            Merged => false,
        };
        if allowed { Ok(next) } else { Err(NotAllowed { from: self.name(), to: next.name() }) }
    }
}

/// A transition that the rules do not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {from} ticket cannot become {to}")]
pub struct NotAllowed {
    /// The state it is in.
    pub from: &'static str,
    /// The state that was asked for.
    pub to: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_ticket_stays_merged() {
        for next in [TicketState::Waiting, TicketState::Working, TicketState::Cancelled] {
            assert!(TicketState::Merged.then(next).is_err());
        }
    }

    #[test]
    fn a_ticket_that_was_given_up_can_only_be_taken_up_from_the_beginning() {
        assert_eq!(TicketState::Cancelled.then(TicketState::Waiting), Ok(TicketState::Waiting));
        // What a workflow that was stopped too late still says of it does not bring it back.
        for late in [TicketState::Working, TicketState::Verifying, TicketState::Merging, TicketState::Merged]
        {
            assert!(TicketState::Cancelled.then(late.clone()).is_err(), "{late:?}");
        }
    }

    #[test]
    fn nothing_is_merged_that_was_not_verified_first() {
        for from in [TicketState::Waiting, TicketState::Working, TicketState::Verifying] {
            assert!(from.then(TicketState::Merged).is_err(), "{from:?}");
        }
        assert!(TicketState::Verifying.then(TicketState::Merging).is_ok());
        assert!(TicketState::Merging.then(TicketState::Merged).is_ok());
    }
}

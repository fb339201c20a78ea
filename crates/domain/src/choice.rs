//! Who was chosen for an attempt, where that was not simply the first in line, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{history::WorkKind, money::MicroUsd};

/// What can be chosen: an agent, and the model that it begins with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Arm {
    /// The agent's name.
    pub agent: String,
    /// The model's full name.
    pub model: String,
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.agent, self.model)
    }
}

/// Whether past work steers who gets the next attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChoicePolicy {
    /// Never: the first agent that offers it, the first model of the policy.
    Fixed,
    /// As soon as the history supports it; until then as with `fixed`.
    #[default]
    Learned,
}

/// Why somebody else than the first in line was chosen, or why past work says that it is the first in line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum ChoiceReason {
    /// Past work of this kind.
    Learned {
        /// The kind of work.
        kind: WorkKind,
        /// How many attempts of the chosen one at such work were accepted.
        successes: u32,
        /// Of how many.
        trials: u32,
        /// What one of them cost on average.
        mean_usd: MicroUsd,
        /// Whether it was chosen to learn more about it, though another looks better by what is known.
        explored: bool,
        /// Who would have had it otherwise; absent where that is the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<Arm>,
    },
    /// Several attempts that began with the model before it were not accepted.
    Ladder {
        /// That model.
        instead_of: String,
    },
    /// The agent that would have had it has used up its error budget.
    Quarantine {
        /// That agent.
        instead_of: String,
        /// How it stands.
        reason: String,
    },
}

impl fmt::Display for ChoiceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Learned { kind, successes, trials, mean_usd, explored, instead_of } => {
                write!(f, "{successes}/{trials} on {kind}, {mean_usd} each; explored {}", yes(*explored))?;
                match instead_of {
                    Some(arm) => write!(f, "; instead of {arm}"),
                    None => Ok(()),
                }
            }
            Self::Ladder { instead_of } => {
                write!(f, "another model leads, after attempts with {instead_of} were not accepted")
            }
            Self::Quarantine { instead_of, reason } => write!(f, "instead of {instead_of}: {reason}"),
        }
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

//! What a run is: one execution of a plan on one repository.

use serde::{Deserialize, Serialize};

use crate::{
    budget::Budget,
    claim::Hands,
    id::{KeyId, Label, RunId},
    origin::Origin,
    problem::Problem,
};

/// What a person chose for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunOptions {
    /// What the run may spend as a whole.
    pub budget: Budget,
    /// How many agents may work at once.
    pub max_parallel: u32,
    /// The model policy to use instead of the agents' own: names in order of preference.
    #[serde(default)]
    pub models: Vec<String>,
    /// How many attempts a ticket gets before a person is asked.
    pub max_attempts: u32,
    /// The branch that the run builds on; the repository's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Where the turns of its attempts are made.
    #[serde(default, skip_serializing_if = "Hands::is_here")]
    pub hands: Hands,
    /// What who makes its attempts must offer: the nodes, or the workers that claim them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// The run whose journal is played, where this one is a replay or a fork of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The settled run of an earlier version of the spec whose work this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// Whether everything is built anew: no earlier run's work is looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// The API key that began it, whose quota it counts against. The server says which; what a request says here is not
    /// looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            max_parallel: 4,
            models: Vec::new(),
            max_attempts: 5,
            branch: None,
            hands: Hands::Here,
            labels: Vec::new(),
            origin: None,
            continues: None,
            fresh: false,
            key: None,
        }
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// Agents work, or are about to.
    Running,
    /// Every ticket is merged.
    Done,
    /// Some tickets are merged, but at least one needs a person.
    NeedsPerson {
        /// Why, and what to do.
        problem: Problem,
    },
    /// Stopped by a person, who may take it up again.
    Cancelled,
}

impl RunState {
    /// The name of the state alone.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::NeedsPerson { .. } => "needs_person",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !matches!(self, Self::Running)
    }
}

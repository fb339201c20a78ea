//! How what an event tells of came out.

use serde::{Deserialize, Serialize};

use crate::{
    attempt::AttemptOutcome,
    claim::Returned,
    event::{Event, EventBody},
    run::RunState,
    ticket::TicketState,
};

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It did what was wanted.
    Done,
    /// It did not.
    Failed,
    /// It was not done, because a rule forbade it.
    Refused,
}

impl AuditOutcome {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

impl std::str::FromStr for AuditOutcome {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Done, Self::Failed, Self::Refused]
            .into_iter()
            .find(|outcome| outcome.name() == text)
            .ok_or_else(|| format!("`{text}` is no outcome: write done, failed or refused"))
    }
}

/// How what an event tells of came out; none where it tells of nothing that could come out in one way or another.
#[must_use]
pub fn outcome(body: &EventBody) -> Option<AuditOutcome> {
    use AuditOutcome::{Done, Failed, Refused};
    let either = |done: bool| Some(if done { Done } else { Failed });
    match body {
        EventBody::BudgetReached { .. } | EventBody::AccessDenied { .. } => Some(Refused),
        EventBody::PlanProposed { .. }
        | EventBody::Committed { .. }
        | EventBody::Merged { .. }
        | EventBody::TicketCarried { .. }
        | EventBody::PullRequestOpened { .. } => Some(Done),
        EventBody::PlanFailed { .. }
        | EventBody::AttemptStuck { .. }
        | EventBody::FindingRaised { .. }
        | EventBody::ClaimExpired { .. }
        | EventBody::NodeLost { .. } => Some(Failed),
        EventBody::RunStateChanged { to } => match to {
            RunState::Done => Some(Done),
            RunState::NeedsPerson { .. } => Some(Failed),
            RunState::Running | RunState::Cancelled => None,
        },
        EventBody::TicketStateChanged { to } => match to {
            TicketState::Merged => Some(Done),
            TicketState::NeedsPerson { .. } => Some(Failed),
            _ => None,
        },
        EventBody::AttemptFinished { outcome, .. } => either(matches!(outcome, AttemptOutcome::Accepted)),
        EventBody::ToolCalled { ok, .. } => either(*ok),
        EventBody::CheckRun { passed, .. } => either(*passed),
        EventBody::Clashed { mended, .. } => either(*mended),
        EventBody::WorkReturned { how, .. } => match how {
            Returned::Done => Some(Done),
            Returned::Failed => Some(Failed),
            Returned::GivenBack => None,
        },
        _ => None,
    }
}

impl Event {
    /// How it came out.
    #[must_use]
    pub fn outcome(&self) -> Option<AuditOutcome> {
        outcome(&self.body)
    }

    /// On whose behalf it was done: by a person for themself, by anybody else for who started the run.
    #[must_use]
    pub fn on_behalf<'a>(&'a self, starter: Option<&'a str>) -> Option<&'a str> {
        super::filter::behalf(self, starter)
    }
}

//! What events are called. The canonical name is the log's own; six names of an older product stay as aliases.

use serde::Serialize;
use swarm_domain::{Event, EventBody, run::RunState, ticket::TicketState};
use utoipa::ToSchema;

/// A name that is kept for clients which know events by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Alias {
    /// A run or a ticket stands otherwise.
    SessionUpdate,
    /// Somebody said or did something in a run: an agent, a model, a tool, a person.
    SessionMessage,
    /// A person is needed.
    ApprovalRequested,
    /// A person decided.
    ApprovalResolved,
    /// There is a spec.
    SpecGenerated,
    /// There is a plan with its tickets.
    TicketsGenerated,
}

impl Alias {
    /// Every one of them.
    pub(crate) const ALL: [Self; 6] = [
        Self::SessionUpdate,
        Self::SessionMessage,
        Self::ApprovalRequested,
        Self::ApprovalResolved,
        Self::SpecGenerated,
        Self::TicketsGenerated,
    ];

    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SessionUpdate => "sessionUpdate",
            Self::SessionMessage => "sessionMessage",
            Self::ApprovalRequested => "approvalRequested",
            Self::ApprovalResolved => "approvalResolved",
            Self::SpecGenerated => "specGenerated",
            Self::TicketsGenerated => "ticketsGenerated",
        }
    }

    /// The alias of an event that has one.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match &event.body {
            EventBody::TicketStateChanged { to: TicketState::NeedsPerson { .. } }
            | EventBody::RunStateChanged { to: RunState::NeedsPerson { .. } }
            | EventBody::InterruptRaised { .. }
            | EventBody::InterruptRouted { .. }
            | EventBody::InterruptDelegated { .. }
            | EventBody::InterruptReminded { .. }
            | EventBody::InterruptEscalated { .. } => Some(Self::ApprovalRequested),
            EventBody::InterruptAnswered { .. } | EventBody::InterruptExpired { .. } => {
                Some(Self::ApprovalResolved)
            }
            EventBody::RunStarted { .. }
            | EventBody::RunBased { .. }
            | EventBody::RunStateChanged { .. }
            | EventBody::RunBudgetChanged { .. }
            | EventBody::TicketStateChanged { .. }
            | EventBody::TicketReopened { .. }
            | EventBody::TicketCarried { .. }
            | EventBody::Merged { .. } => Some(Self::SessionUpdate),
            EventBody::PersonAsked { .. } if event.subject.run.is_some() => Some(Self::ApprovalResolved),
            EventBody::AttemptStarted { .. }
            | EventBody::AttemptFinished { .. }
            | EventBody::ModelCalled { .. }
            | EventBody::ToolCalled { .. }
            | EventBody::FindingRaised { .. } => Some(Self::SessionMessage),
            EventBody::SpecAdded { .. } => Some(Self::SpecGenerated),
            EventBody::PlanProposed { .. } => Some(Self::TicketsGenerated),
            _ => None,
        }
    }

    /// Whether it is told on the path `approvals`.
    pub(crate) fn is_approval(self) -> bool {
        matches!(self, Self::ApprovalRequested | Self::ApprovalResolved)
    }
}

/// What an event is the latest state of: an earlier one of the same key says nothing any more once this one is known.
pub(crate) fn state_key(event: &Event) -> Option<String> {
    let run = event.subject.run.as_ref()?;
    match (&event.body, &event.subject.ticket) {
        (EventBody::RunStateChanged { .. }, _) => Some(format!("run {run}")),
        (EventBody::TicketStateChanged { .. }, Some(ticket)) => Some(format!("ticket {run} {ticket}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_six_kept_names_are_written_as_they_were() {
        for alias in Alias::ALL {
            assert_eq!(serde_json::to_value(alias).unwrap(), alias.as_str());
        }
        let names = Alias::ALL.map(Alias::as_str).join(" ");
        let kept =
            "sessionUpdate sessionMessage approvalRequested approvalResolved specGenerated ticketsGenerated";
        assert_eq!(names, kept);
    }
}

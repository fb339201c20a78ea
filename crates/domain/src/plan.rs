//! What a plan is: the tickets of a spec, their order, and what they are expected to cost.

use serde::{Deserialize, Serialize};

use crate::{
    estimate::Estimate,
    id::{PlanId, SpecId, TicketId},
    ticket::Ticket,
};

/// The tickets for one spec, with their dependencies: a directed graph without cycles once it passed the lint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// Which plan.
    pub id: PlanId,
    /// What it is a plan for.
    pub spec: SpecId,
    /// The tickets, in an order that respects the dependencies.
    pub tickets: Vec<Ticket>,
    /// What it is expected to cost.
    pub estimate: Estimate,
    /// The model that drew up the skeleton.
    pub model: String,
}

impl Plan {
    /// The ticket with this id.
    #[must_use]
    pub fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.iter().find(|t| &t.id == id)
    }
}

//! The trace: from a requirement to the tickets that serve it, their commits, and the commands that prove it.

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, RequirementId, RunId, TenantId, TicketId, spec::Requirement, ticket::TicketState,
};

use super::{CheckRow, CommitRow, TicketRow, not_found};
use crate::{Result, Store};

/// What was done for a requirement in a run, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trace {
    /// The requirement, as the spec has it.
    pub requirement: Requirement,
    /// The tickets that serve it.
    pub tickets: Vec<TracedTicket>,
    /// Every run of its acceptance commands, oldest first.
    pub checks: Vec<CheckRow>,
    /// Whether a ticket serves it and every such ticket is merged, or a checkpoint of it that proves this requirement.
    /// Says nothing about proof on later work: see the checks.
    pub merged: bool,
}

/// A ticket that serves a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TracedTicket {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: TicketState,
    /// What its attempts committed, oldest first.
    pub commits: Vec<CommitRow>,
    /// Whether a checkpoint that proves this requirement is on the run's branch, before the whole ticket is.
    pub partial: bool,
    /// The commit on the run's branch, once it is merged.
    pub merged: Option<CommitId>,
}

/// A checkpoint counts for the requirements that it proves, and for no other of the ticket.
fn traced(row: &TicketRow, requirement: &RequirementId, commits: &[CommitRow]) -> TracedTicket {
    let is_whole = row.state == TicketState::Merged;
    let partial = !is_whole && row.checkpoint.contains(requirement);
    TracedTicket {
        id: row.id.clone(),
        title: row.ticket.title.clone(),
        state: row.state.clone(),
        commits: commits.iter().filter(|commit| commit.ticket == row.id).cloned().collect(),
        partial,
        merged: row.merged.clone().filter(|_| is_whole || partial),
    }
}

impl Store {
    /// The trace of one requirement, or of each one in the order of the spec.
    pub async fn trace(
        &self,
        tenant: &TenantId,
        run: &RunId,
        requirement: Option<&RequirementId>,
    ) -> Result<Vec<Trace>> {
        let spec = self.spec(tenant, &self.run(tenant, run).await?.spec).await?.spec;
        let (tickets, commits, checks) = tokio::try_join!(
            self.tickets(tenant, run),
            self.commits(tenant, run, None),
            self.checks(tenant, run, None)
        )?;
        let wanted = spec.requirements.into_iter().filter(|r| requirement.is_none_or(|id| *id == r.id));
        let traces: Vec<Trace> = wanted
            .map(|requirement| {
                let tickets: Vec<TracedTicket> = tickets
                    .iter()
                    .filter(|row| row.ticket.requirements.contains(&requirement.id))
                    .map(|row| traced(row, &requirement.id, &commits))
                    .collect();
                Trace {
                    checks: checks
                        .iter()
                        .filter(|check| check.requirement == requirement.id)
                        .cloned()
                        .collect(),
                    merged: !tickets.is_empty()
                        && tickets.iter().all(|t| t.state == TicketState::Merged || t.partial),
                    tickets,
                    requirement,
                }
            })
            .collect();
        match requirement {
            Some(id) if traces.is_empty() => Err(not_found("requirement", format!("{run}/{id}"))),
            _ => Ok(traces),
        }
    }
}

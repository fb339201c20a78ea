//! From a requirement to the tickets that serve it, their commits, and the commands that prove it.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::collections::HashMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, RequirementId, RunId, TicketId,
    coverage::{CheckResult, Coverage, Evidence},
    spec::Requirement,
    ticket::TicketState,
};
use swarm_store::{TicketRow, TracedTicket as TracedTicketRow};
use utoipa::{IntoParams, ToSchema};

use super::checks::Check;
use crate::{
    app::App,
    extract::{InPath, InQuery},
    refusal::Reply,
};

/// Which requirements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TraceQuery {
    /// Only this one.
    requirement: Option<RequirementId>,
}

/// What became of the requirements of a run's spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trace {
    /// Which run.
    pub run: RunId,
    /// The commit that the evidence is about: the newest on the integration branch.
    pub head: Option<CommitId>,
    /// One by one, in the order of the spec.
    pub requirements: Vec<RequirementTrace>,
}

/// What became of a requirement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequirementTrace {
    /// The requirement, as the spec has it.
    pub requirement: Requirement,
    /// What is known of it at the head. Only commands that ran there count.
    pub evidence: Evidence,
    /// The tickets that serve it.
    pub tickets: Vec<TracedTicket>,
    /// Every run of its acceptance commands, the oldest first.
    pub checks: Vec<Check>,
}

/// A ticket that serves a requirement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TracedTicket {
    /// Its id.
    pub id: TicketId,
    /// What is to be done, in a line.
    pub title: String,
    /// Where it stands.
    pub state: TicketState,
    /// What its attempts committed, the oldest first.
    pub commits: Vec<CommitId>,
    /// Whether only a checkpoint of it that proves this requirement is merged.
    pub partial: bool,
    /// The commit on the integration branch.
    pub merged: Option<CommitId>,
}

impl From<TracedTicketRow> for TracedTicket {
    fn from(row: TracedTicketRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            state: row.state,
            commits: row.commits.into_iter().map(|row| row.commit).collect(),
            partial: row.partial,
            merged: row.merged,
        }
    }
}

/// Shows what became of each requirement: tickets, commits, and the commands that prove it, with their output.
#[utoipa::path(get, path = "/api/runs/{run}/trace", tag = "runs",
    params(("run" = RunId, Path, description = "The run's id."), TraceQuery),
    responses((status = OK, description = "The trace.", body = Trace)))]
pub(crate) async fn trace(
    State(app): State<App>,
    InPath(run): InPath<RunId>,
    InQuery(query): InQuery<TraceQuery>,
) -> Reply<Json<Trace>> {
    let rows = app.store().trace(app.tenant(), &run, query.requirement.as_ref()).await?;
    let tickets = app.store().tickets(app.tenant(), &run).await?;
    // Where all is carried, the branch is where it began.
    let head = match newest_merge(&tickets) {
        None if tickets.iter().any(|ticket| ticket.carried.is_some()) => {
            app.store().run(app.tenant(), &run).await?.base
        }
        head => head,
    };
    let evidence = evidence(&rows, head.as_ref());
    let mut requirements = Vec::with_capacity(rows.len());
    for row in rows {
        requirements.push(RequirementTrace {
            evidence: evidence.get(&row.requirement.id).copied().unwrap_or(Evidence::Unproven),
            requirement: row.requirement,
            tickets: row.tickets.into_iter().map(TracedTicket::from).collect(),
            checks: Check::all(app.store(), row.checks).await,
        });
    }
    Ok(Json(Trace { run, head, requirements }))
}

fn newest_merge(tickets: &[TicketRow]) -> Option<CommitId> {
    tickets
        .iter()
        .filter(|ticket| ticket.merged.is_some() && ticket.carried.is_none())
        .max_by_key(|ticket| ticket.merged_at)?
        .merged
        .clone()
}

fn evidence(rows: &[swarm_store::Trace], head: Option<&CommitId>) -> HashMap<RequirementId, Evidence> {
    let Some(head) = head else { return HashMap::new() };
    let results: Vec<_> = rows
        .iter()
        .flat_map(|row| &row.checks)
        .map(|check| CheckResult {
            requirement: check.requirement.clone(),
            command: check.command.clone(),
            commit: check.commit.clone(),
            passed: check.passed,
        })
        .collect();
    let requirements: Vec<_> = rows.iter().map(|row| row.requirement.clone()).collect();
    let known = Coverage::of(&requirements, &results, head).requirements;
    known.into_iter().map(|known| (known.requirement, known.evidence)).collect()
}

//! Runs: started here, worked on in the background.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, PlanId, Problem, ProjectId, RunId, SpecId,
    budget::Spend,
    run::{RunOptions, RunState},
    ticket::TicketState,
};
use swarm_policy::Kind;
use swarm_store::{RunRow, TicketRow};
use utoipa::ToSchema;

use super::{Accepted, Reason};
use crate::{
    app::{App, By},
    door::{Asking, decide::allow_in},
    extract::{Body, InPath},
    refusal::Reply,
};

/// A plan that is to be executed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRun {
    /// Which plan.
    pub plan: PlanId,
    /// What is chosen for the run.
    pub options: RunOptions,
}

/// One execution of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Run {
    /// Its id.
    pub id: RunId,
    /// On which project.
    pub project: ProjectId,
    /// The plan that it executes.
    pub plan: PlanId,
    /// The spec that the plan is for.
    pub spec: SpecId,
    /// Where it stands.
    pub state: RunState,
    /// What was chosen for it.
    pub options: RunOptions,
    /// The commit that it builds on.
    pub base: Option<CommitId>,
    /// The branch that it will be offered to.
    pub base_branch: Option<String>,
    /// The branch that collects the merged work.
    pub branch: Option<String>,
    /// What it cost until now.
    pub spend: Spend,
    /// The bytes that the worktrees of its attempts took on disk, together. Only where one run is asked for.
    pub disk_bytes: Option<u64>,
    /// How many tickets stand where. Only where one run is asked for.
    pub tickets: Option<TicketCounts>,
    /// What keeps tickets waiting that no time will mend. Only where one run is asked for.
    pub warnings: Vec<Problem>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// How many tickets of a run stand where.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TicketCounts {
    /// All of them.
    pub total: u32,
    /// Waiting for others or for an agent.
    pub waiting: u32,
    /// With an agent.
    pub working: u32,
    /// With the validator.
    pub verifying: u32,
    /// In the merge train.
    pub merging: u32,
    /// Done.
    pub merged: u32,
    /// A person must decide or mend something.
    pub needs_person: u32,
    /// Given up.
    pub cancelled: u32,
}

/// Every run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunList {
    /// The newest first.
    pub items: Vec<Run>,
}

impl TicketCounts {
    fn of(tickets: &[TicketRow]) -> Self {
        let mut counts = Self::default();
        for ticket in tickets {
            counts.total += 1;
            *match ticket.state {
                TicketState::Waiting => &mut counts.waiting,
                TicketState::Working => &mut counts.working,
                TicketState::Verifying => &mut counts.verifying,
                TicketState::Merging => &mut counts.merging,
                TicketState::Merged => &mut counts.merged,
                TicketState::NeedsPerson { .. } => &mut counts.needs_person,
                TicketState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            id: row.id,
            project: row.project,
            plan: row.plan,
            spec: row.spec,
            state: row.state,
            options: row.options,
            base: row.base,
            base_branch: row.base_branch,
            branch: row.branch,
            spend: row.spend,
            disk_bytes: None,
            tickets: None,
            warnings: Vec::new(),
            started_at: row.started_at,
            settled_at: row.settled_at,
            updated_at: row.updated_at,
        }
    }
}

/// Executes a plan. It runs in the background: see its state, or follow the events.
#[utoipa::path(post, path = "/api/runs", tag = "runs", request_body = NewRun,
    responses((status = ACCEPTED, description = "The run's id.", body = Accepted)))]
pub(crate) async fn start_run(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(new): Body<NewRun>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    allow_in(&app, &who, "POST /api/runs", Kind::Plan, new.plan.as_str()).await?;
    let id = app.flows.start_run(&asker, &new.plan, new.options).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: id.into() })))
}

/// Lists the runs.
#[utoipa::path(get, path = "/api/runs", tag = "runs",
    responses((status = OK, description = "The runs.", body = RunList)))]
pub(crate) async fn runs(State(app): State<App>) -> Reply<Json<RunList>> {
    let rows = app.store().runs(app.tenant()).await?;
    Ok(Json(RunList { items: rows.into_iter().map(Run::from).collect() }))
}

/// Shows a run.
#[utoipa::path(get, path = "/api/runs/{run}", tag = "runs",
    params(("run" = RunId, Path, description = "Its id.")),
    responses((status = OK, description = "The run.", body = Run)))]
pub(crate) async fn run(State(app): State<App>, InPath(id): InPath<RunId>) -> Reply<Json<Run>> {
    let row = app.store().run(app.tenant(), &id).await?;
    let tickets = app.store().tickets(app.tenant(), &id).await?;
    let attempts = app.store().attempts(app.tenant(), &id, None).await?;
    let disk_bytes = attempts.iter().fold(0_u64, |sum, attempt| sum.saturating_add(attempt.disk_bytes));
    let tickets = Some(TicketCounts::of(&tickets));
    let warnings = app.flows.unserved(&id).await?;
    Ok(Json(Run { disk_bytes: Some(disk_bytes), tickets, warnings, ..row.into() }))
}

/// Stops a run: what is merged stays merged, what is under way is given up.
#[utoipa::path(post, path = "/api/runs/{run}/cancel", tag = "runs", request_body = Reason,
    params(("run" = RunId, Path, description = "Its id.")),
    responses((status = NO_CONTENT, description = "It is stopped.")))]
pub(crate) async fn cancel_run(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<RunId>,
    Body(Reason { reason }): Body<Reason>,
) -> Reply<StatusCode> {
    app.store().run(app.tenant(), &id).await?;
    app.flows.cancel_run(&asker, &id, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

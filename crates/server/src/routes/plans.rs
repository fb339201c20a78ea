//! Plans: asked for here, drawn up in the background.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    PlanId, Problem, ProjectId, RequirementId, RunId, SpecId, TicketId,
    carry::Leftover,
    estimate::Estimate,
    lint::{self, Lint, Severity},
    plan::Plan,
    spec::delta::DeltaCounts,
};
use swarm_flows::Continuation;
use swarm_policy::Kind;
use swarm_store::{PlanRow, PlanState};
use utoipa::ToSchema;

use super::Accepted;
use crate::{
    app::{App, By},
    door::{Asking, decide::allow_in},
    extract::{Body, InPath},
    refusal::Reply,
};

/// A plan that is to be drawn up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlan {
    /// For which spec.
    pub spec: SpecId,
    /// Models in order of preference, instead of the agents' own.
    #[serde(default)]
    pub models: Vec<String>,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanStage {
    /// It is being drawn up.
    Requested,
    /// It has its tickets.
    Proposed,
    /// It could not be drawn up; the problem says why.
    Failed,
}

/// A plan in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanSummary {
    /// Its id.
    pub id: PlanId,
    /// For which spec.
    pub spec: SpecId,
    /// For which project.
    pub project: ProjectId,
    /// How far it is.
    pub state: PlanStage,
    /// How many tickets it has.
    pub tickets: usize,
    /// What it is expected to cost, once it has its tickets.
    pub estimate: Option<Estimate>,
    /// Why it could not be drawn up, and what to do.
    pub problem: Option<Problem>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanDetail {
    /// Its id.
    pub id: PlanId,
    /// For which spec.
    pub spec: SpecId,
    /// For which project.
    pub project: ProjectId,
    /// The models that were to draw it up, in order of preference; empty for the configured ones.
    pub models: Vec<String>,
    /// How far it is.
    pub state: PlanStage,
    /// The tickets and what they are expected to cost, once they are there.
    pub plan: Option<Plan>,
    /// What the lint says about it.
    pub lint: Vec<LintEntry>,
    /// The earlier run that a run of it goes on from, where there is one.
    pub continues: Option<PlanContinuation>,
    /// Why it could not be drawn up, and what to do.
    pub problem: Option<Problem>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// What a run of a plan takes over from an earlier one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanContinuation {
    /// The earlier run.
    pub run: RunId,
    /// How the spec differs from that run's.
    pub counts: DeltaCounts,
    /// Tickets that nobody has to work on, if their acceptance commands still pass.
    pub carried: Vec<TicketId>,
    /// What is asked for no more: its code stays until a person takes it out.
    pub leftovers: Vec<Leftover>,
}

/// How much a lint matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LintSeverity {
    /// To be looked at.
    Warning,
    /// The plan cannot be executed.
    Blocking,
}

/// Something that is wrong with a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LintEntry {
    /// Stable; has a section in the troubleshooting page.
    pub code: String,
    /// How much it matters.
    pub severity: LintSeverity,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The requirement that it is about.
    pub requirement: Option<RequirementId>,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

/// Every plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanList {
    /// The newest first.
    pub items: Vec<PlanSummary>,
}

impl From<PlanState> for PlanStage {
    fn from(state: PlanState) -> Self {
        match state {
            PlanState::Requested => Self::Requested,
            PlanState::Proposed => Self::Proposed,
            PlanState::Failed => Self::Failed,
        }
    }
}

impl From<PlanRow> for PlanSummary {
    fn from(row: PlanRow) -> Self {
        Self {
            id: row.id,
            spec: row.spec,
            project: row.project,
            state: row.state.into(),
            tickets: row.plan.as_ref().map_or(0, |plan| plan.tickets.len()),
            estimate: row.plan.map(|plan| plan.estimate),
            problem: row.problem,
            requested_at: row.requested_at,
            updated_at: row.updated_at,
        }
    }
}

impl PlanDetail {
    fn of(row: PlanRow, lint: Vec<Lint>, continues: Option<Continuation>) -> Self {
        Self {
            id: row.id,
            spec: row.spec,
            project: row.project,
            models: row.models,
            state: row.state.into(),
            plan: row.plan,
            lint: lint.into_iter().map(LintEntry::from).collect(),
            continues: continues.map(|found| PlanContinuation {
                run: found.run,
                counts: found.counts,
                carried: found.carried,
                leftovers: found.leftovers,
            }),
            problem: row.problem,
            requested_at: row.requested_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<Lint> for LintEntry {
    fn from(lint: Lint) -> Self {
        let severity = match lint.severity {
            Severity::Warning => LintSeverity::Warning,
            Severity::Blocking => LintSeverity::Blocking,
        };
        let Lint { code, ticket, requirement, detail, fix, .. } = lint;
        Self { code, severity, ticket, requirement, detail, fix }
    }
}

/// Asks for a plan. It is drawn up in the background: see its state, or follow the events.
#[utoipa::path(post, path = "/api/plans", tag = "plans", request_body = NewPlan,
    responses((status = ACCEPTED, description = "The plan's id.", body = Accepted)))]
pub(crate) async fn request_plan(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(new): Body<NewPlan>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    allow_in(&app, &who, "POST /api/plans", Kind::Spec, new.spec.as_str()).await?;
    let id = app.flows.request_plan(&asker, &new.spec, new.models).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: id.into() })))
}

/// Lists the plans.
#[utoipa::path(get, path = "/api/plans", tag = "plans",
    responses((status = OK, description = "The plans.", body = PlanList)))]
pub(crate) async fn plans(State(app): State<App>) -> Reply<Json<PlanList>> {
    let rows = app.store().plans(app.tenant()).await?;
    Ok(Json(PlanList { items: rows.into_iter().map(PlanSummary::from).collect() }))
}

/// Shows a plan with its tickets, its price range and what the lint says.
#[utoipa::path(get, path = "/api/plans/{plan}", tag = "plans",
    params(("plan" = PlanId, Path, description = "Its id.")),
    responses((status = OK, description = "The plan.", body = PlanDetail)))]
pub(crate) async fn plan(State(app): State<App>, InPath(id): InPath<PlanId>) -> Reply<Json<PlanDetail>> {
    let row = app.store().plan(app.tenant(), &id).await?;
    let lint = match &row.plan {
        Some(plan) => lint::lint(plan, &app.store().spec(app.tenant(), &row.spec).await?.spec),
        None => Vec::new(),
    };
    let continues = app.flows.continuation(&row).await?;
    Ok(Json(PlanDetail::of(row, lint, continues)))
}

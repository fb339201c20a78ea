//! Plans: asked for, then proposed or failed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{Event, PlanId, Problem, ProjectId, SpecId, TenantId, plan::Plan};

use super::not_found;
use crate::{
    Result, Store,
    column::{self, Columns, to_json},
    projection,
};

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// It is being drawn up.
    Requested,
    /// It has its tickets.
    Proposed,
    /// It could not be drawn up.
    Failed,
}

impl PlanState {
    /// The state's name, as it is stored and shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Proposed => "proposed",
            Self::Failed => "failed",
        }
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanRow {
    /// Its id.
    pub id: PlanId,
    /// The project that it is for.
    pub project: ProjectId,
    /// The spec that it is for.
    pub spec: SpecId,
    /// The models that were asked for, in order of preference; empty for the configured ones.
    pub models: Vec<String>,
    /// Where it stands.
    pub state: PlanState,
    /// Its tickets, once it is proposed.
    pub plan: Option<Plan>,
    /// Why it failed, if it did.
    pub problem: Option<Problem>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<PlanRow> {
    let columns = Columns::of("plans", row);
    Ok(PlanRow {
        id: columns.id("id")?,
        project: columns.id("project")?,
        spec: columns.id("spec")?,
        models: columns.texts("models")?,
        state: columns.word("state")?,
        plan: columns.json_or_none("plan")?,
        problem: columns.json_or_none("problem")?,
        requested_at: columns.time("requested_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

pub(crate) async fn request(
    conn: &mut PgConnection,
    event: &Event,
    plan: &PlanId,
    spec: &SpecId,
    models: &[String],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.plans (tenant, id, spec, project, models, state, requested_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(event.tenant.as_str())
    .bind(plan.as_str())
    .bind(spec.as_str())
    .bind(projection::project_of(event)?.as_str())
    .bind(models)
    .bind(PlanState::Requested.name())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn propose(conn: &mut PgConnection, event: &Event, plan: &Plan) -> Result<()> {
    let text = to_json("plans.plan", plan)?;
    settle(conn, event, &plan.id, PlanState::Proposed, Some(text), None).await
}

pub(crate) async fn fail(
    conn: &mut PgConnection,
    event: &Event,
    plan: &PlanId,
    problem: &Problem,
) -> Result<()> {
    let problem = column::problem(Some(problem))?;
    settle(conn, event, plan, PlanState::Failed, None, problem).await
}

async fn settle(
    conn: &mut PgConnection,
    event: &Event,
    id: &PlanId,
    state: PlanState,
    plan: Option<String>,
    problem: Option<String>,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.plans SET state = $3, plan = $4, problem = $5, updated_at = $6 WHERE tenant = $1 AND id = $2",
    )
    .bind(event.tenant.as_str())
    .bind(id.as_str())
    .bind(state.name())
    .bind(plan)
    .bind(problem)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// One plan, as this transaction sees it.
pub(crate) async fn find(conn: &mut PgConnection, tenant: &TenantId, id: &PlanId) -> Result<PlanRow> {
    let row = sqlx::query("SELECT * FROM swarm.plans WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    read(&row.ok_or_else(|| not_found("plan", id))?)
}

impl Store {
    /// The plans, newest first.
    pub async fn plans(&self, tenant: &TenantId) -> Result<Vec<PlanRow>> {
        let rows =
            sqlx::query("SELECT * FROM swarm.plans WHERE tenant = $1 ORDER BY requested_at DESC, id DESC")
                .bind(tenant.as_str())
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(read).collect()
    }

    /// One plan.
    pub async fn plan(&self, tenant: &TenantId, id: &PlanId) -> Result<PlanRow> {
        let mut conn = self.pool().acquire().await?;
        find(&mut conn, tenant, id).await
    }
}

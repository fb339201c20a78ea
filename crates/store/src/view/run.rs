//! Runs: where each execution of a plan stands and what it has spent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    CommitId, Event, PlanId, ProjectId, RunId, SpecId, TenantId,
    budget::{Budget, Spend},
    id::KeyId,
    run::{RunOptions, RunState},
};

use super::{PlanRow, not_found};
use crate::{
    Result, Store,
    column::{self, Columns, to_json, whole},
    projection,
};

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// The project that it builds.
    pub project: ProjectId,
    /// The plan that it executes.
    pub plan: PlanId,
    /// The spec of that plan.
    pub spec: SpecId,
    /// Where it stands, with the problem where it needs a person.
    pub state: RunState,
    /// What was chosen for it.
    pub options: RunOptions,
    /// How often it was begun or taken up again: 1 at first.
    pub generation: u32,
    /// The commit that it builds on, once that is fixed.
    pub base: Option<CommitId>,
    /// The branch that it will be offered to.
    pub base_branch: Option<String>,
    /// The branch that collects its work.
    pub branch: Option<String>,
    /// What its model calls have cost.
    pub spend: Spend,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last settled; absent while it runs.
    pub settled_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<RunRow> {
    let columns = Columns::of("runs", row);
    Ok(RunRow {
        id: columns.id("id")?,
        project: columns.id("project")?,
        plan: columns.id("plan")?,
        spec: columns.id("spec")?,
        state: columns.state()?,
        options: columns.json("options")?,
        generation: columns.small("generation")?,
        base: columns.id_or_none("base")?,
        base_branch: columns.text_or_none("base_branch")?,
        branch: columns.text_or_none("branch")?,
        spend: columns.spend()?,
        started_at: columns.time("started_at")?,
        settled_at: columns.time_or_none("settled_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

pub(crate) async fn start(
    conn: &mut PgConnection,
    event: &Event,
    plan: &PlanRow,
    options: &RunOptions,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.runs (tenant, id, project, plan, spec, state, options, started_at, updated_at, key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(plan.project.as_str())
    .bind(plan.id.as_str())
    .bind(plan.spec.as_str())
    .bind(RunState::Running.name())
    .bind(to_json("runs.options", options)?)
    .bind(event.at)
    .bind(options.key.as_ref().map(KeyId::as_str))
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn base(
    conn: &mut PgConnection,
    event: &Event,
    base: &CommitId,
    base_branch: &str,
    branch: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.runs SET base = $3, base_branch = $4, branch = $5, updated_at = $6
         WHERE tenant = $1 AND id = $2",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(base.as_str())
    .bind(base_branch)
    .bind(branch)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn change_state(conn: &mut PgConnection, event: &Event, to: &RunState) -> Result<()> {
    let problem = match to {
        RunState::NeedsPerson { problem } => Some(problem),
        RunState::Running | RunState::Done | RunState::Cancelled => None,
    };
    sqlx::query(
        "UPDATE swarm.runs SET state = $3, problem = $4, settled_at = $5, updated_at = $6,
                generation = generation + CASE WHEN $5 IS NULL THEN 1 ELSE 0 END
         WHERE tenant = $1 AND id = $2",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(to.name())
    .bind(column::problem(problem)?)
    .bind(to.is_settled().then_some(event.at))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn change_budget(conn: &mut PgConnection, event: &Event, budget: Budget) -> Result<()> {
    let run = projection::run_of(event)?;
    let mut options = find(conn, &event.tenant, run).await?.options;
    options.budget = budget;
    sqlx::query("UPDATE swarm.runs SET options = $3, updated_at = $4 WHERE tenant = $1 AND id = $2")
        .bind(event.tenant.as_str())
        .bind(run.as_str())
        .bind(to_json("runs.options", &options)?)
        .bind(event.at)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn spend(conn: &mut PgConnection, event: &Event, run: &RunId, spend: &Spend) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.runs SET usd = swarm.plus(usd, $3), tokens_in = swarm.plus(tokens_in, $4),
                tokens_out = swarm.plus(tokens_out, $5), calls = swarm.plus(calls, $6), updated_at = $7
         WHERE tenant = $1 AND id = $2",
    )
    .bind(event.tenant.as_str())
    .bind(run.as_str())
    .bind(whole(spend.usd.0))
    .bind(whole(spend.tokens_in))
    .bind(whole(spend.tokens_out))
    .bind(whole(spend.calls))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// One run, as this transaction sees it.
pub(crate) async fn find(conn: &mut PgConnection, tenant: &TenantId, id: &RunId) -> Result<RunRow> {
    let row = sqlx::query("SELECT * FROM swarm.runs WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    read(&row.ok_or_else(|| not_found("run", id))?)
}

impl Store {
    /// The runs, newest first.
    pub async fn runs(&self, tenant: &TenantId) -> Result<Vec<RunRow>> {
        let rows =
            sqlx::query("SELECT * FROM swarm.runs WHERE tenant = $1 ORDER BY started_at DESC, id DESC")
                .bind(tenant.as_str())
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(read).collect()
    }

    /// One run.
    pub async fn run(&self, tenant: &TenantId, id: &RunId) -> Result<RunRow> {
        let mut conn = self.pool().acquire().await?;
        find(&mut conn, tenant, id).await
    }
}

//! Quotas, and what was spent of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::{PgConnection, Row, postgres::PgRow};
use swarm_domain::{
    AttemptId, Event, EventBody, MicroUsd, ProjectId, RunId, TenantId,
    audit::who,
    budget::{Budget, Spend},
    id::KeyId,
    quota::{Period, Quota, QuotaScope},
};

use crate::{
    Result, Store, StoreError,
    column::{Columns, whole},
};

/// A quota, and what was used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QuotaRow {
    /// Whose spending it limits.
    pub scope: QuotaScope,
    /// The limits.
    pub quota: Quota,
    /// What was spent in the period that it is now.
    pub spent: Spend,
    /// How many runs are under way.
    pub runs: u32,
    /// The first day of the next period, in UTC; absent where there is none.
    pub renews: Option<NaiveDate>,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
}

fn read(row: &PgRow, at: DateTime<Utc>) -> Result<QuotaRow> {
    let columns = Columns::of("quotas", row);
    let per: Period =
        columns.text("per")?.parse().map_err(|error| StoreError::corrupt("quotas.per", error))?;
    let budget = Budget {
        usd: columns.count_or_none("usd_limit")?.map(MicroUsd),
        tokens: columns.count_or_none("tokens")?,
    };
    let runs = columns.small_or_none("runs")?;
    Ok(QuotaRow {
        scope: scope(&columns.text("kind")?, &columns.text("target")?)?,
        quota: Quota { per, budget, runs },
        spent: columns.spend()?,
        runs: columns.small("running")?,
        renews: per.ends(at),
        set_by: columns.text("set_by")?,
        set_at: columns.time("set_at")?,
    })
}

fn scope(kind: &str, target: &str) -> Result<QuotaScope> {
    let text = if target.is_empty() { kind.to_owned() } else { format!("{kind}:{target}") };
    text.parse().map_err(|error| StoreError::corrupt("quotas.target", error))
}

/// Writes an [`EventBody::QuotaSet`].
pub(crate) async fn set(
    conn: &mut PgConnection,
    event: &Event,
    scope: &QuotaScope,
    quota: Option<&Quota>,
) -> Result<()> {
    let Some(quota) = quota else {
        sqlx::query("DELETE FROM swarm.quotas WHERE tenant = $1 AND kind = $2 AND target = $3")
            .bind(event.tenant.as_str())
            .bind(scope.kind())
            .bind(scope.target())
            .execute(conn)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO swarm.quotas (tenant, kind, target, per, usd, tokens, runs, set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (tenant, kind, target) DO UPDATE
         SET per = $4, usd = $5, tokens = $6, runs = $7, set_by = $8, set_at = $9",
    )
    .bind(event.tenant.as_str())
    .bind(scope.kind())
    .bind(scope.target())
    .bind(quota.per.name())
    .bind(quota.budget.usd.map(|usd| whole(usd.0)))
    .bind(quota.budget.tokens.map(whole))
    .bind(quota.runs.map(i64::from))
    .bind(who(&event.actor))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts what was spent for the tenant, the project, the agent, and the key that began the run.
pub(crate) async fn spend(conn: &mut PgConnection, event: &Event, spend: &Spend) -> Result<()> {
    if *spend == Spend::default() {
        return Ok(());
    }
    let subject = &event.subject;
    let agent = match &event.body {
        EventBody::ModelCalled { agent, .. } => Some(agent.as_str()),
        _ => None,
    };
    sqlx::query(
        "WITH run AS (SELECT project, key FROM swarm.runs WHERE tenant = $1 AND id = $3),
         attempt AS (SELECT agent FROM swarm.attempts WHERE tenant = $1 AND run = $3 AND id = $4),
         counted (kind, target) AS (
             VALUES ('tenant', ''), ('project', coalesce($2, (SELECT project FROM run))),
                    ('agent', coalesce($5, (SELECT agent FROM attempt))), ('key', (SELECT key FROM run)))
         INSERT INTO swarm.spending AS s (tenant, kind, target, day, usd, tokens_in, tokens_out, calls)
         SELECT $1, kind, target, $6, $7, $8, $9, $10 FROM counted WHERE target IS NOT NULL
         ON CONFLICT (tenant, kind, target, day) DO UPDATE
         SET usd = swarm.plus(s.usd, $7), tokens_in = swarm.plus(s.tokens_in, $8),
             tokens_out = swarm.plus(s.tokens_out, $9), calls = swarm.plus(s.calls, $10)",
    )
    .bind(event.tenant.as_str())
    .bind(subject.project.as_ref().map(ProjectId::as_str))
    .bind(subject.run.as_ref().map(RunId::as_str))
    .bind(subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(agent)
    .bind(event.at.date_naive())
    .bind(whole(spend.usd.0))
    .bind(whole(spend.tokens_in))
    .bind(whole(spend.tokens_out))
    .bind(whole(spend.calls))
    .execute(conn)
    .await?;
    Ok(())
}

/// Asked behind the lock of the chain: of two runs that begin at once, where one more fits, one is told.
pub(crate) async fn run_may_begin(
    conn: &mut PgConnection,
    tenant: &TenantId,
    project: &ProjectId,
    key: Option<&KeyId>,
) -> Result<()> {
    let full = sqlx::query(
        "SELECT * FROM (
             SELECT kind, target, runs,
                    (SELECT count(*) FROM swarm.runs r
                     WHERE r.tenant = q.tenant AND r.state = 'running'
                       AND CASE kind WHEN 'project' THEN r.project = q.target
                                     WHEN 'key' THEN r.key = q.target ELSE true END) AS running
             FROM swarm.quotas q
             WHERE tenant = $1 AND runs IS NOT NULL
               AND (kind = 'tenant' OR (kind = 'project' AND target = $2) OR (kind = 'key' AND target = $3))
         ) AS of WHERE running >= runs ORDER BY kind LIMIT 1",
    )
    .bind(tenant.as_str())
    .bind(project.as_str())
    .bind(key.map(KeyId::as_str))
    .fetch_optional(conn)
    .await?;
    let Some(row) = full else { return Ok(()) };
    let scope = scope(&row.try_get::<String, _>("kind")?, &row.try_get::<String, _>("target")?)?;
    let limit = Columns::of("quotas", &row).small("runs")?;
    Err(StoreError::QuotaReached { scope, limit })
}

impl Store {
    /// The quotas of a tenant, with what was used of them in the period that `at` is in: the tenant's own first.
    pub async fn quotas(&self, tenant: &TenantId, at: DateTime<Utc>) -> Result<Vec<QuotaRow>> {
        let rows = sqlx::query(
            "SELECT q.kind, q.target, q.per, q.usd AS usd_limit, q.tokens, q.runs, q.set_by, q.set_at,
                    s.usd, s.tokens_in, s.tokens_out, s.calls,
                    (SELECT count(*) FROM swarm.runs r
                     WHERE r.tenant = q.tenant AND r.state = 'running'
                       AND CASE q.kind WHEN 'tenant' THEN true WHEN 'project' THEN r.project = q.target
                                       WHEN 'key' THEN r.key = q.target ELSE false END) AS running
             FROM swarm.quotas q
             CROSS JOIN LATERAL (
                 SELECT least(coalesce(sum(usd), 0), 9223372036854775807)::bigint AS usd,
                        least(coalesce(sum(tokens_in), 0), 9223372036854775807)::bigint AS tokens_in,
                        least(coalesce(sum(tokens_out), 0), 9223372036854775807)::bigint AS tokens_out,
                        least(coalesce(sum(calls), 0), 9223372036854775807)::bigint AS calls
                 FROM swarm.spending
                 WHERE tenant = q.tenant AND kind = q.kind AND target = q.target
                   AND day >= CASE q.per WHEN 'day' THEN $2 WHEN 'month' THEN $3 ELSE '-infinity'::date END
             ) AS s
             WHERE q.tenant = $1
             ORDER BY q.kind = 'tenant' DESC, q.kind DESC, q.target COLLATE \"C\"",
        )
        .bind(tenant.as_str())
        .bind(Period::Day.begins(at))
        .bind(Period::Month.begins(at))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(|row| read(row, at)).collect()
    }
}

//! How the whole fared lately: counted from the views and from the log.

use chrono::{DateTime, Utc};
use sqlx::Row;
use swarm_domain::{
    MicroUsd, TenantId,
    run::RunOptions,
    vitals::{BudgetVitals, TroubleVitals, WorkVitals},
};

use crate::{
    Result, Store,
    column::{Columns, count},
};

/// What was done and what failed since a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lately {
    /// What was done.
    pub work: WorkVitals,
    /// What failed.
    pub trouble: TroubleVitals,
}

impl Store {
    /// What was done and what failed since a time.
    pub async fn lately(&self, tenant: &TenantId, since: DateTime<Utc>) -> Result<Lately> {
        let work = sqlx::query(
            "SELECT
               (SELECT count(*) FROM swarm.tickets WHERE tenant = $1 AND merged_at >= $2) AS merged,
               a.attempts, a.reworked, a.accepted, m.calls, m.usd
             FROM (SELECT count(*) AS attempts, count(*) FILTER (WHERE number > 1) AS reworked,
                          count(*) FILTER (WHERE class IS NULL) AS accepted
                   FROM swarm.attempts
                   WHERE tenant = $1 AND finished_at >= $2 AND outcome IS NOT NULL) a,
                  (SELECT count(*) AS calls, least(COALESCE(sum(usd::numeric), 0), 9223372036854775807)::bigint AS usd
                   FROM swarm.model_calls WHERE tenant = $1 AND at >= $2) m",
        )
        .bind(tenant.as_str())
        .bind(since)
        .fetch_one(self.pool())
        .await?;
        let trouble = sqlx::query(
            "SELECT count(*) FILTER (WHERE type = 'attempt_stuck') AS loops,
                    count(*) FILTER (WHERE type = 'budget_reached') AS budgets,
                    count(*) FILTER (WHERE code LIKE 'model.%') AS model,
                    count(*) FILTER (WHERE code LIKE 'sandbox.%' AND code <> 'sandbox.full') AS sandbox,
                    count(*) FILTER (WHERE code = 'sandbox.vm_gone' AND again IS NOT NULL) AS replaced,
                    count(*) FILTER (WHERE code IS NOT NULL) AS failed
             FROM (SELECT type,
                          CASE WHEN type = 'step_failed' THEN text::jsonb #>> '{body,code}' END AS code,
                          CASE WHEN type = 'step_failed' THEN text::jsonb #>> '{body,again_in}' END AS again
                   FROM swarm.events
                   WHERE tenant = $1 AND at >= $2 AND type IN ('step_failed', 'attempt_stuck', 'budget_reached')) e",
        )
        .bind(tenant.as_str())
        .bind(since)
        .fetch_one(self.pool())
        .await?;
        let done = |name: &str| work.try_get::<i64, _>(name).map(count);
        let failed = |name: &str| trouble.try_get::<i64, _>(name).map(count);
        let (sandbox, model) = (failed("sandbox")?, failed("model")?);
        Ok(Lately {
            work: WorkVitals {
                merged: done("merged")?,
                attempts: done("attempts")?,
                reworked: done("reworked")?,
                accepted: done("accepted")?,
                calls: done("calls")?,
                usd: MicroUsd(done("usd")?),
            },
            trouble: TroubleVitals {
                sandbox,
                replaced: failed("replaced")?,
                model,
                other: failed("failed")?.saturating_sub(sandbox).saturating_sub(model),
                loops: failed("loops")?,
                budgets: failed("budgets")?,
            },
        })
    }

    /// Of the running runs and the quotas, the one that has used the greatest part of its budget; none where no running
    /// run has one, and no quota limits spending.
    pub async fn most_used_budget(
        &self,
        tenant: &TenantId,
        at: DateTime<Utc>,
    ) -> Result<Option<BudgetVitals>> {
        let rows =
            sqlx::query("SELECT * FROM swarm.runs WHERE tenant = $1 AND state = 'running' ORDER BY id")
                .bind(tenant.as_str())
                .fetch_all(self.pool())
                .await?;
        let mut used = Vec::new();
        for row in &rows {
            let columns = Columns::of("runs", row);
            let (options, spend): (RunOptions, _) = (columns.json("options")?, columns.spend()?);
            if let Some(used_percent) = options.budget.used_percent(spend) {
                used.push(BudgetVitals { whose: columns.text("id")?, used_percent });
            }
        }
        for row in self.quotas(tenant, at).await? {
            if let Some(used_percent) = row.quota.budget.used_percent(row.spent) {
                used.push(BudgetVitals { whose: row.scope.to_string(), used_percent });
            }
        }
        // Of those that are level, the first.
        used.reverse();
        Ok(used.into_iter().max_by_key(|used| used.used_percent))
    }
}

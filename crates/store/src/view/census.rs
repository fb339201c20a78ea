//! How many runs, tickets and nodes stand where, and what the work used: for metrics.

use std::collections::BTreeMap;

use swarm_domain::{TenantId, budget::Spend};

use crate::{Result, Store, column::Columns};

/// How many there are of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Runs by state.
    pub runs: BTreeMap<String, u64>,
    /// Tickets by state.
    pub tickets: BTreeMap<String, u64>,
    /// Nodes by state.
    pub nodes: BTreeMap<String, u64>,
    /// What all runs used.
    pub spend: Spend,
    /// The position of the newest event.
    pub events: u64,
}

impl Store {
    /// Counts runs, tickets and nodes by state, and adds up what runs used.
    pub async fn census(&self, tenant: &TenantId) -> Result<Census> {
        let rows = sqlx::query(
            "SELECT 'runs' AS what, state, count(*) AS count FROM swarm.runs WHERE tenant = $1 GROUP BY state
             UNION ALL SELECT 'tickets', state, count(*) FROM swarm.tickets WHERE tenant = $1 GROUP BY state
             UNION ALL SELECT 'nodes', state, count(*) FROM swarm.nodes GROUP BY state",
        )
        .bind(tenant.as_str())
        .fetch_all(self.pool())
        .await?;
        let spend = sqlx::query(
            "SELECT least(coalesce(sum(usd), 0), 9223372036854775807)::bigint AS usd,
                    least(coalesce(sum(tokens_in), 0), 9223372036854775807)::bigint AS tokens_in,
                    least(coalesce(sum(tokens_out), 0), 9223372036854775807)::bigint AS tokens_out,
                    least(coalesce(sum(calls), 0), 9223372036854775807)::bigint AS calls
             FROM swarm.runs WHERE tenant = $1",
        )
        .bind(tenant.as_str())
        .fetch_one(self.pool())
        .await?;
        let mut census = Census {
            spend: Columns::of("runs", &spend).spend()?,
            events: self.last_position(tenant).await?,
            ..Census::default()
        };
        for row in &rows {
            let columns = Columns::of("census", row);
            let of = match columns.text("what")?.as_str() {
                "runs" => &mut census.runs,
                "tickets" => &mut census.tickets,
                _ => &mut census.nodes,
            };
            of.insert(columns.text("state")?, columns.count("count")?);
        }
        Ok(census)
    }
}

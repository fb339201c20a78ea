//! Tool calls: how long each took, by its kind.

use sqlx::PgConnection;
use swarm_domain::{AttemptId, Event, EventBody, RunId, TenantId, TicketId, deadline};

use crate::{
    Result, Store,
    column::{count, whole},
};

/// The tool whose calls differ by what they are to do.
const RUN: &str = "run";

/// What kind of step a call of this tool was. What it was about is kept cut short, which leaves enough.
fn kind_of(tool: &str, about: &str) -> String {
    if tool == RUN { deadline::command_kind(about) } else { tool.to_owned() }
}

/// Writes an [`EventBody::ToolCalled`].
pub(crate) async fn add(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let EventBody::ToolCalled { tool, about, ok, millis, overdue, .. } = &event.body else { return Ok(()) };
    let subject = &event.subject;
    sqlx::query(
        "INSERT INTO swarm.tool_calls (tenant, seq, run, ticket, attempt, tool, kind, ok, millis, overdue, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(subject.run.as_ref().map(RunId::as_str))
    .bind(subject.ticket.as_ref().map(TicketId::as_str))
    .bind(subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(tool)
    .bind(kind_of(tool, about))
    .bind(ok)
    .bind(whole(*millis))
    .bind(overdue)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// How long the newest calls of this kind took, in milliseconds.
    pub async fn tool_times(&self, tenant: &TenantId, tool: &str, about: &str) -> Result<Vec<u64>> {
        let millis: Vec<i64> = sqlx::query_scalar(
            "SELECT millis FROM swarm.tool_calls WHERE tenant = $1 AND tool = $2 AND kind = $3 AND millis > 0
             ORDER BY seq DESC LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(tool)
        .bind(kind_of(tool, about))
        .bind(whole(deadline::WINDOW as u64))
        .fetch_all(self.pool())
        .await?;
        Ok(millis.into_iter().map(count).collect())
    }

    /// Whether a call of this kind was ended by a learned deadline in this attempt before.
    pub async fn was_overdue(
        &self,
        tenant: &TenantId,
        run: &RunId,
        attempt: &AttemptId,
        tool: &str,
        about: &str,
    ) -> Result<bool> {
        let found = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM swarm.tool_calls WHERE tenant = $1 AND run = $2 AND attempt = $3
                            AND tool = $4 AND kind = $5 AND overdue)",
        )
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(attempt.as_str())
        .bind(tool)
        .bind(kind_of(tool, about))
        .fetch_one(self.pool())
        .await?;
        Ok(found)
    }

    /// Every kind of command that was run, with how long its newest runs took, the most frequent first.
    pub async fn command_times(&self, tenant: &TenantId) -> Result<Vec<(String, Vec<u64>)>> {
        let rows: Vec<(String, Vec<i64>)> = sqlx::query_as(
            "SELECT kind, (array_agg(millis ORDER BY seq DESC))[1:$3] FROM swarm.tool_calls
             WHERE tenant = $1 AND tool = $2 AND millis > 0 GROUP BY kind ORDER BY count(*) DESC, kind LIMIT 100",
        )
        .bind(tenant.as_str())
        .bind(RUN)
        .bind(i32::try_from(deadline::WINDOW).unwrap_or(i32::MAX))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(kind, millis)| (kind, millis.into_iter().map(count).collect())).collect())
    }

    /// How long the newest calls of this model by this agent took, in milliseconds; recordings left out.
    pub async fn model_times(&self, tenant: &TenantId, model: &str, agent: &str) -> Result<Vec<u64>> {
        let millis: Vec<i64> = sqlx::query_scalar(
            "SELECT millis FROM swarm.model_calls WHERE tenant = $1 AND model = $2 AND agent = $3 AND NOT recorded
             ORDER BY seq DESC LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(model)
        .bind(agent)
        .bind(whole(deadline::WINDOW as u64))
        .fetch_all(self.pool())
        .await?;
        Ok(millis.into_iter().map(count).collect())
    }

    /// Every agent with every model that it called, with how long the newest calls took, the most frequent first.
    pub async fn call_times(&self, tenant: &TenantId) -> Result<Vec<(String, String, Vec<u64>)>> {
        let rows: Vec<(String, String, Vec<i64>)> = sqlx::query_as(
            "SELECT agent, model, (array_agg(millis ORDER BY seq DESC))[1:$2] FROM swarm.model_calls
             WHERE tenant = $1 AND NOT recorded GROUP BY agent, model ORDER BY count(*) DESC, agent, model LIMIT 100",
        )
        .bind(tenant.as_str())
        .bind(i32::try_from(deadline::WINDOW).unwrap_or(i32::MAX))
        .fetch_all(self.pool())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(agent, model, millis)| (agent, model, millis.into_iter().map(count).collect()))
            .collect())
    }
}

//! Findings: the faults that were found in attempts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{AttemptId, Event, RunId, TenantId, TicketId, finding::Finding};

use crate::{
    Result, Store,
    column::{Columns, to_json, whole},
    projection,
};

/// A fault that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingRow {
    /// The position of its event in the log.
    pub seq: u64,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// The fault.
    pub finding: Finding,
    /// When it was found.
    pub at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<FindingRow> {
    let columns = Columns::of("findings", row);
    Ok(FindingRow {
        seq: columns.count("seq")?,
        run: columns.id("run")?,
        ticket: columns.id("ticket")?,
        attempt: columns.id_or_none("attempt")?,
        finding: columns.json("finding")?,
        at: columns.time("at")?,
    })
}

pub(crate) async fn add(conn: &mut PgConnection, event: &Event, finding: &Finding) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.findings (tenant, seq, run, ticket, attempt, finding, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(event.subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(to_json("findings.finding", finding)?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The findings of a run, or of one of its tickets, oldest first.
    pub async fn findings(
        &self,
        tenant: &TenantId,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<FindingRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.findings WHERE tenant = $1 AND run = $2 AND ($3::text IS NULL OR ticket = $3)
             ORDER BY seq",
        )
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(ticket.map(TicketId::as_str))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}

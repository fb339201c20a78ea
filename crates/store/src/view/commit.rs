//! Commits: what attempts left in git.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{AttemptId, CommitId, Event, RunId, TenantId, TicketId};

use crate::{Result, Store, column::Columns, projection};

/// The commit of an attempt's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CommitRow {
    /// The commit.
    pub commit: CommitId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// Files changed.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// When it was made.
    pub at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<CommitRow> {
    let columns = Columns::of("commits", row);
    Ok(CommitRow {
        commit: columns.id("commit")?,
        run: columns.id("run")?,
        ticket: columns.id("ticket")?,
        attempt: columns.id_or_none("attempt")?,
        files: columns.small("files")?,
        added: columns.small("added")?,
        removed: columns.small("removed")?,
        at: columns.time("at")?,
    })
}

/// Two attempts can end in the very same commit; it is shown once, with the first of them.
pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    commit: &CommitId,
    [files, added, removed]: [u32; 3],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.commits (tenant, run, ticket, commit, attempt, files, added, removed, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(commit.as_str())
    .bind(event.subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(i64::from(files))
    .bind(i64::from(added))
    .bind(i64::from(removed))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The commits of a run, or of one of its tickets, oldest first.
    pub async fn commits(
        &self,
        tenant: &TenantId,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<CommitRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.commits WHERE tenant = $1 AND run = $2 AND ($3::text IS NULL OR ticket = $3)
             ORDER BY at, ticket, commit",
        )
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(ticket.map(TicketId::as_str))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}

//! Checks: acceptance commands that were run, and what they showed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    AttemptId, BlobHash, CommitId, Event, EventBody, RequirementId, RunId, TenantId, TicketId, attempt::Rung,
    event::CheckStage,
};

use crate::{
    Result, Store,
    column::{Columns, to_word, whole},
    projection,
};

/// A check that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckRow {
    /// The position of its event in the log.
    pub seq: u64,
    /// The run.
    pub run: RunId,
    /// The ticket that was judged. In the merge train the command may be another ticket's.
    pub ticket: Option<TicketId>,
    /// The attempt that was judged.
    pub attempt: Option<AttemptId>,
    /// Why it was run.
    pub stage: CheckStage,
    /// What it proves.
    pub requirement: RequirementId,
    /// The command.
    pub command: String,
    /// On which commit.
    pub commit: CommitId,
    /// Whether it did what the spec says.
    pub passed: bool,
    /// How it ended: `exit 0`, `timed out`.
    pub ended: String,
    /// Standard output and standard error.
    pub output: BlobHash,
    /// Where it ran.
    pub rung: Rung,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// When.
    pub at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<CheckRow> {
    let columns = Columns::of("checks", row);
    Ok(CheckRow {
        seq: columns.count("seq")?,
        run: columns.id("run")?,
        ticket: columns.id_or_none("ticket")?,
        attempt: columns.id_or_none("attempt")?,
        stage: columns.word("stage")?,
        requirement: columns.id("requirement")?,
        command: columns.text("command")?,
        commit: columns.id("commit")?,
        passed: columns.flag("passed")?,
        ended: columns.text("ended")?,
        output: columns.id("output")?,
        rung: columns.word("rung")?,
        millis: columns.count("millis")?,
        at: columns.time("at")?,
    })
}

/// Writes an [`EventBody::CheckRun`].
pub(crate) async fn add(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let EventBody::CheckRun { stage, requirement, command, commit, passed, ended, output, rung, millis } =
        &event.body
    else {
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO swarm.checks (tenant, seq, run, ticket, attempt, stage, requirement, command, commit, passed,
                                   ended, output, rung, millis, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(projection::run_of(event)?.as_str())
    .bind(event.subject.ticket.as_ref().map(TicketId::as_str))
    .bind(event.subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(to_word("checks.stage", stage)?)
    .bind(requirement.as_str())
    .bind(command)
    .bind(commit.as_str())
    .bind(passed)
    .bind(ended)
    .bind(output.as_str())
    .bind(to_word("checks.rung", rung)?)
    .bind(whole(*millis))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The checks of a run, or of one of its tickets, oldest first.
    pub async fn checks(
        &self,
        tenant: &TenantId,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<CheckRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.checks WHERE tenant = $1 AND run = $2 AND ($3::text IS NULL OR ticket = $3)
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

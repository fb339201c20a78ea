//! Attempts: each try at a ticket, and how it ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    AttemptId, CommitId, Event, EventBody, RunId, TenantId, TicketId,
    agent::Capability,
    attempt::{AttemptOutcome, Rung},
    budget::Spend,
    choice::ChoiceReason,
    failure::Failure,
};

use crate::{
    Result, Store,
    column::{Columns, to_json, to_word, whole},
    projection,
};

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptRow {
    /// Its id, unique within the run.
    pub id: AttemptId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// Which try it is, from 1.
    pub number: u32,
    /// The agent.
    pub agent: String,
    /// What was asked of it; absent where the log does not say.
    pub capability: Option<Capability>,
    /// Why it and its model were chosen, where they were not simply the first in line.
    pub choice: Option<ChoiceReason>,
    /// The model that it began with.
    pub model: String,
    /// Where its code ran.
    pub rung: Rung,
    /// The commit that it started from.
    pub base: CommitId,
    /// The hints that it was given.
    pub hints: Vec<String>,
    /// How it ended; absent while it is under way. What the merge train says later takes the place of what the
    /// validator said.
    pub outcome: Option<AttemptOutcome>,
    /// The bytes that its worktree took on disk; 0 while it is under way.
    pub disk_bytes: u64,
    /// What its model calls have cost.
    pub spend: Spend,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

fn read(row: &PgRow) -> Result<AttemptRow> {
    let columns = Columns::of("attempts", row);
    Ok(AttemptRow {
        id: columns.id("id")?,
        run: columns.id("run")?,
        ticket: columns.id("ticket")?,
        number: columns.small("number")?,
        agent: columns.text("agent")?,
        capability: columns.word_or_none("capability")?,
        choice: columns.json_or_none("choice")?,
        model: columns.text("model")?,
        rung: columns.word("rung")?,
        base: columns.id("base")?,
        hints: columns.texts("hints")?,
        outcome: columns.json_or_none("outcome")?,
        disk_bytes: columns.count("disk_bytes")?,
        spend: columns.spend()?,
        started_at: columns.time("started_at")?,
        finished_at: columns.time_or_none("finished_at")?,
    })
}

/// Writes an [`EventBody::AttemptStarted`].
pub(crate) async fn start(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let EventBody::AttemptStarted { number, agent, model, rung, base, hints, capability, choice, .. } =
        &event.body
    else {
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO swarm.attempts (tenant, run, id, ticket, number, agent, model, rung, base, hints, capability,
                                     choice, started_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::attempt_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(i64::from(*number))
    .bind(agent)
    .bind(model)
    .bind(to_word("attempts.rung", rung)?)
    .bind(base.as_str())
    .bind(hints)
    .bind(capability.map(|capability| to_word("attempts.capability", &capability)).transpose()?)
    .bind(choice.as_ref().map(|choice| to_json("attempts.choice", choice)).transpose()?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn finish(
    conn: &mut PgConnection,
    event: &Event,
    outcome: &AttemptOutcome,
    disk_bytes: u64,
) -> Result<()> {
    let failure = Failure::of(outcome);
    sqlx::query(
        "UPDATE swarm.attempts SET outcome = $4, finished_at = $5, disk_bytes = $6, class = $7, code = $8,
                signature = $9,
                worked_ms = COALESCE(worked_ms, (EXTRACT(EPOCH FROM ($5 - started_at)) * 1000)::bigint)
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::attempt_of(event)?.as_str())
    .bind(to_json("attempts.outcome", outcome)?)
    .bind(event.at)
    .bind(whole(disk_bytes))
    .bind(failure.as_ref().map(|failure| to_word("attempts.class", &failure.class)).transpose()?)
    .bind(failure.as_ref().map(|failure| &failure.code))
    .bind(failure.as_ref().map(|failure| &failure.signature))
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn spend(
    conn: &mut PgConnection,
    event: &Event,
    run: &RunId,
    attempt: &AttemptId,
    spend: &Spend,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.attempts SET usd = swarm.plus(usd, $4), tokens_in = swarm.plus(tokens_in, $5),
                tokens_out = swarm.plus(tokens_out, $6), calls = swarm.plus(calls, $7)
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(run.as_str())
    .bind(attempt.as_str())
    .bind(whole(spend.usd.0))
    .bind(whole(spend.tokens_in))
    .bind(whole(spend.tokens_out))
    .bind(whole(spend.calls))
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The attempts of a run, or of one of its tickets, in the order in which they began.
    pub async fn attempts(
        &self,
        tenant: &TenantId,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<AttemptRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.attempts WHERE tenant = $1 AND run = $2 AND ($3::text IS NULL OR ticket = $3)
             ORDER BY started_at, ticket, number",
        )
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(ticket.map(TicketId::as_str))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}

//! Measures: how good the code of accepted attempts is.

use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    CommitId, Event, RunId, TenantId, TicketId,
    agent::Capability,
    quality::{AttemptQuality, Measures, Quality},
    ticket::Ticket,
};

use crate::{
    Result, Store,
    column::{Columns, to_json, whole},
    projection,
};

/// The newest measured attempts that are read.
const NEWEST: i64 = 5_000;

fn read(row: &PgRow) -> Result<AttemptQuality> {
    let columns = Columns::of("measures", row);
    let measures: Measures = columns.json("measures")?;
    let sent_back = columns.small("sent_back")?;
    let capability: Option<Capability> = columns.word_or_none("capability")?;
    let ticket: Ticket = columns.json("ticket_text")?;
    Ok(AttemptQuality {
        run: columns.id("run")?,
        ticket: columns.id("ticket")?,
        attempt: columns.id("attempt")?,
        commit: columns.id("commit")?,
        agent: columns.text("agent")?,
        model: columns.text("model")?,
        capability: capability.unwrap_or(ticket.capability),
        sent_back,
        quality: Quality::of(&measures, sent_back),
        measures,
        at: columns.time("at")?,
    })
}

/// Writes an [`EventBody::CodeMeasured`](swarm_domain::EventBody::CodeMeasured).
pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    commit: &CommitId,
    measures: &Measures,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.measures (tenant, seq, run, ticket, attempt, commit, measures, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(projection::attempt_of(event)?.as_str())
    .bind(commit.as_str())
    .bind(to_json("measures.measures", measures)?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The accepted attempts that were measured, with their scores: of all runs, of one, or of one of its tickets; the
    /// oldest first, bounded.
    pub async fn quality(
        &self,
        tenant: &TenantId,
        run: Option<&RunId>,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<AttemptQuality>> {
        if let Some(run) = run {
            // No such run is not a run without work.
            self.run(tenant, run).await?;
        }
        // An attempt with findings was sent back: by the validator, a reviewer, or the merge train later on.
        let rows = sqlx::query(
            "SELECT m.*, a.agent, a.model, a.capability, t.ticket AS ticket_text,
                    (SELECT count(DISTINCT f.attempt) FROM swarm.findings f
                     JOIN swarm.attempts b ON b.tenant = f.tenant AND b.run = f.run AND b.id = f.attempt
                     WHERE f.tenant = m.tenant AND f.run = m.run AND f.ticket = m.ticket AND b.number <= a.number)
                    AS sent_back
             FROM swarm.measures m
             JOIN swarm.attempts a ON a.tenant = m.tenant AND a.run = m.run AND a.id = m.attempt
             JOIN swarm.tickets t ON t.tenant = m.tenant AND t.run = m.run AND t.id = m.ticket
             WHERE m.tenant = $1 AND ($2::text IS NULL OR m.run = $2) AND ($3::text IS NULL OR m.ticket = $3)
               AND a.outcome::jsonb ->> 'outcome' = 'accepted'
             ORDER BY m.seq DESC LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(run.map(RunId::as_str))
        .bind(ticket.map(TicketId::as_str))
        .bind(NEWEST)
        .fetch_all(self.pool())
        .await?;
        rows.iter().rev().map(read).collect()
    }
}

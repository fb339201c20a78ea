//! The history: finished tickets, ended attempts and failures, read from the views as the domain's facts.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use swarm_domain::{
    RunId, TenantId,
    agent::Capability,
    attempt::AttemptOutcome,
    choice::Arm,
    failure::{Failure, FailureFact},
    history::{AttemptFact, TicketFact, WorkKind},
    ticket::Ticket,
};

use crate::{Result, Store, column::Columns};

/// The newest tickets that count.
const TICKETS: i64 = 1_000;
/// The newest attempts that count.
const ATTEMPTS: i64 = 5_000;
/// The newest failures that are read.
const FAILURES: i64 = 10_000;

/// Past work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The newest tickets that have settled, the oldest of them first.
    pub tickets: Vec<TicketFact>,
    /// The newest attempts that have ended, the oldest of them first.
    pub attempts: Vec<AttemptFact>,
}

/// Whether work counts whose replies were played back from a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recordings {
    /// It counts: to tell what was done.
    Counted,
    /// It does not: it tells nothing about time, money or how well a model does now.
    LeftOut,
}

fn ticket_fact(row: &PgRow) -> Result<TicketFact> {
    let columns = Columns::of("tickets", row);
    let ticket: Ticket = columns.json("ticket")?;
    Ok(TicketFact {
        run: columns.id("run")?,
        ticket: columns.id("id")?,
        kind: WorkKind::of(&ticket),
        spend: columns.spend()?,
        millis: columns.count("worked")?,
        attempts: columns.small("attempts")?,
        merged: columns.time_or_none("merged_at")?.is_some(),
        began_at: columns.time("began_at")?,
        ended_at: columns.time("ended_at")?,
    })
}

fn attempt_fact(row: &PgRow) -> Result<AttemptFact> {
    let columns = Columns::of("attempts", row);
    let ticket: Ticket = columns.json("ticket")?;
    let number = columns.small("number")?;
    // Logs from before it was written down: the first attempt is the author's, the others are the fixer's.
    let asked: Option<Capability> = columns.word_or_none("capability")?;
    let capability = asked.unwrap_or(if number <= 1 { ticket.capability } else { Capability::Fix });
    let outcome: AttemptOutcome = columns.json("outcome")?;
    Ok(AttemptFact {
        run: columns.id("run")?,
        attempt: columns.id("id")?,
        number,
        kind: WorkKind::of(&ticket).asked_of(capability),
        agent: columns.text("agent")?,
        model: columns.text("model")?,
        spend: columns.spend()?,
        millis: columns.count("worked")?,
        failure: Failure::of(&outcome).map(|failure| failure.class),
        began_at: columns.time("started_at")?,
    })
}

fn failure_fact(row: &PgRow) -> Result<FailureFact> {
    let columns = Columns::of("attempts", row);
    let outcome: AttemptOutcome = columns.json("outcome")?;
    Ok(FailureFact {
        class: columns.word("class")?,
        code: columns.text("code")?,
        signature: columns.text("signature")?,
        detail: Failure::of(&outcome).map(|failure| failure.detail).unwrap_or_default(),
        run: columns.id("run")?,
        ticket: columns.id("ticket")?,
        attempt: columns.id("id")?,
        usd: columns.spend()?.usd,
        at: columns.time("finished_at")?,
    })
}

impl Store {
    /// What was finished: bounded, the newest of all.
    pub async fn history(&self, tenant: &TenantId, recordings: Recordings) -> Result<History> {
        let with_recordings = recordings == Recordings::Counted;
        let tickets = sqlx::query(
            "SELECT t.*, a.attempts, a.worked, a.began_at, COALESCE(t.merged_at, t.updated_at) AS ended_at
             FROM swarm.tickets t
             CROSS JOIN LATERAL (
                 SELECT count(*) AS attempts, min(started_at) AS began_at,
                        sum(COALESCE(worked_ms, EXTRACT(EPOCH FROM (finished_at - started_at)) * 1000))::bigint AS worked
                 FROM swarm.attempts WHERE tenant = t.tenant AND run = t.run AND ticket = t.id AND outcome IS NOT NULL
             ) a
             WHERE t.tenant = $1 AND t.state IN ('merged', 'needs_person') AND a.attempts > 0
               AND ($2 OR NOT EXISTS (SELECT FROM swarm.model_calls m WHERE m.tenant = t.tenant AND m.run = t.run
                                      AND m.ticket = t.id AND m.recorded))
             ORDER BY ended_at DESC, t.run DESC, t.id DESC LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(with_recordings)
        .bind(TICKETS)
        .fetch_all(self.pool())
        .await?;
        let attempts = sqlx::query(
            "SELECT a.run, a.id, a.number, a.agent, a.model, a.capability, a.outcome, a.usd, a.tokens_in,
                    a.tokens_out, a.calls, a.started_at, t.ticket,
                    COALESCE(a.worked_ms, EXTRACT(EPOCH FROM (a.finished_at - a.started_at)) * 1000)::bigint AS worked
             FROM swarm.attempts a
             JOIN swarm.tickets t ON t.tenant = a.tenant AND t.run = a.run AND t.id = a.ticket
             WHERE a.tenant = $1 AND a.outcome IS NOT NULL
               AND ($2 OR NOT EXISTS (SELECT FROM swarm.model_calls m WHERE m.tenant = a.tenant AND m.run = a.run
                                      AND m.attempt = a.id AND m.recorded))
             ORDER BY a.started_at DESC, a.run DESC, a.id DESC LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(with_recordings)
        .bind(ATTEMPTS)
        .fetch_all(self.pool())
        .await?;
        Ok(History {
            tickets: tickets.iter().rev().map(ticket_fact).collect::<Result<_>>()?,
            attempts: attempts.iter().rev().map(attempt_fact).collect::<Result<_>>()?,
        })
    }

    /// The agents with the models that made at least `trials` attempts, counting those up to this number at a ticket;
    /// recordings left in. Cheap: to see whether reading the whole history is worth it.
    pub async fn arms_with(&self, tenant: &TenantId, up_to: u32, trials: u32) -> Result<Vec<Arm>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT agent, model FROM swarm.attempts WHERE tenant = $1 AND number <= $2 AND outcome IS NOT NULL
             GROUP BY agent, model HAVING count(*) >= $3 ORDER BY agent, model",
        )
        .bind(tenant.as_str())
        .bind(i64::from(up_to))
        .bind(i64::from(trials))
        .fetch_all(self.pool())
        .await?;
        Ok(rows.into_iter().map(|(agent, model)| Arm { agent, model }).collect())
    }

    /// The failed attempts, of all runs or of one, since a time; the newest first, bounded.
    pub async fn failures(
        &self,
        tenant: &TenantId,
        run: Option<&RunId>,
        since: Option<DateTime<Utc>>,
    ) -> Result<Vec<FailureFact>> {
        if let Some(run) = run {
            // No such run is not a run without failures.
            self.run(tenant, run).await?;
        }
        let rows = sqlx::query(
            "SELECT * FROM swarm.attempts WHERE tenant = $1 AND class IS NOT NULL
               AND ($2::text IS NULL OR run = $2) AND ($3::timestamptz IS NULL OR finished_at >= $3)
             ORDER BY finished_at DESC, run, id LIMIT $4",
        )
        .bind(tenant.as_str())
        .bind(run.map(RunId::as_str))
        .bind(since)
        .bind(FAILURES)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(failure_fact).collect()
    }
}

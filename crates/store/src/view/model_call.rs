//! Model calls: what was asked of which model, and what it cost.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    AttemptId, BlobHash, Event, EventBody, MicroUsd, RunId, TenantId, TicketId, budget::Spend,
    cache::CacheOutcome,
};

use super::{attempt, quota, run, ticket};
use crate::{
    Result, Store,
    column::{Columns, whole},
};

/// A model
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCallRow {
    /// The position of its event in the log.
    pub seq: u64,
    /// The run; absent for a call made while planning.
    pub run: Option<RunId>,
    /// The ticket, if it was made for one.
    pub ticket: Option<TicketId>,
    /// The attempt, if it was made in one.
    pub attempt: Option<AttemptId>,
    /// The agent that called.
    pub agent: String,
    /// The model that answered, as `provider/model`.
    pub model: String,
    /// The request.
    pub request: BlobHash,
    /// The reply.
    pub reply: BlobHash,
    /// What it cost.
    pub spend: Spend,
    /// Milliseconds from the request to the end of the reply.
    pub millis: u64,
    /// Whether the reply was played back.
    pub recorded: bool,
    /// What the cache of replies had to do with it.
    pub cache: Option<CacheOutcome>,
    /// When.
    pub at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<ModelCallRow> {
    let columns = Columns::of("model_calls", row);
    Ok(ModelCallRow {
        seq: columns.count("seq")?,
        run: columns.id_or_none("run")?,
        ticket: columns.id_or_none("ticket")?,
        attempt: columns.id_or_none("attempt")?,
        agent: columns.text("agent")?,
        model: columns.text("model")?,
        request: columns.id("request")?,
        reply: columns.id("reply")?,
        spend: columns.spend()?,
        millis: columns.count("millis")?,
        recorded: columns.flag("recorded")?,
        cache: cache(&columns)?,
        at: columns.time("at")?,
    })
}

fn cache(columns: &Columns<'_>) -> Result<Option<CacheOutcome>> {
    Ok(match columns.text_or_none("cache")?.as_deref() {
        None => None,
        Some("missed") => Some(CacheOutcome::Missed),
        Some("agreed") => Some(CacheOutcome::Agreed),
        Some("differed") => Some(CacheOutcome::Differed),
        Some(_) => {
            let usd = MicroUsd(columns.count("saved_usd")?);
            let (tokens_in, tokens_out) = (columns.count("saved_in")?, columns.count("saved_out")?);
            Some(CacheOutcome::Hit { saved: Spend { usd, tokens_in, tokens_out, calls: 1 } })
        }
    })
}

/// Writes an [`EventBody::ModelCalled`]. A call counts for everything that it was made for: its attempt, its ticket,
/// its run.
pub(crate) async fn add(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let EventBody::ModelCalled { agent, model, request, reply, spend, millis, recorded, cache } = &event.body
    else {
        return Ok(());
    };
    let saved = match cache {
        Some(CacheOutcome::Hit { saved }) => *saved,
        _ => Spend::default(),
    };
    let subject = &event.subject;
    sqlx::query(
        "INSERT INTO swarm.model_calls (tenant, seq, run, ticket, attempt, agent, model, request, reply, usd,
                                        tokens_in, tokens_out, calls, millis, recorded, at, cache, saved_usd,
                                        saved_in, saved_out)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(subject.run.as_ref().map(RunId::as_str))
    .bind(subject.ticket.as_ref().map(TicketId::as_str))
    .bind(subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(agent)
    .bind(model)
    .bind(request.as_str())
    .bind(reply.as_str())
    .bind(whole(spend.usd.0))
    .bind(whole(spend.tokens_in))
    .bind(whole(spend.tokens_out))
    .bind(whole(spend.calls))
    .bind(whole(*millis))
    .bind(recorded)
    .bind(event.at)
    .bind(cache.map(|cache| cache.name()))
    .bind(whole(saved.usd.0))
    .bind(whole(saved.tokens_in))
    .bind(whole(saved.tokens_out))
    .execute(&mut *conn)
    .await?;
    self::spend(conn, event, spend).await
}

/// Counts what model calls used for everything that they were made for.
pub(crate) async fn spend(conn: &mut PgConnection, event: &Event, spend: &Spend) -> Result<()> {
    quota::spend(conn, event, spend).await?;
    let subject = &event.subject;
    let Some(of_run) = &subject.run else { return Ok(()) };
    run::spend(conn, event, of_run, spend).await?;
    if let Some(of_ticket) = &subject.ticket {
        ticket::spend(conn, event, of_run, of_ticket, spend).await?;
    }
    if let Some(of_attempt) = &subject.attempt {
        attempt::spend(conn, event, of_run, of_attempt, spend).await?;
    }
    Ok(())
}

impl Store {
    /// The model calls of a run, or of one of its tickets, oldest first.
    pub async fn model_calls(
        &self,
        tenant: &TenantId,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<ModelCallRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.model_calls WHERE tenant = $1 AND run = $2 AND ($3::text IS NULL OR ticket = $3)
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

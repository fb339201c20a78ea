//! Tickets: where each piece of work of a run stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    CommitId, Event, RequirementId, RunId, TenantId, TicketId,
    budget::Spend,
    plan::Plan,
    ticket::{Ticket, TicketState},
};

use super::{not_found, run};
use crate::{
    Result, Store,
    column::{self, Columns, to_json, whole},
    projection,
};

/// A ticket of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketRow {
    /// Its id, the same in every run of the plan.
    pub id: TicketId,
    /// The run.
    pub run: RunId,
    /// The ticket as it was planned.
    pub ticket: Ticket,
    /// Where it stands, with the problem where it needs a person.
    pub state: TicketState,
    /// The number of the newest attempt; 0 before the first.
    pub attempt: u32,
    /// The agent of the newest attempt.
    pub agent: Option<String>,
    /// What that agent did last, in a few words; absent when the state has changed since.
    pub step: Option<String>,
    /// What its model calls have cost.
    pub spend: Spend,
    /// The requirements of it that are merged as a checkpoint, before the whole of it is.
    pub checkpoint: Vec<RequirementId>,
    /// The commit on the run's branch, once it or a checkpoint of it is merged.
    pub merged: Option<CommitId>,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
    /// The earlier run that did the work, where nobody had to do it again.
    pub carried: Option<RunId>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<TicketRow> {
    let columns = Columns::of("tickets", row);
    Ok(TicketRow {
        id: columns.id("id")?,
        run: columns.id("run")?,
        ticket: columns.json("ticket")?,
        state: columns.state()?,
        attempt: columns.small("attempt")?,
        agent: columns.text_or_none("agent")?,
        step: columns.text_or_none("step")?,
        spend: columns.spend()?,
        checkpoint: columns.ids("checkpoint")?,
        merged: columns.id_or_none("merged")?,
        merged_at: columns.time_or_none("merged_at")?,
        carried: columns.id_or_none("carried")?,
        updated_at: columns.time("updated_at")?,
    })
}

/// A run begins with all tickets of its plan, waiting.
pub(crate) async fn add_all(conn: &mut PgConnection, event: &Event, plan: &Plan) -> Result<()> {
    let run = projection::run_of(event)?;
    for (position, ticket) in plan.tickets.iter().enumerate() {
        let requirements: Vec<&str> = ticket.requirements.iter().map(RequirementId::as_str).collect();
        sqlx::query(
            "INSERT INTO swarm.tickets (tenant, run, id, position, ticket, requirements, state, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(event.tenant.as_str())
        .bind(run.as_str())
        .bind(ticket.id.as_str())
        .bind(whole(position as u64))
        .bind(to_json("tickets.ticket", ticket)?)
        .bind(requirements)
        .bind(TicketState::Waiting.name())
        .bind(event.at)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(crate) async fn change_state(conn: &mut PgConnection, event: &Event, to: &TicketState) -> Result<()> {
    let problem = match to {
        TicketState::NeedsPerson { problem } => Some(problem),
        _ => None,
    };
    sqlx::query(
        "UPDATE swarm.tickets SET state = $4, problem = $5, step = NULL, updated_at = $6
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(to.name())
    .bind(column::problem(problem)?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn begin_attempt(
    conn: &mut PgConnection,
    event: &Event,
    number: u32,
    agent: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.tickets SET attempt = $4, agent = $5, step = NULL, updated_at = $6
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(i64::from(number))
    .bind(agent)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// What the agent at work just did.
pub(crate) async fn step(conn: &mut PgConnection, event: &Event, tool: &str, about: &str) -> Result<()> {
    let (Some(run), Some(ticket)) = (&event.subject.run, &event.subject.ticket) else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE swarm.tickets SET step = $4, updated_at = $5 WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(run.as_str())
    .bind(ticket.as_str())
    .bind(format!("{tool} {about}").trim_end())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn spend(
    conn: &mut PgConnection,
    event: &Event,
    run: &RunId,
    ticket: &TicketId,
    spend: &Spend,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.tickets SET usd = swarm.plus(usd, $4), tokens_in = swarm.plus(tokens_in, $5),
                tokens_out = swarm.plus(tokens_out, $6), calls = swarm.plus(calls, $7), updated_at = $8
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(run.as_str())
    .bind(ticket.as_str())
    .bind(whole(spend.usd.0))
    .bind(whole(spend.tokens_in))
    .bind(whole(spend.tokens_out))
    .bind(whole(spend.calls))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn merge(conn: &mut PgConnection, event: &Event, commit: &CommitId) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.tickets SET merged = $4, merged_at = $5, updated_at = $5
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(commit.as_str())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// These requirements of a ticket are proven on the branch; the ticket stays where it stands.
pub(crate) async fn checkpoint(
    conn: &mut PgConnection,
    event: &Event,
    requirements: &[RequirementId],
) -> Result<()> {
    let proven: Vec<&str> = requirements.iter().map(RequirementId::as_str).collect();
    sqlx::query(
        "UPDATE swarm.tickets SET checkpoint = $4, updated_at = $5 WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(proven)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// What an earlier run did is as good as merged here.
pub(crate) async fn carry(
    conn: &mut PgConnection,
    event: &Event,
    from: &RunId,
    commit: &CommitId,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.tickets SET state = $4, carried = $5, merged = $6, merged_at = $7, updated_at = $7
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(TicketState::Merged.name())
    .bind(from.as_str())
    .bind(commit.as_str())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// What was carried has to be done after all.
pub(crate) async fn reopen(conn: &mut PgConnection, event: &Event) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.tickets SET state = $4, carried = NULL, merged = NULL, merged_at = NULL, updated_at = $5
         WHERE tenant = $1 AND run = $2 AND id = $3",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(TicketState::Waiting.name())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The tickets of a run, as this transaction sees them.
pub(crate) async fn of_run(
    conn: &mut PgConnection,
    tenant: &TenantId,
    run: &RunId,
) -> Result<Vec<TicketRow>> {
    let rows = sqlx::query("SELECT * FROM swarm.tickets WHERE tenant = $1 AND run = $2 ORDER BY position")
        .bind(tenant.as_str())
        .bind(run.as_str())
        .fetch_all(&mut *conn)
        .await?;
    if rows.is_empty() {
        // No such run is not a run without tickets.
        run::find(conn, tenant, run).await?;
    }
    rows.iter().map(read).collect()
}

/// One ticket, as this transaction sees it.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    run: &RunId,
    id: &TicketId,
) -> Result<TicketRow> {
    let row = sqlx::query("SELECT * FROM swarm.tickets WHERE tenant = $1 AND run = $2 AND id = $3")
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    read(&row.ok_or_else(|| not_found("ticket", format!("{run}/{id}")))?)
}

impl Store {
    /// The tickets of a run, in the order of its plan.
    pub async fn tickets(&self, tenant: &TenantId, run: &RunId) -> Result<Vec<TicketRow>> {
        let mut conn = self.pool().acquire().await?;
        of_run(&mut conn, tenant, run).await
    }

    /// One ticket of a run.
    pub async fn ticket(&self, tenant: &TenantId, run: &RunId, id: &TicketId) -> Result<TicketRow> {
        let mut conn = self.pool().acquire().await?;
        find(&mut conn, tenant, run, id).await
    }
}

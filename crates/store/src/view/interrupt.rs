//! Questions to people: what was asked, where it stands, and whether an event about one may follow. Asked behind the
//! lock of the chain, so that of two answers at once just one counts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Actor, AttemptId, Event, EventBody, InterruptId, ProjectId, RunId, Subject, TenantId, TicketId,
    interrupt::{Interrupt, InterruptRefusal, InterruptState, Standing, Timer},
    notification::Routed,
    ticket::Risk,
};

use super::{not_found, run, ticket};
use crate::{
    Result, Store, StoreError,
    column::{Columns, to_json, to_word},
    projection,
};

/// A question to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptRow {
    /// What is asked.
    pub interrupt: Interrupt,
    /// Where it stands.
    pub standing: Standing,
    /// The project.
    pub project: ProjectId,
    /// The run that asks.
    pub run: RunId,
    /// The ticket that it is about; none where it is about the run as a whole.
    pub ticket: Option<TicketId>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// When it was asked.
    pub raised_at: DateTime<Utc>,
    /// To whom it went first, and why; none where that was not decided yet.
    #[serde(default)]
    pub routed: Option<Vec<Routed>>,
}

/// Which questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterruptQuery {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only in this state.
    pub state: Option<InterruptState>,
    /// Only from this risk on.
    pub risk: Risk,
    /// Only those that were asked no later.
    pub raised_until: Option<DateTime<Utc>>,
    /// At most so many.
    pub limit: u32,
}

impl InterruptRow {
    /// What an event about it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            project: Some(self.project.clone()),
            run: Some(self.run.clone()),
            ticket: self.ticket.clone(),
            attempt: self.attempt.clone(),
        }
    }

    /// What is due now.
    #[must_use]
    pub fn timer(&self, now: DateTime<Utc>) -> Option<Timer> {
        self.standing.timer(&self.interrupt, self.raised_at, now)
    }
}

fn read(row: &PgRow) -> Result<InterruptRow> {
    let columns = Columns::of("interrupts", row);
    Ok(InterruptRow {
        interrupt: columns.json("interrupt")?,
        standing: columns.json("standing")?,
        project: columns.id("project")?,
        run: columns.id("run")?,
        ticket: columns.id_or_none("ticket")?,
        attempt: columns.id_or_none("attempt")?,
        raised_at: columns.time("raised_at")?,
        routed: columns.json_or_none("routed")?,
    })
}

/// One question, as this transaction sees it.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &InterruptId,
) -> Result<InterruptRow> {
    let row = sqlx::query("SELECT * FROM swarm.interrupts WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(conn)
        .await?;
    read(&row.ok_or_else(|| not_found("question", id))?)
}

/// Writes a question.
pub(crate) async fn raise(conn: &mut PgConnection, event: &Event, interrupt: &Interrupt) -> Result<()> {
    let standing = Standing::default();
    sqlx::query(
        "INSERT INTO swarm.interrupts (tenant, id, project, run, ticket, attempt, kind, risk, state, interrupt,
                                       standing, raised_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(event.tenant.as_str())
    .bind(interrupt.id.as_str())
    .bind(projection::project_of(event)?.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(event.subject.ticket.as_ref().map(TicketId::as_str))
    .bind(event.subject.attempt.as_ref().map(AttemptId::as_str))
    .bind(to_word("interrupts.kind", &interrupt.kind)?)
    .bind(to_word("interrupts.risk", &interrupt.risk)?)
    .bind(to_word("interrupts.state", &standing.state)?)
    .bind(to_json("interrupts.interrupt", interrupt)?)
    .bind(to_json("interrupts.standing", &standing)?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what an event does to a question.
pub(crate) async fn change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let Some(id) = about(&event.body) else { return Ok(()) };
    if let EventBody::InterruptRouted { to, .. } = &event.body {
        return route(conn, &event.tenant, id, to).await;
    }
    let row = find(conn, &event.tenant, id).await?;
    let standing = row.standing;
    let standing = match &event.body {
        EventBody::InterruptAnswered { response, .. } => {
            standing.answered(&row.interrupt, name(&event.actor), response, event.at)
        }
        EventBody::InterruptDelegated { to, .. } => standing.handed(to),
        body => match timer(body) {
            Some(timer) => standing.timed(&timer, event.at),
            None => standing,
        },
    };
    if standing.state != InterruptState::Waiting {
        ticket::step(conn, event, standing.state.name(), "").await?;
    }
    write(conn, &event.tenant, id, &standing).await
}

/// Takes back what waits for an answer and is about what was given up: the ticket's questions, and those of the run
/// where nothing of it is left to do.
pub(crate) async fn withdraw(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let rows = sqlx::query(
        "SELECT * FROM swarm.interrupts i WHERE tenant = $1 AND run = $2 AND state = 'waiting' AND (
             $3::text IS NULL OR ticket = $3 OR (ticket IS NULL AND NOT EXISTS (
                 SELECT FROM swarm.tickets t WHERE t.tenant = $1 AND t.run = $2
                 AND t.state NOT IN ('merged', 'needs_person', 'cancelled'))))",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(event.subject.ticket.as_ref().map(TicketId::as_str))
    .fetch_all(&mut *conn)
    .await?;
    for row in &rows {
        let row = read(row)?;
        write(conn, &event.tenant, &row.interrupt.id, &row.standing.withdrawn(event.at)).await?;
    }
    Ok(())
}

async fn route(conn: &mut PgConnection, tenant: &TenantId, id: &InterruptId, to: &[Routed]) -> Result<()> {
    sqlx::query("UPDATE swarm.interrupts SET routed = $3 WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(to_json("interrupts.routed", &to)?)
        .execute(conn)
        .await?;
    Ok(())
}

async fn write(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &InterruptId,
    standing: &Standing,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.interrupts SET state = $3, standing = $4, settled_at = $5 WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .bind(to_word("interrupts.state", &standing.state)?)
    .bind(to_json("interrupts.standing", standing)?)
    .bind(standing.settled_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The question that an event changes.
fn about(body: &EventBody) -> Option<&InterruptId> {
    match body {
        EventBody::InterruptRouted { interrupt, .. }
        | EventBody::InterruptAnswered { interrupt, .. }
        | EventBody::InterruptDelegated { interrupt, .. }
        | EventBody::InterruptReminded { interrupt, .. }
        | EventBody::InterruptEscalated { interrupt, .. }
        | EventBody::InterruptExpired { interrupt, .. } => Some(interrupt),
        _ => None,
    }
}

/// What time did, where it was that.
fn timer(body: &EventBody) -> Option<Timer> {
    match body {
        EventBody::InterruptReminded { number, .. } => Some(Timer::Remind(*number)),
        EventBody::InterruptEscalated { number, to, .. } => Some(Timer::Escalate(*number, to.clone())),
        EventBody::InterruptExpired { accepted, .. } => Some(Timer::Expire(*accepted)),
        _ => None,
    }
}

fn name(actor: &Actor) -> &str {
    match actor {
        Actor::Person { name } | Actor::Agent { name } => name,
        Actor::System { part } => part,
    }
}

/// Whether an event about a question may follow.
pub(crate) async fn may_follow(conn: &mut PgConnection, event: &Event) -> Result<()> {
    if let EventBody::InterruptRaised { interrupt } = &event.body {
        return may_be_raised(conn, event, interrupt).await;
    }
    let Some(id) = about(&event.body) else { return Ok(()) };
    let InterruptRow { interrupt, standing, raised_at, routed, .. } = find(conn, &event.tenant, id).await?;
    let person = || match &event.actor {
        Actor::Person { name } => Ok(name),
        _ => Err(InterruptRefusal::NoPerson),
    };
    match &event.body {
        EventBody::InterruptAnswered { response, .. } => {
            standing.takes(&interrupt, raised_at, person()?, response, event.at)?;
        }
        EventBody::InterruptDelegated { to, .. } => {
            standing.hands(&interrupt, raised_at, person()?, to, event.at)?;
        }
        EventBody::InterruptRouted { .. } if routed.is_some() => {
            return Err(StoreError::Exists { kind: "routing of question", id: id.to_string() });
        }
        EventBody::InterruptRouted { .. } => {}
        // An answer came in the moment before, or more time went by: who keeps the time looks again.
        body if timer(body) != standing.timer(&interrupt, raised_at, event.at) => {
            return Err(StoreError::NotAllowed {
                what: format!("question {id}"),
                from: standing.state.name(),
                to: event.body.name(),
            });
        }
        _ => {}
    }
    Ok(())
}

/// What was given up is not asked about.
async fn may_be_raised(conn: &mut PgConnection, event: &Event, interrupt: &Interrupt) -> Result<()> {
    let of_run = projection::run_of(event)?;
    let not_allowed = |what: String, from| StoreError::NotAllowed { what, from, to: "asked about" };
    match find(conn, &event.tenant, &interrupt.id).await {
        Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error),
        Ok(_) => return Err(StoreError::Exists { kind: "question", id: interrupt.id.to_string() }),
    }
    let row = run::find(conn, &event.tenant, of_run).await?;
    if row.state.is_settled() {
        return Err(not_allowed(format!("run {of_run}"), row.state.name()));
    }
    if let Some(id) = &event.subject.ticket {
        let row = ticket::find(conn, &event.tenant, of_run, id).await?;
        return if row.state.is_settled() {
            Err(not_allowed(format!("ticket {id}"), row.state.name()))
        } else {
            Ok(())
        };
    }
    let open: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM swarm.tickets WHERE tenant = $1 AND run = $2
             AND state NOT IN ('merged', 'needs_person', 'cancelled'))",
    )
    .bind(event.tenant.as_str())
    .bind(of_run.as_str())
    .fetch_one(conn)
    .await?;
    if open { Ok(()) } else { Err(not_allowed(format!("run {of_run}"), "given up")) }
}

/// Whether people accepted a run's plan with something else than was asked.
pub(crate) async fn plan_was_edited(conn: &mut PgConnection, tenant: &TenantId, run: &RunId) -> Result<bool> {
    let edited = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM swarm.interrupts WHERE tenant = $1 AND run = $2 AND kind = 'plan_review'
             AND state = 'accepted' AND standing::jsonb ->> 'edit' IS NOT NULL)",
    )
    .bind(tenant.as_str())
    .bind(run.as_str())
    .fetch_one(conn)
    .await?;
    Ok(edited)
}

impl Store {
    /// One question.
    pub async fn interrupt(&self, tenant: &TenantId, id: &InterruptId) -> Result<InterruptRow> {
        find(&mut *self.pool().acquire().await?, tenant, id).await
    }

    /// The questions, those of the highest risk first, and of these the oldest.
    pub async fn interrupts(&self, tenant: &TenantId, which: &InterruptQuery) -> Result<Vec<InterruptRow>> {
        let risks: Vec<String> = [Risk::Low, Risk::Medium, Risk::High]
            .into_iter()
            .filter(|risk| *risk >= which.risk)
            .map(|risk| risk.to_string())
            .collect();
        let rows = sqlx::query(
            "SELECT * FROM swarm.interrupts
             WHERE tenant = $1 AND ($2::text IS NULL OR run = $2) AND ($3::text IS NULL OR state = $3)
               AND risk = ANY ($4) AND ($5::timestamptz IS NULL OR raised_at <= $5)
             ORDER BY array_position(ARRAY['high', 'medium', 'low'], risk), raised_at, id LIMIT $6",
        )
        .bind(tenant.as_str())
        .bind(which.run.as_ref().map(RunId::as_str))
        .bind(which.state.map(InterruptState::name))
        .bind(risks)
        .bind(which.raised_until)
        .bind(i64::from(which.limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}

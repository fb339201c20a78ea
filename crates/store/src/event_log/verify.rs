//! Proving that a log is whole: every event hashed again, from the first to the last.

use serde::Serialize;
use sqlx::PgConnection;
use swarm_domain::TenantId;

use super::sealed::{self, GENESIS, read_event};
use crate::{
    Result, Store,
    audit::{self, Fault, FaultKind, Signed},
    column::{count, whole},
};

/// How many events are held in memory at once.
const PAGE: i64 = 500;

/// What a check of a tenant's log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainReport {
    /// How many events were found in order.
    pub events: u64,
    /// The hash of the last of them. Kept elsewhere, it proves later that nothing before it was changed, not even by
    /// somebody who can write every table here.
    pub head: String,
    /// How many signed checkpoints fit.
    pub checkpoints: u64,
    /// How many events they cover. Those behind are signed with the next checkpoint.
    pub signed: u64,
    /// The first place where the log is not what was appended, or not what was signed.
    pub first_bad: Option<Fault>,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: chrono::DateTime<chrono::Utc>,
    r#type: String,
    key: String,
    project: Option<String>,
    run: Option<String>,
    ticket: Option<String>,
    text: String,
    prev: String,
    hash: String,
}

impl Store {
    /// Checks a tenant's log: events that were changed, removed, put in another order or slipped in are found, and, by
    /// the checkpoints, a chain that was rewritten as a whole.
    pub async fn verify(&self, tenant: &TenantId) -> Result<ChainReport> {
        let witness = self.witness(tenant).await?;
        let mut tx = self.pool().begin().await?;
        // One moment of the log, however long this takes and whatever is appended meanwhile.
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
        let mut report = check_chain(&mut tx, tenant).await?;
        let (Signed { checkpoints, events }, fault) = audit::check(&mut tx, tenant, &witness).await?;
        (report.checkpoints, report.signed) = (checkpoints, events);
        // What is wrong with the chain itself says more than that it is not the one that was signed.
        report.first_bad = report.first_bad.or(fault);
        Ok(report)
    }
}

/// Checks a log as this transaction sees it.
pub(crate) async fn check_chain(conn: &mut PgConnection, tenant: &TenantId) -> Result<ChainReport> {
    let mut report =
        ChainReport { events: 0, head: GENESIS.to_owned(), checkpoints: 0, signed: 0, first_bad: None };
    while report.first_bad.is_none() {
        let rows = page(conn, tenant, report.events).await?;
        if rows.is_empty() {
            report.first_bad = compare_with_chain(conn, tenant, &report).await?;
            break;
        }
        for row in rows {
            if let Err((kind, reason)) = check(tenant, &report, &row) {
                report.first_bad = Some(kind.at(report.events + 1, reason));
                break;
            }
            report.events += 1;
            report.head = row.hash;
        }
    }
    Ok(report)
}

async fn page(conn: &mut PgConnection, tenant: &TenantId, after: u64) -> Result<Vec<Row>> {
    let rows = sqlx::query_as::<_, Row>(
        "SELECT seq, at, type, key, project, run, ticket, text, prev, hash FROM swarm.events
         WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(whole(after))
    .bind(PAGE)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

fn check(tenant: &TenantId, sound: &ChainReport, row: &Row) -> Result<(), (FaultKind, String)> {
    let seq = sound.events + 1;
    if count(row.seq) != seq {
        return Err((FaultKind::Missing, format!("the event is missing: the next one is {}", row.seq)));
    }
    if row.prev != sound.head {
        let reason = "it does not follow the event before it: one was changed, moved or slipped in";
        return Err((FaultKind::Unlinked, reason.to_owned()));
    }
    if sealed::hash(&row.prev, &row.text) != row.hash {
        return Err((FaultKind::Changed, "its text was changed: it does not have its hash".to_owned()));
    }
    let event = read_event(&row.text, String::new(), String::new())
        .map_err(|e| (FaultKind::Unreadable, format!("it cannot be read: {e}")))?;
    let subject = &event.subject;
    let differs = [
        ("tenant", event.tenant != *tenant),
        ("seq", event.seq != seq),
        ("at", event.at != row.at),
        ("key", sealed::read_key(&row.text).ok().as_ref() != Some(&row.key)),
        ("type", event.body.name() != row.r#type),
        ("project", subject.project.as_ref().map(swarm_domain::ProjectId::as_str) != row.project.as_deref()),
        ("run", subject.run.as_ref().map(swarm_domain::RunId::as_str) != row.run.as_deref()),
        ("ticket", subject.ticket.as_ref().map(swarm_domain::TicketId::as_str) != row.ticket.as_deref()),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((column, _)) => {
            Err((FaultKind::Changed, format!("the column `{column}` does not say what the event says")))
        }
        None => Ok(()),
    }
}

/// What is cut off at the end leaves a whole chain behind, but not the one that the chain's own row remembers.
async fn compare_with_chain(
    conn: &mut PgConnection,
    tenant: &TenantId,
    found: &ChainReport,
) -> Result<Option<Fault>> {
    let row: Option<(String, i64)> = sqlx::query_as("SELECT head, count FROM swarm.chains WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(conn)
        .await?;
    let (head, counted) =
        row.map_or_else(|| (GENESIS.to_owned(), 0), |(head, counted)| (head, count(counted)));
    let next = found.events + 1;
    Ok(if counted > found.events {
        Some(FaultKind::Missing.at(next, format!("the event is missing: {counted} were appended")))
    } else if counted < found.events {
        let reason = format!("the event was slipped in: only {counted} were appended");
        Some(FaultKind::Unlinked.at(counted + 1, reason))
    } else if head != found.head {
        Some(FaultKind::Unlinked.at(found.events, "it is not the event that was appended last"))
    } else {
        None
    })
}

//! Alerts: which go on, and which there were.

use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, EventBody, TenantId,
    alert::{Alert, AlertKind},
};

use super::not_found;
use crate::{
    Result, Store, StoreError,
    column::{Columns, whole},
};

/// The newest that are read.
const NEWEST: i64 = 200;

fn read(row: &PgRow) -> Result<Alert> {
    let columns = Columns::of("alerts", row);
    Ok(Alert {
        kind: columns.word("alert")?,
        value: columns.count("value")?,
        bound: columns.count("bound")?,
        words: columns.text("words")?,
        raised_at: columns.time("raised_at")?,
        ended_at: columns.time_or_none("ended_at")?,
    })
}

/// Writes what an event says of an alert.
pub(crate) async fn change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::AlertRaised { alert, value, bound, words } => {
            sqlx::query(
                "INSERT INTO swarm.alerts (tenant, seq, alert, value, bound, words, raised_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(event.tenant.as_str())
            .bind(whole(event.seq))
            .bind(alert.word())
            .bind(whole(*value))
            .bind(whole(*bound))
            .bind(words)
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        EventBody::AlertEnded { alert, .. } => {
            sqlx::query(
                "UPDATE swarm.alerts SET ended_at = $3 WHERE tenant = $1 AND alert = $2 AND ended_at IS NULL",
            )
            .bind(event.tenant.as_str())
            .bind(alert.word())
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// An alert is raised where it does not go on, and ends where it does: of several processes that look, one is heard.
pub(crate) async fn may_change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let (alert, raises) = match &event.body {
        EventBody::AlertRaised { alert, .. } => (alert, true),
        EventBody::AlertEnded { alert, .. } => (alert, false),
        _ => return Ok(()),
    };
    match (is_open(conn, &event.tenant, *alert).await?, raises) {
        (true, true) => Err(StoreError::Exists { kind: "alert", id: alert.to_string() }),
        (false, false) => Err(not_found("alert", alert)),
        _ => Ok(()),
    }
}

async fn is_open(conn: &mut PgConnection, tenant: &TenantId, alert: AlertKind) -> Result<bool> {
    let open = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM swarm.alerts WHERE tenant = $1 AND alert = $2 AND ended_at IS NULL)",
    )
    .bind(tenant.as_str())
    .bind(alert.word())
    .fetch_one(conn)
    .await?;
    Ok(open)
}

impl Store {
    /// Alerts: those that go on first, then the newest of those that ended, bounded.
    pub async fn alerts(&self, tenant: &TenantId) -> Result<Vec<Alert>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.alerts WHERE tenant = $1 ORDER BY ended_at DESC NULLS FIRST, seq DESC LIMIT $2",
        )
        .bind(tenant.as_str())
        .bind(NEWEST)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}

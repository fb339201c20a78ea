//! Legal holds.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, HoldId, TenantId,
    audit::{HoldScope, who},
};

use super::not_found;
use crate::{Result, Store, StoreError, column::Columns};

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldRow {
    /// Its name.
    pub id: HoldId,
    /// What it is about.
    pub scope: HoldScope,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub set_by: String,
    /// When.
    pub set_at: DateTime<Utc>,
    /// Who lifted it; absent while it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<DateTime<Utc>>,
}

impl HoldRow {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lifted_at.is_none()
    }
}

fn read(row: &PgRow) -> Result<HoldRow> {
    let columns = Columns::of("holds", row);
    let (kind, target) = (columns.text("scope")?, columns.text("target")?);
    let scope = HoldScope::read(&kind, &target)
        .ok_or_else(|| StoreError::corrupt("holds.scope", format!("`{kind}` is no scope")))?
        .map_err(|error| StoreError::corrupt("holds.target", error))?;
    Ok(HoldRow {
        id: columns.id("id")?,
        scope,
        reason: columns.text("reason")?,
        set_by: columns.text("set_by")?,
        set_at: columns.time("set_at")?,
        lifted_by: columns.text_or_none("lifted_by")?,
        lifted_at: columns.time_or_none("lifted_at")?,
    })
}

pub(crate) async fn set(
    conn: &mut PgConnection,
    event: &Event,
    hold: &HoldId,
    scope: &HoldScope,
    reason: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.holds (tenant, id, scope, target, reason, set_by, set_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.tenant.as_str())
    .bind(hold.as_str())
    .bind(scope.kind())
    .bind(scope.target())
    .bind(reason)
    .bind(who(&event.actor))
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn lift(conn: &mut PgConnection, event: &Event, hold: &HoldId) -> Result<()> {
    sqlx::query("UPDATE swarm.holds SET lifted_by = $3, lifted_at = $4 WHERE tenant = $1 AND id = $2")
        .bind(event.tenant.as_str())
        .bind(hold.as_str())
        .bind(who(&event.actor))
        .bind(event.at)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut PgConnection, tenant: &TenantId, hold: &HoldId) -> Result<HoldRow> {
    let row = sqlx::query("SELECT * FROM swarm.holds WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(hold.as_str())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()?.ok_or_else(|| not_found("hold", hold))
}

impl Store {
    /// The legal holds of a tenant, the lifted ones too, the newest first.
    pub async fn holds(&self, tenant: &TenantId) -> Result<Vec<HoldRow>> {
        let rows =
            sqlx::query("SELECT * FROM swarm.holds WHERE tenant = $1 ORDER BY set_at DESC, id LIMIT 1000")
                .bind(tenant.as_str())
                .fetch_all(self.pool())
                .await?;
        rows.iter().map(read).collect()
    }

    /// One legal hold.
    pub async fn hold(&self, tenant: &TenantId, hold: &HoldId) -> Result<HoldRow> {
        let mut conn = self.pool().acquire().await?;
        find(&mut conn, tenant, hold).await
    }
}

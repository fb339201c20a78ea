//! Secrets: what they are for, which versions there are, when they were used. Never a value.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, EventBody, TenantId,
    secret::{Issued, SecretId, SecretRecord, SecretVersion, rotated},
};

use super::not_found;
use crate::{
    Result, Store,
    column::{Columns, to_json},
};

/// A secret, and its use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRow {
    /// What is known of it.
    pub record: SecretRecord,
    /// When it was last put into a request.
    pub used_at: Option<DateTime<Utc>>,
    /// How often it was.
    pub uses: u64,
}

fn read(row: &PgRow) -> Result<SecretRow> {
    let columns = Columns::of("secrets", row);
    let project = if columns.text("scope")?.is_empty() { None } else { Some(columns.id("scope")?) };
    Ok(SecretRow {
        record: SecretRecord {
            id: SecretId { name: columns.id("name")?, project },
            hosts: columns.json("hosts")?,
            placement: columns.word("placement")?,
            versions: columns.json("versions")?,
            created_at: columns.time("created_at")?,
            rotated_at: columns.time_or_none("rotated_at")?,
        },
        used_at: columns.time_or_none("used_at")?,
        uses: columns.count("uses")?,
    })
}

/// Writes what an event says of a secret.
pub(crate) async fn change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::SecretSet { secret, version, reference, expires, hosts, placement } => {
            let issued = Issued { reference: reference.clone(), expires: *expires };
            let versions = [SecretVersion::issued(*version, event.at, issued)];
            sqlx::query(
                "INSERT INTO swarm.secrets (tenant, scope, name, hosts, placement, versions, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (tenant, scope, name)
                 DO UPDATE SET hosts = $4, placement = $5, versions = $6, rotated_at = NULL",
            )
            .bind(event.tenant.as_str())
            .bind(secret.scope())
            .bind(secret.name.as_str())
            .bind(to_json("secrets.hosts", hosts)?)
            .bind(placement.to_string())
            .bind(to_json("secrets.versions", &versions)?)
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        EventBody::SecretRotated { secret, version, window_seconds, reference, expires } => {
            let issued = Issued { reference: reference.clone(), expires: *expires };
            let row = find(conn, &event.tenant, secret).await?;
            let versions = rotated(&row.record.versions, event.at, *window_seconds, *version, issued);
            sqlx::query(
                "UPDATE swarm.secrets SET versions = $4, rotated_at = $5
                 WHERE tenant = $1 AND scope = $2 AND name = $3",
            )
            .bind(event.tenant.as_str())
            .bind(secret.scope())
            .bind(secret.name.as_str())
            .bind(to_json("secrets.versions", &versions)?)
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        EventBody::SecretRemoved { secret } => {
            sqlx::query("DELETE FROM swarm.secrets WHERE tenant = $1 AND scope = $2 AND name = $3")
                .bind(event.tenant.as_str())
                .bind(secret.scope())
                .bind(secret.name.as_str())
                .execute(conn)
                .await?;
        }
        EventBody::SecretUsed { secret, .. } => {
            sqlx::query(
                "UPDATE swarm.secrets SET used_at = $4, uses = uses + 1
                 WHERE tenant = $1 AND scope = $2 AND name = $3",
            )
            .bind(event.tenant.as_str())
            .bind(secret.scope())
            .bind(secret.name.as_str())
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// One secret, as this transaction sees it.
pub(crate) async fn find(conn: &mut PgConnection, tenant: &TenantId, id: &SecretId) -> Result<SecretRow> {
    let row = sqlx::query("SELECT * FROM swarm.secrets WHERE tenant = $1 AND scope = $2 AND name = $3")
        .bind(tenant.as_str())
        .bind(id.scope())
        .bind(id.name.as_str())
        .fetch_optional(conn)
        .await?;
    read(&row.ok_or_else(|| not_found("secret", id))?)
}

impl Store {
    /// The secrets, those for all projects first, by name.
    pub async fn secrets(&self, tenant: &TenantId) -> Result<Vec<SecretRow>> {
        let rows = sqlx::query("SELECT * FROM swarm.secrets WHERE tenant = $1 ORDER BY scope, name")
            .bind(tenant.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read).collect()
    }

    /// One secret.
    pub async fn secret(&self, tenant: &TenantId, id: &SecretId) -> Result<SecretRow> {
        find(&mut *self.pool().acquire().await?, tenant, id).await
    }
}

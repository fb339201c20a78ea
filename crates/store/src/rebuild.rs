//! Drawing every view again from the log, and proving that they come out the same.

use futures::TryStreamExt;
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection};
use swarm_domain::TenantId;

use crate::{
    Result, Store, StoreError,
    column::whole,
    event_log::{EventRow, check_chain},
    projection,
};

/// How many events are held in memory at once.
const PAGE: u32 = 500;

/// What a rebuild found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RebuildReport {
    /// How many events the views were drawn from.
    pub events: u64,
    /// The tables, each before and after.
    pub tables: Vec<RebuiltTable>,
}

impl RebuildReport {
    /// The tables that did not say what the log says. They do now.
    pub fn differing(&self) -> impl Iterator<Item = &RebuiltTable> {
        self.tables.iter().filter(|table| table.before != table.after)
    }
}

/// A table before and after a rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RebuiltTable {
    /// Its name.
    pub table: String,
    /// What it held.
    pub before: TableHash,
    /// What it holds.
    pub after: TableHash,
}

/// What a table holds, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableHash {
    /// How many rows.
    pub rows: u64,
    /// BLAKE3 of all of them.
    pub hash: String,
}

impl Store {
    /// Draws a tenant's views again from its log: all of them, or none where the log is broken. Readers see the old
    /// views until the new ones are complete; appends wait.
    pub async fn rebuild(&self, tenant: &TenantId) -> Result<RebuildReport> {
        let mut tx = self.pool().begin().await?;
        sqlx::query("SELECT FROM swarm.chains WHERE tenant = $1 FOR UPDATE")
            .bind(tenant.as_str())
            .execute(&mut *tx)
            .await?;
        let chain = check_chain(&mut tx, tenant).await?;
        if let Some(bad) = chain.first_bad {
            return Err(StoreError::corrupt(format!("event {} of {tenant}", bad.seq), bad.reason));
        }
        let before = hashes(&mut tx, tenant).await?;
        for table in projection::TABLES {
            let query = AssertSqlSafe(format!("DELETE FROM swarm.{table} WHERE tenant = $1"));
            sqlx::query(query).bind(tenant.as_str()).execute(&mut *tx).await?;
        }
        replay(&mut tx, tenant).await?;
        let after = hashes(&mut tx, tenant).await?;
        tx.commit().await?;
        let pairs = projection::TABLES.iter().zip(before.into_iter().zip(after));
        let tables = pairs
            .map(|(table, (before, after))| RebuiltTable { table: (*table).to_owned(), before, after })
            .collect();
        Ok(RebuildReport { events: chain.events, tables })
    }
}

async fn replay(conn: &mut PgConnection, tenant: &TenantId) -> Result<()> {
    let mut position = 0;
    loop {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT seq, text, prev, hash FROM swarm.events WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(whole(position))
        .bind(i64::from(PAGE))
        .fetch_all(&mut *conn)
        .await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let event = row.event(tenant)?;
            projection::project(conn, &event).await.map_err(|source| StoreError::Replay {
                tenant: tenant.clone(),
                seq: event.seq,
                source: Box::new(source),
            })?;
            position = event.seq;
        }
    }
}

async fn hashes(conn: &mut PgConnection, tenant: &TenantId) -> Result<Vec<TableHash>> {
    let mut hashes = Vec::with_capacity(projection::TABLES.len());
    for table in projection::TABLES {
        hashes.push(hash(conn, tenant, table).await?);
    }
    Ok(hashes)
}

/// Hashes the rows as PostgreSQL writes them, in the order of that text: no column can be forgotten here.
async fn hash(conn: &mut PgConnection, tenant: &TenantId, table: &str) -> Result<TableHash> {
    let query = format!(
        "SELECT line FROM (SELECT t::text AS line FROM swarm.{table} t WHERE tenant = $1) AS lines
         ORDER BY line COLLATE \"C\""
    );
    let mut lines = sqlx::query_scalar::<_, String>(AssertSqlSafe(query)).bind(tenant.as_str()).fetch(conn);
    let (mut hasher, mut rows) = (blake3::Hasher::new(), 0);
    while let Some(line) = lines.try_next().await? {
        hasher.update(&(line.len() as u64).to_be_bytes());
        hasher.update(line.as_bytes());
        rows += 1;
    }
    Ok(TableHash { rows, hash: hasher.finalize().to_hex().to_string() })
}

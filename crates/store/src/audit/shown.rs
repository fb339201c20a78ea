//! Checkpoints and keys, for those who ask.

use chrono::{DateTime, Utc};
use serde::Serialize;
use swarm_domain::TenantId;

use crate::{
    Result, Store,
    blob::blocking,
    column::{count, whole},
};

/// How many checkpoints one read gives at most.
const MAX_READ: u32 = 1000;

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckpointRow {
    /// How many events it covers.
    pub size: u64,
    /// The hash of the last of them.
    pub head: String,
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// The id of the key that signed it.
    pub key: String,
    /// The signed note: <https://c2sp.org/signed-note>. Kept elsewhere, it proves later that nothing before it was changed.
    pub note: String,
}

/// The keys that sign checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditKeys {
    /// The public key that signs now, as `name+id+key`; none where nothing was signed yet.
    pub key: Option<String>,
    /// The keys before it, newest first.
    pub earlier: Vec<String>,
    /// The signed notes by which each handed over to the next, oldest first.
    pub handovers: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    size: i64,
    head: String,
    at: DateTime<Utc>,
    key: String,
    note: String,
}

impl Store {
    /// Checkpoints of a tenant's log of more than `after` events, smallest first; with `newest` the last ones.
    pub async fn checkpoints(
        &self,
        tenant: &TenantId,
        after: u64,
        limit: u32,
        newest: bool,
    ) -> Result<Vec<CheckpointRow>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT size, head, at, key, note FROM (
                 SELECT * FROM swarm.checkpoints WHERE tenant = $1 AND size > $2
                 ORDER BY CASE WHEN $4 THEN -size ELSE size END, key LIMIT $3) chosen
             ORDER BY size, key",
        )
        .bind(tenant.as_str())
        .bind(whole(after))
        .bind(i64::from(limit.min(MAX_READ)))
        .bind(newest)
        .fetch_all(self.pool())
        .await?;
        let shown = |row: Row| {
            let Row { size, head, at, key, note } = row;
            CheckpointRow { size: count(size), head, at, key, note }
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// The keys that sign checkpoints.
    pub async fn audit_keys(&self) -> Result<AuditKeys> {
        let folder = self.audit_folder();
        blocking(move || {
            let key = folder.key()?.map(|key| key.public().to_string());
            let (handovers, notes): (Vec<_>, Vec<_>) = folder.handovers()?.into_iter().unzip();
            let earlier = handovers.iter().rev().map(|handover| handover.from.to_string()).collect();
            Ok(AuditKeys { key, earlier, handovers: notes })
        })
        .await
    }
}

//! Specs: what was asked for, as it was given and as it was understood.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{BlobHash, Event, ProjectId, SpecId, TenantId, spec::Spec};

use super::not_found;
use crate::{
    Result, Store,
    column::{Columns, to_json},
    projection,
};

/// A spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecRow {
    /// Its id.
    pub id: SpecId,
    /// The project that it is for.
    pub project: ProjectId,
    /// The text as it was given.
    pub text: BlobHash,
    /// What was understood.
    pub spec: Spec,
    /// When it was read.
    pub added_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<SpecRow> {
    let columns = Columns::of("specs", row);
    Ok(SpecRow {
        id: columns.id("id")?,
        project: columns.id("project")?,
        text: columns.id("text")?,
        spec: columns.json("spec")?,
        added_at: columns.time("added_at")?,
    })
}

pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    id: &SpecId,
    text: &BlobHash,
    spec: &Spec,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.specs (tenant, id, project, text, spec, added_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(event.tenant.as_str())
    .bind(id.as_str())
    .bind(projection::project_of(event)?.as_str())
    .bind(text.as_str())
    .bind(to_json("specs.spec", spec)?)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The specs, newest first.
    pub async fn specs(&self, tenant: &TenantId) -> Result<Vec<SpecRow>> {
        let rows = sqlx::query("SELECT * FROM swarm.specs WHERE tenant = $1 ORDER BY added_at DESC, id")
            .bind(tenant.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read).collect()
    }

    /// One spec.
    pub async fn spec(&self, tenant: &TenantId, id: &SpecId) -> Result<SpecRow> {
        let row = sqlx::query("SELECT * FROM swarm.specs WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await?;
        read(&row.ok_or_else(|| not_found("spec", id))?)
    }
}

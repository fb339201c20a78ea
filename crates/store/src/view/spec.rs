//! Specs: what was asked for, as it was given and as it was understood.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{BlobHash, Event, ProjectId, RunId, SpecId, TenantId, spec::Spec};

use super::not_found;
use crate::{
    Result, Store, StoreError,
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
    /// The first version of it.
    pub line: SpecId,
    /// From 1, in the order of the log.
    pub version: u32,
    /// The version that it was written from.
    pub previous: Option<SpecId>,
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
        line: columns.id("line")?,
        version: columns.small("version")?,
        previous: columns.id_or_none("previous")?,
        added_at: columns.time("added_at")?,
    })
}

pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    id: &SpecId,
    text: &BlobHash,
    spec: &Spec,
    previous: Option<&SpecId>,
) -> Result<()> {
    sqlx::query(
        "WITH line AS (
             SELECT coalesce((SELECT line FROM swarm.specs WHERE tenant = $1 AND id = $7), $2) AS first
         )
         INSERT INTO swarm.specs (tenant, id, project, text, spec, added_at, previous, line, version)
         SELECT $1, $2, $3, $4, $5, $6, $7, line.first,
                1 + coalesce((SELECT max(version) FROM swarm.specs WHERE tenant = $1 AND specs.line = line.first), 0)
         FROM line",
    )
    .bind(event.tenant.as_str())
    .bind(id.as_str())
    .bind(projection::project_of(event)?.as_str())
    .bind(text.as_str())
    .bind(to_json("specs.spec", spec)?)
    .bind(event.at)
    .bind(previous.map(SpecId::as_str))
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

    /// The newest of a project's specs that has this title, whatever its case and the white space in it. None has an empty
    /// one.
    pub async fn spec_titled(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        title: &str,
    ) -> Result<Option<SpecRow>> {
        if title.trim().is_empty() {
            return Ok(None);
        }
        // In a query of its own the key is made once, and not for each row where the table is read whole.
        let row = sqlx::query(
            "SELECT * FROM swarm.specs
             WHERE tenant = $1 AND project = $2
               AND title_key = (SELECT md5(lower(regexp_replace(btrim($3), '\\s+', ' ', 'g'))))
             ORDER BY added_at DESC, version DESC, id LIMIT 1",
        )
        .bind(tenant.as_str())
        .bind(project.as_str())
        .bind(title)
        .fetch_optional(self.pool())
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// The newest of a project's specs, at most so many.
    pub async fn newest_specs(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        most: u32,
    ) -> Result<Vec<SpecRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.specs WHERE tenant = $1 AND project = $2
             ORDER BY added_at DESC, version DESC, id LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(project.as_str())
        .bind(i64::from(most))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }

    /// The last version of a spec whose first one this is.
    pub async fn last_version(&self, tenant: &TenantId, line: &SpecId) -> Result<SpecId> {
        let id: Option<String> = sqlx::query_scalar(
            "SELECT id FROM swarm.specs WHERE tenant = $1 AND line = $2 ORDER BY version DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .bind(line.as_str())
        .fetch_optional(self.pool())
        .await?;
        let id = id.ok_or_else(|| not_found("spec", line))?;
        SpecId::parse(id).map_err(|error| StoreError::corrupt("specs.id", error))
    }

    /// The newest settled run of another version of a spec that has merged something.
    pub async fn run_to_continue(&self, tenant: &TenantId, spec: &SpecRow) -> Result<Option<RunId>> {
        let found: Option<String> = sqlx::query_scalar(
            "SELECT r.id FROM swarm.runs r JOIN swarm.specs s ON s.tenant = r.tenant AND s.id = r.spec
             WHERE r.tenant = $1 AND s.line = $2 AND r.spec <> $3 AND r.settled_at IS NOT NULL AND r.base IS NOT NULL
               AND EXISTS (SELECT FROM swarm.tickets t
                           WHERE t.tenant = r.tenant AND t.run = r.id AND t.state = 'merged')
             ORDER BY r.started_at DESC, r.id DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .bind(spec.line.as_str())
        .bind(spec.id.as_str())
        .fetch_optional(self.pool())
        .await?;
        let id = found.map(RunId::parse).transpose();
        id.map_err(|error| StoreError::corrupt("runs.id", error))
    }
}

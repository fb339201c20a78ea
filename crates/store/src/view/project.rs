//! Projects: the repositories that are known.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{Event, ProjectId, TenantId};

use super::not_found;
use crate::{Result, Store, column::Columns};

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectRow {
    /// Its name.
    pub id: ProjectId,
    /// URL or path of its repository, without credentials.
    pub repo: String,
    /// When it became known.
    pub added_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<ProjectRow> {
    let columns = Columns::of("projects", row);
    Ok(ProjectRow { id: columns.id("id")?, repo: columns.text("repo")?, added_at: columns.time("added_at")? })
}

pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    project: &ProjectId,
    repo: &str,
) -> Result<()> {
    sqlx::query("INSERT INTO swarm.projects (tenant, id, repo, added_at) VALUES ($1, $2, $3, $4)")
        .bind(event.tenant.as_str())
        .bind(project.as_str())
        .bind(repo)
        .bind(event.at)
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// The projects, by name.
    pub async fn projects(&self, tenant: &TenantId) -> Result<Vec<ProjectRow>> {
        let rows = sqlx::query("SELECT * FROM swarm.projects WHERE tenant = $1 ORDER BY id")
            .bind(tenant.as_str())
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read).collect()
    }

    /// One project.
    pub async fn project(&self, tenant: &TenantId, id: &ProjectId) -> Result<ProjectRow> {
        let row = sqlx::query("SELECT * FROM swarm.projects WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await?;
        read(&row.ok_or_else(|| not_found("project", id))?)
    }
}

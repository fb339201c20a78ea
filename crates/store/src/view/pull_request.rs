//! Pull requests: how a run's work is offered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{BlobHash, CommitId, Event, RunId, TenantId};

use super::not_found;
use crate::{Result, Store, column::Columns, projection};

/// The pull request of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PullRequestRow {
    /// The run.
    pub run: RunId,
    /// Where: the local forge's id or a URL.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// The Markdown text.
    pub body: BlobHash,
    /// The commit at its head.
    pub head: CommitId,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was last brought up to date.
    pub updated_at: DateTime<Utc>,
}

fn read(row: &PgRow) -> Result<PullRequestRow> {
    let columns = Columns::of("pull_requests", row);
    Ok(PullRequestRow {
        run: columns.id("run")?,
        reference: columns.text("reference")?,
        title: columns.text("title")?,
        body: columns.id("body")?,
        head: columns.id("head")?,
        opened_at: columns.time("opened_at")?,
        updated_at: columns.time("updated_at")?,
    })
}

pub(crate) async fn open(
    conn: &mut PgConnection,
    event: &Event,
    reference: &str,
    title: &str,
    body: &BlobHash,
    head: &CommitId,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.pull_requests (tenant, run, reference, title, body, head, opened_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (tenant, run) DO UPDATE
         SET reference = $3, title = $4, body = $5, head = $6, updated_at = $7",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(reference)
    .bind(title)
    .bind(body.as_str())
    .bind(head.as_str())
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

impl Store {
    /// The pull request of a run; not found until one was opened.
    pub async fn pull_request(&self, tenant: &TenantId, run: &RunId) -> Result<PullRequestRow> {
        let row = sqlx::query("SELECT * FROM swarm.pull_requests WHERE tenant = $1 AND run = $2")
            .bind(tenant.as_str())
            .bind(run.as_str())
            .fetch_optional(self.pool())
            .await?;
        read(&row.ok_or_else(|| not_found("pull request of the run", run))?)
    }
}

//! What a run offers for review.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use swarm_domain::{CommitId, RunId};
use utoipa::ToSchema;

use crate::{app::App, extract::InPath, refusal::Reply};

/// A pull request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PullRequest {
    /// Of which run.
    pub run: RunId,
    /// Where it is: the local forge's id or a URL.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// The commit at its head.
    pub head: CommitId,
    /// The Markdown text, with the trace of every requirement.
    pub body: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was brought up to date last.
    pub updated_at: DateTime<Utc>,
}

/// Shows the pull request of a run.
#[utoipa::path(get, path = "/api/runs/{run}/pull-request", tag = "runs",
    params(("run" = RunId, Path, description = "The run's id.")),
    responses((status = OK, description = "The pull request.", body = PullRequest)))]
pub(crate) async fn pull_request(
    State(app): State<App>,
    InPath(run): InPath<RunId>,
) -> Reply<Json<PullRequest>> {
    let row = app.store().pull_request(app.tenant(), &run).await?;
    let body = app.store().blobs().get(&row.body).await?;
    Ok(Json(PullRequest {
        run,
        reference: row.reference,
        title: row.title,
        head: row.head,
        body: String::from_utf8_lossy(&body).into_owned(),
        opened_at: row.opened_at,
        updated_at: row.updated_at,
    }))
}

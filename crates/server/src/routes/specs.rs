//! Specs, as they were understood.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{BlobHash, ProjectId, SpecId, spec::Spec};
use swarm_store::SpecRow;
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::Reply,
};

/// A spec that is to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSpec {
    /// For which project.
    pub project: ProjectId,
    /// The Markdown text.
    pub text: String,
}

/// A spec in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecSummary {
    /// Its id.
    pub id: SpecId,
    /// For which project.
    pub project: ProjectId,
    /// The first heading.
    pub title: String,
    /// How many requirements it has.
    pub requirements: usize,
    /// When it was read.
    pub added_at: DateTime<Utc>,
}

/// A spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecDetail {
    /// Its id: the same text in the same project has the same.
    pub id: SpecId,
    /// For which project.
    pub project: ProjectId,
    /// When it was read.
    pub added_at: DateTime<Utc>,
    /// The hash of the text as it was given.
    pub text: BlobHash,
    /// What was understood, and what was not.
    pub spec: Spec,
}

/// Every spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecList {
    /// The newest first.
    pub items: Vec<SpecSummary>,
}

impl From<SpecRow> for SpecSummary {
    fn from(row: SpecRow) -> Self {
        Self {
            id: row.id,
            project: row.project,
            title: row.spec.title,
            requirements: row.spec.requirements.len(),
            added_at: row.added_at,
        }
    }
}

impl From<SpecRow> for SpecDetail {
    fn from(row: SpecRow) -> Self {
        Self { id: row.id, project: row.project, added_at: row.added_at, text: row.text, spec: row.spec }
    }
}

/// Reads a spec. The same text again is the same spec.
#[utoipa::path(post, path = "/api/specs", tag = "specs", request_body = NewSpec,
    responses((status = CREATED, description = "The spec as it was understood.", body = SpecDetail)))]
pub(crate) async fn add_spec(
    State(app): State<App>,
    By(asker): By,
    Body(new): Body<NewSpec>,
) -> Reply<(StatusCode, Json<SpecDetail>)> {
    let id = app.flows.add_spec(&asker, &new.project, new.text.as_bytes()).await?;
    let row = app.store().spec(app.tenant(), &id).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Lists the specs.
#[utoipa::path(get, path = "/api/specs", tag = "specs",
    responses((status = OK, description = "The specs.", body = SpecList)))]
pub(crate) async fn specs(State(app): State<App>) -> Reply<Json<SpecList>> {
    let rows = app.store().specs(app.tenant()).await?;
    Ok(Json(SpecList { items: rows.into_iter().map(SpecSummary::from).collect() }))
}

/// Shows a spec with its requirements.
#[utoipa::path(get, path = "/api/specs/{spec}", tag = "specs",
    params(("spec" = SpecId, Path, description = "Its id.")),
    responses((status = OK, description = "The spec.", body = SpecDetail)))]
pub(crate) async fn spec(State(app): State<App>, InPath(id): InPath<SpecId>) -> Reply<Json<SpecDetail>> {
    Ok(Json(app.store().spec(app.tenant(), &id).await?.into()))
}

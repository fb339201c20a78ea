//! Repositories by name.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::ProjectId;
use swarm_store::ProjectRow;
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::Reply,
};

/// A repository that is to be known under a name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProject {
    /// The name.
    pub project: ProjectId,
    /// URL or path of the repository.
    pub repo: String,
}

/// A repository that is known under a name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    /// The name.
    pub id: ProjectId,
    /// URL or path of the repository, without credentials.
    pub repo: String,
    /// When it became known.
    pub added_at: DateTime<Utc>,
}

/// Every project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectList {
    /// By name.
    pub items: Vec<Project>,
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        Self { id: row.id, repo: row.repo, added_at: row.added_at }
    }
}

/// Makes a repository known under a name. The same name and repository again change nothing.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = NewProject,
    responses((status = CREATED, description = "The project.", body = Project)))]
pub(crate) async fn add_project(
    State(app): State<App>,
    By(asker): By,
    Body(new): Body<NewProject>,
) -> Reply<(StatusCode, Json<Project>)> {
    app.flows.add_project(&asker, &new.project, &new.repo).await?;
    let row = app.store().project(app.tenant(), &new.project).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Lists the projects.
#[utoipa::path(get, path = "/api/projects", tag = "projects",
    responses((status = OK, description = "The projects.", body = ProjectList)))]
pub(crate) async fn projects(State(app): State<App>) -> Reply<Json<ProjectList>> {
    let rows = app.store().projects(app.tenant()).await?;
    Ok(Json(ProjectList { items: rows.into_iter().map(Project::from).collect() }))
}

/// Shows a project.
#[utoipa::path(get, path = "/api/projects/{project}", tag = "projects",
    params(("project" = ProjectId, Path, description = "Its name.")),
    responses((status = OK, description = "The project.", body = Project)))]
pub(crate) async fn project(State(app): State<App>, InPath(id): InPath<ProjectId>) -> Reply<Json<Project>> {
    Ok(Json(app.store().project(app.tenant(), &id).await?.into()))
}

//! Specs, as they were understood, their versions, and whether they still hold.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    BlobHash, ProjectId, RequirementId, SpecId, SurveyId,
    derived::Draft,
    drafting::{Conversation, Drafted, Said},
    spec::{
        Spec,
        delta::{self, DeltaCounts, Field, FixtureDelta, RequirementDelta},
    },
    survey::{Survey, SurveyOutcome, Tried},
};
use swarm_flows::Found;
use swarm_policy::Kind;
use swarm_store::SpecRow;
use utoipa::{IntoParams, ToSchema};

use super::Accepted;
use crate::{
    app::{App, By},
    door::{Asking, decide::allow_in},
    extract::{Body, InPath, InQuery},
    refusal::{Refusal, Reply},
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
    /// From 1: the versions of one spec are numbered in the order in which they came.
    pub version: u32,
    /// The version that it was written from.
    pub previous: Option<SpecId>,
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
    /// From 1: the versions of one spec are numbered in the order in which they came.
    pub version: u32,
    /// The version that it was written from.
    pub previous: Option<SpecId>,
    /// The hash of the text as it was given.
    pub text: BlobHash,
    /// The text as it was given.
    pub source: String,
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
            version: row.version,
            previous: row.previous,
            added_at: row.added_at,
        }
    }
}

/// What differs between two versions of a spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpecDelta {
    /// The older one.
    pub from: SpecId,
    /// The newer one.
    pub to: SpecId,
    /// How many requirements came to what.
    pub counts: DeltaCounts,
    /// Whether the title differs.
    pub title: bool,
    /// Whether the text outside of the requirements differs.
    pub overview: bool,
    /// One by one: those of the newer one in its order, then those that it has no more.
    pub requirements: Vec<RequirementChange>,
    /// Files of the examples that came, changed or went.
    pub fixtures: Vec<FixtureDelta>,
    /// The same as a delta file, which `swarm spec apply` reads.
    pub markdown: String,
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    /// Only the newer version has it.
    Added,
    /// It asks for something else.
    Modified,
    /// Only the older version has it.
    Removed,
    /// It asks for the same.
    Unchanged,
}

/// A requirement, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequirementChange {
    /// What became of it.
    pub change: ChangeKind,
    /// Its id, in the newer version where that has it.
    pub id: RequirementId,
    /// Its id in the older version, where it was another one.
    pub was: Option<RequirementId>,
    /// What of it differs.
    pub fields: Vec<Field>,
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeltaQuery {
    /// The older version; the one that the spec was written from where absent.
    from: Option<SpecId>,
}

impl From<RequirementDelta> for RequirementChange {
    fn from(delta: RequirementDelta) -> Self {
        let (change, id, was, fields) = match delta {
            RequirementDelta::Added { after } => (ChangeKind::Added, after.id, None, Vec::new()),
            RequirementDelta::Modified { before, after, fields } => {
                (ChangeKind::Modified, after.id, Some(before.id), fields)
            }
            RequirementDelta::Removed { before } => (ChangeKind::Removed, before.id, None, Vec::new()),
            RequirementDelta::Unchanged { id, was } => (ChangeKind::Unchanged, id, Some(was), Vec::new()),
        };
        Self { change, was: was.filter(|was| *was != id), id, fields }
    }
}

async fn source(app: &App, row: &SpecRow) -> Reply<String> {
    Ok(String::from_utf8_lossy(&app.store().blobs().get(&row.text).await?).into_owned())
}

async fn detail(app: &App, row: SpecRow) -> Reply<SpecDetail> {
    Ok(SpecDetail {
        source: source(app, &row).await?,
        id: row.id,
        project: row.project,
        added_at: row.added_at,
        version: row.version,
        previous: row.previous,
        text: row.text,
        spec: row.spec,
    })
}

/// Reads a spec. The same text again is the same spec.
#[utoipa::path(post, path = "/api/specs", tag = "specs", request_body = NewSpec,
    responses((status = CREATED, description = "The spec as it was understood.", body = SpecDetail)))]
pub(crate) async fn add_spec(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(new): Body<NewSpec>,
) -> Reply<(StatusCode, Json<SpecDetail>)> {
    allow_in(&app, &who, "POST /api/specs", Kind::Project, new.project.as_str()).await?;
    let id = app.flows.add_spec(&asker, &new.project, new.text.as_bytes()).await?;
    let row = app.store().spec(app.tenant(), &id).await?;
    Ok((StatusCode::CREATED, Json(detail(&app, row).await?)))
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
    let row = app.store().spec(app.tenant(), &id).await?;
    Ok(Json(detail(&app, row).await?))
}

/// Shows what differs between two versions of a spec.
#[utoipa::path(get, path = "/api/specs/{spec}/delta", tag = "specs",
    params(("spec" = SpecId, Path, description = "The newer version."), DeltaQuery),
    responses((status = OK, description = "What differs.", body = SpecDelta)))]
pub(crate) async fn spec_delta(
    State(app): State<App>,
    InPath(id): InPath<SpecId>,
    InQuery(query): InQuery<DeltaQuery>,
) -> Reply<Json<SpecDelta>> {
    let to = app.store().spec(app.tenant(), &id).await?;
    let from = query.from.or_else(|| to.previous.clone()).ok_or_else(|| {
        Refusal::new(
            StatusCode::CONFLICT,
            "spec.no_previous",
            format!("{id} is the first version: there is nothing to compare it with"),
            "name the other version, as in `swarm spec diff A B`",
        )
    })?;
    let before = app.store().spec(app.tenant(), &from).await?;
    let delta = delta::SpecDelta::between(&before.spec, &to.spec);
    let markdown = delta.markdown(&source(&app, &to).await?);
    Ok(Json(SpecDelta {
        from,
        to: to.id,
        counts: delta.counts(),
        title: delta.title,
        overview: delta.overview,
        requirements: delta.requirements.into_iter().map(RequirementChange::from).collect(),
        fixtures: delta.fixtures,
        markdown,
    }))
}

/// Where a spec is held against the code.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCheck {
    /// The branch, on whose head the acceptance commands are run; the repository's own choice where absent.
    #[serde(default)]
    pub branch: Option<String>,
}

/// A look at code and spec.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SurveyDetail {
    /// Its id.
    pub id: SurveyId,
    /// What was found, once it has ended.
    pub outcome: Option<SurveyOutcome>,
    /// Each command that was run.
    pub tried: Vec<Tried>,
    /// The draft that was read off code.
    pub draft: Option<Draft>,
    /// The draft of what people said.
    pub drafted: Option<Drafted>,
}

/// What somebody wants of a spec.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDraft {
    /// For which project.
    pub project: ProjectId,
    /// The spec as it stands, in Markdown; empty where there is none yet.
    #[serde(default)]
    pub text: String,
    /// What was said of it, in its order: at most 60 turns. A person speaks last.
    pub talk: Vec<Said>,
    /// Models in order of preference; the configured ones where there is none.
    #[serde(default)]
    pub models: Vec<String>,
}

/// Whose code is to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDerivation {
    /// The project.
    pub project: ProjectId,
    /// The branch, whose head is read; the repository's own choice where absent.
    #[serde(default)]
    pub branch: Option<String>,
    /// Only the files that one of these globs names; all where there is none.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Models in order of preference; the configured ones where there is none.
    #[serde(default)]
    pub models: Vec<String>,
    /// In computed words only: no model is asked.
    #[serde(default)]
    pub plain: bool,
}

/// Reads code and drafts a spec of what it offers, in the background.
#[utoipa::path(post, path = "/api/specs/derive", tag = "specs", request_body = NewDerivation,
    responses((status = ACCEPTED, description = "The survey's id.", body = Accepted)))]
pub(crate) async fn derive_spec(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(new): Body<NewDerivation>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    allow_in(&app, &who, "POST /api/specs/derive", Kind::Project, new.project.as_str()).await?;
    let project = app.store().project(app.tenant(), &new.project).await?.id;
    let NewDerivation { branch, paths, models, plain, .. } = new;
    let what = Survey::Derive { branch, paths, models, plain };
    let survey = app.flows.start_survey(&asker, &project, what).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: survey.into() })))
}

/// Writes down what people said as requirements of a spec, in the background. Nothing is saved: what comes of it is
/// shown to be read, changed and sent as a spec.
#[utoipa::path(post, path = "/api/specs/draft", tag = "specs", request_body = NewDraft,
    responses((status = ACCEPTED, description = "The survey's id.", body = Accepted)))]
pub(crate) async fn draft_spec(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(new): Body<NewDraft>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    allow_in(&app, &who, "POST /api/specs/draft", Kind::Project, new.project.as_str()).await?;
    let project = app.store().project(app.tenant(), &new.project).await?.id;
    let NewDraft { text, talk, models, .. } = new;
    let survey = app.flows.start_draft(&asker, &project, &Conversation { text, talk }, models).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: survey.into() })))
}

/// Runs each acceptance command of a spec on the head of a branch, in the background.
#[utoipa::path(post, path = "/api/specs/{spec}/check", tag = "specs", request_body = NewCheck,
    params(("spec" = SpecId, Path, description = "Its id.")),
    responses((status = ACCEPTED, description = "The survey's id.", body = Accepted)))]
pub(crate) async fn check_spec(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SpecId>,
    Body(new): Body<NewCheck>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    let row = app.store().spec(app.tenant(), &id).await?;
    let what = Survey::Check { spec: row.id, branch: new.branch };
    let survey = app.flows.start_survey(&asker, &row.project, what).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: survey.into() })))
}

/// Shows what a survey found.
#[utoipa::path(get, path = "/api/surveys/{survey}", tag = "specs",
    params(("survey" = SurveyId, Path, description = "Its id.")),
    responses((status = OK, description = "The survey.", body = SurveyDetail)))]
pub(crate) async fn survey(
    State(app): State<App>,
    InPath(id): InPath<SurveyId>,
) -> Reply<Json<SurveyDetail>> {
    let found = app.flows.survey(&id).await?;
    Ok(Json(match found {
        Some(Found { outcome, tried, draft, drafted }) => {
            SurveyDetail { id, outcome: Some(outcome), tried, draft, drafted }
        }
        None => SurveyDetail { id, outcome: None, tried: Vec::new(), draft: None, drafted: None },
    }))
}

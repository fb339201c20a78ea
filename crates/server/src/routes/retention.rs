//! Legal holds, and the purge of contents whose time has come.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor, EventBody, HoldId, IdempotencyKey, NewEvent, ProjectId, RunId, Subject, audit::HoldScope,
};
use swarm_flows::Asker;
use swarm_store::{HoldRow, PurgeReport};
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::{Refusal, Reply},
    routes::Reason,
};

/// The longest reason, in characters.
const MAX_REASON: usize = 2_000;

/// A legal hold to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHold {
    /// Its name: 1 to 64 letters, digits, `-`, `_` or single `.`.
    pub hold: String,
    /// The project that is kept; not together with `run`.
    pub project: Option<String>,
    /// The run that is kept. Without project and run, everything is.
    pub run: Option<String>,
    /// Why.
    pub reason: String,
}

/// Legal holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldList {
    /// The newest first, the lifted ones too.
    pub items: Vec<HoldRow>,
}

/// What to purge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purge {
    /// Only say what would go.
    #[serde(default)]
    pub dry_run: bool,
}

/// The legal holds.
#[utoipa::path(get, path = "/api/holds", tag = "retention",
    responses((status = OK, description = "The holds; none where none was ever set.", body = HoldList)))]
pub(crate) async fn holds(State(app): State<App>) -> Reply<Json<HoldList>> {
    Ok(Json(HoldList { items: app.store().holds(app.tenant()).await? }))
}

/// Sets a legal hold: nothing that it is about is purged until it is lifted. A name is used once.
#[utoipa::path(post, path = "/api/holds", tag = "retention", request_body = NewHold,
    responses((status = CREATED, description = "It holds.", body = HoldRow)))]
pub(crate) async fn set_hold(
    State(app): State<App>,
    by: By,
    Body(new): Body<NewHold>,
) -> Reply<(StatusCode, Json<HoldRow>)> {
    let hold = HoldId::parse(new.hold).map_err(|error| wrong(error.to_string()))?;
    let scope = match (new.project, new.run) {
        (None, None) => HoldScope::Everything,
        (Some(project), None) => {
            let project = ProjectId::parse(project).map_err(|error| wrong(error.to_string()))?;
            // What is not known cannot be kept: a slip of the pen must not look like a hold.
            app.store().project(app.tenant(), &project).await?;
            HoldScope::Project { project }
        }
        (None, Some(run)) => {
            let run = RunId::parse(run).map_err(|error| wrong(error.to_string()))?;
            app.store().run(app.tenant(), &run).await?;
            HoldScope::Run { run }
        }
        (Some(_), Some(_)) => {
            return Err(wrong("it names a project and a run: set a hold for each".to_owned()));
        }
    };
    let reason = reason(new.reason)?;
    let key = IdempotencyKey::of(&["hold", hold.as_str(), "set"]);
    say(&app, by, key, EventBody::HoldSet { hold: hold.clone(), scope, reason }).await?;
    Ok((StatusCode::CREATED, Json(app.store().hold(app.tenant(), &hold).await?)))
}

/// Lifts a legal hold.
#[utoipa::path(post, path = "/api/holds/{hold}/lift", tag = "retention", request_body = Reason,
    params(("hold" = String, Path, description = "Its name.")),
    responses((status = OK, description = "It holds no more.", body = HoldRow)))]
pub(crate) async fn lift_hold(
    State(app): State<App>,
    by: By,
    InPath(hold): InPath<String>,
    Body(why): Body<Reason>,
) -> Reply<Json<HoldRow>> {
    let hold = HoldId::parse(hold).map_err(|error| wrong(error.to_string()))?;
    let reason = reason(why.reason)?;
    let key = IdempotencyKey::of(&["hold", hold.as_str(), "lifted"]);
    say(&app, by, key, EventBody::HoldLifted { hold: hold.clone(), reason }).await?;
    Ok(Json(app.store().hold(app.tenant(), &hold).await?))
}

/// Deletes the contents of finished work whose time has come and that no legal hold keeps, or says what would go. The
/// events and the hashes of the contents stay.
#[utoipa::path(post, path = "/api/purge", tag = "retention", request_body = Purge,
    responses((status = OK, description = "What went, or would go.", body = PurgeReport)))]
pub(crate) async fn purge(
    State(app): State<App>,
    By(asker): By,
    Body(Purge { dry_run }): Body<Purge>,
) -> Reply<Json<PurgeReport>> {
    let keep = app.config.retention.of(app.tenant());
    let (store, tenant) = (app.store(), app.tenant());
    if dry_run {
        return Ok(Json(store.purgeable(tenant, keep).await?));
    }
    let Asker { person, correlation, .. } = asker;
    Ok(Json(store.purge(tenant, &Actor::Person { name: person }, correlation, keep).await?))
}

async fn say(app: &App, By(asker): By, key: IdempotencyKey, body: EventBody) -> Reply<()> {
    let event = NewEvent {
        tenant: app.tenant().clone(),
        actor: Actor::Person { name: asker.person },
        subject: Subject::default(),
        key,
        correlation: asker.correlation,
        body,
    };
    // Asked for twice with the same words: the first one counts.
    app.store().append(event).await?;
    Ok(())
}

fn reason(text: String) -> Reply<String> {
    if text.trim().is_empty() || text.chars().count() > MAX_REASON {
        return Err(wrong(format!("its reason must have 1 to {MAX_REASON} characters")));
    }
    Ok(text)
}

fn wrong(detail: String) -> Refusal {
    let next = "name it, say why, and give one project, one run, or neither for everything";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "hold.invalid", detail, next)
}

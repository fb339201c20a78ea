//! Proving the log, and drawing the views again.

use axum::{Json, extract::State};
use swarm_store::{ChainReport, RebuildReport};

use crate::{app::App, refusal::Reply};

/// Checks the whole log: events that were changed, removed, moved or slipped in are found.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit",
    responses((status = OK, description = "What was found; `first_bad` is absent where the log is whole.",
        body = ChainReport)))]
pub(crate) async fn verify(State(app): State<App>) -> Reply<Json<ChainReport>> {
    Ok(Json(app.store().verify(app.tenant()).await?))
}

/// Draws every view again from the log, and says whether any of them is another than before.
#[utoipa::path(post, path = "/api/views/rebuild", tag = "audit",
    responses((status = OK, description = "The views, with their hashes before and after.", body = RebuildReport)))]
pub(crate) async fn rebuild(State(app): State<App>) -> Reply<Json<RebuildReport>> {
    Ok(Json(app.store().rebuild(app.tenant()).await?))
}

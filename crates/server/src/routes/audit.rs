//! Proving the log, and drawing the views again.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use swarm_store::{AuditKeys, ChainReport, CheckpointRow, RebuildReport};
use utoipa::{IntoParams, ToSchema};

use crate::{app::App, extract::InQuery, refusal::Reply};

/// Which checkpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CheckpointQuery {
    /// Only those of more events than this.
    #[serde(default)]
    after: u64,
    /// At most this many, from 1 to 1000; 100 where absent.
    limit: Option<u32>,
    /// The newest ones, where there are more than the limit; else the oldest.
    #[serde(default)]
    newest: bool,
}

/// Signed checkpoints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckpointList {
    /// Those of the fewest events first.
    pub items: Vec<CheckpointRow>,
}

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

/// Signed checkpoints of the log. Keep one elsewhere: with the public key it proves later that nothing before it was
/// changed, whoever owns the database.
#[utoipa::path(get, path = "/api/audit/checkpoints", tag = "audit", params(CheckpointQuery),
    responses((status = OK, description = "The checkpoints; none where nothing was signed yet.", body = CheckpointList)))]
pub(crate) async fn checkpoints(
    State(app): State<App>,
    InQuery(query): InQuery<CheckpointQuery>,
) -> Reply<Json<CheckpointList>> {
    let limit = query.limit.unwrap_or(100).max(1);
    let items = app.store().checkpoints(app.tenant(), query.after, limit, query.newest).await?;
    Ok(Json(CheckpointList { items }))
}

/// The public key that signs checkpoints, and those that it took the place of.
#[utoipa::path(get, path = "/api/audit/key", tag = "audit",
    responses((status = OK, description = "The keys.", body = AuditKeys)))]
pub(crate) async fn audit_keys(State(app): State<App>) -> Reply<Json<AuditKeys>> {
    Ok(Json(app.store().audit_keys().await?))
}

/// Lets a new key take the place of the one that signs. The old one signs the new one, so that who trusts it goes on
/// trusting.
#[utoipa::path(post, path = "/api/audit/key/rotate", tag = "audit",
    responses((status = OK, description = "The keys, the new one first.", body = AuditKeys)))]
pub(crate) async fn rotate_audit_key(State(app): State<App>) -> Reply<Json<AuditKeys>> {
    app.store().rotate_audit_key().await?;
    Ok(Json(app.store().audit_keys().await?))
}

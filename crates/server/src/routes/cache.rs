//! The cache of replies.

use axum::{Json, extract::State};
use serde::Serialize;
use swarm_domain::cache::CacheFacts;
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    refusal::Reply,
};

/// The cache of replies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CacheState {
    /// Whether the configuration has it on.
    pub enabled: bool,
    /// Replies that are kept.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What it did for each caller, by name.
    pub callers: Vec<CallerCache>,
}

/// What the cache did for one caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerCache {
    /// What.
    pub facts: CacheFacts,
    /// Whether it was shut for this caller, because too few comparisons agreed. Emptying the cache begins anew.
    pub shut: bool,
}

/// How many replies were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CacheCleared {
    /// So many.
    pub entries: u64,
}

/// The cache of replies: how much it holds, and what it was good for.
#[utoipa::path(get, path = "/api/cache", tag = "statistics",
    responses((status = OK, description = "The cache.", body = CacheState)))]
pub(crate) async fn cache(State(app): State<App>) -> Reply<Json<CacheState>> {
    let found = app.store().cache_report(app.tenant()).await?;
    let config = app.flows.parts().gateway.cache_config();
    let callers = found.callers.into_iter().map(|facts| {
        let shut = !facts.agreement.holds(config.min_checks, u64::from(config.min_agreement_percent));
        CallerCache { facts, shut }
    });
    let callers = callers.collect();
    Ok(Json(CacheState { enabled: config.enabled, entries: found.entries, bytes: found.bytes, callers }))
}

/// Gives up all replies that are kept, and what comparisons showed so far.
#[utoipa::path(post, path = "/api/cache/clear", tag = "statistics",
    responses((status = OK, description = "They are gone.", body = CacheCleared)))]
pub(crate) async fn clear_cache(State(app): State<App>, By(by): By) -> Reply<Json<CacheCleared>> {
    let entries = app.flows.clear_cache(&by).await?;
    Ok(Json(CacheCleared { entries }))
}

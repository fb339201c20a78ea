//! How the whole fares, and what people are told of it without asking.

use axum::{Json, extract::State};
use serde::Serialize;
use swarm_domain::{
    alert::{Alert, AlertBounds},
    vitals::Vitals,
};
use utoipa::ToSchema;

use crate::{app::App, refusal::Reply};

/// Alerts, and where they begin and end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertList {
    /// Those that go on, then those that ended, the newest first.
    pub items: Vec<Alert>,
    /// The bounds.
    pub bounds: AlertBounds,
    /// What counts as lately, in seconds.
    pub window_seconds: u64,
}

/// How the whole fares: what waits, what was done lately and at what price, what failed, how sandboxes come and go.
#[utoipa::path(get, path = "/api/stats/fleet", tag = "statistics",
    responses((status = OK, description = "The figures.", body = Vitals)))]
pub(crate) async fn fleet(State(app): State<App>) -> Reply<Json<Vitals>> {
    Ok(Json(app.flows.vitals().await?))
}

/// What people are told without asking.
#[utoipa::path(get, path = "/api/alerts", tag = "statistics",
    responses((status = OK, description = "The alerts.", body = AlertList)))]
pub(crate) async fn alerts(State(app): State<App>) -> Reply<Json<AlertList>> {
    let config = app.flows.parts().config.alerts;
    let items = app.flows.alerts().await?;
    Ok(Json(AlertList { items, bounds: config.bounds, window_seconds: config.window_seconds }))
}

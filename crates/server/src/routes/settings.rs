//! How the program is set up.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, config::Setting};

/// How the program is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingList {
    /// Every setting, by key.
    pub items: Vec<Setting>,
}

/// Lists the settings with which this server was started, and where each is from. Secrets are no settings: those name where
/// one is found.
#[utoipa::path(get, path = "/api/settings", tag = "system",
    responses((status = OK, description = "The settings.", body = SettingList)))]
pub(crate) async fn settings(State(app): State<App>) -> Json<SettingList> {
    Json(SettingList { items: app.config.settings.clone() })
}

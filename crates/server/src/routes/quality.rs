//! How good accepted work is.

use axum::{Json, extract::State};
use serde::Deserialize;
use swarm_domain::{
    RunId,
    quality::{QualityBy, QualityReport},
};

use crate::{app::App, extract::InQuery, refusal::Reply};

/// Which work, and what it is put together by.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichWork {
    /// Only that of this run.
    run: Option<RunId>,
    /// What attempts are put together by; who made them when absent.
    by: Option<QualityBy>,
}

/// How good accepted work is: scores with their parts, by who made it, and how they go over time.
#[utoipa::path(get, path = "/api/quality", tag = "statistics", params(WhichWork),
    responses((status = OK, description = "The scores.", body = QualityReport)))]
pub(crate) async fn quality(
    State(app): State<App>,
    InQuery(which): InQuery<WhichWork>,
) -> Reply<Json<QualityReport>> {
    let measured = app.store().quality(app.tenant(), which.run.as_ref(), None).await?;
    Ok(Json(QualityReport::of(which.by.unwrap_or_default(), measured)))
}

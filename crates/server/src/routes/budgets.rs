//! Quotas: what a tenant, a project, an agent or a key may spend, and how many runs it may have at once.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    MicroUsd, Problem,
    budget::Budget,
    quota::{Period, Quota},
};
use swarm_store::QuotaRow;
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::Reply,
};

/// A quota to set. What is absent is not limited; something must be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewQuota {
    /// Whose spending: `tenant`, `project:NAME`, `agent:NAME` or `key:ID`.
    pub scope: String,
    /// When it begins anew, in UTC; every month where nothing is said.
    #[serde(default)]
    pub per: Period,
    /// Money in a period, in millionths of a US dollar.
    pub usd: Option<MicroUsd>,
    /// Tokens in a period, in and out together.
    pub tokens: Option<u64>,
    /// Runs that may be under way at once; not for an agent.
    pub runs: Option<u32>,
}

/// The quotas.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotaList {
    /// The tenant's own first.
    pub items: Vec<QuotaRow>,
}

/// The quotas, with what was used of each in its period.
#[utoipa::path(get, path = "/api/budgets", tag = "budgets",
    responses((status = OK, description = "The quotas; none where none is set.", body = QuotaList)))]
pub(crate) async fn budgets(State(app): State<App>) -> Reply<Json<QuotaList>> {
    Ok(Json(QuotaList { items: app.flows.quotas().await? }))
}

/// Sets a quota, in the place of the one before. It holds from the next model call on.
#[utoipa::path(post, path = "/api/budgets", tag = "budgets", request_body = NewQuota,
    responses((status = OK, description = "It holds.", body = QuotaRow)))]
pub(crate) async fn set_budget(
    State(app): State<App>,
    By(asker): By,
    Body(new): Body<NewQuota>,
) -> Reply<Json<QuotaRow>> {
    let scope = new.scope.parse().map_err(|error: swarm_domain::quota::InvalidQuotaScope| {
        Problem::new("quota.invalid", error.to_string(), "see `swarm budget set --help`")
    })?;
    let budget = Budget { usd: new.usd, tokens: new.tokens };
    let quota = Quota { per: new.per, budget, runs: new.runs };
    Ok(Json(app.flows.set_quota(&asker, scope, quota).await?))
}

/// Lifts a quota.
#[utoipa::path(delete, path = "/api/budgets/{scope}", tag = "budgets",
    params(("scope" = String, Path, description = "Whose: `tenant`, `project:NAME`, `agent:NAME` or `key:ID`.")),
    responses((status = NO_CONTENT, description = "It limits no more.")))]
pub(crate) async fn lift_budget(
    State(app): State<App>,
    By(asker): By,
    InPath(scope): InPath<String>,
) -> Reply<StatusCode> {
    app.flows.lift_quota(&asker, &scope).await?;
    Ok(StatusCode::NO_CONTENT)
}

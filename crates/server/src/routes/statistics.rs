//! What past work says: numbers, whether estimates held, who does what, deadlines, failures.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    RunId,
    cache::CacheFacts,
    calibration::Calibration,
    deadline::StepDeadline,
    failure::{Cluster, clusters},
    hindsight::KindChoice,
    objective::AgentStanding,
    run::RunState,
    statistics::Statistics,
};
use swarm_store::RunRow;
use utoipa::ToSchema;

use crate::{app::App, extract::InQuery, refusal::Reply};

/// What was done so far.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// The runs.
    pub runs: RunCounts,
    /// Tickets and attempts that have ended, replies from recordings included.
    pub work: Statistics,
    /// How the agents stand that have an objective.
    pub agents: Vec<AgentStanding>,
    /// What the cache of replies did for each caller that may use it.
    pub cache: Vec<CacheFacts>,
}

/// How many runs stand where.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct RunCounts {
    /// All of them.
    pub total: u32,
    /// At work.
    pub running: u32,
    /// Done.
    pub done: u32,
    /// A person is needed.
    pub needs_person: u32,
    /// Given up.
    pub cancelled: u32,
}

/// What is known of who does which work.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChoiceList {
    /// Each kind of work, the most frequent first.
    pub items: Vec<KindChoice>,
}

/// How long steps may take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadlineList {
    /// Kinds of commands, then models.
    pub items: Vec<StepDeadline>,
}

/// Failed attempts by what they have in common.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureList {
    /// The most frequent first, ten at the most.
    pub items: Vec<Cluster>,
    /// How many attempts failed in all.
    pub attempts: u32,
    /// How many kinds of failure there are in all.
    pub clusters: u32,
}

/// Which failures.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichFailures {
    /// Only those of this run.
    run: Option<RunId>,
    /// Only those since then, as RFC 3339.
    since: Option<DateTime<Utc>>,
}

/// How many kinds of failure are shown.
const TOP: usize = 10;

impl RunCounts {
    fn of(runs: &[RunRow]) -> Self {
        let mut counts = Self::default();
        for run in runs {
            counts.total += 1;
            *match run.state {
                RunState::Running => &mut counts.running,
                RunState::Done => &mut counts.done,
                RunState::NeedsPerson { .. } => &mut counts.needs_person,
                RunState::Cancelled => &mut counts.cancelled,
            } += 1;
        }
        counts
    }
}

/// What was done so far, in a few numbers.
#[utoipa::path(get, path = "/api/stats", tag = "statistics",
    responses((status = OK, description = "The numbers.", body = Overview)))]
pub(crate) async fn overview(State(app): State<App>) -> Reply<Json<Overview>> {
    let runs = app.store().runs(app.tenant()).await?;
    let (work, agents) = (app.flows.statistics().await?, app.flows.standings().await?);
    let cache = app.store().cache_report(app.tenant()).await?.callers;
    Ok(Json(Overview { runs: RunCounts::of(&runs), work, agents, cache }))
}

/// Whether estimates from history held: for each finished ticket, what would have been said from what was before it.
#[utoipa::path(get, path = "/api/stats/calibration", tag = "statistics",
    responses((status = OK, description = "The shares that stayed below each estimate.", body = Calibration)))]
pub(crate) async fn calibration(State(app): State<App>) -> Reply<Json<Calibration>> {
    Ok(Json(app.flows.calibration().await?))
}

/// What is known of who does which work, and whether that may choose yet.
#[utoipa::path(get, path = "/api/stats/choice", tag = "statistics",
    responses((status = OK, description = "Each kind of work.", body = ChoiceList)))]
pub(crate) async fn choice(State(app): State<App>) -> Reply<Json<ChoiceList>> {
    Ok(Json(ChoiceList { items: app.flows.choices().await? }))
}

/// How long steps may take, going by similar ones.
#[utoipa::path(get, path = "/api/stats/deadlines", tag = "statistics",
    responses((status = OK, description = "Each kind of step.", body = DeadlineList)))]
pub(crate) async fn deadlines(State(app): State<App>) -> Reply<Json<DeadlineList>> {
    Ok(Json(DeadlineList { items: app.flows.deadlines().await? }))
}

/// Failed attempts by what they have in common: the ten most frequent kinds, each with what to do about it.
#[utoipa::path(get, path = "/api/failures", tag = "statistics", params(WhichFailures),
    responses((status = OK, description = "The failures.", body = FailureList)))]
pub(crate) async fn failures(
    State(app): State<App>,
    InQuery(which): InQuery<WhichFailures>,
) -> Reply<Json<FailureList>> {
    let failed = app.store().failures(app.tenant(), which.run.as_ref(), which.since).await?;
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut items = clusters(&failed);
    let clusters = count(items.len());
    items.truncate(TOP);
    Ok(Json(FailureList { items, attempts: count(failed.len()), clusters }))
}

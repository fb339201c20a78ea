//! Claims: work that is done elsewhere. A worker takes an attempt, shows that it lives, and returns what it made.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, ClaimId, NodeId, Problem, RunId, TicketId,
    budget::Spend,
    claim::{ClaimState, Reported, ReturnedFile, Work, WorkBrief, WorkFault},
    lease::FencingToken,
};
use swarm_flows::{Claimed, Demand, Kept, LabelDemand};
use swarm_store::ClaimRow;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    extract::{Body, InPath, InQuery},
    refusal::Reply,
};

/// The most labels that a worker may have, and the longest one in bytes.
const LABELS: (usize, usize) = (32, 64);

/// A worker that asks for work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimRequest {
    /// What it calls itself.
    pub worker: NodeId,
    /// What it has: it is given only work that needs nothing else.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How long to wait for work where there is none, in seconds; the server has a bound of its own.
    #[serde(default)]
    pub wait_seconds: u32,
}

/// Work that a worker has from now on, until its lease runs out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimedWork {
    /// The claim.
    pub claim: ClaimId,
    /// What each later request must show.
    pub token: FencingToken,
    /// When the lease runs out, unless a heartbeat comes before; by the database's clock.
    pub expires_at: DateTime<Utc>,
    /// How often to send one, in seconds.
    pub heartbeat_seconds: u32,
    /// What to do.
    pub brief: WorkBrief,
}

/// The token of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// As it came with the claim.
    pub token: FencingToken,
}

/// A lease that lasts on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeaseKept {
    /// When it runs out.
    pub expires_at: DateTime<Utc>,
    /// How often to send a heartbeat, in seconds.
    pub heartbeat_seconds: u32,
}

/// A claim that is given back unfinished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveBack {
    /// As it came with the claim.
    pub token: FencingToken,
    /// What the worker's model calls used until now.
    #[serde(default)]
    pub spend: Option<Spend>,
    /// The models that answered.
    #[serde(default)]
    pub models: Vec<String>,
}

/// Work that is returned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Completion {
    /// The claim.
    pub claim: ClaimId,
    /// As it came with the claim.
    pub token: FencingToken,
    /// What came of it.
    pub outcome: WorkOutcome,
    /// What the worker's model calls used.
    #[serde(default)]
    pub spend: Option<Spend>,
    /// The models that answered, as `provider/model`.
    #[serde(default)]
    pub models: Vec<String>,
}

/// What came of work: `files` and a `summary`, or `failed` alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkOutcome {
    /// The files that were changed.
    #[serde(default)]
    pub files: Option<Vec<OutcomeFile>>,
    /// What was done, in a few words.
    #[serde(default)]
    pub summary: Option<String>,
    /// Why it could not be done.
    #[serde(default)]
    pub failed: Option<String>,
}

/// A file that was changed: its `text`, or `deleted`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeFile {
    /// Relative to the root of the repository.
    pub path: String,
    /// The whole new content.
    #[serde(default)]
    pub text: Option<String>,
    /// Whether it is gone.
    #[serde(default)]
    pub deleted: bool,
}

/// What became of returned work: it is taken, and judged like any other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Completed {
    /// The claim.
    pub claim: ClaimId,
    /// Where it stands.
    pub state: ClaimState,
}

/// An attempt that is offered, and who has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: AttemptId,
    /// What a worker must have to take it.
    pub labels: Vec<String>,
    /// Where it stands.
    pub state: ClaimState,
    /// Who has it.
    pub worker: Option<NodeId>,
    /// The last token that was granted.
    pub token: FencingToken,
    /// When the lease runs out.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many leases ran out.
    pub expiries: u32,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// Since when it stands as it does.
    pub since: DateTime<Utc>,
}

/// What is offered and not settled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimList {
    /// The oldest first.
    pub items: Vec<Claim>,
}

/// Which claims.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClaimQuery {
    /// Only those of this run.
    pub run: Option<RunId>,
}

/// How much work waits and is under way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkDemand {
    /// For how long the oldest ticket that could be worked on has waited, in seconds; 0 where none waits.
    pub oldest_waiting_seconds: u64,
    /// Tickets that could be worked on and wait for hands.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
    /// Minutes until what waits is worked off by as many hands as work now, or by one where none does; absent while
    /// too few attempts have ended to tell.
    pub predicted_minutes: Option<u64>,
    /// The same by the labels that a worker needs.
    pub by_labels: Vec<WorkDemandByLabels>,
}

/// What waits for, and is with, workers that have these labels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkDemandByLabels {
    /// What a worker needs; empty for any worker.
    pub labels: Vec<String>,
    /// Tickets that wait.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
    /// The age of the oldest that waits, in seconds.
    pub oldest_waiting_seconds: u64,
}

impl From<Claimed> for ClaimedWork {
    fn from(Claimed { kept, brief }: Claimed) -> Self {
        let Kept { claim, token, expires_at, heartbeat_seconds } = kept;
        Self { claim, token, expires_at, heartbeat_seconds, brief }
    }
}

impl From<ClaimRow> for Claim {
    fn from(row: ClaimRow) -> Self {
        let lease = row.lease().cloned();
        Self {
            id: row.id,
            run: row.offer.run,
            ticket: row.offer.ticket,
            attempt: row.offer.attempt,
            labels: row.offer.labels,
            state: row.standing.state,
            token: row.standing.seat.token(),
            expires_at: lease.as_ref().map(|lease| lease.expires),
            worker: lease.map(|lease| lease.holder),
            expiries: row.standing.expiries,
            offered_at: row.offered_at,
            since: row.since,
        }
    }
}

impl From<LabelDemand> for WorkDemandByLabels {
    fn from(LabelDemand { labels, waiting, working, oldest_waiting_seconds }: LabelDemand) -> Self {
        Self { labels, waiting, working, oldest_waiting_seconds }
    }
}

fn reported(spend: Option<Spend>, models: Vec<String>) -> Reported {
    Reported { spend: spend.unwrap_or_default(), models }
}

fn malformed(why: impl Into<String>) -> Problem {
    WorkFault::Malformed(why.into()).problem()
}

impl WorkOutcome {
    fn work(self) -> Result<Work, Problem> {
        match (self.files, self.summary, self.failed) {
            (Some(files), summary, None) => {
                let files = files.into_iter().map(OutcomeFile::file).collect::<Result<_, _>>()?;
                Ok(Work::Done { files, summary: summary.unwrap_or_default() })
            }
            (None, None, Some(reason)) => Ok(Work::Failed { reason }),
            _ => Err(malformed("an outcome is either `files` with a `summary`, or `failed`")),
        }
    }
}

impl OutcomeFile {
    fn file(self) -> Result<ReturnedFile, Problem> {
        if self.text.is_some() == self.deleted {
            return Err(malformed("a file has either `text` or `deleted`"));
        }
        Ok(ReturnedFile { path: self.path, text: self.text })
    }
}

fn plain(labels: &[String]) -> Result<(), Problem> {
    let (most, longest) = LABELS;
    let fits = |label: &String| {
        !label.is_empty() && label.len() <= longest && label.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if labels.len() <= most && labels.iter().all(fits) {
        return Ok(());
    }
    Err(malformed(format!("at most {most} labels of 1 to {longest} plain characters")))
}

/// Gives a worker the oldest attempt that waits for one with its labels.
#[utoipa::path(post, path = "/claim", tag = "claims", request_body = ClaimRequest,
    responses((status = OK, description = "The work, and the lease on it.", body = ClaimedWork),
              (status = NO_CONTENT, description = "There is none now.")))]
pub(crate) async fn claim(State(app): State<App>, Body(asked): Body<ClaimRequest>) -> Reply<Response> {
    plain(&asked.labels)?;
    let wait = Duration::from_secs(asked.wait_seconds.into());
    let taken = app.stop.run_until_cancelled(app.flows.claim_work(&asked.worker, &asked.labels, wait)).await;
    match taken.transpose()?.flatten() {
        Some(claimed) => Ok(Json(ClaimedWork::from(claimed)).into_response()),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// Shows that a worker lives: its lease lasts on.
#[utoipa::path(post, path = "/claim/{claim}/heartbeat", tag = "claims", request_body = Heartbeat,
    params(("claim" = ClaimId, Path, description = "The claim.")),
    responses((status = OK, description = "The lease.", body = LeaseKept)))]
pub(crate) async fn heartbeat(
    State(app): State<App>,
    InPath(claim): InPath<ClaimId>,
    Body(Heartbeat { token }): Body<Heartbeat>,
) -> Reply<Json<LeaseKept>> {
    let Kept { expires_at, heartbeat_seconds, .. } = app.flows.keep_claim(&claim, token).await?;
    Ok(Json(LeaseKept { expires_at, heartbeat_seconds }))
}

/// Gives a claim back unfinished; another worker may take it at once.
#[utoipa::path(post, path = "/claim/{claim}/release", tag = "claims", request_body = GiveBack,
    params(("claim" = ClaimId, Path, description = "The claim.")),
    responses((status = NO_CONTENT, description = "It is open again.")))]
pub(crate) async fn release(
    State(app): State<App>,
    InPath(claim): InPath<ClaimId>,
    Body(GiveBack { token, spend, models }): Body<GiveBack>,
) -> Reply<StatusCode> {
    app.flows.give_back(&claim, token, &reported(spend, models)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns work, once: the same again has the same answer, other work is refused.
#[utoipa::path(post, path = "/complete", tag = "claims", request_body = Completion,
    responses((status = OK, description = "It is taken, and judged like any other.", body = Completed)))]
pub(crate) async fn complete(
    State(app): State<App>,
    Body(Completion { claim, token, outcome, spend, models }): Body<Completion>,
) -> Reply<Json<Completed>> {
    app.flows.return_work(&claim, token, outcome.work()?, reported(spend, models)).await?;
    Ok(Json(Completed { claim, state: ClaimState::Done }))
}

/// Lists what is offered to workers and not settled, with who has it.
#[utoipa::path(get, path = "/api/claims", tag = "claims", params(ClaimQuery),
    responses((status = OK, description = "The claims.", body = ClaimList)))]
pub(crate) async fn claims(
    State(app): State<App>,
    InQuery(query): InQuery<ClaimQuery>,
) -> Reply<Json<ClaimList>> {
    let rows = app.flows.claims(query.run.as_ref()).await?;
    Ok(Json(ClaimList { items: rows.into_iter().map(Claim::from).collect() }))
}

/// Tells how much work waits for workers: what an autoscaler goes by.
#[utoipa::path(get, path = "/api/workers/demand", tag = "workers",
    responses((status = OK, description = "What waits and what is under way.", body = WorkDemand)))]
pub(crate) async fn demand(State(app): State<App>) -> Reply<Json<WorkDemand>> {
    let Demand { oldest_waiting_seconds, waiting, working, predicted_minutes, by_labels } =
        app.flows.demand().await?;
    let by_labels = by_labels.into_iter().map(WorkDemandByLabels::from).collect();
    Ok(Json(WorkDemand { oldest_waiting_seconds, waiting, working, predicted_minutes, by_labels }))
}

//! The tickets of a run, and what was tried at each.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, BlobHash, CommitId, Event, EventBody, RequirementId, RunId, TenantId, TicketId,
    attempt::{AttemptOutcome, Rung},
    budget::{Budget, Spend},
    choice::ChoiceReason,
    event::CheckStage,
    finding::Finding,
    gate::CheckReport,
    quality::AttemptQuality,
    steps::{self, AttemptSteps},
    ticket::{Ticket, TicketState},
};
use swarm_store::{
    AttemptRow, EventFilter, FindingRow, ModelCallRow, Result as StoreResult, Store, TicketRow,
};
use utoipa::ToSchema;

use super::{Reason, checks::Check};
use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::Reply,
};

/// Probes and judgements of one ticket that are shown: a few an attempt, so more are not met.
const MAX_PROBES: u32 = 400;
/// Events of steps that are read at once.
const STEPS_READ: u32 = 1_000;
/// Events of steps of one ticket that are shown: more than its attempts can have within their limits.
const MAX_STEPS: usize = 10_000;

/// A ticket in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketSummary {
    /// Its id.
    pub id: TicketId,
    /// In which run.
    pub run: RunId,
    /// What is to be done, in a line.
    pub title: String,
    /// What it serves.
    pub requirements: Vec<RequirementId>,
    /// Where it stands.
    pub state: TicketState,
    /// How many attempts there were, the present one among them.
    pub attempts: u32,
    /// The agent that worked on it last.
    pub agent: Option<String>,
    /// What is being done just now, in a few words.
    pub step: Option<String>,
    /// What it cost until now.
    pub spend: Spend,
    /// The requirements of it that are merged as a checkpoint, before the whole of it is.
    pub checkpoint: Vec<RequirementId>,
    /// The commit on the integration branch.
    pub merged: Option<CommitId>,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A ticket with all that was tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketDetail {
    /// Where it stands.
    pub summary: TicketSummary,
    /// What is to be done.
    pub ticket: Ticket,
    /// What was tried, the oldest first.
    pub attempts: Vec<Attempt>,
    /// The acceptance commands that were run for it, the oldest first.
    pub checks: Vec<Check>,
    /// The faults that were found, the oldest first.
    pub findings: Vec<FindingEntry>,
    /// How the tests of each attempt did on code that was made wrong on purpose, the oldest first.
    pub probes: Vec<TestProbe>,
    /// What the gate said of each attempt's change, the oldest first.
    pub judgements: Vec<Judgement>,
    /// How good the code of accepted attempts is, the oldest first.
    pub quality: Vec<AttemptQuality>,
    /// What each attempt did step by step and what that cost, and where it led nowhere.
    pub steps: Vec<AttemptSteps>,
    /// The calls of models, the oldest first.
    pub model_calls: Vec<ModelCall>,
}

/// What the gate said of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Judgement {
    /// Of which attempt.
    pub attempt: Option<AttemptId>,
    /// To judge the attempt, or the attempt on top of what was merged before.
    pub stage: CheckStage,
    /// The commit.
    pub commit: CommitId,
    /// The checks, each with its tool and its weight.
    pub checks: Vec<CheckReport>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Judgement {
    fn of(event: &Event) -> Option<Self> {
        let EventBody::ChangeJudged { stage, commit, checks } = event.body.clone() else {
            return None;
        };
        Some(Self { attempt: event.subject.attempt.clone(), stage, commit, checks, at: event.at })
    }
}

/// Tests, tried on code that was made wrong on purpose.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestProbe {
    /// Of which attempt.
    pub attempt: Option<AttemptId>,
    /// How many times the code was made wrong.
    pub mutants: u32,
    /// How often a test or an acceptance command noticed.
    pub killed: u32,
    /// What nobody noticed.
    pub survived: Vec<String>,
    /// Whether the attempt's own tests were tried, or only the commands of the spec.
    pub own_tests: bool,
    /// When it was tried.
    pub at: DateTime<Utc>,
}

impl TestProbe {
    fn of(event: Event) -> Option<Self> {
        let EventBody::TestsProbed { mutants, killed, survived, own_tests, .. } = event.body else {
            return None;
        };
        Some(Self { attempt: event.subject.attempt, mutants, killed, survived, own_tests, at: event.at })
    }
}

/// One try at a ticket by one agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// At which ticket.
    pub ticket: TicketId,
    /// From 1.
    pub number: u32,
    /// Which agent.
    pub agent: String,
    /// Why it and its model were chosen; absent where they were simply the first in line.
    pub choice: Option<ChoiceReason>,
    /// The model that it began with.
    pub model: String,
    /// Where its code ran.
    pub rung: Rung,
    /// The commit that it started from.
    pub base: CommitId,
    /// What earlier attempts taught it.
    pub hints: Vec<String>,
    /// How it ended; absent while it goes on.
    pub outcome: Option<AttemptOutcome>,
    /// The bytes that its worktree took on disk; 0 while it goes on.
    pub disk_bytes: u64,
    /// What it cost until now.
    pub spend: Spend,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A fault that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingEntry {
    /// In which attempt.
    pub attempt: Option<AttemptId>,
    /// The fault.
    pub finding: Finding,
    /// When it was found.
    pub at: DateTime<Utc>,
}

/// A call of a model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelCall {
    /// For which ticket.
    pub ticket: Option<TicketId>,
    /// In which attempt.
    pub attempt: Option<AttemptId>,
    /// Which agent called.
    pub agent: String,
    /// The model that answered, as `provider/model`.
    pub model: String,
    /// The request, as canonical JSON, by its hash.
    pub request: BlobHash,
    /// The reply, as canonical JSON, by its hash.
    pub reply: BlobHash,
    /// What it cost.
    pub spend: Spend,
    /// Milliseconds from the request to the end of the reply.
    pub millis: u64,
    /// Whether the reply was played back.
    pub recorded: bool,
    /// Whether it came from the cache of replies: no model was asked.
    pub cached: bool,
    /// When it ended.
    pub at: DateTime<Utc>,
}

/// How a ticket is taken up again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    /// What the run may spend as a whole from now on, what it spent before included. A limit that is absent stays as
    /// it is.
    #[serde(default)]
    pub budget: Option<Budget>,
}

/// The tickets of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketList {
    /// In an order that respects the dependencies.
    pub items: Vec<TicketSummary>,
}

impl From<&TicketRow> for TicketSummary {
    fn from(row: &TicketRow) -> Self {
        Self {
            id: row.id.clone(),
            run: row.run.clone(),
            title: row.ticket.title.clone(),
            requirements: row.ticket.requirements.clone(),
            state: row.state.clone(),
            attempts: row.attempt,
            agent: row.agent.clone(),
            step: row.step.clone(),
            spend: row.spend,
            checkpoint: row.checkpoint.clone(),
            merged: row.merged.clone(),
            merged_at: row.merged_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            id: row.id,
            ticket: row.ticket,
            number: row.number,
            agent: row.agent,
            choice: row.choice,
            model: row.model,
            rung: row.rung,
            base: row.base,
            hints: row.hints,
            outcome: row.outcome,
            disk_bytes: row.disk_bytes,
            spend: row.spend,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

impl From<FindingRow> for FindingEntry {
    fn from(row: FindingRow) -> Self {
        Self { attempt: row.attempt, finding: row.finding, at: row.at }
    }
}

impl From<ModelCallRow> for ModelCall {
    fn from(row: ModelCallRow) -> Self {
        Self {
            ticket: row.ticket,
            attempt: row.attempt,
            agent: row.agent,
            model: row.model,
            request: row.request,
            reply: row.reply,
            spend: row.spend,
            millis: row.millis,
            recorded: row.recorded,
            cached: row.cache.is_some_and(|cache| cache.is_hit()),
            at: row.at,
        }
    }
}

/// Lists the tickets of a run.
#[utoipa::path(get, path = "/api/runs/{run}/tickets", tag = "tickets",
    params(("run" = RunId, Path, description = "The run's id.")),
    responses((status = OK, description = "The tickets.", body = TicketList)))]
pub(crate) async fn tickets(State(app): State<App>, InPath(run): InPath<RunId>) -> Reply<Json<TicketList>> {
    app.store().run(app.tenant(), &run).await?;
    let rows = app.store().tickets(app.tenant(), &run).await?;
    Ok(Json(TicketList { items: rows.iter().map(TicketSummary::from).collect() }))
}

/// Shows a ticket with its attempts, checks, findings and model calls.
#[utoipa::path(get, path = "/api/runs/{run}/tickets/{ticket}", tag = "tickets",
    params(("run" = RunId, Path, description = "The run's id."), ("ticket" = TicketId, Path, description = "Its id.")),
    responses((status = OK, description = "The ticket.", body = TicketDetail)))]
pub(crate) async fn ticket(
    State(app): State<App>,
    InPath((run, id)): InPath<(RunId, TicketId)>,
) -> Reply<Json<TicketDetail>> {
    let (store, tenant) = (app.store(), app.tenant());
    let row = store.ticket(tenant, &run, &id).await?;
    let probed = EventFilter {
        limit: MAX_PROBES,
        run: Some(run.clone()),
        ticket: Some(id.clone()),
        types: vec!["tests_probed".to_owned(), "change_judged".to_owned()],
        ..EventFilter::default()
    };
    let (attempts, checks, findings, calls, probes, quality, steps) = tokio::try_join!(
        store.attempts(tenant, &run, Some(&id)),
        store.checks(tenant, &run, Some(&id)),
        store.findings(tenant, &run, Some(&id)),
        store.model_calls(tenant, &run, Some(&id)),
        store.events(tenant, &probed),
        store.quality(tenant, Some(&run), Some(&id)),
        all_steps(store, tenant, &run, &id),
    )?;
    Ok(Json(TicketDetail {
        summary: TicketSummary::from(&row),
        ticket: row.ticket,
        attempts: attempts.into_iter().map(Attempt::from).collect(),
        checks: Check::all(store, checks).await,
        findings: findings.into_iter().map(FindingEntry::from).collect(),
        judgements: probes.iter().filter_map(Judgement::of).collect(),
        probes: probes.into_iter().filter_map(TestProbe::of).collect(),
        quality,
        steps,
        model_calls: calls.into_iter().map(ModelCall::from).collect(),
    }))
}

/// The steps of all attempts at a ticket, as far as they are shown.
async fn all_steps(
    store: &Store,
    tenant: &TenantId,
    run: &RunId,
    ticket: &TicketId,
) -> StoreResult<Vec<AttemptSteps>> {
    let mut told = Vec::new();
    let mut filter = EventFilter {
        limit: STEPS_READ,
        run: Some(run.clone()),
        ticket: Some(ticket.clone()),
        types: steps::TOLD_BY.map(str::to_owned).to_vec(),
        ..EventFilter::default()
    };
    while told.len() < MAX_STEPS {
        let page = store.events(tenant, &filter).await?;
        let Some(last) = page.last() else { break };
        filter.after = last.seq;
        told.extend(page);
    }
    Ok(steps::of_attempts(&told))
}

/// Takes a ticket that needs a person, was given up or still waits up again, and the settled run with it.
#[utoipa::path(post, path = "/api/runs/{run}/tickets/{ticket}/retry", tag = "tickets", request_body = Option<Retry>,
    params(("run" = RunId, Path, description = "The run's id."), ("ticket" = TicketId, Path, description = "Its id.")),
    responses((status = NO_CONTENT, description = "It is taken up again.")))]
pub(crate) async fn retry_ticket(
    State(app): State<App>,
    By(asker): By,
    InPath((run, id)): InPath<(RunId, TicketId)>,
    retry: Option<Body<Retry>>,
) -> Reply<StatusCode> {
    let budget = retry.and_then(|Body(Retry { budget })| budget);
    app.flows.retry_ticket(&asker, &run, &id, budget).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives up a ticket. What was written for it is archived, not deleted.
#[utoipa::path(post, path = "/api/runs/{run}/tickets/{ticket}/cancel", tag = "tickets", request_body = Reason,
    params(("run" = RunId, Path, description = "The run's id."), ("ticket" = TicketId, Path, description = "Its id.")),
    responses((status = NO_CONTENT, description = "It is given up.")))]
pub(crate) async fn cancel_ticket(
    State(app): State<App>,
    By(asker): By,
    InPath((run, id)): InPath<(RunId, TicketId)>,
    Body(Reason { reason }): Body<Reason>,
) -> Reply<StatusCode> {
    app.flows.cancel_ticket(&asker, &run, &id, &reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

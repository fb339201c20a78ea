//! Attempts whose turns are made by workers elsewhere. The worker replaces the drive of the turn and nothing else:
//! what it returns is put into the worktree and committed, validated and merged like any other work.
//!
//! Waiting is one step that looks until the claim is settled. A crash in the middle runs it again: the claim is kept in
//! the database, so what was returned meanwhile is found, and nothing is asked for twice.

mod brief;
mod desk;
mod hand;

use std::{path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use swarm_agents::{TurnEnd, Workspace};
use swarm_domain::{
    AttemptId, BlobHash, ClaimId, CommitId, EventBody, Label, Problem, RunId,
    budget::Spend,
    claim::{ClaimState, Reported, Terms, Work},
    money::MicroUsd,
};
use swarm_model::{BudgetScope, ModelError};
use swarm_store::{ClaimRow, Offer, StoreError};

pub(crate) use brief::brief;
pub use desk::{Claimed, Kept};
pub use hand::{Hand, Made};

use crate::{
    attempt::Attempt,
    calls,
    engine::{self, Flow},
    error::FlowError,
    parts::{FlowsConfig, Parts, part},
    routing,
};

/// What stands for the model of an attempt that a worker elsewhere makes: which one it calls is its own affair.
pub(crate) const ANY_MODEL: &str = "a model of the worker's own";

/// The longest time between two looks at a claim that is waited for.
const LOOK: Duration = Duration::from_secs(1);

/// How attempts are offered to workers elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimsConfig {
    /// How long a lease lasts without a sign of life, in seconds.
    pub lease_seconds: u32,
    /// After so many leases that ran out, the attempt counts as failed.
    pub max_expiries: u32,
    /// How long an attempt waits for a worker to take it, in seconds.
    pub longest_open_seconds: u32,
    /// How long a worker that asks may wait for something to come, in seconds.
    pub longest_poll_seconds: u32,
}

impl Default for ClaimsConfig {
    fn default() -> Self {
        Self { lease_seconds: 60, max_expiries: 3, longest_open_seconds: 86_400, longest_poll_seconds: 30 }
    }
}

/// What a worker returned, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parcel {
    work: Work,
    reported: Reported,
}

/// The worktree of an attempt behind the jail.
pub(crate) fn workspace(
    config: &FlowsConfig,
    run: &RunId,
    attempt: &AttemptId,
    root: &Path,
    touches: &[String],
) -> Result<Workspace, FlowError> {
    Ok(Workspace::open(root, &config.effects(run, attempt), touches)?)
}

/// Has an attempt's turns made elsewhere, and puts what came back into its worktree.
pub(crate) async fn elsewhere(
    attempt: &Attempt<'_>,
    base: &CommitId,
    brief: &BlobHash,
) -> Flow<Result<TurnEnd, FlowError>> {
    let parts = attempt.parts;
    let claim = match engine::retried(parts, "offer", || offer(attempt, brief)).await? {
        Ok(claim) => claim,
        Err(error) => return Ok(Err(error)),
    };
    let parcel = match engine::awaited(parts, "claim", || returned(parts, &claim)).await? {
        Ok(parcel) => parcel,
        Err(error) => return Ok(Err(error)),
    };
    engine::retried(parts, "apply", || apply(attempt, base, &parcel)).await
}

async fn offer(attempt: &Attempt<'_>, brief: &BlobHash) -> Result<ClaimId, FlowError> {
    let Attempt { parts, frame, id, .. } = attempt;
    for scope in budgets(attempt).await? {
        affordable(attempt, &scope).await?;
    }
    let needed = routing::asked(parts, &frame.options, frame.ticket.capability);
    let config = &parts.config.claims;
    let offer = Offer {
        project: frame.project.clone(),
        run: frame.run.clone(),
        ticket: frame.ticket.id.clone(),
        attempt: id.clone(),
        labels: needed.iter().map(Label::to_string).collect(),
        brief: brief.clone(),
        terms: Terms { lease_seconds: config.lease_seconds, max_expiries: config.max_expiries },
    };
    match parts.store.offer_claim(&parts.config.tenant, &offer).await {
        Ok(row) => Ok(row.id),
        // Given up in the moment between: nobody is to work on it.
        Err(StoreError::NotAllowed { .. }) => Err(FlowError::Cancelled),
        Err(error) => Err(error.into()),
    }
}

/// The budgets that the work counts against.
async fn budgets(attempt: &Attempt<'_>) -> Result<Vec<BudgetScope>, FlowError> {
    let parts = attempt.parts;
    let run = parts.store.run(&parts.config.tenant, &attempt.frame.run).await?;
    calls::budgets(parts, &attempt.agent.name, &attempt.subject(), Some(&run)).await
}

/// Work that could not pay for its first call is not offered.
async fn affordable(attempt: &Attempt<'_>, scope: &BudgetScope) -> Result<(), FlowError> {
    let least = Spend { usd: MicroUsd(1), tokens_in: 1, ..Spend::default() };
    if scope.limit.allows(scope.spent, least) {
        return Ok(());
    }
    let detail =
        format!("{} and {} tokens are spent, and nothing is left", scope.spent.usd, scope.spent.tokens());
    let body = EventBody::BudgetReached { scope: scope.name.clone(), detail: detail.clone() };
    attempt.record(&["offer", "budget"], part("gateway"), body).await?;
    Err(ModelError::BudgetReached { scope: scope.name.clone(), detail }.into())
}

/// Waits until work came back. Holds no thread; a database that is away for a while is waited for.
async fn returned(parts: &Parts, claim: &ClaimId) -> Result<BlobHash, FlowError> {
    let tenant = &parts.config.tenant;
    let mut growth = parts.store.growth();
    loop {
        match parts.store.look_at_claim(tenant, claim).await {
            Ok(row) => match settled(parts, &row).await {
                Some(outcome) => return outcome,
                None => drop(growth.wait(LOOK).await),
            },
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, %claim, "cannot look at the claim; will look again");
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn settled(parts: &Parts, row: &ClaimRow) -> Option<Result<BlobHash, FlowError>> {
    let standing = &row.standing;
    match standing.state {
        ClaimState::Done => standing.result.clone().map(Ok),
        ClaimState::Withdrawn => Some(Err(FlowError::Cancelled)),
        ClaimState::Failed => Some(Err(FlowError::Final(lost(standing.expiries)))),
        ClaimState::Claimed => None,
        ClaimState::Open => {
            let waited = u64::try_from((row.now - row.since).num_seconds()).unwrap_or_default();
            if waited < u64::from(parts.config.claims.longest_open_seconds) {
                return None;
            }
            let Offer { run, ticket, labels, .. } = &row.offer;
            let withdrawn = parts.store.withdraw_claims(&parts.config.tenant, run, ticket).await;
            Some(
                Err(withdrawn.map_or_else(FlowError::from, |()| FlowError::Final(unclaimed(waited, labels)))),
            )
        }
    }
}

fn lost(expiries: u32) -> Problem {
    Problem::new(
        "claim.expired",
        format!("{expiries} workers took the attempt and gave no sign of life until their lease ran out"),
        "look at the workers' own output and at their way to this server; then `swarm ticket retry TICKET`",
    )
}

fn unclaimed(waited: u64, labels: &[String]) -> Problem {
    let with =
        if labels.is_empty() { String::new() } else { format!(" with the labels {}", labels.join(", ")) };
    Problem::new(
        "claim.unclaimed",
        format!("no worker{with} took the attempt within {waited} s"),
        "start one with `swarm worker --server URL --token-file FILE`, then `swarm ticket retry TICKET`",
    )
}

/// Puts what came back into the worktree. What the worker says about it ends the turn, and counts for nothing more.
async fn apply(attempt: &Attempt<'_>, base: &CommitId, parcel: &BlobHash) -> Result<TurnEnd, FlowError> {
    let Parcel { work, .. } = attempt.parts.load(parcel).await?;
    let (files, summary) = match work {
        Work::Done { files, summary } => (files, summary),
        Work::Failed { reason } => return Ok(TurnEnd::GaveUp { reason }),
    };
    let root = attempt.worktree(base).await?.path;
    let workspace = attempt.workspace(&root)?;
    let key = attempt.key(&["apply"]).join("/");
    let applied = tokio::task::spawn_blocking(move || {
        for (index, file) in files.iter().enumerate() {
            if let Some(why) = workspace.apply(file, &format!("{key}/{index}"))? {
                return Ok(Some(why));
            }
        }
        Ok::<_, FlowError>(None)
    });
    match applied.await.map_err(|error| FlowError::internal("putting returned files", error))?? {
        None => Ok(TurnEnd::Finished { summary }),
        // It was looked at when it came; only a worktree that changed since can refuse it.
        Some(why) => Err(FlowError::internal("a returned file", why)),
    }
}

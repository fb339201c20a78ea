//! How a played attempt begins: as its origin did, on what had been merged then.

use std::time::{Duration, Instant};

use swarm_agents::Turn;
use swarm_domain::{
    AttemptId, CommitId, EventBody, IdempotencyKey, RunId, TicketId, origin::Origin, ticket::TicketState,
};
use swarm_model::Capabilities;

use super::journal::{counterpart, diverged, story};
use crate::{engine, error::FlowError, parts::Parts, ticket::Frame};

/// How often is looked whether what an attempt builds on has been merged.
const LOOK: Duration = Duration::from_millis(50);
/// How long an attempt waits for that. It is merged by the same run, so this only ends a wait that has no end.
const PATIENCE: Duration = Duration::from_hours(1);

/// How an attempt began in the origin.
#[derive(Debug, Clone)]
pub(crate) struct Beginning {
    /// The commit that it began on there.
    base: CommitId,
    /// The words and the worker, where those are played too: absent at the step that a run is forked at.
    pub(crate) worker: Option<PlayedWorker>,
    /// Whether there was another attempt after it.
    pub(crate) followed: bool,
}

/// Who worked then.
#[derive(Debug, Clone)]
pub(crate) struct PlayedWorker {
    /// The agent.
    pub(crate) agent: String,
    /// The model.
    pub(crate) model: String,
    /// What the model could be relied on for; unknown for runs of an older swarm.
    pub(crate) capabilities: Option<Capabilities>,
}

/// How this attempt of ours began in the origin, if it is played.
pub(crate) async fn beginning(
    parts: &Parts,
    frame: &Frame,
    number: u32,
) -> Result<Option<Beginning>, FlowError> {
    let Some(origin) = &frame.options.origin else { return Ok(None) };
    let Some(event) = started(parts, origin, &frame.ticket.id, number).await? else { return Ok(None) };
    let EventBody::AttemptStarted { agent, model, base, turn, .. } = event.body else { return Ok(None) };
    let followed = started(parts, origin, &frame.ticket.id, number + 1).await?.is_some();
    let worker = if event.seq < origin.at {
        let capabilities = match turn {
            Some(turn) => {
                let turn: Turn = parts.load(&turn).await.map_err(|error| {
                    diverged(&origin.run, format!("the beginning at step {} is lost: {error}", event.seq))
                })?;
                Some(turn.capabilities())
            }
            None => None,
        };
        Some(PlayedWorker { agent, model, capabilities })
    } else {
        None
    };
    Ok(Some(Beginning { base, worker, followed }))
}

async fn started(
    parts: &Parts,
    origin: &Origin,
    ticket: &TicketId,
    number: u32,
) -> Result<Option<swarm_domain::Event>, FlowError> {
    let attempt = AttemptId::of(ticket, number);
    counterpart(parts, origin, &["run", "", attempt.as_str(), "started"]).await
}

/// The commit of ours that stands where the attempt began in the origin. What it builds on may not be merged yet: then
/// this waits for it, as it comes earlier in the journal.
pub(crate) async fn base(parts: &Parts, frame: &Frame, began: &Beginning) -> Result<CommitId, FlowError> {
    let tenant = &parts.config.tenant;
    let Some(origin) = &frame.options.origin else {
        return Err(FlowError::internal("a played attempt", "its run has no origin"));
    };
    let theirs = parts.store.run(tenant, &origin.run).await?;
    if theirs.base.as_ref() == Some(&began.base) {
        let ours = parts.store.run(tenant, &frame.run).await?.base;
        return ours.ok_or_else(|| FlowError::internal("the run", "has no base"));
    }
    let (ticket, attempt) = merged_as(parts, &origin.run, &began.base).await?;
    let key = IdempotencyKey::of(&["run", frame.run.as_str(), attempt.as_str(), "merged"]);
    let cancelled = engine::cancellation();
    let since = Instant::now();
    loop {
        let merged = parts.store.event_by_key(tenant, &key).await?;
        if let Some(EventBody::Merged { commit, .. }) = merged.map(|event| event.body) {
            return Ok(commit);
        }
        let state = parts.store.ticket(tenant, &frame.run, &ticket).await?.state;
        let settled_otherwise = state.is_settled() && state != TicketState::Merged;
        if settled_otherwise || since.elapsed() > PATIENCE {
            return Err(diverged(&origin.run, format!("{attempt} was merged there, and is not here")));
        }
        tokio::select! {
            () = cancelled.cancelled() => return Err(FlowError::Cancelled),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// The work that was merged as this commit.
async fn merged_as(
    parts: &Parts,
    run: &RunId,
    wanted: &CommitId,
) -> Result<(TicketId, AttemptId), FlowError> {
    let merges = story(parts, run, &["merged"], u64::MAX).await?;
    let found = merges.into_iter().find_map(|event| match event.body {
        EventBody::Merged { commit, .. } if commit == *wanted => {
            Some((event.subject.ticket?, event.subject.attempt?))
        }
        _ => None,
    });
    found.ok_or_else(|| diverged(run, format!("an attempt began on {wanted}, which no merge made")))
}

//! Looking things up in the journal of the origin: the same step has the same key, but for the run.

use swarm_domain::{
    AttemptId, BlobHash, Event, EventBody, IdempotencyKey, Problem, RunId, attempt::AttemptOutcome,
    origin::Origin,
};
use swarm_forge::Base;
use swarm_store::{EventFilter, MAX_EVENTS_READ};

use super::edit;
use crate::{error::FlowError, parts::Parts};

/// A model call that is played.
pub(crate) struct PlayedCall {
    /// The model that answered then.
    pub(crate) model: String,
    /// What it said.
    pub(crate) reply: BlobHash,
}

/// The event of the origin that has this key of ours, if it is played.
pub(super) async fn counterpart(
    parts: &Parts,
    origin: &Origin,
    key: &[&str],
) -> Result<Option<Event>, FlowError> {
    let ["run", _, rest @ ..] = key else { return Ok(None) };
    let key = IdempotencyKey::of(&[&["run", origin.run.as_str()], rest].concat());
    let event = parts.store.event_by_key(&parts.config.tenant, &key).await?;
    Ok(event.filter(|event| origin.plays(event.seq)))
}

/// Where a played run begins: where its origin began, and not where the repository is now.
pub(crate) async fn origin_base(parts: &Parts, origin: &Origin) -> Result<Base, FlowError> {
    let row = parts.store.run(&parts.config.tenant, &origin.run).await?;
    match (row.base, row.base_branch) {
        (Some(commit), Some(branch)) => Ok(Base { commit, branch }),
        _ => Err(diverged(&origin.run, "it has no beginning")),
    }
}

/// What the model said in the place of this call. None where a fork has left the journal behind and is to ask for
/// itself; where a replay has, that is an error.
pub(crate) async fn played_call(
    parts: &Parts,
    origin: &Origin,
    key: &[&str],
    attempt: Option<&AttemptId>,
) -> Result<Option<PlayedCall>, FlowError> {
    let known = match (key, attempt) {
        // Its key names the branch's head, which is another commit here.
        (["run", run, _, "mend", ..], Some(attempt)) => mended(parts, origin, run, attempt).await?,
        _ => counterpart(parts, origin, key).await?,
    };
    if let Some(event) = known
        && let EventBody::ModelCalled { model, reply, .. } = event.body
    {
        let reply = match origin.edit_at(event.seq) {
            Some(edit) => edit::other_reply(parts, &reply, edit).await?,
            None => reply,
        };
        // Read here, where it is known what it means that it cannot be read.
        parts.store.blobs().get(&reply).await.map_err(|error| {
            diverged(&origin.run, format!("the reply at step {} cannot be played: {error}", event.seq))
        })?;
        return Ok(Some(PlayedCall { model, reply }));
    }
    if let Some(problem) = failed_there(parts, origin, key, attempt).await? {
        return Err(FlowError::Final(problem));
    }
    if origin.live {
        return Ok(None);
    }
    Err(diverged(&origin.run, format!("its journal has no reply for {}", key[2..].join("/"))))
}

/// The call by which the neutral fixer mended this attempt's work in the origin: as many were made there before it as
/// were here.
async fn mended(
    parts: &Parts,
    origin: &Origin,
    run: &str,
    attempt: &AttemptId,
) -> Result<Option<Event>, FlowError> {
    let ours = RunId::parse(run).map_err(|error| FlowError::internal("a key", error))?;
    let before = calls_after_verdict(parts, &ours, attempt, u64::MAX).await?.len();
    Ok(calls_after_verdict(parts, &origin.run, attempt, origin.at).await?.into_iter().nth(before))
}

async fn calls_after_verdict(
    parts: &Parts,
    run: &RunId,
    attempt: &AttemptId,
    until: u64,
) -> Result<Vec<Event>, FlowError> {
    let events = story(parts, run, &["attempt_finished", "model_called"], until).await?;
    let of_attempt = events.into_iter().filter(|event| event.subject.attempt.as_ref() == Some(attempt));
    let after = of_attempt.skip_while(|event| matches!(event.body, EventBody::ModelCalled { .. }));
    Ok(after.filter(|event| matches!(event.body, EventBody::ModelCalled { .. })).collect())
}

/// Why the attempt failed in the origin, where it did: then its last call had no answer, and has none again.
async fn failed_there(
    parts: &Parts,
    origin: &Origin,
    key: &[&str],
    attempt: Option<&AttemptId>,
) -> Result<Option<Problem>, FlowError> {
    let (Some(attempt), ["run", run, ..]) = (attempt, key) else { return Ok(None) };
    let finished = counterpart(parts, origin, &["run", run, attempt.as_str(), "finished"]).await?;
    Ok(finished.and_then(|event| match event.body {
        EventBody::AttemptFinished { outcome: AttemptOutcome::Failed { problem }, .. } => Some(problem),
        _ => None,
    }))
}

/// The played run went another way than its journal.
pub(super) fn diverged(origin: &RunId, detail: impl std::fmt::Display) -> FlowError {
    FlowError::Final(Problem::new(
        "replay.diverged",
        format!("this is not what happened in {origin}: {detail}"),
        format!("run `swarm run diff {origin} RUN` to see where they part, and `swarm audit verify`"),
    ))
}

/// The events of a run of these types, or of any, up to a position.
pub(super) async fn story(
    parts: &Parts,
    run: &RunId,
    types: &[&str],
    until: u64,
) -> Result<Vec<Event>, FlowError> {
    let mut filter = EventFilter {
        run: Some(run.clone()),
        types: types.iter().map(|&name| name.to_owned()).collect(),
        limit: MAX_EVENTS_READ,
        ..EventFilter::default()
    };
    let mut events: Vec<Event> = Vec::new();
    loop {
        let page = parts.store.events(&parts.config.tenant, &filter).await?;
        let Some(last) = page.last() else { return Ok(events) };
        filter.after = last.seq;
        let over = last.seq > until;
        events.extend(page.into_iter().filter(|event| event.seq <= until));
        if over {
            return Ok(events);
        }
    }
}

/// The event at a position, if it is one of this run's.
pub(super) async fn at(parts: &Parts, run: &RunId, seq: u64) -> Result<Option<Event>, FlowError> {
    let filter = EventFilter {
        after: seq.saturating_sub(1),
        limit: 1,
        run: Some(run.clone()),
        ..EventFilter::default()
    };
    let found = parts.store.events(&parts.config.tenant, &filter).await?.into_iter().next();
    Ok(found.filter(|event| event.seq == seq))
}

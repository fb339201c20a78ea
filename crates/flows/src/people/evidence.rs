//! What proves the parts of a change that people are asked about. It is found out while they look at it, and only until they
//! have decided.

use swarm_domain::{
    AttemptId, CommitId, EventBody, IdempotencyKey, InterruptId, RunId,
    event::CheckStage,
    hunk::HunkEvidence,
    interrupt::{Interrupt, InterruptKind},
};
use swarm_store::InterruptRow;

use super::PeopleInput;
use crate::{
    error::FlowError,
    ground::Ground,
    parts::{Parts, part},
    validate::{
        acceptance::Judged,
        hunk::{Change, Trying},
    },
};

/// Leaves the hunks of a change out, one at a time, and writes down who missed them. A fault of it is no fault of the question.
pub(super) async fn gather(
    parts: &Parts,
    input: &PeopleInput,
    question: &Interrupt,
) -> Result<(), FlowError> {
    if question.kind != InterruptKind::DiffReview || parts.config.hunks == 0 {
        return Ok(());
    }
    match tried(parts, input, question).await {
        Err(FlowError::Cancelled) => Err(FlowError::Cancelled),
        Err(error) => {
            tracing::warn!(%error, interrupt = %question.id, "nothing can be said of the change's parts");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

async fn tried(parts: &Parts, input: &PeopleInput, question: &Interrupt) -> Result<(), FlowError> {
    let subject = &input.subject;
    let (Some(project), Some(run), Some(ticket), Some(attempt)) =
        (&subject.project, &subject.run, &subject.ticket, &subject.attempt)
    else {
        return Ok(());
    };
    let (Some(commit), Some(text)) = (&question.commit, &question.text) else { return Ok(()) };
    // Of two questions about one change, the first has it found out.
    if known(parts, run, attempt, commit).await?.is_some() {
        return Ok(());
    }
    let ground = Ground::read(parts, run).await?;
    let Some(ticket) = ground.plan.ticket(ticket) else { return Ok(()) };
    let diff = parts.store.blobs().get(text).await?;
    let judged = Judged {
        project,
        run,
        ticket: &ticket.id,
        attempt,
        commit,
        stage: CheckStage::Validation,
        number: 1,
    };
    let diff = String::from_utf8_lossy(&diff);
    let change = Change { judged, ticket, fixtures: &ground.spec.fixtures, diff: &diff };
    let Some(mut trying) = Trying::begin(parts, change).await? else { return Ok(()) };
    while is_open(parts, &question.id).await? && trying.next(parts).await? {}
    if let Some(evidence) = trying.evidence() {
        let key = key(run, attempt, commit);
        parts.record(&key, part("validator"), subject.clone(), EventBody::HunksTried { evidence }).await?;
    }
    Ok(())
}

async fn is_open(parts: &Parts, id: &InterruptId) -> Result<bool, FlowError> {
    let row = parts.store.interrupt(&parts.config.tenant, id).await?;
    Ok(row.standing.decision().is_none())
}

/// What was found out about the change of a question; none where nothing was, or is not yet.
pub(super) async fn of_question(
    parts: &Parts,
    row: &InterruptRow,
) -> Result<Option<HunkEvidence>, FlowError> {
    match (&row.attempt, &row.interrupt.commit) {
        (Some(attempt), Some(commit)) => known(parts, &row.run, attempt, commit).await,
        _ => Ok(None),
    }
}

fn key<'k>(run: &'k RunId, attempt: &'k AttemptId, commit: &'k CommitId) -> [&'k str; 5] {
    ["run", run.as_str(), attempt.as_str(), "hunks", commit.as_str()]
}

async fn known(
    parts: &Parts,
    run: &RunId,
    attempt: &AttemptId,
    commit: &CommitId,
) -> Result<Option<HunkEvidence>, FlowError> {
    let key = IdempotencyKey::of(&key(run, attempt, commit));
    let event = parts.store.event_by_key(&parts.config.tenant, &key).await?;
    Ok(match event.map(|event| event.body) {
        Some(EventBody::HunksTried { evidence }) => Some(evidence),
        _ => None,
    })
}

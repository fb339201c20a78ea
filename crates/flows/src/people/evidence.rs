//! What proves the parts of a change that people are asked about. It is found out while they look at it, and only until they
//! have decided.

use std::{pin::pin, time::Duration};

use futures::future::{self, Either};
use swarm_domain::{
    AttemptId, CommitId, EventBody, IdempotencyKey, InterruptId, RunId,
    event::CheckStage,
    hunk::HunkEvidence,
    interrupt::{Interrupt, InterruptKind},
};
use swarm_store::InterruptRow;

use super::PeopleInput;
use crate::{
    engine,
    error::FlowError,
    ground::Ground,
    parts::{Parts, part},
    validate::{
        acceptance::Judged,
        hunk::{Change, leave_out},
    },
};

/// The longest that all hunks of a change may take; those that are left are not tried.
const LONGEST: Duration = Duration::from_mins(1);
/// How often it is looked whether somebody has decided.
const LOOK: Duration = Duration::from_millis(500);

/// Leaves the hunks of a change out, one at a time, and writes down who missed them. A fault of it is no fault of the question.
pub(super) async fn gather(
    parts: &Parts,
    input: &PeopleInput,
    question: &Interrupt,
) -> Result<(), FlowError> {
    if question.kind != InterruptKind::DiffReview || parts.config.hunks == 0 {
        return Ok(());
    }
    match Box::pin(tried(parts, input, question)).await {
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
    // Who gives the run up meanwhile ends this too.
    let enough = engine::cancellation().child_token();
    let found = pin!(leave_out(parts, &change, &enough));
    let found = match future::select(found, pin!(until_decided(parts, &question.id))).await {
        Either::Left((found, _)) => found,
        Either::Right(((), found)) => {
            enough.cancel();
            found.await
        }
    };
    if let Some(evidence) = found? {
        let key = key(run, attempt, commit);
        parts.record(&key, part("validator"), subject.clone(), EventBody::HunksTried { evidence }).await?;
    }
    Ok(())
}

/// Until nobody reads any more what would be found out, or it took too long.
async fn until_decided(parts: &Parts, id: &InterruptId) {
    let decided = async {
        loop {
            tokio::time::sleep(LOOK).await;
            let row = parts.store.interrupt(&parts.config.tenant, id).await;
            // A database that is away is asked again; what is found out meanwhile is not lost by that.
            if row.is_ok_and(|row| row.standing.decision().is_some()) {
                return;
            }
        }
    };
    // Late or decided: either is enough.
    drop(tokio::time::timeout(LONGEST, decided).await);
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

//! What the merge train looks for on top of the proofs: where stacking or mending made other files than those that the
//! validator saw, they are judged as it judged them.

use futures::future;
use swarm_domain::{CommitId, event::CheckStage, finding::Finding};

use crate::{
    error::FlowError,
    gate,
    merge::{Candidate, Frame},
    parts::Parts,
    validate::{acceptance::Judged, change::ReadChange},
};

/// What blocks each commit of a stack on `head`, in which these candidates stand.
pub(crate) async fn again(
    parts: &Parts,
    frame: &Frame,
    head: &CommitId,
    commits: &[CommitId],
    standing: &[usize],
) -> Result<Vec<Vec<Finding>>, FlowError> {
    let below = std::iter::once(head).chain(commits);
    let places = standing.iter().zip(below.zip(commits));
    let each = places.map(|(&at, (below, commit))| one(parts, frame, &frame.candidates[at], below, commit));
    future::join_all(each).await.into_iter().collect()
}

async fn one(
    parts: &Parts,
    frame: &Frame,
    candidate: &Candidate,
    below: &CommitId,
    commit: &CommitId,
) -> Result<Vec<Finding>, FlowError> {
    // On what it was made on, it is what was validated.
    if *below == candidate.base {
        return Ok(Vec::new());
    }
    let mirror = parts.mirror(&frame.project).await?;
    let seen = mirror.left(&candidate.base, &candidate.commit).await?;
    if mirror.left(below, commit).await?.is_subset(&seen) {
        return Ok(Vec::new());
    }
    let Some(ticket) = frame.plan.ticket(&candidate.ticket) else {
        return Ok(Vec::new());
    };
    let change = ReadChange::of_commits(&mirror, below, commit, &parts.config).await?;
    let judged = Judged {
        project: &frame.project,
        run: &frame.run,
        ticket: &candidate.ticket,
        attempt: &candidate.attempt,
        commit,
        stage: CheckStage::Merge,
        number: 1,
    };
    let rules = swarm_agents::Rules::default();
    let base = &candidate.base;
    let judgement = gate::judge(parts, &judged, base, &change, ticket, &frame.spec.fixtures, &rules).await?;
    Ok(judgement.findings)
}

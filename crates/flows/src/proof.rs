//! Proving: the acceptance commands of everything merged so far and of a stack up to one of its places, on the commit of
//! that place. The proofs of one round run side by side in one step; each command's outcome is an event under a key of
//! its own, so that after a crash only those run again that had not ended.

use futures::future;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId,
    event::CheckStage,
    finding::Finding,
    ticket::{Ticket, TicketCheck, TicketState},
    train::Proof,
};
use swarm_store::TicketRow;

use crate::{
    carry::{self, Reopening},
    error::FlowError,
    gate,
    merge::{Candidate, Frame},
    parts::Parts,
    validate::acceptance,
};

/// What a proof showed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Proven {
    pub(crate) proof: Proof,
    /// What failed.
    pub(crate) findings: Vec<Finding>,
    /// What failed and is no fault: carried tickets that are opened again if the branch moves here.
    pub(crate) reopenings: Vec<Reopening>,
}

/// Carries out proofs of a stack of these commits on `head`, in which these candidates stand. What failed, for each of them.
pub(crate) async fn prove(
    parts: &Parts,
    frame: &Frame,
    head: &CommitId,
    commits: &[CommitId],
    standing: &[usize],
    proofs: &[Proof],
) -> Result<Vec<Proven>, FlowError> {
    let blocked = gate::again(parts, frame, head, commits, standing).await?;
    let done = parts.store.tickets(&parts.config.tenant, &frame.run).await?;
    let each = proofs.iter().map(|proof| {
        let below: Vec<&Candidate> = standing.iter().map(|&at| &frame.candidates[at]).collect();
        one(parts, frame, commits, below, *proof, &done)
    });
    // All are waited for, whatever the first says: what was judged is kept.
    let proven: Result<Vec<Proven>, FlowError> = future::join_all(each).await.into_iter().collect();
    let mut proven = proven?;
    for one in &mut proven {
        let below = blocked.iter().take(one.proof.place.saturating_add(1));
        one.findings.extend(below.flatten().cloned());
    }
    Ok(proven)
}

async fn one(
    parts: &Parts,
    frame: &Frame,
    commits: &[CommitId],
    standing: Vec<&Candidate>,
    proof: Proof,
    done: &[TicketRow],
) -> Result<Proven, FlowError> {
    let missing = || FlowError::internal("the merge train", format!("has no place {}", proof.place));
    let commit = commits.get(proof.place).ok_or_else(missing)?;
    let prefix = standing.get(..=proof.place).ok_or_else(missing)?;
    let candidate = prefix.last().ok_or_else(missing)?;
    let checks: Vec<&TicketCheck> = frame
        .plan
        .tickets
        .iter()
        .flat_map(|ticket| ticket.acceptance.iter().filter(|check| holds(ticket, check, prefix, done)))
        .collect();
    let judged = acceptance::Judged {
        project: &frame.project,
        run: &frame.run,
        ticket: &candidate.ticket,
        attempt: &candidate.attempt,
        commit,
        stage: CheckStage::Merge,
        number: proof.number,
    };
    let findings = acceptance::judge(parts, &judged, &checks, &frame.spec.fixtures).await?;
    let (findings, reopenings) = carry::excused(parts, frame, prefix, done, findings).await?;
    Ok(Proven { proof, findings, reopenings })
}

/// Whether a check must hold on top of this prefix: its requirement is merged, or is in the prefix.
fn holds(ticket: &Ticket, check: &TicketCheck, prefix: &[&Candidate], done: &[TicketRow]) -> bool {
    let is_merged = done
        .iter()
        .filter(|row| row.id == ticket.id)
        .any(|row| row.state == TicketState::Merged || row.checkpoint.contains(&check.requirement));
    let is_new = prefix
        .iter()
        .filter(|candidate| candidate.ticket == ticket.id)
        .any(|candidate| candidate.part.is_empty() || candidate.part.contains(&check.requirement));
    is_merged || is_new
}

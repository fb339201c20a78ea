//! The merge train: puts verified work on top of what was merged before, proves it there, and only then moves the
//! integration branch.

use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, ProjectId, RunId, TicketId,
    event::CheckStage,
    finding::{Finding, FindingCode},
    ticket::{TicketCheck, TicketState},
};
use swarm_forge::Stacked;

use crate::{
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, of_ticket, part},
    validate::{acceptance, evidence},
};

/// How often the branch may move away under a merge before it gives up. Merges of a run are one at a time, so only a
/// second process on the same run can do that.
const MAX_RACES: u32 = 5;

/// One candidate for the train.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MergeInput {
    pub(crate) run: RunId,
    pub(crate) ticket: TicketId,
    pub(crate) attempt: AttemptId,
    /// The verified commit.
    pub(crate) commit: CommitId,
    /// What it was made on.
    pub(crate) base: CommitId,
}

/// What became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum MergeOutcome {
    /// It is on the integration branch.
    Merged,
    /// It does not fit; the evidence goes back to an author.
    Rejected { commit: CommitId, findings: Vec<Finding> },
}

/// A candidate on top of the branch.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Placed {
    On { head: CommitId, commit: CommitId },
    Clash(Finding),
}

/// Merges one candidate.
pub(crate) async fn merge(parts: Parts, input: MergeInput) -> Flow<MergeOutcome> {
    let project = engine::patiently(&parts, || project(&parts, &input.run)).await?;
    for _ in 0..MAX_RACES {
        let (head, commit) = match engine::step(&parts, "stack", || stack(&parts, &project, &input)).await? {
            Placed::On { head, commit } => (head, commit),
            Placed::Clash(finding) => return reject(&parts, &project, &input, vec![finding]).await,
        };
        let findings = engine::step(&parts, "prove", || prove(&parts, &project, &input, &commit)).await?;
        if !findings.is_empty() {
            return reject(&parts, &project, &input, findings).await;
        }
        if engine::step(&parts, "advance", || advance(&parts, &project, &input, &head, &commit)).await? {
            engine::step(&parts, "merged", || merged(&parts, &project, &input, &commit)).await?;
            return Ok(MergeOutcome::Merged);
        }
    }
    Err(FlowError::internal("the merge train", "the integration branch keeps moving under it").into())
}

async fn project(parts: &Parts, run: &RunId) -> Result<ProjectId, FlowError> {
    Ok(parts.store.run(&parts.config.tenant, run).await?.project)
}

async fn stack(parts: &Parts, project: &ProjectId, input: &MergeInput) -> Result<Placed, FlowError> {
    let mirror = parts.mirror(project).await?;
    let head = mirror.head(&input.run).await?;
    Ok(match mirror.stack(&input.run, &head, &input.commit, &input.base).await? {
        Stacked::Commit(commit) => Placed::On { head, commit },
        Stacked::Conflict { files, evidence } => Placed::Clash(Finding {
            code: FindingCode::Conflict,
            detail: format!("the change clashes with what was merged before in {}", files.join(", ")),
            evidence: evidence::bounded(&evidence),
            hint: format!(
                "Other work changed {} meanwhile. Make your change again on the files as they are now.",
                files.join(", ")
            ),
            requirement: None,
            path: files.first().cloned(),
        }),
    })
}

/// Runs the acceptance commands of everything merged so far and of the candidate, on the candidate's commit.
async fn prove(
    parts: &Parts,
    project: &ProjectId,
    input: &MergeInput,
    commit: &CommitId,
) -> Result<Vec<Finding>, FlowError> {
    let tenant = &parts.config.tenant;
    let run = parts.store.run(tenant, &input.run).await?;
    let plan = parts.plan(&run.plan).await?;
    let spec = parts.store.spec(tenant, &plan.spec).await?.spec;
    let done = parts.store.tickets(tenant, &input.run).await?;
    let merged = |id: &TicketId| done.iter().any(|t| &t.id == id && t.state == TicketState::Merged);
    let checks: Vec<&TicketCheck> = plan
        .tickets
        .iter()
        .filter(|ticket| ticket.id == input.ticket || merged(&ticket.id))
        .flat_map(|ticket| &ticket.acceptance)
        .collect();
    let subject = acceptance::Judged {
        project,
        run: &input.run,
        ticket: &input.ticket,
        attempt: &input.attempt,
        commit,
        stage: CheckStage::Merge,
    };
    acceptance::judge(parts, &subject, &checks, &spec.fixtures).await
}

async fn advance(
    parts: &Parts,
    project: &ProjectId,
    input: &MergeInput,
    head: &CommitId,
    commit: &CommitId,
) -> Result<bool, FlowError> {
    // Given up while it was proven: the branch does not move for it any more.
    let ticket = parts.store.ticket(&parts.config.tenant, &input.run, &input.ticket).await?;
    if ticket.state == TicketState::Cancelled {
        return Err(FlowError::Cancelled);
    }
    let mirror = parts.mirror(project).await?;
    Ok(mirror.advance(&input.run, head, commit).await?)
}

async fn merged(
    parts: &Parts,
    project: &ProjectId,
    input: &MergeInput,
    commit: &CommitId,
) -> Result<(), FlowError> {
    let run = parts.store.run(&parts.config.tenant, &input.run).await?;
    let plan = parts.plan(&run.plan).await?;
    let requirements = plan.ticket(&input.ticket).map(|t| t.requirements.clone()).unwrap_or_default();
    let subject = of_ticket(project, &input.run, &input.ticket);
    let subject = swarm_domain::Subject { attempt: Some(input.attempt.clone()), ..subject };
    let key = ["run", input.run.as_str(), input.attempt.as_str(), "merged"];
    let body = EventBody::Merged { commit: commit.clone(), requirements };
    parts.record(&key, part("merge-train"), subject.clone(), body).await?;
    let key = ["run", input.run.as_str(), input.attempt.as_str(), "state", "merged"];
    let body = EventBody::TicketStateChanged { to: TicketState::Merged };
    parts.record(&key, part("merge-train"), subject, body).await.map(drop)
}

async fn reject(
    parts: &Parts,
    project: &ProjectId,
    input: &MergeInput,
    findings: Vec<Finding>,
) -> Flow<MergeOutcome> {
    engine::step(parts, "reject", || async {
        let subject = of_ticket(project, &input.run, &input.ticket);
        let subject = swarm_domain::Subject { attempt: Some(input.attempt.clone()), ..subject };
        for (index, finding) in findings.iter().enumerate() {
            let index = index.to_string();
            let key = ["run", input.run.as_str(), input.attempt.as_str(), "merge-finding", &index];
            let body = EventBody::FindingRaised { finding: finding.clone() };
            parts.record(&key, part("merge-train"), subject.clone(), body).await?;
        }
        Ok(())
    })
    .await?;
    Ok(MergeOutcome::Rejected { commit: input.commit.clone(), findings })
}

//! A ticket: attempt after attempt until the validator accepts one, or a person must look.

use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, Problem, ProjectId, RunId, TicketId,
    finding::Finding,
    plan::Plan,
    run::RunOptions,
    scope::Scope,
    spec::Spec,
    ticket::{Ticket, TicketState},
};

use crate::{
    attempt::{self, AttemptEnd, Brief},
    engine::{self, Flow},
    error::FlowError,
    hints::HintsGiven,
    parts::{Parts, of_ticket, part},
};

/// What a ticket's workflow is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TicketInput {
    pub(crate) run: RunId,
    pub(crate) ticket: TicketId,
    /// Work to go on from, where the merge train sent it back.
    pub(crate) previous: Option<CommitId>,
    /// Why it was sent back.
    pub(crate) evidence: Vec<Finding>,
}

/// How it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum TicketOutcome {
    /// The validator accepted an attempt.
    Verified { attempt: AttemptId, commit: CommitId, base: CommitId },
    /// Every attempt was used, or something only a person can mend stands in the way.
    NeedsPerson { problem: Problem },
}

/// What a ticket reads once at its start; none of it changes during the run.
pub(crate) struct Frame {
    pub(crate) project: ProjectId,
    pub(crate) run: RunId,
    pub(crate) ticket: Ticket,
    pub(crate) plan: Plan,
    pub(crate) spec: Spec,
    pub(crate) options: RunOptions,
}

/// Works on a ticket.
pub(crate) async fn ticket(parts: Parts, input: TicketInput) -> Flow<TicketOutcome> {
    let frame = engine::patiently(&parts, || frame(&parts, &input)).await?;
    let first = engine::step(&parts, "begin", || begin(&parts, &input)).await?;
    let mut given = HintsGiven::default();
    let mut findings = input.evidence.clone();
    let mut previous = input.previous.clone();
    let attempts = frame.options.max_attempts.max(1);
    let mut last = None;
    let mut repeats = 0;
    for number in first..first.saturating_add(attempts) {
        let hints = given.next(&findings);
        // Where nothing new can be said, the next attempt begins afresh instead of mending the same text again.
        let from = if hints.is_empty() { None } else { previous.clone() };
        let brief = Brief { number, within: number - first + 1, repeats, from, hints };
        match attempt::attempt(&parts, &frame, &brief).await? {
            AttemptEnd::Accepted { attempt, commit, base } => {
                return Ok(TicketOutcome::Verified { attempt, commit, base });
            }
            AttemptEnd::Rejected { commit, findings: found } => {
                // Who repeats the same text is not shown it again: the next attempt begins afresh, with the hints.
                let repeated = repeated(&parts, &frame, previous.as_ref(), commit.as_ref()).await?;
                repeats += u32::from(repeated);
                previous = if repeated { None } else { commit.or(previous) };
                findings = found;
                last = None;
            }
            AttemptEnd::Failed { problem, final_word: false } => last = Some(problem),
            AttemptEnd::Failed { problem, final_word: true } => {
                return give_up(&parts, &frame, number, problem).await;
            }
        }
    }
    let problem = last.unwrap_or_else(|| attempts_used(&frame, attempts, &findings));
    give_up(&parts, &frame, first.saturating_add(attempts), problem).await
}

async fn frame(parts: &Parts, input: &TicketInput) -> Result<Frame, FlowError> {
    let tenant = &parts.config.tenant;
    let run = parts.store.run(tenant, &input.run).await?;
    let plan = parts.plan(&run.plan).await?;
    let spec = parts.store.spec(tenant, &plan.spec).await?.spec;
    let ticket = plan.ticket(&input.ticket).cloned();
    let ticket = ticket
        .ok_or_else(|| FlowError::internal("the ticket", format!("{} is not in the plan", input.ticket)))?;
    Ok(Frame { project: run.project, run: input.run.clone(), ticket, plan, spec, options: run.options })
}

/// The number of the next attempt, over all rounds of the run.
async fn begin(parts: &Parts, input: &TicketInput) -> Result<u32, FlowError> {
    let tenant = &parts.config.tenant;
    // Cancelled while it waited on the queue.
    if parts.store.ticket(tenant, &input.run, &input.ticket).await?.state == TicketState::Cancelled {
        return Err(FlowError::Cancelled);
    }
    let attempts = parts.store.attempts(tenant, &input.run, Some(&input.ticket)).await?;
    Ok(attempts.iter().map(|attempt| attempt.number).max().unwrap_or_default() + 1)
}

/// Whether two commits hold the same work.
async fn repeated(
    parts: &Parts,
    frame: &Frame,
    before: Option<&CommitId>,
    after: Option<&CommitId>,
) -> Result<bool, FlowError> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(false) };
    let mirror = parts.mirror(&frame.project).await?;
    let own = Scope::new(&frame.ticket.touches).map_err(|error| FlowError::Final(error.problem()))?;
    Ok(!mirror.changes(before, after).await?.iter().any(|change| own.allows(&change.path)))
}

async fn give_up(parts: &Parts, frame: &Frame, number: u32, problem: Problem) -> Flow<TicketOutcome> {
    let state = TicketState::NeedsPerson { problem: problem.clone() };
    engine::step(parts, "needs a person", || async {
        let number = number.to_string();
        let key = ["run", frame.run.as_str(), frame.ticket.id.as_str(), "needs-person", &number];
        let body = EventBody::TicketStateChanged { to: state.clone() };
        let subject = of_ticket(&frame.project, &frame.run, &frame.ticket.id);
        parts.record(&key, part("scheduler"), subject, body).await.map(drop)
    })
    .await?;
    Ok(TicketOutcome::NeedsPerson { problem })
}

fn attempts_used(frame: &Frame, attempts: u32, findings: &[Finding]) -> Problem {
    let why = findings.first().map_or("no attempt was accepted", |finding| finding.detail.as_str());
    let id = &frame.ticket.id;
    Problem::new(
        "ticket.attempts_used",
        format!("{attempts} attempts were not accepted; the last: {why}"),
        format!(
            "read `swarm ticket show {id}`; make the spec plainer or choose a stronger model, then `swarm ticket retry {id}`"
        ),
    )
}

//! A ticket: attempt after attempt until the validator accepts one, or a person must look.

use std::{collections::BTreeSet, sync::Arc};

use futures::future;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, Problem, ProjectId, RequirementId, RunId, TicketId, checkpoint,
    finding::Finding,
    plan::Plan,
    precondition,
    run::RunOptions,
    scope::Scope,
    spec::Spec,
    ticket::{Ticket, TicketState},
};

use crate::{
    attempt::{self, AttemptEnd, Brief},
    desks::Desks,
    engine::{self, Flow},
    error::FlowError,
    ground::{Ground, Grounds},
    hints::HintsGiven,
    parts::{Parts, of_ticket, part},
    routing,
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
    /// Where it goes on after a checkpoint.
    #[serde(default)]
    pub(crate) resumed: Option<Resumed>,
}

/// What a ticket knows between two attempts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Resumed {
    given: HintsGiven,
    findings: Vec<Finding>,
    previous: Option<CommitId>,
    /// Attempts that were made.
    used: u32,
    /// How often the same text came back.
    repeats: u32,
}

/// How it ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum TicketOutcome {
    /// The validator accepted an attempt.
    Verified { attempt: AttemptId, commit: CommitId, base: CommitId },
    /// A part of it is proven; the work goes on when that is merged, or does not fit.
    Checkpoint {
        attempt: AttemptId,
        commit: CommitId,
        base: CommitId,
        proven: Vec<RequirementId>,
        resumed: Resumed,
    },
    /// Every attempt was used, or something only a person can mend stands in the way.
    NeedsPerson { problem: Problem },
}

/// What a ticket reads once at its start; none of it changes during the run.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) project: ProjectId,
    pub(crate) run: RunId,
    pub(crate) ticket: Ticket,
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) options: RunOptions,
}

impl Frame {
    /// One of the tickets of a run.
    pub(crate) fn new(ground: &Ground, run: &RunId, ticket: &TicketId) -> Result<Self, FlowError> {
        let found = ground.plan.ticket(ticket).cloned();
        let absent = || FlowError::internal("the ticket", format!("{ticket} is not in the plan"));
        Ok(Self {
            project: ground.project.clone(),
            run: run.clone(),
            ticket: found.ok_or_else(absent)?,
            plan: Arc::clone(&ground.plan),
            spec: Arc::clone(&ground.spec),
            options: ground.options.clone(),
        })
    }
}

/// Works on a ticket.
pub(crate) async fn ticket(
    parts: Parts,
    desks: Desks,
    grounds: Grounds,
    input: TicketInput,
) -> Flow<TicketOutcome> {
    let ground = engine::patiently(&parts, || grounds.of(&parts, &input.run)).await?;
    let frame = Frame::new(&ground, &input.run, &input.ticket)?;
    let needed = routing::of(&parts, &frame.options, frame.ticket.capability);
    let _desk = desks.sit_down(&parts, !needed.is_empty()).await?;
    let begun = engine::step(&parts, "begin", || begin(&parts, &frame)).await?;
    if let Some(problem) = begun.unmet {
        return give_up(&parts, &frame, begun.first, problem).await;
    }
    let mut now = input.resumed.clone().unwrap_or_else(|| Resumed {
        findings: input.evidence.clone(),
        previous: input.previous.clone(),
        ..Resumed::default()
    });
    let attempts = frame.options.max_attempts.max(1);
    let mut last = None;
    for number in begun.first..begun.first.saturating_add(attempts.saturating_sub(now.used)) {
        let hints = now.given.next(&now.findings);
        // Where nothing new can be said, the next attempt begins afresh instead of mending the same text again.
        let from = if hints.is_empty() { None } else { now.previous.clone() };
        now.used += 1;
        let brief = Brief { number, within: now.used, repeats: now.repeats, from, hints };
        match attempt::attempt(&parts, &frame, &brief).await? {
            AttemptEnd::Accepted { attempt, commit, base } => {
                return Ok(TicketOutcome::Verified { attempt, commit, base });
            }
            AttemptEnd::Rejected { commit, base, findings } => {
                // Who repeats the same text is not shown it again: the next attempt begins afresh, with the hints.
                let repeated = repeated(&parts, &frame, now.previous.as_ref(), commit.as_ref()).await?;
                now.repeats += u32::from(repeated);
                now.previous = if repeated { None } else { commit.clone().or(now.previous) };
                now.findings = findings;
                last = None;
                if let Some(commit) = commit.filter(|_| begun.checkpoints && now.used < attempts) {
                    let proven = checkpoint::proven(&frame.ticket, &now.findings, &begun.merged);
                    if !proven.is_empty() {
                        let attempt = AttemptId::of(&frame.ticket.id, number);
                        let proven = proven.into_iter().collect();
                        return Ok(TicketOutcome::Checkpoint { attempt, commit, base, proven, resumed: now });
                    }
                }
            }
            AttemptEnd::Failed { problem, final_word: false } => last = Some(problem),
            AttemptEnd::Failed { problem, final_word: true } => {
                return give_up(&parts, &frame, number, problem).await;
            }
        }
    }
    let problem = last.unwrap_or_else(|| attempts_used(&frame, attempts, &now.findings));
    give_up(&parts, &frame, begun.first.saturating_add(attempts), problem).await
}

/// What a round of a ticket begins with.
#[derive(Serialize, Deserialize)]
struct Begun {
    /// The number of the next attempt, over all rounds of the run.
    first: u32,
    /// Why it cannot be begun.
    unmet: Option<Problem>,
    /// What is merged of it as a checkpoint.
    merged: BTreeSet<RequirementId>,
    /// Whether checkpoints are made. Fixed here: settings may change while it is under way.
    checkpoints: bool,
}

async fn begin(parts: &Parts, frame: &Frame) -> Result<Begun, FlowError> {
    let tenant = &parts.config.tenant;
    let (row, attempts, unmet) = future::join3(
        parts.store.ticket(tenant, &frame.run, &frame.ticket.id),
        parts.store.attempts(tenant, &frame.run, Some(&frame.ticket.id)),
        unmet(parts, frame),
    )
    .await;
    let row = row?;
    // Cancelled while it waited on the queue.
    if row.state == TicketState::Cancelled {
        return Err(FlowError::Cancelled);
    }
    Ok(Begun {
        first: attempts?.iter().map(|attempt| attempt.number).max().unwrap_or_default() + 1,
        unmet: unmet?,
        merged: row.checkpoint.into_iter().collect(),
        checkpoints: parts.config.checkpoints,
    })
}

/// Looks at the branch for what the ticket builds on. No agent is sent off where that is missing.
async fn unmet(parts: &Parts, frame: &Frame) -> Result<Option<Problem>, FlowError> {
    let needed = precondition::of(&frame.plan, &frame.ticket, &frame.spec.fixtures);
    if needed.is_empty() {
        return Ok(None);
    }
    let mirror = parts.mirror(&frame.project).await?;
    let head = mirror.head(&frame.run).await?;
    let files: BTreeSet<String> = mirror.files(&head).await?.into_iter().collect();
    let known = frame.ticket.depends_on.iter().filter(|needed| frame.plan.ticket(&needed.on).is_some());
    let rows = known.map(|needed| parts.store.ticket(&parts.config.tenant, &frame.run, &needed.on));
    let mut has_work = BTreeSet::new();
    for row in future::try_join_all(rows).await? {
        if let Some(merged) = row.merged
            && mirror.is_ancestor(&merged, &head).await?
        {
            has_work.insert(row.id);
        }
    }
    let unmet = precondition::unmet(needed, &files, |id| has_work.contains(id));
    Ok((!unmet.is_empty()).then(|| precondition::problem(&frame.plan, &frame.ticket, &unmet)))
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

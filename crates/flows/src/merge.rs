//! The merge train: carries out one round of [`Train`] on the run's branch. Candidates are stacked, the prefixes of the
//! stack are proven side by side, and the branch moves only past what is proven.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, ProjectId, RequirementId, RunId, Subject, TicketId,
    finding::Finding,
    plan::Plan,
    run::RunOptions,
    spec::Spec,
    ticket::TicketState,
    train::{Bounds, End, Order, Proof, Train},
};

use crate::{
    carry::{self, Reopening},
    clashes,
    engine::{self, Flow},
    error::FlowError,
    foresight::{self, Foresight},
    ground::{Ground, Grounds},
    mend,
    parts::{Parts, of_ticket, part},
    proof::{self, Proven},
    stack::{self, Stack},
};

/// One round of the train.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MergeInput {
    pub(crate) run: RunId,
    pub(crate) candidates: Vec<Candidate>,
    /// Fixed when the round is asked for: settings may change while it is under way.
    pub(crate) bounds: Bounds,
}

/// Verified work that is to be merged.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Candidate {
    pub(crate) ticket: TicketId,
    pub(crate) attempt: AttemptId,
    /// The verified commit.
    pub(crate) commit: CommitId,
    /// What it was made on.
    pub(crate) base: CommitId,
    /// The requirements that it proves, where it is a checkpoint; none for the whole ticket.
    #[serde(default)]
    pub(crate) part: Vec<RequirementId>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) end: End,
    /// Why it was sent back.
    pub(crate) findings: Vec<Finding>,
    /// The carried tickets that do not hold on top of it.
    #[serde(default)]
    pub(crate) reopened: Vec<Reopening>,
}

/// What a round reads once at its start; none of it changes during the run.
pub(crate) struct Frame {
    pub(crate) project: ProjectId,
    pub(crate) run: RunId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) options: RunOptions,
    pub(crate) candidates: Vec<Candidate>,
}

impl Frame {
    fn new(ground: &Ground, input: &MergeInput) -> Self {
        Self {
            project: ground.project.clone(),
            run: input.run.clone(),
            plan: Arc::clone(&ground.plan),
            spec: Arc::clone(&ground.spec),
            options: ground.options.clone(),
            candidates: input.candidates.clone(),
        }
    }

    /// What an event about a candidate is about.
    pub(crate) fn subject(&self, candidate: &Candidate) -> Subject {
        let of_ticket = of_ticket(&self.project, &self.run, &candidate.ticket);
        Subject { attempt: Some(candidate.attempt.clone()), ..of_ticket }
    }

    /// The key of something about a candidate.
    pub(crate) fn key<'k>(&'k self, candidate: &'k Candidate, rest: &[&'k str]) -> Vec<&'k str> {
        [&["run", self.run.as_str(), candidate.attempt.as_str()], rest].concat()
    }
}

/// Carries out one round. One outcome for each candidate, in their order.
pub(crate) async fn merge(parts: Parts, grounds: Grounds, input: MergeInput) -> Flow<Vec<Settled>> {
    let ground = engine::patiently(&parts, || grounds.of(&parts, &input.run)).await?;
    let frame = Frame::new(&ground, &input);
    // Until the round is over, or another stack stands.
    let mut foreseen: Option<Foresight> = None;
    let mut train = Train::new(frame.candidates.len(), input.bounds);
    let mut stack: Option<Stack> = None;
    let mut faults: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
    let mut clashed: BTreeMap<usize, Finding> = BTreeMap::new();
    let mut reopenings: BTreeMap<usize, Vec<Reopening>> = BTreeMap::new();
    let mut reopened: Vec<Reopening> = Vec::new();
    loop {
        match train.order() {
            Order::Stack => {
                let made = engine::step(&parts, "stack", || stack::stack(&parts, &frame)).await?;
                clashed = made.clashes.iter().cloned().collect();
                train.stacked(&made.placed);
                stack = Some(made);
            }
            Order::Mend { candidate, number } => {
                let stack = standing(&mut stack)?;
                let red = faults.remove(&candidate).unwrap_or_default();
                let mended = mend::mend(&parts, &frame, &stack.head, candidate, number, &red).await?;
                train.mended(mended.is_some());
                stack.commits = mended.into_iter().collect();
                stack.mended = true;
            }
            Order::Prove(proofs) => {
                let stack = standing(&mut stack)?;
                drop(foreseen.replace(foresight(&parts, &ground, &frame, stack, train.stack())));
                let seen = engine::step(&parts, "prove", || {
                    proof::prove(&parts, &frame, &stack.head, &stack.commits, train.stack(), &proofs)
                })
                .await?;
                let verdicts: Vec<(Proof, bool)> =
                    seen.iter().map(|proven| (proven.proof, proven.findings.is_empty())).collect();
                for Proven { proof, findings, reopenings: excused } in seen {
                    if let Some(candidate) = train.at(proof.place) {
                        faults.insert(candidate, findings);
                        reopenings.insert(proof.place, excused);
                    }
                }
                train.proved(&verdicts);
            }
            Order::Advance { place } => {
                let stack = standing(&mut stack)?;
                let through = &train.stack()[..=place];
                let moved =
                    engine::step(&parts, "advance", || advance(&parts, &frame, stack, through)).await?;
                if moved {
                    engine::step(&parts, "merged", || merged(&parts, &frame, stack, through)).await?;
                    let broken = reopenings.remove(&place).unwrap_or_default();
                    if !broken.is_empty() {
                        reopened =
                            engine::step(&parts, "reopen", || carry::reopen(&parts, &frame, &broken)).await?;
                    }
                }
                train.advanced(moved);
            }
            Order::End(ends) => {
                let settled: Vec<Settled> = ends
                    .into_iter()
                    .enumerate()
                    .map(|(at, end)| Settled {
                        end,
                        findings: match end {
                            End::Clashed => clashed.remove(&at).into_iter().collect(),
                            End::Guilty => faults.remove(&at).unwrap_or_default(),
                            _ => Vec::new(),
                        },
                        reopened: reopened
                            .iter()
                            .filter(|opened| opened.by == frame.candidates[at].attempt)
                            .cloned()
                            .collect(),
                    })
                    .collect();
                if settled.iter().any(|one| !one.findings.is_empty()) {
                    let (stack, places) = (standing(&mut stack)?, train.stack());
                    engine::step(&parts, "reject", || reject(&parts, &frame, stack, places, &settled))
                        .await?;
                }
                return Ok(settled);
            }
        }
    }
}

/// Prepares for what follows if all that stands is proven.
fn foresight(
    parts: &Parts,
    ground: &Arc<Ground>,
    frame: &Frame,
    stack: &Stack,
    places: &[usize],
) -> Foresight {
    let whole = places.iter().map(|&at| &frame.candidates[at]).filter(|candidate| candidate.part.is_empty());
    let merged = whole.map(|candidate| candidate.ticket.clone()).collect();
    foresight::begin(parts, ground, &frame.run, merged, stack.commits.last().unwrap_or(&stack.head))
}

/// The stack that the orders after the first are about.
fn standing(stack: &mut Option<Stack>) -> Result<&mut Stack, FlowError> {
    stack.as_mut().ok_or_else(|| FlowError::internal("the merge train", "has no stack"))
}

/// Moves the branch to the top of these, if it is where the stack began. False is also the answer where one of them was
/// given up meanwhile: the stack is made again, without it.
async fn advance(parts: &Parts, frame: &Frame, stack: &Stack, through: &[usize]) -> Result<bool, FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    let Some(to) = through.len().checked_sub(1).and_then(|place| stack.commits.get(place)) else {
        return Ok(false);
    };
    // Moved before a crash that came between the branch and the journal.
    if mirror.contains(&frame.run, to).await? {
        return Ok(true);
    }
    for &candidate in through {
        let id = &frame.candidates[candidate].ticket;
        let ticket = parts.store.ticket(&parts.config.tenant, &frame.run, id).await?;
        if ticket.state == TicketState::Cancelled {
            return Ok(false);
        }
    }
    // The branch is outside the database: nobody else may have taken the run over.
    parts.store.confirm().await?;
    Ok(mirror.advance(&frame.run, &stack.head, to).await?)
}

async fn merged(parts: &Parts, frame: &Frame, stack: &Stack, through: &[usize]) -> Result<(), FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    let mut below = &stack.head;
    for (&at, commit) in through.iter().zip(&stack.commits) {
        let candidate = &frame.candidates[at];
        let requirements = if candidate.part.is_empty() {
            frame.plan.ticket(&candidate.ticket).map(|t| t.requirements.clone()).unwrap_or_default()
        } else {
            candidate.part.clone()
        };
        if stack.mended {
            clashes::record(parts, frame, &stack.head, at, true).await?;
        }
        let body = EventBody::Merged {
            commit: commit.clone(),
            requirements,
            partial: !candidate.part.is_empty(),
            paths: clashes::paths(&mirror, below, commit).await?,
        };
        let subject = frame.subject(candidate);
        parts.record(&frame.key(candidate, &["merged"]), part("merge-train"), subject.clone(), body).await?;
        below = commit;
        if !candidate.part.is_empty() {
            continue;
        }
        let key = frame.key(candidate, &["state", "merged"]);
        let body = EventBody::TicketStateChanged { to: TicketState::Merged };
        match parts.record(&key, part("merge-train"), subject, body).await {
            // Given up in the moment between: the branch holds it, and what the person decided stands.
            Err(error) if error.problem().code == "store.not_allowed" => {
                tracing::warn!(run = %frame.run, ticket = %candidate.ticket, "merged while it was given up");
            }
            recorded => drop(recorded?),
        }
    }
    Ok(())
}

/// Writes down why candidates go back to their authors. A part that does not fit is no fault of the work to come.
async fn reject(
    parts: &Parts,
    frame: &Frame,
    stack: &Stack,
    places: &[usize],
    settled: &[Settled],
) -> Result<(), FlowError> {
    for (at, (candidate, settled)) in frame.candidates.iter().zip(settled).enumerate() {
        if settled.findings.is_empty() || !candidate.part.is_empty() {
            continue;
        }
        for (index, finding) in settled.findings.iter().enumerate() {
            let index = index.to_string();
            let key = frame.key(candidate, &["merge-finding", &index]);
            let body = EventBody::FindingRaised { finding: finding.clone() };
            parts.record(&key, part("merge-train"), frame.subject(candidate), body).await?;
        }
        // What it stood on: the branch, or the places below it.
        let place = places.iter().position(|&candidate| candidate == at).and_then(|p| p.checked_sub(1));
        let onto = place.and_then(|place| stack.commits.get(place)).unwrap_or(&stack.head);
        clashes::record(parts, frame, onto, at, false).await?;
    }
    Ok(())
}

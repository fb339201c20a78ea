//! The build: executes a plan. Starts what is ready, merges what is verified, settles what is left.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, EventBody, Problem, ProjectId, RunId, TicketId,
    finding::Finding,
    graph,
    plan::Plan,
    run::{RunOptions, RunState},
    spec::Spec,
    ticket::TicketState,
};

use crate::{
    engine::{self, Flow, Workflow},
    error::FlowError,
    merge::{MergeInput, MergeOutcome},
    parts::{Parts, of_run, of_ticket, part},
    pull_request,
    ticket::{TicketInput, TicketOutcome},
};

/// How often verified work may be sent back by the merge train before a person is asked.
const MAX_ROUNDS: u32 = 3;

/// What a build is started with. A settled run that is taken up again is a new generation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BuildInput {
    pub(crate) run: RunId,
    pub(crate) generation: u32,
}

/// The name of a build's workflow.
pub(crate) fn workflow_id(run: &RunId, generation: u32) -> String {
    format!("build/{run}/{generation}")
}

/// The workflows that a build starts.
#[derive(Clone)]
pub(crate) struct Children {
    pub(crate) ticket: Workflow<TicketInput, TicketOutcome>,
    pub(crate) merge: Workflow<MergeInput, MergeOutcome>,
}

/// What a build reads once at its start; none of it changes during the run.
pub(crate) struct Frame {
    pub(crate) project: ProjectId,
    pub(crate) plan: Plan,
    pub(crate) spec: Spec,
    pub(crate) options: RunOptions,
}

/// Executes a plan.
pub(crate) async fn build(parts: Parts, children: Children, input: BuildInput) -> Flow<RunState> {
    let frame = engine::patiently(&parts, || frame(&parts, &input.run)).await?;
    match execute(&parts, &children, &frame, &input).await {
        Ok(state) => Ok(state),
        Err(error) => settle_failed(&parts, &frame, &input, error).await,
    }
}

async fn execute(parts: &Parts, children: &Children, frame: &Frame, input: &BuildInput) -> Flow<RunState> {
    let run = &input.run;
    engine::step(parts, "base", || base(parts, frame, run)).await?;
    let states = engine::step(parts, "states", || states(parts, run)).await?;
    Train::new(frame, input, states).run(parts, children).await?;
    pull_request::open(parts, frame, run, input.generation).await?;
    engine::step(parts, "settle", || settle(parts, frame, run, input.generation)).await
}

async fn frame(parts: &Parts, run: &RunId) -> Result<Frame, FlowError> {
    let tenant = &parts.config.tenant;
    let run = parts.store.run(tenant, run).await?;
    let plan = parts.plan(&run.plan).await?;
    let spec = parts.store.spec(tenant, &plan.spec).await?.spec;
    Ok(Frame { project: run.project, plan, spec, options: run.options })
}

/// Where the run begins. It is fixed once: a run that is taken up again goes on where it stood.
async fn base(parts: &Parts, frame: &Frame, run: &RunId) -> Result<CommitId, FlowError> {
    let project = &frame.project;
    if let Some(base) = parts.store.run(&parts.config.tenant, run).await?.base {
        return Ok(base);
    }
    let repo = parts.store.project(&parts.config.tenant, project).await?.repo;
    let mirror = parts.forge.mirror(project, &repo).await?;
    let base = mirror.base(frame.options.branch.as_deref()).await?;
    let branch = mirror.begin_run(run, &base).await?;
    parts
        .record(
            &["run", run.as_str(), "based"],
            part("scheduler"),
            of_run(project, run),
            EventBody::RunBased { base: base.commit.clone(), base_branch: base.branch, branch },
        )
        .await?;
    Ok(base.commit)
}

async fn states(parts: &Parts, run: &RunId) -> Result<BTreeMap<TicketId, TicketState>, FlowError> {
    let tickets = parts.store.tickets(&parts.config.tenant, run).await?;
    Ok(tickets.into_iter().map(|ticket| (ticket.id, ticket.state)).collect())
}

/// A child that is under way.
enum Child {
    Ticket(TicketId, engine::Handle<TicketOutcome>),
    Merge(TicketId, engine::Handle<MergeOutcome>),
}

impl Child {
    fn workflow_id(&self) -> &str {
        match self {
            Self::Ticket(_, handle) => handle.workflow_id(),
            Self::Merge(_, handle) => handle.workflow_id(),
        }
    }
}

/// Verified work that waits for its turn.
struct Candidate {
    ticket: TicketId,
    merge: MergeInput,
}

/// The state of a build between two steps: a function of what the steps returned.
struct Train<'a> {
    frame: &'a Frame,
    input: &'a BuildInput,
    states: BTreeMap<TicketId, TicketState>,
    rounds: BTreeMap<TicketId, u32>,
    under_way: Vec<Child>,
    candidates: VecDeque<Candidate>,
}

impl<'a> Train<'a> {
    fn new(frame: &'a Frame, input: &'a BuildInput, states: BTreeMap<TicketId, TicketState>) -> Self {
        Self {
            frame,
            input,
            states,
            rounds: BTreeMap::new(),
            under_way: Vec::new(),
            candidates: VecDeque::new(),
        }
    }

    async fn run(&mut self, parts: &Parts, children: &Children) -> Flow<()> {
        loop {
            self.start_ready(children).await?;
            self.start_merge(children).await?;
            if self.under_way.is_empty() {
                return Ok(());
            }
            let ids: Vec<&str> = self.under_way.iter().map(Child::workflow_id).collect();
            let ended = engine::first_to_end(&ids).await?;
            let Some(index) = self.under_way.iter().position(|child| child.workflow_id() == ended) else {
                return Err(
                    FlowError::internal("the scheduler", format!("{ended} is none of its children")).into()
                );
            };
            match self.under_way.swap_remove(index) {
                Child::Ticket(ticket, handle) => {
                    let outcome = engine::result_of(handle).await?;
                    self.ticket_ended(parts, ticket, outcome).await?;
                }
                Child::Merge(ticket, handle) => {
                    let outcome = engine::result_of(handle).await?;
                    self.merge_ended(parts, children, ticket, outcome).await?;
                }
            }
        }
    }

    fn working(&self) -> usize {
        self.under_way.iter().filter(|child| matches!(child, Child::Ticket(..))).count()
    }

    async fn start_ready(&mut self, children: &Children) -> Flow<()> {
        let free = (self.frame.options.max_parallel.max(1) as usize).saturating_sub(self.working());
        let ready = graph::ready(&self.frame.plan, |id| self.states.get(id));
        for ticket in ready.into_iter().take(free) {
            self.start_ticket(children, ticket, None, Vec::new()).await?;
        }
        Ok(())
    }

    async fn start_ticket(
        &mut self,
        children: &Children,
        ticket: TicketId,
        previous: Option<CommitId>,
        evidence: Vec<Finding>,
    ) -> Flow<()> {
        let round = *self.rounds.entry(ticket.clone()).or_default();
        let (run, generation) = (&self.input.run, self.input.generation);
        let input = TicketInput { run: run.clone(), ticket: ticket.clone(), previous, evidence };
        let id = format!("ticket/{run}/{ticket}/{generation}.{round}");
        let handle = engine::queued_child(&children.ticket, engine::TICKETS, &id, input).await?;
        self.states.insert(ticket.clone(), TicketState::Working);
        self.under_way.push(Child::Ticket(ticket, handle));
        Ok(())
    }

    /// One merge at a time: each is tested on what the one before left.
    async fn start_merge(&mut self, children: &Children) -> Flow<()> {
        if self.under_way.iter().any(|child| matches!(child, Child::Merge(..))) {
            return Ok(());
        }
        if let Some(candidate) = self.candidates.pop_front() {
            let id = format!("merge/{}/{}", self.input.run, candidate.merge.attempt);
            let handle = engine::child(&children.merge, &id, candidate.merge).await?;
            self.under_way.push(Child::Merge(candidate.ticket, handle));
        }
        Ok(())
    }

    async fn ticket_ended(
        &mut self,
        parts: &Parts,
        ticket: TicketId,
        outcome: Result<TicketOutcome, FlowError>,
    ) -> Flow<()> {
        let state = match outcome {
            Ok(TicketOutcome::Verified { attempt, commit, base }) => {
                let run = self.input.run.clone();
                self.candidates.push_back(Candidate {
                    ticket: ticket.clone(),
                    merge: MergeInput { run, ticket: ticket.clone(), attempt, commit, base },
                });
                TicketState::Merging
            }
            Ok(TicketOutcome::NeedsPerson { problem }) => TicketState::NeedsPerson { problem },
            Err(FlowError::Cancelled) => TicketState::Cancelled,
            Err(error) => {
                let state = TicketState::NeedsPerson { problem: error.problem() };
                self.record_state(parts, &ticket, state.clone()).await?;
                state
            }
        };
        self.states.insert(ticket, state);
        Ok(())
    }

    async fn merge_ended(
        &mut self,
        parts: &Parts,
        children: &Children,
        ticket: TicketId,
        outcome: Result<MergeOutcome, FlowError>,
    ) -> Flow<()> {
        let problem = match outcome {
            Ok(MergeOutcome::Merged) => {
                self.states.insert(ticket, TicketState::Merged);
                return Ok(());
            }
            Ok(MergeOutcome::Rejected { commit, findings }) => {
                let round = self.rounds.entry(ticket.clone()).or_default();
                *round += 1;
                if *round < MAX_ROUNDS {
                    return self.start_ticket(children, ticket, Some(commit), findings).await;
                }
                Problem::new(
                    "merge.rejected",
                    format!(
                        "the work passes by itself but was rejected {MAX_ROUNDS} times on top of the rest"
                    ),
                    format!(
                        "read `swarm ticket show {ticket}`, mend it or the spec, then `swarm ticket retry {ticket}`"
                    ),
                )
            }
            Err(FlowError::Cancelled) => {
                self.states.insert(ticket, TicketState::Cancelled);
                return Ok(());
            }
            Err(error) => error.problem(),
        };
        let state = TicketState::NeedsPerson { problem };
        self.record_state(parts, &ticket, state.clone()).await?;
        self.states.insert(ticket, state);
        Ok(())
    }

    async fn record_state(&self, parts: &Parts, ticket: &TicketId, state: TicketState) -> Flow<()> {
        let (run, generation) = (&self.input.run, self.input.generation.to_string());
        let round = self.rounds.get(ticket).copied().unwrap_or_default().to_string();
        engine::step(parts, "ticket state", || async {
            let key = ["run", run.as_str(), ticket.as_str(), "settled", &generation, &round];
            let body = EventBody::TicketStateChanged { to: state.clone() };
            let subject = of_ticket(&self.frame.project, run, ticket);
            match parts.record(&key, part("scheduler"), subject, body).await {
                // A person was faster: what they decided stands.
                Err(error) if error.problem().code == "store.not_allowed" => Ok(()),
                recorded => recorded.map(drop),
            }
        })
        .await
    }
}

async fn settle(parts: &Parts, frame: &Frame, run: &RunId, generation: u32) -> Result<RunState, FlowError> {
    let states = states(parts, run).await?;
    let unmerged: Vec<_> = states.iter().filter(|(_, state)| **state != TicketState::Merged).collect();
    let to = if unmerged.is_empty() {
        RunState::Done
    } else if unmerged.iter().all(|(_, state)| matches!(state, TicketState::Cancelled)) {
        RunState::Cancelled
    } else {
        RunState::NeedsPerson { problem: needs_person(&unmerged, states.len()) }
    };
    record_run_state(parts, frame, run, generation, to).await
}

async fn settle_failed(
    parts: &Parts,
    frame: &Frame,
    input: &BuildInput,
    error: engine::FlowFailure,
) -> Flow<RunState> {
    let failed = engine::own_failure(error)?.problem();
    // Any ticket takes the run up again, also where all are merged and only the offer failed.
    let ticket = frame.plan.tickets.first().map_or("TICKET", |ticket| ticket.id.as_str());
    let next = format!("{}; then `swarm ticket retry {ticket}` takes the run up again", failed.next);
    let to = RunState::NeedsPerson { problem: Problem::new(&failed.code, failed.detail, next) };
    engine::step(parts, "settle", || record_run_state(parts, frame, &input.run, input.generation, to.clone()))
        .await
}

async fn record_run_state(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    generation: u32,
    to: RunState,
) -> Result<RunState, FlowError> {
    let key = ["run", run.as_str(), "settled", &generation.to_string()];
    let body = EventBody::RunStateChanged { to: to.clone() };
    parts.record(&key, part("scheduler"), of_run(&frame.project, run), body).await?;
    Ok(to)
}

fn needs_person(unmerged: &[(&TicketId, &TicketState)], all: usize) -> Problem {
    let first = unmerged.iter().find_map(|(id, state)| match state {
        TicketState::NeedsPerson { problem } => Some((*id, problem)),
        _ => None,
    });
    match first {
        Some((ticket, problem)) => Problem::new(
            &problem.code,
            format!("{} of {all} tickets are not merged; first {ticket}: {}", unmerged.len(), problem.detail),
            // The ticket's own advice may end so already.
            match problem.next.replace("retry TICKET", &format!("retry {ticket}")) {
                next if next.contains("swarm ticket retry") => next,
                next => format!("{next}; then `swarm ticket retry {ticket}`"),
            },
        ),
        None => unfinished(unmerged, all),
    }
}

/// Nothing went wrong, but a person gave up what the rest waits for.
fn unfinished(unmerged: &[(&TicketId, &TicketState)], all: usize) -> Problem {
    let (given_up, waiting): (Vec<_>, Vec<_>) =
        unmerged.iter().partition(|(_, state)| matches!(state, TicketState::Cancelled));
    let mut detail = format!("{} of {all} tickets are not merged", unmerged.len());
    for (how, tickets) in [("given up", &given_up), ("still waiting", &waiting)] {
        let ids: Vec<_> = tickets.iter().map(|(id, _)| id.as_str()).collect();
        if !ids.is_empty() {
            detail = format!("{detail}; {how}: {}", ids.join(", "));
        }
    }
    let retry = given_up.first().or(waiting.first()).map_or("TICKET", |(id, _)| id.as_str());
    Problem::new(
        "run.unfinished",
        detail,
        format!(
            "run `swarm ticket retry {retry}` to take it up again, or build the rest from a changed spec"
        ),
    )
}

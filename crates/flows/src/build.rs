//! The build: executes a plan. Carries out what the schedule says (`domain::schedule`): starts what is ready, lets what
//! is verified into the merge train, settles what is left.

mod record;
mod review;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, EventBody, Problem, RunId, TicketId,
    clash::{Forecast, Seen},
    finding::Finding,
    interrupt::{ApprovalPolicy, Point},
    run::RunState,
    schedule::{self, Command, Schedule, TicketEnd},
    ticket::TicketState,
    train,
};

use crate::{
    carry, clashes,
    desks::Desks,
    engine::{self, Engine, Flow, Workflow},
    error::FlowError,
    ground::Grounds,
    merge::{Candidate, MergeInput, Settled},
    parts::{Parts, of_run, part},
    people::{self, Heard, PeopleInput},
    pull_request, routing, settle,
    ticket::{Resumed, TicketInput, TicketOutcome},
    travel,
};

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
    pub(crate) engine: Engine,
    pub(crate) ticket: Workflow<TicketInput, TicketOutcome>,
    pub(crate) merge: Workflow<MergeInput, Vec<Settled>>,
    pub(crate) people: Workflow<PeopleInput, Heard>,
    /// What is free for tickets on this node.
    pub(crate) desks: Desks,
    /// Where they find what the run is built from.
    pub(crate) grounds: Grounds,
}

/// What a build reads once at its start; none of it changes during the run.
pub(crate) use crate::ground::Ground as Frame;

/// What a build begins with, as it was then: it is replayed on the same.
#[derive(Serialize, Deserialize)]
struct Opening {
    states: BTreeMap<TicketId, TicketState>,
    /// What earlier runs saw; none where likely clashes are to be raced.
    clashed: Option<Vec<Seen>>,
    train: train::Bounds,
    /// What broke carried tickets that wait again.
    #[serde(default)]
    broken: Vec<(TicketId, Vec<Finding>)>,
    /// When people are asked.
    #[serde(default)]
    approvals: ApprovalPolicy,
}

/// Executes a plan.
pub(crate) async fn build(parts: Parts, children: Children, input: BuildInput) -> Flow<RunState> {
    let frame = engine::patiently(&parts, || children.grounds.lay(&parts, &input.run)).await?;
    let executed = execute(&parts, &children, &frame, &input).await;
    if let Ok(mirror) = parts.mirror(&frame.project).await {
        mirror.discard_spares(&input.run);
    }
    match executed {
        Ok(state) => Ok(state),
        Err(error) => settle::failed(&parts, &frame, &input, error).await,
    }
}

async fn execute(parts: &Parts, children: &Children, frame: &Frame, input: &BuildInput) -> Flow<RunState> {
    let run = &input.run;
    let base = engine::step(parts, "base", || base(parts, frame, run)).await?;
    if let Some(from) = frame.options.continues.as_ref().filter(|_| input.generation == 1) {
        engine::step(parts, "carry", || carry::carry(parts, frame, run, from, &base)).await?;
    }
    let opening = engine::step(parts, "states", || opening(parts, frame, run)).await?;
    let mut carrier = Carrier::new(frame, input, opening);
    if let Some(origin) = &frame.options.origin {
        let course = engine::patiently(parts, || travel::course(parts, origin)).await?;
        carrier.schedule = carrier.schedule.following(course);
    }
    match people::before_the_build(parts, children, frame, input, &carrier.approvals).await? {
        Ok(begun) => carrier.begin(begun),
        Err(against) => {
            return engine::step(parts, "settle", || settle::turned_down(parts, frame, input, &against))
                .await;
        }
    }
    carrier.run(parts, children).await?;
    // A replay proves something and offers nothing.
    if frame.options.origin.as_ref().is_none_or(|origin| origin.live) {
        pull_request::open(parts, frame, run, input.generation).await?;
    }
    engine::step(parts, "settle", || settle::settle(parts, frame, run, input.generation)).await
}

/// Where the run begins. It is fixed once: a run that is taken up again goes on where it stood.
async fn base(parts: &Parts, frame: &Frame, run: &RunId) -> Result<CommitId, FlowError> {
    let project = &frame.project;
    if let Some(base) = parts.store.run(&parts.config.tenant, run).await?.base {
        return Ok(base);
    }
    let (mirror, base) = if let Some(origin) = &frame.options.origin {
        (parts.mirror(project).await?, travel::origin_base(parts, origin).await?)
    } else {
        let repo = parts.store.project(&parts.config.tenant, project).await?.repo;
        let mirror = parts.forge.mirror(project, &repo).await?;
        let mut base = mirror.base(frame.options.branch.as_deref()).await?;
        if let Some(earlier) = &frame.options.continues {
            base = carry::base(&mirror, base, earlier).await?;
        }
        (mirror, base)
    };
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

async fn opening(parts: &Parts, frame: &Frame, run: &RunId) -> Result<Opening, FlowError> {
    // A played run keeps to the order of its origin, whatever was learned since.
    let free = frame.options.origin.is_none();
    let clashed = if parts.config.hold_clashes && free {
        Some(clashes::seen(parts, &frame.project).await?)
    } else {
        None
    };
    let broken = match frame.options.continues {
        Some(_) => carry::waiting_again(parts, run).await?,
        None => Vec::new(),
    };
    // What proves something and offers nothing asks nobody.
    let asks = frame.options.origin.as_ref().is_none_or(|origin| origin.live);
    let approvals = if asks { parts.config.approvals.clone() } else { ApprovalPolicy::default() };
    let mut train = parts.config.train();
    if approvals.looks_at(Point::Diff, &frame.project) {
        // What people approved is not changed by a fixer afterwards: what clashes goes back to its author.
        train.mends = 0;
    }
    Ok(Opening { states: settle::states(parts, run).await?, clashed, train, broken, approvals })
}

/// A child that is under way.
enum Child {
    Ticket(TicketId, engine::Handle<TicketOutcome>),
    Train(Vec<TicketId>, engine::Handle<Vec<Settled>>),
    People(TicketId, engine::Handle<Heard>),
}

impl Child {
    fn workflow_id(&self) -> &str {
        match self {
            Self::Ticket(_, handle) => handle.workflow_id(),
            Self::Train(_, handle) => handle.workflow_id(),
            Self::People(_, handle) => handle.workflow_id(),
        }
    }
}

/// What the next round of a ticket is sent off with.
#[derive(Default)]
struct Carried {
    previous: Option<CommitId>,
    evidence: Vec<Finding>,
    resumed: Option<Resumed>,
}

/// Carries out the schedule: a function of what the steps returned.
struct Carrier<'a> {
    frame: &'a Frame,
    input: &'a BuildInput,
    schedule: Schedule,
    train: train::Bounds,
    approvals: ApprovalPolicy,
    /// What people said before the build began: each ticket is told once.
    hints: Vec<Finding>,
    under_way: Vec<Child>,
    candidates: BTreeMap<TicketId, Candidate>,
    carried: BTreeMap<TicketId, Carried>,
    /// How often each ticket was begun: what is written down about it has a key for each round.
    rounds: BTreeMap<TicketId, u32>,
}

impl<'a> Carrier<'a> {
    fn new(frame: &'a Frame, input: &'a BuildInput, opening: Opening) -> Self {
        let Opening { states, clashed, train, broken, approvals } = opening;
        let bounds = schedule::Bounds {
            max_parallel: frame.options.max_parallel.max(1) as usize,
            train_length: train.length,
        };
        let forecast = clashed.map(|seen| Forecast::of(&frame.plan, &seen)).unwrap_or_default();
        Self {
            frame,
            input,
            schedule: Schedule::new((*frame.plan).clone(), forecast, bounds, states),
            train,
            approvals,
            hints: Vec::new(),
            under_way: Vec::new(),
            candidates: BTreeMap::new(),
            carried: broken
                .into_iter()
                .map(|(ticket, evidence)| (ticket, Carried { evidence, ..Carried::default() }))
                .collect(),
            rounds: BTreeMap::new(),
        }
    }

    async fn run(&mut self, parts: &Parts, children: &Children) -> Flow<()> {
        loop {
            for command in self.schedule.commands() {
                self.carry_out(parts, children, command).await?;
            }
            if self.under_way.is_empty() {
                return Ok(());
            }
            let ids: Vec<&str> = self.under_way.iter().map(Child::workflow_id).collect();
            let ended = children.engine.first_to_end(&ids).await?;
            let Some(index) = self.under_way.iter().position(|child| child.workflow_id() == ended) else {
                return Err(
                    FlowError::internal("the scheduler", format!("{ended} is none of its children")).into()
                );
            };
            match self.under_way.swap_remove(index) {
                Child::Ticket(ticket, handle) => {
                    let outcome = engine::result_of(handle).await?;
                    self.ticket_ended(parts, children, ticket, outcome).await?;
                }
                Child::People(ticket, handle) => {
                    let heard = engine::result_of(handle).await?;
                    self.people_answered(parts, &ticket, heard).await?;
                }
                Child::Train(tickets, handle) => {
                    let outcome = engine::result_of(handle).await?;
                    self.train_ended(&tickets, outcome);
                }
            }
        }
    }

    async fn carry_out(&mut self, parts: &Parts, children: &Children, command: Command) -> Flow<()> {
        let (run, generation) = (&self.input.run, self.input.generation);
        match command {
            Command::StartTicket { ticket, round } => {
                let Carried { previous, mut evidence, resumed } =
                    self.carried.remove(&ticket).unwrap_or_default();
                if round == 0 {
                    evidence.extend(self.hints.iter().cloned());
                }
                let input =
                    TicketInput { run: run.clone(), ticket: ticket.clone(), previous, evidence, resumed };
                let id = format!("ticket/{run}/{ticket}/{generation}.{round}");
                // Where the child is there already it stays on the queue that it is on, whatever the agent files say by
                // now.
                let needed = routing::needed(parts, self.frame, &ticket);
                let handle = if children.desks.may_take(parts, &needed).await {
                    children.engine.child(&children.ticket, &id, input).await?
                } else {
                    engine::queued_child(&children.ticket, &engine::queue(&needed), &id, input).await?
                };
                self.rounds.insert(ticket.clone(), round);
                self.under_way.push(Child::Ticket(ticket, handle));
            }
            Command::StartTrain { number, tickets } => {
                let candidates = tickets.iter().filter_map(|id| self.candidates.get(id).cloned()).collect();
                let input = MergeInput { run: run.clone(), candidates, bounds: self.train };
                let id = format!("merge/{run}/{generation}.{number}");
                let handle = children.engine.child(&children.merge, &id, input).await?;
                self.under_way.push(Child::Train(tickets, handle));
            }
            Command::Hold { ticket, behind, why } => self.hold(parts, &ticket, &behind, &why).await?,
            Command::GiveUp { ticket, problem } => {
                self.record_state(parts, &ticket, TicketState::NeedsPerson { problem }).await?;
            }
        }
        Ok(())
    }

    async fn ticket_ended(
        &mut self,
        parts: &Parts,
        children: &Children,
        ticket: TicketId,
        outcome: Result<TicketOutcome, FlowError>,
    ) -> Flow<()> {
        let end = match outcome {
            Ok(TicketOutcome::Verified { attempt, commit, base }) => {
                let part = Vec::new();
                let candidate = Candidate { ticket: ticket.clone(), attempt, commit, base, part };
                let asked = self.ask(parts, children, &candidate).await?;
                self.candidates.insert(ticket.clone(), candidate);
                match asked {
                    Some(handle) => {
                        self.under_way.push(Child::People(ticket.clone(), handle));
                        TicketEnd::ForReview
                    }
                    None => TicketEnd::Verified,
                }
            }
            Ok(TicketOutcome::Checkpoint { attempt, commit, base, proven, resumed }) => {
                let candidate = Candidate { ticket: ticket.clone(), attempt, commit, base, part: proven };
                let carried = Carried { resumed: Some(resumed), ..Carried::default() };
                self.carried.insert(ticket.clone(), carried);
                // People are asked about whole tickets: no part of one gets past them.
                if self.approvals.looks_at(Point::Diff, &self.frame.project) {
                    TicketEnd::GoesOn
                } else {
                    self.candidates.insert(ticket.clone(), candidate);
                    TicketEnd::Checkpoint
                }
            }
            Ok(TicketOutcome::NeedsPerson { problem }) => TicketEnd::NeedsPerson(problem),
            Err(FlowError::Cancelled) => TicketEnd::Cancelled,
            Err(error) => {
                let problem = error.problem();
                let state = TicketState::NeedsPerson { problem: problem.clone() };
                self.record_state(parts, &ticket, state).await?;
                TicketEnd::NeedsPerson(problem)
            }
        };
        self.schedule.ticket_ended(&ticket, end);
        Ok(())
    }

    fn train_ended(&mut self, tickets: &[TicketId], outcome: Result<Vec<Settled>, FlowError>) {
        let settled = match outcome {
            Ok(settled) => settled,
            Err(error) => {
                let problem: Problem = error.problem();
                self.schedule.train_failed(&problem);
                return;
            }
        };
        let ends: Vec<train::End> = settled.iter().map(|one| one.end).collect();
        let mut reopened = Vec::new();
        for (ticket, settled) in tickets.iter().zip(settled) {
            if settled.end == train::End::Behind {
                continue;
            }
            for opened in settled.reopened {
                self.carried.entry(opened.ticket.clone()).or_default().evidence.push(opened.finding);
                reopened.push(opened.ticket);
            }
            let sent_back = self.candidates.remove(ticket).filter(|candidate| candidate.part.is_empty());
            if let Some(candidate) = sent_back {
                let previous = Some(candidate.commit);
                let carried = Carried { previous, evidence: settled.findings, resumed: None };
                self.carried.insert(ticket.clone(), carried);
            }
        }
        self.schedule.train_ended(&ends);
        for ticket in &reopened {
            self.schedule.reopened(ticket);
        }
    }
}

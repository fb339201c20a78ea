//! The scheduler of a build as a state machine that does no I/O: which ticket is begun, which candidates go into the
//! merge train, what comes after what ended. Production and simulation run this same code.
//!
//! It is a function of what it was told, in the order in which it was told: the durable engine replays it. The carrier
//! asks for [`Schedule::commands`], carries them out, and tells what ended.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    clash::Forecast, course::Course, graph, id::TicketId, plan::Plan, problem::Problem, ticket::TicketState,
    train::End,
};

/// How often the merge train may send back verified work of a ticket before a person is asked.
pub const MOST_REJECTIONS: u32 = 3;

/// The bounds of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Tickets that are worked on at once.
    pub max_parallel: usize,
    /// Candidates in one stack of the merge train.
    pub train_length: usize,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin to work on a ticket, or go on with it.
    StartTicket {
        /// The ticket.
        ticket: TicketId,
        /// How often it was begun before in this build.
        round: u32,
    },
    /// Let these candidates into the merge train, in this order.
    StartTrain {
        /// The number of the round, from 1.
        number: u32,
        /// The tickets whose candidates they are.
        tickets: Vec<TicketId>,
    },
    /// Say that a ticket could begin and is held back. Said once for each reason.
    Hold {
        /// The ticket.
        ticket: TicketId,
        /// The one that it would likely clash with.
        behind: TicketId,
        /// Why it would.
        why: String,
    },
    /// Say that a ticket needs a person.
    GiveUp {
        /// The ticket.
        ticket: TicketId,
        /// Why, and what to do.
        problem: Problem,
    },
}

/// How the work on a ticket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketEnd {
    /// The validator accepted an attempt: a candidate for the train.
    Verified,
    /// A part of it is proven: a candidate for the train, after which the work goes on.
    Checkpoint,
    /// The validator accepted an attempt, and people are asked before it may become a candidate.
    ForReview,
    /// A part of it is proven, and is not to be merged by itself: the work goes on.
    GoesOn,
    /// Nothing more happens to it by itself.
    NeedsPerson(Problem),
    /// A person gave it up.
    Cancelled,
}

/// What people said of accepted work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reviewed {
    /// It is a candidate for the train.
    Approved,
    /// It goes back to its author.
    SentBack,
    /// Nothing more happens to it by itself.
    NeedsPerson(Problem),
    /// A person gave the ticket up.
    Cancelled,
}

/// The state of a build between two steps.
#[derive(Debug, Clone)]
pub struct Schedule {
    plan: Plan,
    forecast: Forecast,
    bounds: Bounds,
    states: BTreeMap<TicketId, TicketState>,
    /// Tickets that were begun and have not ended.
    working: BTreeSet<TicketId>,
    /// Sent back, or to go on after a checkpoint: they are begun before what has not begun yet.
    again: VecDeque<TicketId>,
    candidates: VecDeque<TicketId>,
    /// Accepted work that people were asked about. It takes nobody's place, however long they think.
    asked: BTreeSet<TicketId>,
    /// The candidates that are parts.
    parts: BTreeSet<TicketId>,
    train: Option<Vec<TicketId>>,
    trains: u32,
    begun: BTreeMap<TicketId, u32>,
    rejections: BTreeMap<TicketId, u32>,
    held: BTreeSet<(TicketId, TicketId)>,
    given_up: Vec<(TicketId, Problem)>,
    /// The order to keep to, where a journal is played again.
    course: Option<Course>,
}

impl Schedule {
    /// A schedule for what is left of a plan, given where its tickets stand. One that says it is being worked on is
    /// begun again: who worked on it is gone.
    #[must_use]
    pub fn new(
        plan: Plan,
        forecast: Forecast,
        bounds: Bounds,
        states: BTreeMap<TicketId, TicketState>,
    ) -> Self {
        let unfinished = |id: &TicketId| {
            states.get(id).is_some_and(|state| !state.is_settled() && *state != TicketState::Waiting)
        };
        let again = plan.tickets.iter().map(|t| t.id.clone()).filter(unfinished).collect();
        Self {
            plan,
            forecast,
            bounds,
            states,
            working: BTreeSet::new(),
            again,
            candidates: VecDeque::new(),
            asked: BTreeSet::new(),
            parts: BTreeSet::new(),
            train: None,
            trains: 0,
            begun: BTreeMap::new(),
            rejections: BTreeMap::new(),
            held: BTreeSet::new(),
            given_up: Vec::new(),
            course: None,
        }
    }

    /// The same, keeping to the order of a run that is played again: one candidate at a time, as that run's train gave
    /// its word on them.
    #[must_use]
    pub fn following(self, course: Course) -> Self {
        let bounds = Bounds { train_length: 1, ..self.bounds };
        Self { course: Some(course), bounds, ..self }
    }

    /// What to do now. What is said here counts as begun. None, while nothing is under way: the build is over.
    pub fn commands(&mut self) -> Vec<Command> {
        let mut commands: Vec<Command> = std::mem::take(&mut self.given_up)
            .into_iter()
            .map(|(ticket, problem)| Command::GiveUp { ticket, problem })
            .collect();
        self.start_tickets(&mut commands);
        self.start_train(&mut commands);
        commands
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.working.is_empty() && self.asked.is_empty() && self.train.is_none()
    }

    /// Where a ticket stands.
    #[must_use]
    pub fn state(&self, ticket: &TicketId) -> Option<&TicketState> {
        self.states.get(ticket)
    }

    /// How many tickets are being worked on.
    #[must_use]
    pub fn working(&self) -> usize {
        self.working.len()
    }

    /// The work on a ticket ended.
    pub fn ticket_ended(&mut self, ticket: &TicketId, end: TicketEnd) {
        if !self.working.remove(ticket) {
            return;
        }
        let state = match end {
            TicketEnd::Verified => {
                self.candidates.push_back(ticket.clone());
                TicketState::Merging
            }
            TicketEnd::Checkpoint => {
                self.candidates.push_back(ticket.clone());
                self.parts.insert(ticket.clone());
                TicketState::Working
            }
            TicketEnd::ForReview => {
                self.asked.insert(ticket.clone());
                TicketState::Merging
            }
            TicketEnd::GoesOn => {
                self.again.push_back(ticket.clone());
                TicketState::Working
            }
            TicketEnd::NeedsPerson(problem) => TicketState::NeedsPerson { problem },
            TicketEnd::Cancelled => TicketState::Cancelled,
        };
        self.states.insert(ticket.clone(), state);
    }

    /// People answered what they were asked about a ticket's work.
    pub fn reviewed(&mut self, ticket: &TicketId, answer: Reviewed) {
        if !self.asked.remove(ticket) {
            return;
        }
        match answer {
            Reviewed::Approved => self.candidates.push_back(ticket.clone()),
            Reviewed::SentBack => {
                self.states.insert(ticket.clone(), TicketState::Working);
                self.again.push_back(ticket.clone());
            }
            Reviewed::NeedsPerson(problem) => self.needs_person(ticket.clone(), problem),
            Reviewed::Cancelled => {
                self.states.insert(ticket.clone(), TicketState::Cancelled);
            }
        }
    }

    /// Works on so many tickets at once from now on: people may change that before a run begins.
    pub fn limit(&mut self, max_parallel: usize) {
        self.bounds.max_parallel = max_parallel;
    }

    /// A round of the train ended: one end for each of its candidates, in their order.
    pub fn train_ended(&mut self, ends: &[End]) {
        let Some(tickets) = self.train.take() else { return };
        let mut behind = Vec::new();
        for (at, ticket) in tickets.into_iter().enumerate() {
            let end = ends.get(at).copied().unwrap_or(End::Behind);
            if let Some(course) = &mut self.course {
                // A part that did not fit left no word in the journal.
                let silent = end != End::Merged && self.parts.contains(&ticket);
                if end != End::Behind && !silent {
                    course.settled(&ticket);
                }
            }
            match end {
                End::Behind => behind.push(ticket),
                End::GivenUp => {
                    self.parts.remove(&ticket);
                    self.states.insert(ticket, TicketState::Cancelled);
                }
                // A part of a ticket that does not fit is no loss: the work goes on, as it does where it did fit.
                _ if self.parts.remove(&ticket) => self.again.push_back(ticket),
                End::Merged => {
                    self.states.insert(ticket, TicketState::Merged);
                }
                End::Guilty | End::Clashed => self.sent_back(ticket),
                End::Raced => self.needs_person(ticket, raced()),
            }
        }
        for ticket in behind.into_iter().rev() {
            self.candidates.push_front(ticket);
        }
    }

    /// What was carried from an earlier run does not hold on top of what was merged: it is to be worked on after all.
    /// Who says so knows that this build merged no work of its own for it.
    pub fn reopened(&mut self, ticket: &TicketId) {
        if self.states.get(ticket) == Some(&TicketState::Merged) {
            self.states.insert(ticket.clone(), TicketState::Waiting);
        }
    }

    /// A round of the train could not be carried through: its candidates need a person.
    pub fn train_failed(&mut self, problem: &Problem) {
        for ticket in self.train.take().into_iter().flatten() {
            self.parts.remove(&ticket);
            self.needs_person(ticket, problem.clone());
        }
    }

    fn sent_back(&mut self, ticket: TicketId) {
        let rejections = self.rejections.entry(ticket.clone()).or_default();
        *rejections += 1;
        if *rejections < MOST_REJECTIONS {
            self.states.insert(ticket.clone(), TicketState::Working);
            self.again.push_back(ticket);
        } else {
            let problem = rejected(&ticket);
            self.needs_person(ticket, problem);
        }
    }

    fn needs_person(&mut self, ticket: TicketId, problem: Problem) {
        self.states.insert(ticket.clone(), TicketState::NeedsPerson { problem: problem.clone() });
        self.given_up.push((ticket, problem));
    }

    fn start_tickets(&mut self, commands: &mut Vec<Command>) {
        let again = std::mem::take(&mut self.again);
        let fresh = self.in_order(graph::ready(&self.plan, |id| self.states.get(id)), again.is_empty());
        for (ticket, is_again) in
            again.into_iter().map(|id| (id, true)).chain(fresh.into_iter().map(|id| (id, false)))
        {
            let behind = if self.working.len() < self.bounds.max_parallel.max(1) {
                let clash = self.clash(&ticket);
                if clash.is_none() {
                    commands.push(self.start(ticket));
                    continue;
                }
                clash
            } else {
                None
            };
            if let Some((behind, why)) = behind
                && self.held.insert((ticket.clone(), behind.clone()))
            {
                commands.push(Command::Hold { ticket: ticket.clone(), behind, why });
            }
            if is_again {
                self.again.push_back(ticket);
            }
        }
    }

    /// The ticket under way that this one would likely clash with. What is under way ends by itself, so nothing is held
    /// back for ever.
    fn clash(&self, ticket: &TicketId) -> Option<(TicketId, String)> {
        if self.forecast.is_empty() {
            return None;
        }
        let under_way = self.working.iter().chain(self.train.iter().flatten()).chain(self.candidates.iter());
        let likely = under_way
            .filter(|other| *other != ticket)
            .filter_map(|other| Some((other, self.forecast.between(ticket, other)?)));
        // The first of the likeliest, so that the reason is the same each time.
        let most =
            likely.max_by_key(|(other, clash)| (clash.score_milli, std::cmp::Reverse((*other).clone())));
        most.map(|(other, clash)| (other.clone(), clash.why.clone()))
    }

    fn start(&mut self, ticket: TicketId) -> Command {
        let begun = self.begun.entry(ticket.clone()).or_default();
        let round = *begun;
        *begun += 1;
        self.states.insert(ticket.clone(), TicketState::Working);
        self.working.insert(ticket.clone());
        Command::StartTicket { ticket, round }
    }

    /// The ready tickets that may be begun, in the order of the played run where there is one. Where nothing else moves,
    /// it went another way, and its order holds nothing back any more.
    fn in_order(&self, ready: Vec<TicketId>, nothing_again: bool) -> Vec<TicketId> {
        let Some(course) = &self.course else { return ready };
        let begun = |id: &TicketId| self.states.get(id) != Some(&TicketState::Waiting);
        let startable = course.startable(ready.clone(), begun);
        let stuck = nothing_again && self.is_idle() && self.candidates.is_empty();
        if startable.is_empty() && stuck { ready } else { startable }
    }

    /// The place of the candidate whose turn it is, if it is there.
    fn next_candidate(&self) -> Option<usize> {
        let Some(course) = &self.course else { return Some(0) };
        let gone = |id: &TicketId| self.states.get(id).is_some_and(TicketState::is_settled);
        match course.next_merge(gone) {
            Some(next) => {
                let place = self.candidates.iter().position(|candidate| candidate == next);
                if self.working.is_empty() { place.or(Some(0)) } else { place }
            }
            None => Some(0),
        }
    }

    /// One round at a time: each is proven on what the one before left.
    fn start_train(&mut self, commands: &mut Vec<Command>) {
        if self.train.is_some() || self.candidates.is_empty() {
            return;
        }
        let Some(first) = self.next_candidate() else { return };
        let length = self.bounds.train_length.clamp(1, self.candidates.len() - first);
        let tickets: Vec<TicketId> = self.candidates.drain(first..first + length).collect();
        self.trains += 1;
        self.train = Some(tickets.clone());
        commands.push(Command::StartTrain { number: self.trains, tickets });
    }
}

fn rejected(ticket: &TicketId) -> Problem {
    Problem::new(
        "merge.rejected",
        format!("the work passes by itself but was rejected {MOST_REJECTIONS} times on top of the rest"),
        format!("read `swarm ticket show {ticket}`, mend it or the spec, then `swarm ticket retry {ticket}`"),
    )
}

fn raced() -> Problem {
    Problem::new(
        "flow.internal",
        "the merge train: the integration branch keeps moving under it",
        "run `swarm doctor`; if it finds nothing, report this with `swarm run logs`",
    )
}

#[cfg(test)]
mod tests;

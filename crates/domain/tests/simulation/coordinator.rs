//! Who schedules and merges: carries out the product's state machines, and nothing else. It is rebuilt from the journal
//! whenever a node takes over, as the durable engine does it.

use std::collections::VecDeque;

use swarm_domain::{
    TicketId,
    schedule::{Command, Schedule, TicketEnd},
    train::{Bounds, End, Order, Placed, Proof, Train},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub ticket: TicketId,
    pub attempt: u32,
    /// Whether it is a checkpoint.
    pub part: bool,
    /// Whether it breaks what others did.
    pub breaks: bool,
    /// The branch as its author knew it.
    pub base: Vec<usize>,
}

/// What the journal holds: the outcome of each step.
#[derive(Debug, Clone)]
pub enum Answer {
    Began(TicketId, u32),
    Ended(TicketId, TicketEnd, Option<Candidate>),
    Stacked { head: Vec<usize>, placed: Vec<Placed>, commits: Vec<usize> },
    Mended(Option<usize>),
    Proved(Vec<(Proof, bool)>),
    Advanced(bool),
    RoundEnded(Vec<End>),
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    Begin(TicketId, u32),
    Wait(Vec<String>),
    Stack,
    Mend,
    Prove(Vec<Proof>),
    Advance(usize),
    EndRound(Vec<End>),
}

#[derive(Debug)]
pub struct Coordinator {
    pub schedule: Schedule,
    bounds: Bounds,
    to_begin: VecDeque<(TicketId, u32)>,
    tasks: Vec<(TicketId, String)>,
    verified: Vec<Candidate>,
    train: Option<(Train, Vec<Candidate>)>,
    /// Where the stack began, and its commits from the bottom up.
    pub head: Vec<usize>,
    pub commits: Vec<usize>,
    clash: usize,
    /// Told in turn: a step of the train, a ticket that ended.
    turn: bool,
}

impl Coordinator {
    /// As the journal leaves it. Each answer must be one to what is asked at its place: else the schedule is no function
    /// of what it was told.
    pub fn replayed(schedule: &Schedule, bounds: Bounds, journal: &[Answer]) -> Result<Self, String> {
        let mut coordinator = Self {
            schedule: schedule.clone(),
            bounds,
            to_begin: VecDeque::new(),
            tasks: Vec::new(),
            verified: Vec::new(),
            train: None,
            head: Vec::new(),
            commits: Vec::new(),
            clash: 0,
            turn: false,
        };
        coordinator.commands();
        for (at, answer) in journal.iter().enumerate() {
            if !coordinator.awaits(answer) {
                return Err(format!("the replay is not deterministic: {answer:?} at {at} answers nothing"));
            }
            coordinator.take(answer);
        }
        Ok(coordinator)
    }

    fn awaits(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Began(ticket, round) => self.to_begin.front() == Some(&(ticket.clone(), *round)),
            Answer::Ended(ticket, ..) => self.tasks.iter().any(|(at_work, _)| at_work == ticket),
            train => {
                let Some((round, _)) = &self.train else { return false };
                match (round.order(), train) {
                    (Order::Stack, Answer::Stacked { .. })
                    | (Order::Mend { .. }, Answer::Mended(_))
                    | (Order::Advance { .. }, Answer::Advanced(_))
                    | (Order::End(_), Answer::RoundEnded(_)) => true,
                    (Order::Prove(asked), Answer::Proved(said)) => {
                        asked == said.iter().map(|(proof, _)| *proof).collect::<Vec<_>>()
                    }
                    _ => false,
                }
            }
        }
    }

    /// What to do next; none where the run is over.
    pub fn wish(&mut self) -> Option<Wish> {
        if let Some((ticket, round)) = self.to_begin.front() {
            return Some(Wish::Begin(ticket.clone(), *round));
        }
        self.turn = !self.turn;
        if let Some((train, _)) = self.train.as_ref().filter(|_| self.turn || self.tasks.is_empty()) {
            return Some(match train.order() {
                Order::Stack => Wish::Stack,
                Order::Mend { candidate, .. } => {
                    self.clash = candidate;
                    Wish::Mend
                }
                Order::Prove(proofs) => Wish::Prove(proofs),
                Order::Advance { place } => Wish::Advance(place),
                Order::End(ends) => Wish::EndRound(ends),
            });
        }
        (!self.tasks.is_empty()).then(|| Wish::Wait(self.tasks.iter().map(|(_, id)| id.clone()).collect()))
    }

    /// Takes the outcome of a step.
    pub fn take(&mut self, answer: &Answer) {
        match answer {
            Answer::Began(ticket, round) => {
                self.to_begin.pop_front();
                self.tasks.push((ticket.clone(), format!("{ticket}/{round}")));
            }
            Answer::Ended(ticket, end, candidate) => {
                self.tasks.retain(|(at_work, _)| at_work != ticket);
                self.verified.extend(candidate.clone());
                self.schedule.ticket_ended(ticket, end.clone());
                self.commands();
            }
            Answer::RoundEnded(ends) => {
                if let Some((_, candidates)) = self.train.take() {
                    let behind = candidates.into_iter().zip(ends).filter(|(_, end)| **end == End::Behind);
                    self.verified.extend(behind.map(|(candidate, _)| candidate));
                }
                self.schedule.train_ended(ends);
                self.commands();
            }
            step => {
                let Some((train, _)) = &mut self.train else { return };
                match step {
                    Answer::Stacked { head, placed, commits } => {
                        self.head.clone_from(head);
                        self.commits.clone_from(commits);
                        train.stacked(placed);
                    }
                    Answer::Mended(commit) => {
                        self.commits = commit.iter().copied().collect();
                        train.mended(commit.is_some());
                    }
                    Answer::Proved(verdicts) => train.proved(verdicts),
                    Answer::Advanced(moved) => train.advanced(*moved),
                    _ => {}
                }
            }
        }
    }

    /// The candidates of the round, in their order.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.train.iter().flat_map(|(_, candidates)| candidates)
    }

    /// The candidate that is to be mended.
    pub fn clashing(&self) -> &Candidate {
        &self.train.as_ref().expect("a round is under way").1[self.clash]
    }

    fn commands(&mut self) {
        for command in self.schedule.commands() {
            match command {
                Command::StartTicket { ticket, round } => self.to_begin.push_back((ticket, round)),
                Command::StartTrain { tickets, .. } => {
                    let taken = tickets.iter().map(|ticket| {
                        let at = self.verified.iter().position(|candidate| candidate.ticket == *ticket);
                        self.verified.swap_remove(at.expect("a candidate was verified"))
                    });
                    let candidates: Vec<_> = taken.collect();
                    self.train = Some((Train::new(candidates.len(), self.bounds), candidates));
                }
                Command::Hold { .. } | Command::GiveUp { .. } => {}
            }
        }
    }
}

//! The world of the simulation: nodes, a store with a log and leases, a repository, agents; and the faults in it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::{
    NodeId, TicketId,
    clash::Forecast,
    lease::{FencingToken, LeaseError, Seat},
    schedule::{Schedule, TicketEnd},
    train::{Placed, Proof},
};

use crate::{
    chance::Chance,
    coordinator::{Answer, Candidate, Coordinator, Wish},
    faults::{Fault, Faults},
    oracle::{Broken, Oracle},
    scenario::Scenario,
};

/// How long a lease lasts, and how often it is renewed, in milliseconds.
const TTL: u64 = 6_000;
const HEARTBEAT: u64 = 2_000;

/// Ticks after which a run that has not settled never will.
const MOST_TICKS: usize = 60_000;

/// From this tick on nothing fails any more: what is left must settle by itself.
const QUIET_FROM: usize = 20_000;

/// The seat of the run: who holds it schedules and merges.
const RUN: &str = "run";

#[derive(Debug, Clone)]
pub struct Commit {
    pub ticket: TicketId,
    pub attempt: u32,
    /// Whether it holds a checkpoint only.
    pub part: bool,
    /// Whether the acceptance commands really fail on it.
    pub red: bool,
    /// What it stands on: the commits below it, from the base up.
    pub below: Vec<usize>,
}

/// What a seat was granted as.
#[derive(Debug, Clone)]
struct Held {
    seat: String,
    token: FencingToken,
    grant: u64,
    beat: u64,
}

#[derive(Debug)]
struct Node {
    id: NodeId,
    wakes: u64,
    run: Option<(Held, Coordinator)>,
    tasks: Vec<Held>,
}

/// A ticket's task on the queue.
#[derive(Debug, Clone)]
struct Task {
    ticket: TicketId,
    /// The branch as it was when the task was begun: what its author knew of.
    base: Option<Vec<usize>>,
    left: u32,
    outcome: Option<(TicketEnd, Option<Candidate>)>,
}

pub struct World {
    scenario: Scenario,
    broken: Broken,
    chance: Chance,
    forecast: Forecast,
    now: u64,
    outage_until: u64,
    faults: Faults,
    oracle: Oracle,
    // The store.
    seats: BTreeMap<String, Seat>,
    journal: Vec<Answer>,
    tasks: BTreeMap<String, Task>,
    /// Keys of events that were appended.
    keys: BTreeSet<String>,
    // The repository.
    commits: Vec<Commit>,
    branch: Vec<usize>,
    known: BTreeMap<(Vec<usize>, TicketId, u32), usize>,
    /// The verdicts that the log holds, by commit and number of the proof.
    verdicts: BTreeMap<(usize, u32), bool>,
    attempts: u32,
    nodes: Vec<Node>,
    settled: bool,
}

fn at(millis: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(i64::try_from(millis).unwrap())
}

impl World {
    pub fn new(scenario: Scenario, broken: Broken) -> Self {
        let nodes = (0..scenario.nodes).map(|n| Node {
            id: NodeId::parse(format!("n{n}")).unwrap(),
            wakes: 0,
            run: None,
            tasks: Vec::new(),
        });
        Self {
            chance: scenario.chance.clone(),
            forecast: Forecast::of(&scenario.plan, &scenario.seen),
            nodes: nodes.collect(),
            scenario,
            broken,
            now: 0,
            outage_until: 0,
            faults: Faults::default(),
            oracle: Oracle::default(),
            seats: BTreeMap::new(),
            journal: Vec::new(),
            tasks: BTreeMap::new(),
            keys: BTreeSet::new(),
            commits: Vec::new(),
            branch: Vec::new(),
            known: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            attempts: 0,
            settled: false,
        }
    }

    /// Plays until the run has settled. The faults that were injected, or what did not hold.
    pub fn play(mut self) -> Result<Faults, String> {
        for tick in 0..MOST_TICKS {
            self.now += 1 + self.chance.next() % 400;
            let trouble = if tick < QUIET_FROM { self.scenario.trouble } else { 0 };
            let node = self.chance.below(self.nodes.len());
            if trouble > 0 && self.chance.per_mille(trouble) {
                self.fail(node);
            }
            if self.now >= self.nodes[node].wakes {
                self.act(node, trouble)?;
            }
            if self.settled {
                self.oracle.settled(&self.commits)?;
                return self.judge_end();
            }
        }
        Err("the run never settles".to_owned())
    }

    /// Whether each ticket stands where it can stand at the end.
    fn judge_end(self) -> Result<Faults, String> {
        let coordinator = Coordinator::replayed(&self.schedule(), self.scenario.train, &self.journal)?;
        for ticket in &self.scenario.plan.tickets {
            let state = coordinator.schedule.state(&ticket.id).cloned();
            let blocked = ticket.depends_on.iter().any(|on| !self.oracle.is_merged(&on.on));
            let ended = state.as_ref().is_some_and(swarm_domain::ticket::TicketState::is_settled);
            if !ended && !blocked {
                return Err(format!("{} is lost: {state:?} at the end", ticket.id));
            }
            if matches!(state, Some(swarm_domain::ticket::TicketState::Cancelled)) {
                return Err(format!("{} is lost: given up by nobody", ticket.id));
            }
        }
        Ok(self.faults)
    }

    fn schedule(&self) -> Schedule {
        let mut bounds = self.scenario.bounds;
        let mut plan = self.scenario.plan.clone();
        match self.broken {
            Broken::TooManyAtOnce => bounds.max_parallel += 1,
            Broken::DependenciesAreIgnored => plan.tickets.iter_mut().for_each(|t| t.depends_on.clear()),
            _ => {}
        }
        Schedule::new(plan, self.forecast.clone(), bounds, BTreeMap::new())
    }

    /// Something goes wrong on a node, or with the database.
    fn fail(&mut self, node: usize) {
        match self.chance.below(3) {
            0 => {
                self.faults.count(Fault::Crash);
                self.crash(node);
            }
            1 => {
                // It sleeps past its leases and wakes up believing that it has them.
                self.faults.count(Fault::PausePastLease);
                self.nodes[node].wakes = self.now + TTL + self.chance.next() % (2 * TTL);
            }
            _ => {
                self.faults.count(Fault::Outage);
                self.outage_until = self.now + 500 + self.chance.next() % 8_000;
            }
        }
    }

    fn crash(&mut self, node: usize) {
        let back = self.now + 500 + self.chance.next() % 10_000;
        let node = &mut self.nodes[node];
        node.run = None;
        node.tasks.clear();
        node.wakes = back;
    }

    fn act(&mut self, node: usize, trouble: usize) -> Result<(), String> {
        if self.now < self.outage_until {
            return Ok(());
        }
        self.beat(node, trouble)?;
        match self.chance.below(3) {
            0 => self.work(node, trouble),
            1 => self.claim(node),
            _ => self.coordinate(node, trouble),
        }
    }

    // Leases.

    /// Asks for a seat.
    fn take(&mut self, node: usize, seat: &str) -> Result<Option<Held>, String> {
        let current = self.seats.get(seat).cloned().unwrap_or_default();
        let mut when = self.now;
        if self.broken == Broken::LeaseIsTakenEarly {
            when += TTL;
        }
        let granted = match current.grant(&self.nodes[node].id, at(when), TimeDelta::milliseconds(6_000)) {
            Ok(granted) => granted,
            Err(LeaseError::Held { .. }) => return Ok(None),
            Err(error) => return Err(format!("a grant was refused as {error}")),
        };
        let granted = if self.broken == Broken::TokenDoesNotGrow && current.token() != FencingToken::default()
        {
            let lease =
                granted.lease().map(|l| swarm_domain::lease::Lease { token: current.token(), ..l.clone() });
            Seat::stored(current.token(), lease)
        } else {
            granted
        };
        let grant = self.oracle.granted(seat, self.now, self.now + TTL)?;
        let held = Held { seat: seat.to_owned(), token: granted.token(), grant, beat: self.now };
        self.seats.insert(seat.to_owned(), granted);
        Ok(Some(held))
    }

    /// Whether a write under this lease is accepted by the store.
    fn accepts(&self, held: &Held) -> Result<bool, String> {
        let seat = self.seats.get(&held.seat).cloned().unwrap_or_default();
        if seat.may_write(held.token).is_err() {
            return Ok(false);
        }
        self.oracle.wrote(&held.seat, held.grant)?;
        Ok(true)
    }

    /// Renews what is due. What was lost is let go of.
    fn beat(&mut self, node: usize, trouble: usize) -> Result<(), String> {
        let run = self.nodes[node].run.as_ref().map(|(held, _)| held.clone());
        let all: Vec<Held> = run.into_iter().chain(self.nodes[node].tasks.iter().cloned()).collect();
        for held in all {
            if self.now < held.beat + HEARTBEAT {
                continue;
            }
            if trouble > 0 && self.chance.per_mille(trouble * 4) {
                self.faults.count(Fault::LateHeartbeat);
                continue;
            }
            let seat = self.seats.get(&held.seat).cloned().unwrap_or_default();
            match seat.renew(held.token, at(self.now), TimeDelta::milliseconds(6_000)) {
                Ok(renewed) => {
                    self.oracle.renewed(&held.seat, held.grant, self.now + TTL)?;
                    self.seats.insert(held.seat.clone(), renewed);
                    let now = self.now;
                    let node = &mut self.nodes[node];
                    let own = node.run.iter_mut().map(|(held, _)| held).chain(&mut node.tasks);
                    own.filter(|own| own.grant == held.grant).for_each(|own| own.beat = now);
                }
                Err(_) => self.let_go(node, &held),
            }
        }
        Ok(())
    }

    fn let_go(&mut self, node: usize, held: &Held) {
        let node = &mut self.nodes[node];
        if node.run.as_ref().is_some_and(|(own, _)| own.grant == held.grant) {
            node.run = None;
        }
        node.tasks.retain(|own| own.grant != held.grant);
    }

    // Agents.

    /// Takes a task from the queue.
    fn claim(&mut self, node: usize) -> Result<(), String> {
        let open: Vec<String> =
            self.tasks.iter().filter(|(_, task)| task.outcome.is_none()).map(|(id, _)| id.clone()).collect();
        if open.is_empty() {
            return Ok(());
        }
        // The queue gives no promise about its order.
        let pick = self.chance.below(open.len());
        if pick > 0 {
            self.faults.count(Fault::Reordered);
        }
        if let Some(held) = self.take(node, &open[pick])? {
            let head = self.branch.clone();
            if let Some(task) = self.tasks.get_mut(&open[pick]) {
                task.base.get_or_insert(head);
            }
            self.nodes[node].tasks.push(held);
        }
        Ok(())
    }

    /// Goes on with a task, and says what came of it.
    fn work(&mut self, node: usize, trouble: usize) -> Result<(), String> {
        if self.nodes[node].tasks.is_empty() {
            return Ok(());
        }
        let pick = self.chance.below(self.nodes[node].tasks.len());
        let held = self.nodes[node].tasks[pick].clone();
        let Some(mut task) = self.tasks.get(&held.seat).cloned() else { return Ok(()) };
        if !self.accepts(&held)? {
            self.let_go(node, &held);
            return Ok(());
        }
        if task.left > 0 {
            task.left -= 1;
            self.tasks.insert(held.seat.clone(), task);
            return Ok(());
        }
        self.attempts += 1;
        let roll = self.chance.below(20);
        let candidate = Candidate {
            ticket: task.ticket.clone(),
            attempt: self.attempts,
            part: roll == 1,
            breaks: self.chance.per_mille(self.scenario.breaks),
            base: task.base.clone().unwrap_or_default(),
        };
        let outcome = match roll {
            0 => (TicketEnd::NeedsPerson(swarm_domain::Problem::new("x.y", "", "")), None),
            1 => (TicketEnd::Checkpoint, Some(candidate)),
            _ => (TicketEnd::Verified, Some(candidate)),
        };
        // Told again where the first answer was lost: the outcome that was written first counts.
        task.outcome.get_or_insert(outcome);
        self.tasks.insert(held.seat.clone(), task);
        if trouble > 0 && self.chance.per_mille(trouble * 4) {
            self.faults.count(Fault::LostReply);
            return Ok(());
        }
        let released = self.seats.get(&held.seat).cloned().unwrap_or_default().release(held.token);
        if let Ok(seat) = released {
            self.seats.insert(held.seat.clone(), seat);
            self.oracle.ended(&held.seat);
        }
        self.let_go(node, &held);
        Ok(())
    }

    // The one who schedules and merges.

    fn coordinate(&mut self, node: usize, trouble: usize) -> Result<(), String> {
        let Some((held, mut coordinator)) = self.nodes[node].run.take() else {
            if let Some(held) = self.take(node, RUN)? {
                let coordinator =
                    Coordinator::replayed(&self.schedule(), self.scenario.train, &self.journal)?;
                self.nodes[node].run = Some((held, coordinator));
            }
            return Ok(());
        };
        let Some(wish) = coordinator.wish() else {
            self.settled = self.accepts(&held)?;
            return Ok(());
        };
        // The effect first, which may happen again after a crash; then the journal, which happens once.
        let Some(answer) = self.effect(&held, &coordinator, wish)? else {
            self.nodes[node].run = Some((held, coordinator));
            return Ok(());
        };
        if trouble > 0 && self.chance.per_mille(trouble * 2) {
            self.faults.count(Fault::CrashBeforeJournal);
            self.crash(node);
            return Ok(());
        }
        if !self.accepts(&held)? {
            return Ok(());
        }
        self.judge(&answer, &coordinator)?;
        self.journal.push(answer.clone());
        if trouble > 0 && self.chance.per_mille(trouble * 2) {
            // It was written, but the node does not know: it reads the journal again.
            self.faults.count(Fault::LostReply);
            coordinator = Coordinator::replayed(&self.schedule(), self.scenario.train, &self.journal)?;
        } else {
            coordinator.take(&answer);
            if let Answer::Ended(ticket, end, _) = &answer
                && self.chance.per_mille(100)
            {
                self.faults.count(Fault::Duplicate);
                coordinator.schedule.ticket_ended(ticket, end.clone());
            }
        }
        self.nodes[node].run = Some((held, coordinator));
        Ok(())
    }

    /// The oracle's books, where the journal says that something happened.
    fn judge(&mut self, answer: &Answer, coordinator: &Coordinator) -> Result<(), String> {
        match answer {
            Answer::Ended(ticket, end, _) => self.oracle.stopped(ticket, *end == TicketEnd::Verified),
            Answer::Began(ticket, _) => {
                let most = self.scenario.bounds.max_parallel;
                self.oracle.began(ticket, &self.scenario.plan, most, &self.forecast)?;
            }
            Answer::RoundEnded(ends) => {
                for (candidate, end) in coordinator.candidates().zip(ends) {
                    if *end != swarm_domain::train::End::Behind {
                        self.oracle.met_its_end(&candidate.ticket);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Does what the coordinator wishes. None where there is nothing to tell yet.
    fn effect(
        &mut self,
        held: &Held,
        coordinator: &Coordinator,
        wish: Wish,
    ) -> Result<Option<Answer>, String> {
        Ok(Some(match wish {
            Wish::Begin(ticket, round) => {
                let left = u32::try_from(self.chance.below(6)).unwrap();
                let task = Task { ticket: ticket.clone(), base: None, left, outcome: None };
                self.tasks.entry(format!("{ticket}/{round}")).or_insert(task);
                Answer::Began(ticket, round)
            }
            Wish::Wait(tasks) => {
                let ended: Vec<&String> = tasks
                    .iter()
                    .filter(|id| self.tasks.get(*id).is_some_and(|t| t.outcome.is_some()))
                    .collect();
                if ended.is_empty() {
                    return Ok(None);
                }
                let id = ended[self.chance.below(ended.len())].clone();
                let task = self.tasks.get(&id).cloned().unwrap();
                let (end, candidate) = task.outcome.unwrap();
                Answer::Ended(task.ticket, end, candidate)
            }
            Wish::Stack => self.stack(coordinator),
            Wish::Mend => Answer::Mended(self.chance.per_mille(500).then(|| self.mend(coordinator))),
            Wish::Prove(proofs) => self.prove(held, coordinator, &proofs)?,
            Wish::Advance(place) => return self.advance(held, coordinator, place).map(Some),
            Wish::EndRound(ends) => Answer::RoundEnded(if self.broken == Broken::CandidatesAreDropped {
                let dropped = |end| {
                    if end == swarm_domain::train::End::Behind {
                        swarm_domain::train::End::GivenUp
                    } else {
                        end
                    }
                };
                ends.into_iter().map(dropped).collect()
            } else {
                ends
            }),
        }))
    }

    fn commit(&mut self, below: &[usize], candidate: &Candidate, mended: bool) -> usize {
        let key = (below.to_vec(), candidate.ticket.clone(), candidate.attempt * 2 + u32::from(mended));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let red = (candidate.breaks && !below.is_empty())
            || below.last().is_some_and(|last| self.commits[*last].red);
        let Candidate { ticket, attempt, part, .. } = candidate.clone();
        self.commits.push(Commit { ticket, attempt, part, red, below: below.to_vec() });
        self.known.insert(key, self.commits.len() - 1);
        self.commits.len() - 1
    }

    fn stack(&mut self, coordinator: &Coordinator) -> Answer {
        let head = self.branch.clone();
        let (mut below, mut placed, mut commits) = (head.clone(), Vec::new(), Vec::new());
        for candidate in coordinator.candidates() {
            let clashes = below.iter().any(|commit| {
                let other = &self.commits[*commit].ticket;
                let pair = (
                    other.clone().min(candidate.ticket.clone()),
                    other.clone().max(candidate.ticket.clone()),
                );
                !candidate.base.contains(commit) && self.scenario.rivals.contains(&pair)
            });
            if clashes {
                self.faults.count(Fault::Conflict);
                placed.push(if commits.is_empty() { Placed::Clash } else { Placed::Later });
                continue;
            }
            // What is there already changes nothing: git makes no commit of it.
            let is_there = |commit: &usize| self.commits[*commit].attempt == candidate.attempt;
            let commit = if let Some(top) = below.last().copied().filter(|_| below.iter().any(is_there)) {
                top
            } else {
                let commit = self.commit(&below, candidate, false);
                below.push(commit);
                commit
            };
            commits.push(commit);
            placed.push(Placed::On);
        }
        Answer::Stacked { head, placed, commits }
    }

    fn mend(&mut self, coordinator: &Coordinator) -> usize {
        let candidate = coordinator.clashing().clone();
        let head = coordinator.head.clone();
        self.commit(&head, &candidate, true)
    }

    fn prove(&mut self, held: &Held, coordinator: &Coordinator, proofs: &[Proof]) -> Result<Answer, String> {
        let mut verdicts = Vec::new();
        for proof in proofs {
            let commit = coordinator.commits[proof.place];
            // Judged before a crash: it is not judged again.
            if let Some(known) = self.verdicts.get(&(commit, proof.number)) {
                verdicts.push((*proof, *known));
                continue;
            }
            let mut green = !self.commits[commit].red;
            if self.broken == Broken::AdvanceUnproven {
                verdicts.push((*proof, true));
                continue;
            }
            if green && self.chance.per_mille(self.scenario.flaky) {
                self.faults.count(Fault::FlakyProof);
                green = false;
            } else if !green {
                self.faults.count(Fault::RedProof);
            }
            if self.accepts(held)? {
                self.verdicts.insert((commit, proof.number), green);
                self.oracle.proved(commit, green);
            }
            verdicts.push((*proof, green));
        }
        Ok(Answer::Proved(verdicts))
    }

    /// Compare and swap, then the events. Done again after a crash, it finds what it had done.
    fn advance(&mut self, held: &Held, coordinator: &Coordinator, place: usize) -> Result<Answer, String> {
        let to = coordinator.commits[place];
        let mut branch = self.commits[to].below.clone();
        branch.push(to);
        let is_there = self.branch.contains(&to);
        if !is_there {
            if self.chance.per_mille(20) {
                self.faults.count(Fault::BranchMoved);
                return Ok(Answer::Advanced(false));
            }
            if self.branch != coordinator.head && self.broken != Broken::BranchIsOverwritten {
                return Ok(Answer::Advanced(false));
            }
            let overwrites = self.broken == Broken::BranchIsOverwritten && !self.branch.is_empty();
            let branch = if overwrites { vec![to] } else { branch };
            self.branch.clone_from(&branch);
            self.oracle.moved(branch, &self.commits, &self.scenario.plan)?;
        }
        // The branch has moved; only who may write says so in the log. Another will find it moved.
        if !self.accepts(held)? {
            return Ok(Answer::Advanced(true));
        }
        for commit in &coordinator.commits[..=place] {
            if self.commits[*commit].part {
                continue;
            }
            let Commit { ticket, attempt, .. } = self.commits[*commit].clone();
            if self.keys.insert(format!("merged/{ticket}/{attempt}")) || self.broken == Broken::KeysAreIgnored
            {
                self.oracle.merged(&ticket, &self.commits)?;
            }
        }
        Ok(Answer::Advanced(true))
    }
}

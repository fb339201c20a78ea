//! What must hold at every step, judged from outside: the oracle keeps books of its own and asks no rule that it judges.

use std::collections::{BTreeMap, BTreeSet};

use swarm_domain::{TicketId, clash::Forecast, plan::Plan};

use crate::world::Commit;

/// A rule that is broken on purpose, outside of the product's code, to see that it would be caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    Nothing,
    TokenDoesNotGrow,
    AdvanceUnproven,
    BranchIsOverwritten,
    CandidatesAreDropped,
    TooManyAtOnce,
    DependenciesAreIgnored,
    LeaseIsTakenEarly,
    KeysAreIgnored,
}

/// Who was granted a seat last, by the oracle's own count.
#[derive(Debug, Clone)]
struct Grant {
    number: u64,
    until: u64,
}

#[derive(Debug, Default)]
pub struct Oracle {
    grants: BTreeMap<String, Grant>,
    granted: u64,
    /// The last verdict on each commit.
    verdicts: BTreeMap<usize, bool>,
    branch: Vec<usize>,
    merged: BTreeSet<TicketId>,
    working: BTreeSet<TicketId>,
    /// Candidates that were verified and have met no end yet.
    open: BTreeSet<TicketId>,
}

impl Oracle {
    /// Somebody got a seat. Gives the grant's number, by which the oracle knows the holder.
    pub fn granted(&mut self, seat: &str, now: u64, until: u64) -> Result<u64, String> {
        if let Some(last) = self.grants.get(seat)
            && now < last.until
        {
            return Err(format!(
                "{seat} was granted at {now}, but the time of its holder is not over before {}",
                last.until
            ));
        }
        self.granted += 1;
        self.grants.insert(seat.to_owned(), Grant { number: self.granted, until });
        Ok(self.granted)
    }

    pub fn renewed(&mut self, seat: &str, grant: u64, until: u64) -> Result<(), String> {
        self.wrote(seat, grant)?;
        if let Some(last) = self.grants.get_mut(seat) {
            last.until = until;
        }
        Ok(())
    }

    pub fn ended(&mut self, seat: &str) {
        if let Some(last) = self.grants.get_mut(seat) {
            last.until = 0;
        }
    }

    /// A write was accepted that showed the token of this grant.
    pub fn wrote(&self, seat: &str, grant: u64) -> Result<(), String> {
        match self.grants.get(seat) {
            Some(last) if last.number == grant => Ok(()),
            _ => Err(format!("a stale write on {seat} was accepted")),
        }
    }

    pub fn began(
        &mut self,
        ticket: &TicketId,
        plan: &Plan,
        most: usize,
        forecast: &Forecast,
    ) -> Result<(), String> {
        for needed in plan.ticket(ticket).into_iter().flat_map(|t| &t.depends_on) {
            if !self.merged.contains(&needed.on) {
                return Err(format!("{ticket} was begun, but needs {}, which is not merged", needed.on));
            }
        }
        let rival =
            self.working.iter().chain(&self.open).find(|other| forecast.between(ticket, other).is_some());
        if let Some(rival) = rival {
            return Err(format!("{ticket} races {rival}, with which it would likely clash"));
        }
        self.working.insert(ticket.clone());
        if self.working.len() > most {
            return Err(format!("{} tickets are worked on at once, {most} may be", self.working.len()));
        }
        Ok(())
    }

    pub fn stopped(&mut self, ticket: &TicketId, verified: bool) {
        self.working.remove(ticket);
        if verified {
            self.open.insert(ticket.clone());
        }
    }

    /// A candidate met its end: merged, or sent back.
    pub fn met_its_end(&mut self, ticket: &TicketId) {
        self.open.remove(ticket);
    }

    pub fn proved(&mut self, commit: usize, green: bool) {
        self.verdicts.insert(commit, green);
    }

    /// The branch moved.
    pub fn moved(&mut self, branch: Vec<usize>, commits: &[Commit], plan: &Plan) -> Result<(), String> {
        if !branch.starts_with(&self.branch) {
            return Err("what was merged left the branch".to_owned());
        }
        let mut there: BTreeSet<&TicketId> = BTreeSet::new();
        for commit in &branch {
            let ticket = &commits[*commit].ticket;
            let part = commits[*commit].part;
            if self.verdicts.get(commit) != Some(&true) {
                return Err(format!("the branch holds {ticket}, which is not proven there"));
            }
            for needed in plan.ticket(ticket).into_iter().flat_map(|t| &t.depends_on) {
                if !there.contains(&needed.on) {
                    return Err(format!(
                        "{ticket} needs {}, which is not before it on the branch",
                        needed.on
                    ));
                }
            }
            if !part && !there.insert(ticket) {
                return Err(format!("{ticket} is on the branch twice"));
            }
        }
        self.branch = branch;
        Ok(())
    }

    /// The log says that a ticket is merged.
    pub fn merged(&mut self, ticket: &TicketId, commits: &[Commit]) -> Result<(), String> {
        if !self.merged.insert(ticket.clone()) {
            return Err(format!("{ticket} was merged twice"));
        }
        if !self.branch.iter().any(|commit| commits[*commit].ticket == *ticket) {
            return Err(format!("{ticket} is said to be merged and is lost: the branch does not have it"));
        }
        Ok(())
    }

    /// The run has settled.
    pub fn settled(&self, commits: &[Commit]) -> Result<(), String> {
        if let Some(ticket) = self.open.iter().next() {
            return Err(format!("the candidate of {ticket} is lost"));
        }
        if let Some(ticket) = self.working.iter().next() {
            return Err(format!("{ticket} is lost: it was begun and never ended"));
        }
        for commit in &self.branch {
            let ticket = &commits[*commit].ticket;
            if !commits[*commit].part && !self.merged.contains(ticket) {
                return Err(format!("{ticket} is on the branch, and the log lost it"));
            }
        }
        Ok(())
    }

    pub fn is_merged(&self, ticket: &TicketId) -> bool {
        self.merged.contains(ticket)
    }
}

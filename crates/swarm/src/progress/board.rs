//! The board: where a run and its tickets stand, folded from events.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use swarm_domain::{
    MicroUsd, RequirementId, RunId, TicketId, attempt::Rung, budget::Spend, plan::Plan, run::RunState,
    ticket::TicketState,
};

/// A run as its events tell it.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    /// What the spec calls itself.
    pub(crate) title: String,
    /// The run, once it began.
    pub(crate) run: Option<RunId>,
    /// One line a ticket, in the order of the plan.
    pub(crate) lines: Vec<Line>,
    /// Everything that the run spent, whoever asked.
    pub(crate) spend: Spend,
    /// The limit, where there is one.
    pub(crate) budget: Option<MicroUsd>,
    /// The models that answered; true where it was played back from a recording.
    pub(crate) models: BTreeMap<String, bool>,
    /// Where code runs.
    pub(crate) rung: Option<Rung>,
    /// When the run began.
    pub(crate) began: Option<DateTime<Utc>>,
    /// How it ended, and when.
    pub(crate) settled: Option<(RunState, DateTime<Utc>)>,
    /// The branch with the merged work.
    pub(crate) branch: Option<String>,
    /// The pull request: its reference and title.
    pub(crate) pull_request: Option<(String, String)>,
    /// Of each requirement, each command with the result that it had last on merged work.
    pub(crate) checks: BTreeMap<RequirementId, BTreeMap<String, bool>>,
}

/// A ticket as its events tell it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Which ticket.
    pub(crate) id: TicketId,
    /// What it is about.
    pub(crate) title: String,
    /// What it serves.
    pub(crate) requirements: Vec<RequirementId>,
    /// What it waits for.
    pub(crate) waits_for: Vec<TicketId>,
    /// Where it stands.
    pub(crate) state: TicketState,
    /// The number of the attempt, from 1; 0 before the first.
    pub(crate) attempt: u32,
    /// Who works on it.
    pub(crate) agent: String,
    /// What happens right now.
    pub(crate) step: String,
    /// What it cost so far.
    pub(crate) spend: Spend,
    /// When the first attempt began.
    pub(crate) began: Option<DateTime<Utc>>,
    /// When it settled.
    pub(crate) ended: Option<DateTime<Utc>>,
}

impl Board {
    /// The board of a plan before its run begins.
    pub(crate) fn new(title: &str, plan: &Plan) -> Self {
        let lines = plan.tickets.iter().map(|ticket| Line {
            id: ticket.id.clone(),
            title: super::plain(&ticket.title),
            requirements: ticket.requirements.clone(),
            waits_for: ticket.depends_on.iter().map(|dependency| dependency.on.clone()).collect(),
            state: TicketState::Waiting,
            attempt: 0,
            agent: String::new(),
            step: String::new(),
            spend: Spend::default(),
            began: None,
            ended: None,
        });
        Self {
            title: super::plain(title),
            run: None,
            lines: lines.collect(),
            spend: Spend::default(),
            budget: None,
            models: BTreeMap::new(),
            rung: None,
            began: None,
            settled: None,
            branch: None,
            pull_request: None,
            checks: BTreeMap::new(),
        }
    }

    /// How many tickets are merged.
    pub(crate) fn merged(&self) -> usize {
        self.lines.iter().filter(|line| line.state == TicketState::Merged).count()
    }

    /// Requirements of the plan's tickets of which every command passed on merged work, and all of them.
    pub(crate) fn proven(&self) -> (usize, usize) {
        let mut all: Vec<_> = self.lines.iter().flat_map(|line| &line.requirements).collect();
        all.sort();
        all.dedup();
        let proven = |id: &&&RequirementId| {
            self.checks
                .get(**id)
                .is_some_and(|commands| !commands.is_empty() && commands.values().all(|passed| *passed))
        };
        (all.iter().filter(proven).count(), all.len())
    }

    /// The title of a ticket; its id where the board does not know it.
    pub(crate) fn title_of<'a>(&'a self, ticket: &'a TicketId) -> &'a str {
        self.lines.iter().find(|line| &line.id == ticket).map_or(ticket.as_str(), |line| &line.title)
    }

    pub(super) fn line_mut(&mut self, ticket: &TicketId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| &line.id == ticket)
    }

    /// Which of the tickets that this one waits for are not merged yet.
    pub(super) fn still_waits_for<'a>(&self, line: &'a Line) -> Vec<&'a TicketId> {
        let merged = |id: &TicketId| self.lines.iter().any(|l| &l.id == id && l.state == TicketState::Merged);
        line.waits_for.iter().filter(|id| !merged(id)).collect()
    }
}

//! The rows of the picture: a ticket each, those in trouble first.

use chrono::{DateTime, Utc};
use serde::Serialize;
use swarm_client::types::TicketState;
use swarm_domain::{RunId, TicketId};

use super::{agents::Standing, state::State};
use crate::{progress::plain, table::usd};

/// How urgent a ticket is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rank {
    /// Its agent repeats itself.
    Looping,
    /// Its agent was silent for too long.
    Stalled,
    /// It waits for a person.
    Person,
    /// It is worked on, checked or merged.
    Moving,
    /// It waits for its turn.
    Waiting,
    /// It is done or given up.
    Over,
}

/// A ticket as a row.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) run: RunId,
    pub(crate) ticket: TicketId,
    pub(crate) rank: Rank,
    /// The state in a word.
    pub(crate) state: &'static str,
    /// Since when it is so.
    pub(crate) since: DateTime<Utc>,
    /// Who works on it.
    pub(crate) agent: String,
    /// What is done, or why it waits.
    pub(crate) what: String,
    pub(crate) cost: String,
}

impl Row {
    pub(crate) fn is(&self, (run, ticket): &(RunId, TicketId)) -> bool {
        self.run == *run && self.ticket == *ticket
    }
}

/// The rows that the filter lets through, in the order in which they need somebody's eye.
pub(super) fn rows(state: &State) -> Vec<Row> {
    let wanted = state.filter.to_lowercase();
    let mut rows: Vec<Row> = Vec::new();
    for run in &state.runs {
        for ticket in state.tickets.get(&run.id).into_iter().flatten() {
            let Some(row) = row(state, &run.id, ticket) else { continue };
            let text = format!("{} {} {} {} {}", row.run, row.ticket, row.state, row.agent, row.what);
            if text.to_lowercase().contains(&wanted) {
                rows.push(row);
            }
        }
    }
    // Stable: within a rank the newest run first, and its tickets in the plan's order.
    rows.sort_by_key(|row| row.rank);
    rows
}

fn row(state: &State, run: &str, ticket: &swarm_client::types::TicketSummary) -> Option<Row> {
    let (run, id) = (RunId::parse(run).ok()?, TicketId::parse(&ticket.id).ok()?);
    let (rank, word) = rank(&ticket.state);
    let what = match &ticket.state {
        TicketState::NeedsPerson { problem } => format!("{}: {}", problem.code, problem.detail),
        _ => ticket.title.clone(),
    };
    let mut row = Row {
        rank,
        state: word,
        since: ticket.updated_at,
        agent: String::new(),
        what: plain(&what),
        cost: usd(ticket.spend.usd),
        run,
        ticket: id,
    };
    if let Some((attempt, agent)) = state.agents.of(&row.run, &row.ticket)
        && rank == Rank::Moving
    {
        let (standing, since) = state.agents.standing(agent, state.now);
        let (rank, word) = match standing {
            Standing::Looping => (Rank::Looping, "looping"),
            Standing::Stalled => (Rank::Stalled, "stalled"),
            Standing::Working => (Rank::Moving, word),
        };
        let number = attempt.as_str().rsplit('.').next().unwrap_or_default();
        row = Row {
            rank,
            state: word,
            since,
            agent: format!("{} {number}", plain(&agent.name)),
            what: agent.doing.clone(),
            ..row
        };
    }
    Some(row)
}

fn rank(state: &TicketState) -> (Rank, &'static str) {
    match state {
        TicketState::NeedsPerson { .. } => (Rank::Person, "needs you"),
        TicketState::Working => (Rank::Moving, "working"),
        TicketState::Verifying => (Rank::Moving, "verifying"),
        TicketState::Merging => (Rank::Moving, "merging"),
        TicketState::Waiting => (Rank::Waiting, "waiting"),
        TicketState::Merged => (Rank::Over, "merged"),
        TicketState::Cancelled => (Rank::Over, "given up"),
        TicketState::Unknown => (Rank::Over, "unknown"),
    }
}

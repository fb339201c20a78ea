//! What is known, and how it changes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use swarm_client::types;
use swarm_domain::{Event, RunId, TicketId};

use super::{
    agents::Agents,
    keys::{Effect, Key, Mode},
    rows::{self, Row},
};

/// Something that came in.
#[derive(Debug)]
pub(crate) enum Input {
    /// The time.
    Tick(DateTime<Utc>),
    /// The runs with their tickets, and how the server is, as they are now.
    Lists {
        /// The runs, the newest first.
        runs: Vec<types::Run>,
        /// The tickets of those that are shown.
        tickets: BTreeMap<String, Vec<types::TicketSummary>>,
        /// The workers.
        workers: Vec<types::Worker>,
        /// How the server is.
        health: Box<types::Health>,
    },
    /// Something happened.
    Happened(Box<Event>),
    /// The server did not answer.
    Lost,
    /// What is to be read about a ticket.
    Detail(Vec<String>),
    /// What became of what the person asked for.
    Said(String),
    /// A key.
    Pressed(Key),
}

/// How it stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// It answers.
    Live,
    /// It did not answer the last time.
    Reconnecting,
    /// It has not answered for so long that what is shown may be old.
    Stale,
}

/// Seconds without an answer after which what is shown may be old.
const STALE_AFTER: i64 = 10;

/// What is known.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// Where the server is.
    pub(super) url: String,
    /// The time.
    pub(super) now: DateTime<Utc>,
    pub(super) answered: Option<DateTime<Utc>>,
    pub(super) lost: bool,
    /// When the last event happened.
    pub(super) last_event: Option<DateTime<Utc>>,
    pub(super) health: Option<types::Health>,
    pub(super) workers: Vec<types::Worker>,
    pub(super) runs: Vec<types::Run>,
    pub(super) tickets: BTreeMap<String, Vec<types::TicketSummary>>,
    pub(super) agents: Agents,
    pub(super) mode: Mode,
    pub(super) filter: String,
    /// The ticket that is chosen, by itself and not by its place: rows move.
    pub(super) chosen: Option<(RunId, TicketId)>,
    pub(super) said: Option<String>,
    pub(super) detail: Vec<String>,
    pub(super) scrolled: usize,
}

impl State {
    /// Nothing is known yet.
    pub(crate) fn new(url: &str, now: DateTime<Utc>) -> Self {
        Self {
            url: url.trim_start_matches("http://").to_owned(),
            now,
            answered: None,
            lost: false,
            last_event: None,
            health: None,
            workers: Vec::new(),
            runs: Vec::new(),
            tickets: BTreeMap::new(),
            agents: Agents::default(),
            mode: Mode::List,
            filter: String::new(),
            chosen: None,
            said: None,
            detail: Vec::new(),
            scrolled: 0,
        }
    }

    /// Takes something in. What it leads to outside comes back.
    pub(crate) fn update(&mut self, input: Input) -> Option<Effect> {
        match input {
            Input::Tick(now) => self.now = now,
            Input::Lists { runs, tickets, workers, health } => {
                self.workers = in_need_first(workers);
                (self.runs, self.tickets, self.health) = (runs, tickets, Some(*health));
                self.answered = Some(self.now);
                self.lost = false;
            }
            Input::Happened(event) => {
                self.last_event = self.last_event.max(Some(event.at));
                self.agents.take(&event);
            }
            Input::Lost => self.lost = true,
            Input::Detail(lines) => (self.detail, self.scrolled) = (lines, 0),
            Input::Said(text) => self.said = Some(text),
            Input::Pressed(key) => return self.pressed(key),
        }
        None
    }

    /// How it stands with the server.
    pub(crate) fn link(&self) -> Link {
        match self.answered {
            Some(at) if (self.now - at).num_seconds() <= STALE_AFTER => {
                if self.lost {
                    Link::Reconnecting
                } else {
                    Link::Live
                }
            }
            Some(_) => Link::Stale,
            None => Link::Reconnecting,
        }
    }

    /// The rows that the filter lets through, those in trouble first.
    pub(super) fn rows(&self) -> Vec<Row> {
        rows::rows(self)
    }

    /// The place of the chosen row: the first one where none is chosen or it is gone.
    pub(super) fn place(&self, rows: &[Row]) -> usize {
        let chosen = self.chosen.as_ref();
        chosen.and_then(|chosen| rows.iter().position(|row| row.is(chosen))).unwrap_or_default()
    }
}

/// Those that are not well first; what has left is no worker any more.
fn in_need_first(mut workers: Vec<types::Worker>) -> Vec<types::Worker> {
    let rank = |worker: &types::Worker| match worker.state {
        types::NodeState::Dead => 0,
        types::NodeState::Draining => 1,
        types::NodeState::Live | types::NodeState::Unknown => 2,
        types::NodeState::Left => 3,
    };
    workers.retain(|worker| worker.state != types::NodeState::Left);
    workers.sort_by_key(rank);
    workers
}

/// The state in short, for programs.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Summary {
    runs: Vec<types::Run>,
    tickets: Vec<Row>,
    workers: Vec<types::Worker>,
    health: Option<types::Health>,
}

impl State {
    /// The state in short, for programs.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            runs: self.runs.clone(),
            tickets: self.rows(),
            workers: self.workers.clone(),
            health: self.health.clone(),
        }
    }
}

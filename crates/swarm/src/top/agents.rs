//! Agents at work, as their events show them, and which of them are in trouble.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::{AttemptId, BlobHash, Event, EventBody, RunId, TicketId};

use crate::progress::news;

/// An agent is stalled when it was silent for so many times as long as agents are between two steps.
const STALLED_AFTER: i32 = 8;
/// And for no less than this: a model may think.
const LEAST_SILENCE: TimeDelta = TimeDelta::seconds(30);
/// Gaps between steps that are remembered.
const GAPS: usize = 64;
/// As often as this in a row the same step with the same answer is a loop in the making.
const REPEATS: u32 = 2;

/// How an agent gets on, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It repeats itself.
    Looping,
    /// Nothing was heard of it for too long.
    Stalled,
    /// It works.
    Working,
}

/// An agent in an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    /// Its name.
    pub(crate) name: String,
    /// What it did last, in words.
    pub(crate) doing: String,
    /// When it was last heard of.
    pub(crate) heard: DateTime<Utc>,
    last: Option<(String, BlobHash, BlobHash)>,
    repeats: u32,
    repeats_since: DateTime<Utc>,
}

/// Every agent that works.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agents {
    working: BTreeMap<(RunId, TicketId), (AttemptId, Agent)>,
    gaps: VecDeque<TimeDelta>,
}

impl Agents {
    /// The agent that works on a ticket.
    pub(crate) fn of(&self, run: &RunId, ticket: &TicketId) -> Option<&(AttemptId, Agent)> {
        self.working.get(&(run.clone(), ticket.clone()))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.working.len()
    }

    /// Takes in what happened.
    pub(crate) fn take(&mut self, event: &Event) {
        let subject = &event.subject;
        if let (EventBody::RunStateChanged { to }, Some(run)) = (&event.body, &subject.run) {
            if to.is_settled() {
                self.working.retain(|(of, _), _| of != run);
            }
            return;
        }
        let (Some(run), Some(ticket), Some(attempt)) = (&subject.run, &subject.ticket, &subject.attempt)
        else {
            return;
        };
        let place = (run.clone(), ticket.clone());
        let doing = news(event).1;
        let doing = doing.strip_prefix(attempt.as_str()).map_or(doing.as_str(), str::trim).to_owned();
        match &event.body {
            EventBody::AttemptStarted { agent, .. } => {
                let agent = Agent {
                    name: agent.clone(),
                    doing,
                    heard: event.at,
                    last: None,
                    repeats: 0,
                    repeats_since: event.at,
                };
                self.working.insert(place, (attempt.clone(), agent));
            }
            EventBody::AttemptFinished { .. } | EventBody::Merged { .. } => {
                self.working.remove(&place);
            }
            body => {
                let Some((_, agent)) = self.working.get_mut(&place).filter(|(of, _)| of == attempt) else {
                    return;
                };
                self.gaps.push_back((event.at - agent.heard).max(TimeDelta::zero()));
                if self.gaps.len() > GAPS {
                    self.gaps.pop_front();
                }
                agent.heard = event.at;
                agent.doing = doing;
                if let EventBody::ToolCalled { tool, arguments, result, .. } = body {
                    agent.used((tool.clone(), arguments.clone(), result.clone()), event.at);
                }
            }
        }
    }

    /// How an agent gets on, and since when.
    pub(crate) fn standing(&self, agent: &Agent, now: DateTime<Utc>) -> (Standing, DateTime<Utc>) {
        if agent.repeats >= REPEATS {
            (Standing::Looping, agent.repeats_since)
        } else if now - agent.heard > self.patience() {
            (Standing::Stalled, agent.heard)
        } else {
            (Standing::Working, agent.heard)
        }
    }

    /// How long an agent may be silent: a multiple of the median of the gaps that were seen.
    fn patience(&self) -> TimeDelta {
        let mut gaps: Vec<_> = self.gaps.iter().copied().collect();
        gaps.sort_unstable();
        let typical = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
        (typical * STALLED_AFTER).max(LEAST_SILENCE)
    }
}

impl Agent {
    /// Counts how often in a row the same tool got the same arguments and gave the same answer.
    fn used(&mut self, step: (String, BlobHash, BlobHash), at: DateTime<Utc>) {
        if self.last.as_ref() == Some(&step) {
            self.repeats += 1;
        } else {
            self.repeats = 1;
            self.repeats_since = at;
        }
        self.last = Some(step);
    }
}

//! How much work waits for workers: the signal that an autoscaler goes by.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{Label, TicketId, graph, run::RunState, ticket::TicketState};
use swarm_store::{AttemptRow, TicketRow};

use crate::{error::FlowError, parts::Parts, routing};

/// Attempts that must have ended before a prediction is made.
const ENOUGH: usize = 3;
/// The latest attempts that a prediction is made from.
const LATEST: usize = 50;
/// Runs that are looked at for them, the newest first.
const RUNS: usize = 20;

/// How much work waits and is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// For how long the oldest ticket that could be worked on has waited, in seconds; 0 where none waits.
    pub oldest_waiting_seconds: u64,
    /// Tickets that could be worked on and wait for hands.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
    /// Minutes until what waits is worked off by as many hands as work now, or by one where none does; absent while too
    /// few attempts have ended to tell.
    pub predicted_minutes: Option<u64>,
    /// The same by the labels that a worker needs.
    pub by_labels: Vec<LabelDemand>,
}

/// What waits for, and is with, workers that have these labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelDemand {
    /// What a worker needs; empty for any worker.
    pub labels: Vec<String>,
    /// Tickets that wait.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
    /// The age of the oldest that waits, in seconds.
    pub oldest_waiting_seconds: u64,
}

/// Adds up what the running runs ask for.
pub(crate) async fn demand(parts: &Parts) -> Result<Demand, FlowError> {
    let tenant = &parts.config.tenant;
    let open: BTreeMap<_, _> = parts
        .store
        .claims(tenant, None)
        .await?
        .into_iter()
        .map(|row| ((row.offer.run.clone(), row.offer.ticket.clone()), row))
        .collect();
    let now = parts.clock.now();
    let mut by_labels: BTreeMap<Vec<String>, LabelDemand> = BTreeMap::new();
    let mut history = Vec::new();
    for (index, run) in parts.store.runs(tenant).await?.into_iter().enumerate() {
        if index < RUNS && history.len() < LATEST {
            history.extend(seconds(&parts.store.attempts(tenant, &run.id, None).await?));
        }
        if run.state != RunState::Running {
            continue;
        }
        let plan = parts.plan(&run.plan).await?;
        let tickets = parts.store.tickets(tenant, &run.id).await?;
        let states: BTreeMap<&TicketId, &TicketState> =
            tickets.iter().map(|ticket| (&ticket.id, &ticket.state)).collect();
        let ready = graph::ready(&plan, |id| states.get(id).copied());
        for ticket in &tickets {
            let wanted = ticket.ticket.capability;
            let labels: Vec<_> =
                routing::asked(parts, &run.options, wanted).iter().map(Label::to_string).collect();
            let entry = by_labels
                .entry(labels.clone())
                .or_insert_with(|| LabelDemand { labels, ..LabelDemand::default() });
            // One that nobody has claimed waits, though its attempt has begun.
            let offered = open.get(&(run.id.clone(), ticket.id.clone()));
            match offered {
                Some(row) if row.lease().is_none() => entry.waits((row.now - row.since).num_seconds()),
                Some(_) => entry.working += 1,
                None if ready.contains(&ticket.id) => {
                    let since = since(ticket, &tickets, &plan.tickets, run.started_at);
                    entry.waits((now - since).num_seconds());
                }
                None if ticket.state == TicketState::Working => entry.working += 1,
                None => {}
            }
        }
    }
    let by_labels: Vec<_> = by_labels.into_values().filter(|one| one.waiting + one.working > 0).collect();
    let (waiting, working) = by_labels
        .iter()
        .fold((0, 0), |(waiting, working), one| (waiting + one.waiting, working + one.working));
    Ok(Demand {
        oldest_waiting_seconds: by_labels
            .iter()
            .map(|one| one.oldest_waiting_seconds)
            .max()
            .unwrap_or_default(),
        waiting,
        working,
        predicted_minutes: predicted(&history, waiting, working),
        by_labels,
    })
}

impl LabelDemand {
    fn waits(&mut self, seconds: i64) {
        self.waiting += 1;
        let seconds = u64::try_from(seconds).unwrap_or_default();
        self.oldest_waiting_seconds = self.oldest_waiting_seconds.max(seconds);
    }
}

/// Since when a ticket could be worked on: since the last ticket that it needs was merged, or the run began.
fn since(
    ticket: &TicketRow,
    all: &[TicketRow],
    plan: &[swarm_domain::ticket::Ticket],
    began: DateTime<Utc>,
) -> DateTime<Utc> {
    let needs = graph::of_tickets(plan).depends_on(&ticket.id);
    let merged = all.iter().filter(|other| needs.contains(&other.id)).filter_map(|other| other.merged_at);
    merged.chain([began, ticket.updated_at]).max().unwrap_or(began)
}

/// How long attempts took that ended, in seconds.
fn seconds(attempts: &[AttemptRow]) -> Vec<u64> {
    let took =
        |attempt: &AttemptRow| u64::try_from((attempt.finished_at? - attempt.started_at).num_seconds()).ok();
    attempts.iter().filter_map(took).collect()
}

fn predicted(seconds: &[u64], waiting: u32, working: u32) -> Option<u64> {
    if seconds.len() < ENOUGH {
        return None;
    }
    let mean = seconds.iter().sum::<u64>() / seconds.len() as u64;
    Some((mean * u64::from(waiting)).div_ceil(60 * u64::from(working.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_short_a_history_predicts_nothing_and_a_longer_one_shares_the_work() {
        assert_eq!(predicted(&[60, 60], 4, 1), None);
        assert_eq!(predicted(&[60, 120, 180], 4, 2), Some(4));
        assert_eq!(predicted(&[60, 120, 180], 4, 0), Some(8), "one hand at least");
        assert_eq!(predicted(&[60, 120, 180], 0, 3), Some(0));
    }
}

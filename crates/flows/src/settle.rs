//! How a run settles: done, cancelled, or in need of a person, with the reason and the way on.

use std::collections::BTreeMap;

use swarm_domain::{
    EventBody, Problem, RunId, TicketId, interrupt::Decision, run::RunState, ticket::TicketState,
};

use crate::{
    build::{BuildInput, Frame},
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, of_run, part},
    people::Against,
};

/// Where the tickets of a run stand.
pub(crate) async fn states(parts: &Parts, run: &RunId) -> Result<BTreeMap<TicketId, TicketState>, FlowError> {
    let tickets = parts.store.tickets(&parts.config.tenant, run).await?;
    Ok(tickets.into_iter().map(|ticket| (ticket.id, ticket.state)).collect())
}

/// Settles a run by where its tickets stand.
pub(crate) async fn settle(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    generation: u32,
) -> Result<RunState, FlowError> {
    let states = states(parts, run).await?;
    let unmerged: Vec<_> = states.iter().filter(|(_, state)| **state != TicketState::Merged).collect();
    let to = if unmerged.is_empty() {
        RunState::Done
    } else if unmerged.iter().all(|(_, state)| matches!(state, TicketState::Cancelled)) {
        RunState::Cancelled
    } else {
        RunState::NeedsPerson { problem: needs_person(&unmerged, states.len()) }
    };
    record_run_state(parts, frame, run, generation, to).await
}

/// Settles a run whose build failed: a person is told why.
pub(crate) async fn failed(
    parts: &Parts,
    frame: &Frame,
    input: &BuildInput,
    error: engine::FlowFailure,
) -> Flow<RunState> {
    let failed = engine::own_failure(error)?.problem();
    // Any ticket takes the run up again, also where all are merged and only the offer failed.
    let ticket = frame.plan.tickets.first().map_or("TICKET", |ticket| ticket.id.as_str());
    let next = format!("{}; then `swarm ticket retry {ticket}` takes the run up again", failed.next);
    let to = RunState::NeedsPerson { problem: Problem::new(&failed.code, failed.detail, next) };
    engine::step(parts, "settle", || record_run_state(parts, frame, &input.run, input.generation, to.clone()))
        .await
}

/// Settles a run that people did not want begun.
pub(crate) async fn turned_down(
    parts: &Parts,
    frame: &Frame,
    input: &BuildInput,
    against: &Against,
) -> Result<RunState, FlowError> {
    let states = states(parts, &input.run).await?;
    // Given up, and not turned down: that is said of its tickets.
    if against.decision == Decision::Withdrawn {
        return settle(parts, frame, &input.run, input.generation).await;
    }
    let open =
        states.iter().find(|(_, state)| !matches!(state, TicketState::Merged | TicketState::Cancelled));
    let ticket = open.map_or("TICKET", |(id, _)| id.as_str());
    let to = RunState::NeedsPerson { problem: against.problem(ticket) };
    record_run_state(parts, frame, &input.run, input.generation, to).await
}

async fn record_run_state(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    generation: u32,
    to: RunState,
) -> Result<RunState, FlowError> {
    let key = ["run", run.as_str(), "settled", &generation.to_string()];
    let body = EventBody::RunStateChanged { to: to.clone() };
    parts.record(&key, part("scheduler"), of_run(&frame.project, run), body).await?;
    Ok(to)
}

fn needs_person(unmerged: &[(&TicketId, &TicketState)], all: usize) -> Problem {
    let first = unmerged.iter().find_map(|(id, state)| match state {
        TicketState::NeedsPerson { problem } => Some((*id, problem)),
        _ => None,
    });
    match first {
        Some((ticket, problem)) => Problem::new(
            &problem.code,
            format!("{} of {all} tickets are not merged; first {ticket}: {}", unmerged.len(), problem.detail),
            // The ticket's own advice may end so already.
            match problem.next.replace("retry TICKET", &format!("retry {ticket}")) {
                next if next.contains("swarm ticket retry") => next,
                next => format!("{next}; then `swarm ticket retry {ticket}`"),
            },
        ),
        None => unfinished(unmerged, all),
    }
}

/// Nothing went wrong, but a person gave up what the rest waits for.
fn unfinished(unmerged: &[(&TicketId, &TicketState)], all: usize) -> Problem {
    let (given_up, waiting): (Vec<_>, Vec<_>) =
        unmerged.iter().partition(|(_, state)| matches!(state, TicketState::Cancelled));
    let mut detail = format!("{} of {all} tickets are not merged", unmerged.len());
    for (how, tickets) in [("given up", &given_up), ("still waiting", &waiting)] {
        let ids: Vec<_> = tickets.iter().map(|(id, _)| id.as_str()).collect();
        if !ids.is_empty() {
            detail = format!("{detail}; {how}: {}", ids.join(", "));
        }
    }
    let retry = given_up.first().or(waiting.first()).map_or("TICKET", |(id, _)| id.as_str());
    Problem::new(
        "run.unfinished",
        detail,
        format!(
            "run `swarm ticket retry {retry}` to take it up again, or build the rest from a changed spec"
        ),
    )
}

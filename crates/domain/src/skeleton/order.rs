//! What each ticket waits for.

use std::collections::HashMap;

use super::proposal::Group;
use crate::{
    graph::{Graph, of_tickets, weakest_link},
    id::{RequirementId, TicketId},
    scope::is_pattern,
    spec::{Spec, files::run_by},
    ticket::{Dependency, DependencyKind, Ticket},
};

/// How many circles are opened one by one before the guessed dependencies are all left out.
const MAX_CUTS: usize = 64;

/// Above this number of tickets it is not asked whether two with a file in common are in order already.
const MAX_SEARCHED: usize = 2_000;

/// Gives the tickets their dependencies and brings them in order.
pub(super) fn arranged(
    spec: &Spec,
    groups: &[Group],
    mut tickets: Vec<Ticket>,
    notes: &mut Vec<String>,
) -> Vec<Ticket> {
    let serves: HashMap<RequirementId, TicketId> =
        tickets.iter().flat_map(|t| t.requirements.iter().map(|r| (r.clone(), t.id.clone()))).collect();
    for (ticket, group) in tickets.iter_mut().zip(groups) {
        let needed = group.members.iter().flat_map(|&at| &spec.requirements[at].depends_on);
        for on in needed.filter_map(|id| serves.get(id)) {
            add(ticket, on, DependencyKind::Blocks);
        }
    }
    artifacts(&mut tickets);
    without_circles(&mut tickets, notes);
    let mut tickets = sorted(tickets);
    same_files(&mut tickets);
    tickets
}

fn add(ticket: &mut Ticket, on: &TicketId, kind: DependencyKind) {
    if &ticket.id != on && !ticket.depends_on.iter().any(|d| &d.on == on) {
        ticket.depends_on.push(Dependency { on: on.clone(), kind });
    }
}

/// A check that runs a file which another ticket writes can pass only after that one.
fn artifacts(tickets: &mut [Ticket]) {
    let mut writer: HashMap<String, TicketId> = HashMap::new();
    for ticket in tickets.iter() {
        for file in ticket.touches.iter().filter(|glob| !is_pattern(glob)) {
            writer.entry(file.clone()).or_insert_with(|| ticket.id.clone());
        }
    }
    for ticket in tickets {
        let files: Vec<String> = ticket.acceptance.iter().flat_map(|c| run_by(&c.check.command)).collect();
        let others: Vec<&String> = files.iter().filter(|file| !ticket.touches.contains(file)).collect();
        for on in others.into_iter().filter_map(|file| writer.get(file)) {
            add(ticket, on, DependencyKind::NeedsArtifact);
        }
    }
}

/// Takes out guessed dependencies until no circle is left. What the spec says has none.
fn without_circles(tickets: &mut [Ticket], notes: &mut Vec<String>) {
    for cuts in 0.. {
        let Err(cycle) = of_tickets(tickets).topological() else {
            return;
        };
        match weakest_link(tickets, &cycle) {
            Some(cut) if cuts < MAX_CUTS => {
                notes.push(format!(
                    "{} and {} would wait for each other: {} goes first",
                    cut.ticket, cut.on, cut.ticket
                ));
                for ticket in tickets.iter_mut().filter(|t| t.id == cut.ticket) {
                    ticket.depends_on.retain(|d| d.on != cut.on);
                }
            }
            _ => {
                notes.push(
                    "too many checks run each other's files: only what the spec says orders the tickets"
                        .to_owned(),
                );
                for ticket in tickets.iter_mut() {
                    ticket.depends_on.retain(|d| d.kind == DependencyKind::Blocks);
                }
                return;
            }
        }
    }
}

fn sorted(tickets: Vec<Ticket>) -> Vec<Ticket> {
    let Ok(order) = of_tickets(&tickets).topological() else {
        return tickets;
    };
    let place: HashMap<TicketId, usize> = order.into_iter().enumerate().map(|(at, id)| (id, at)).collect();
    let mut tickets = tickets;
    tickets.sort_by_key(|t| place.get(&t.id).copied());
    tickets
}

/// Tickets with a file in common go one after another, in the order in which they stand: no circle can come of it.
fn same_files(tickets: &mut [Ticket]) {
    let mut last: HashMap<String, usize> = HashMap::new();
    let mut alone: Option<usize> = None;
    let mut waits: Vec<(usize, usize)> = Vec::new();
    for (at, ticket) in tickets.iter().enumerate() {
        if ticket.touches.iter().any(|glob| is_pattern(glob)) {
            waits.extend((alone.unwrap_or(0)..at).map(|before| (at, before)));
            alone = Some(at);
            continue;
        }
        waits.extend(alone.map(|before| (at, before)));
        for file in &ticket.touches {
            if let Some(before) = last.insert(file.clone(), at) {
                waits.push((at, before));
            }
        }
    }
    let mut edges: Vec<(usize, usize)> = Vec::new();
    let place: HashMap<TicketId, usize> =
        tickets.iter().enumerate().map(|(at, t)| (t.id.clone(), at)).collect();
    for (at, ticket) in tickets.iter().enumerate() {
        edges.extend(ticket.depends_on.iter().filter_map(|d| place.get(&d.on)).map(|&on| (at, on)));
    }
    let graph = Graph::new(0..tickets.len(), edges);
    for (at, before) in waits {
        if tickets.len() > MAX_SEARCHED || !graph.reaches(&at, &before) {
            let on = tickets[before].id.clone();
            add(&mut tickets[at], &on, DependencyKind::SameFile);
        }
    }
}

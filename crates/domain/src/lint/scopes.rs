//! Whether tickets can work side by side without getting in each other's way.

use std::collections::HashMap;

use super::Lint;
use crate::{
    graph::{Graph, of_tickets},
    id::TicketId,
    plan::Plan,
    scope::{Scope, is_everything, is_pattern},
    ticket::Ticket,
};

pub(super) fn look(plan: &Plan, lints: &mut Vec<Lint>) {
    let mut scoped: Vec<(&Ticket, Scope)> = Vec::new();
    for ticket in &plan.tickets {
        if ticket.touches.is_empty() {
            let detail = format!("{} may touch nothing, so it can do nothing", ticket.id);
            let fix = "name the files of its requirements in code quotes in the spec, or give it globs";
            lints.push(Lint::blocking("empty_scope", detail, fix).of_ticket(&ticket.id));
        }
        if let Some(glob) = ticket.touches.iter().find(|glob| is_everything(glob)) {
            let detail = format!("{} may touch everything (`{glob}`), so nothing runs beside it", ticket.id);
            let fix = "name the files of its requirements in code quotes in the spec";
            lints.push(Lint::warning("wide_scope", detail, fix).of_ticket(&ticket.id));
        }
        match Scope::new(&ticket.touches) {
            Ok(scope) => scoped.push((ticket, scope)),
            Err(error) => {
                let problem = error.problem();
                lints.push(
                    Lint::blocking("invalid_scope", problem.detail, problem.next).of_ticket(&ticket.id),
                );
            }
        }
    }
    // Where tickets wait for each other no order can be told; the circle is the finding then.
    if let Ok(order) = of_tickets(&plan.tickets).topological() {
        overlaps(plan, &order, scoped, lints);
    }
}

/// Tickets that share a file must be in order. Where each is in order with the next, all of them are.
fn overlaps(plan: &Plan, order: &[TicketId], mut scoped: Vec<(&Ticket, Scope)>, lints: &mut Vec<Lint>) {
    let graph = of_tickets(&plan.tickets);
    let place: HashMap<&TicketId, usize> = order.iter().enumerate().map(|(at, id)| (id, at)).collect();
    scoped.sort_by_key(|(ticket, _)| place.get(&ticket.id).copied());
    let mut last: HashMap<&str, &Ticket> = HashMap::new();
    for (ticket, scope) in &scoped {
        for file in scope.files() {
            if let Some(before) = last.insert(file, ticket) {
                compare(&graph, before, ticket, &format!("`{file}`"), lints);
            }
        }
    }
    for (at, (ticket, scope)) in scoped.iter().enumerate() {
        let wide = !scope.is_concrete();
        for (other, theirs) in &scoped[at + 1..] {
            let compared = wide || !theirs.is_concrete();
            if compared && scope.overlaps(theirs) {
                let pattern = |s: &Scope| s.globs().iter().find(|g| is_pattern(g)).cloned();
                let what = pattern(scope).or_else(|| pattern(theirs)).unwrap_or_default();
                compare(&graph, ticket, other, &format!("a file of `{what}`"), lints);
            }
        }
    }
}

fn compare(graph: &Graph<TicketId>, first: &Ticket, second: &Ticket, what: &str, lints: &mut Vec<Lint>) {
    let one_ticket = first.id == second.id;
    if one_ticket || graph.reaches(&second.id, &first.id) || graph.reaches(&first.id, &second.id) {
        return;
    }
    let told = lints.iter().any(|l| l.code == "lint.overlap" && l.ticket.as_ref() == Some(&second.id));
    if told {
        return;
    }
    let detail = format!("{} and {} may both write {what}, in no order", first.id, second.id);
    let fix = format!("let {} wait for {} (same-file), or give each files of its own", second.id, first.id);
    lints.push(Lint::blocking("overlap", detail, fix).of_ticket(&second.id));
}

//! Whether the tickets can be done one after another.

use std::collections::HashSet;

use super::Lint;
use crate::{
    graph::{of_tickets, weakest_link},
    id::TicketId,
    plan::Plan,
    spec::Spec,
};

/// How much of a circle is shown.
const MAX_SHOWN: usize = 8;

pub(super) fn look(plan: &Plan, spec: &Spec, lints: &mut Vec<Lint>) {
    let mut ids: HashSet<&TicketId> = HashSet::new();
    for ticket in &plan.tickets {
        if !ids.insert(&ticket.id) {
            let detail = format!("two tickets have the id {}", ticket.id);
            lints.push(Lint::blocking("duplicate_ticket", detail, "make one of them").of_ticket(&ticket.id));
        }
    }
    for ticket in &plan.tickets {
        for dependency in ticket.depends_on.iter().filter(|d| !ids.contains(&d.on)) {
            let detail = format!("{} waits for {}, which the plan does not have", ticket.id, dependency.on);
            let fix = "take the dependency out, or add the ticket";
            lints.push(Lint::blocking("unknown_dependency", detail, fix).of_ticket(&ticket.id));
        }
    }
    for (id, name) in spec.undefined() {
        let detail = format!("{id} depends on {name}, which the spec does not define");
        let fix = format!("write {name}, or take it out of `Depends on:`");
        lints.push(Lint::blocking("unknown_dependency", detail, fix).of_requirement(&id));
    }
    if let Err(cycle) = of_tickets(&plan.tickets).topological() {
        lints.push(circle(plan, &cycle));
    }
}

fn circle(plan: &Plan, cycle: &[TicketId]) -> Lint {
    let shown = |id: &TicketId| match plan.ticket(id) {
        Some(ticket) => format!("{id} ({})", ticket.title),
        None => id.to_string(),
    };
    let mut names: Vec<String> = cycle.iter().take(MAX_SHOWN).map(shown).collect();
    if cycle.len() > MAX_SHOWN {
        names.push(format!("{} more", cycle.len() - MAX_SHOWN));
    }
    names.extend(cycle.first().map(ToString::to_string));
    let fix = match weakest_link(&plan.tickets, cycle) {
        Some(cut) => format!(
            "take out that {} waits for {} ({}): it is the weakest of them",
            cut.ticket, cut.on, cut.kind
        ),
        None => "take one of the dependencies out".to_owned(),
    };
    let lint =
        Lint::blocking("cycle", format!("tickets wait for each other: {}", names.join(" waits for ")), fix);
    match cycle.first() {
        Some(first) => lint.of_ticket(first),
        None => lint,
    }
}

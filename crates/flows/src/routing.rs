//! Routing by label: which nodes may work on a ticket.

use std::collections::{BTreeMap, BTreeSet};

use swarm_domain::{
    Label, Problem, RunId, TicketId,
    agent::Capability,
    graph,
    node::Takes,
    run::{RunOptions, RunState},
    ticket::TicketState,
};

use crate::{build::Frame, choice, error::FlowError, parts::Parts};

/// What a node must offer to work on a ticket: what the run asks for, and what the agents need that may get it.
pub(crate) fn needed(parts: &Parts, frame: &Frame, ticket: &TicketId) -> BTreeSet<Label> {
    let wanted = frame.plan.ticket(ticket).map_or(Capability::Code, |ticket| ticket.capability);
    of(parts, &frame.options, wanted)
}

/// What a node must offer for work of this kind. Where workers claim it, any node may see to it: it is theirs to offer.
pub(crate) fn of(parts: &Parts, options: &RunOptions, wanted: Capability) -> BTreeSet<Label> {
    if options.hands.is_here() { asked(parts, options, wanted) } else { BTreeSet::new() }
}

/// What who makes the attempts must offer for work of this kind.
pub(crate) fn asked(parts: &Parts, options: &RunOptions, wanted: Capability) -> BTreeSet<Label> {
    // The fixer goes on where the author stood, so on the same node.
    let agents =
        [wanted, choice::capability(2, wanted)].map(|capability| parts.catalogue.by_capability(capability));
    let firsts = agents.iter().filter_map(|agents| agents.first());
    options.labels.iter().chain(firsts.flat_map(|agent| &agent.labels)).cloned().collect()
}

/// Every combination of labels that some ticket of such a run may need, none at all left out.
pub(crate) fn all(parts: &Parts, options: &RunOptions) -> BTreeSet<BTreeSet<Label>> {
    let roster = parts.catalogue.current();
    let kinds = roster.iter().flat_map(|agent| agent.capabilities.clone());
    kinds.map(|kind| of(parts, options, kind)).filter(|needed| !needed.is_empty()).collect()
}

/// What keeps a run's tickets waiting that no time will mend: labels that no live node offers.
pub(crate) async fn unserved(parts: &Parts, run: &RunId) -> Result<Vec<Problem>, FlowError> {
    let tenant = &parts.config.tenant;
    let row = parts.store.run(tenant, run).await?;
    if row.state != RunState::Running {
        return Ok(Vec::new());
    }
    let nodes = parts.store.nodes().await?.into_iter().filter(|node| node.state.holds_work());
    let nodes: Vec<Takes> = nodes.map(|node| node.takes()).collect();
    let plan = parts.plan(&row.plan).await?;
    let states: BTreeMap<TicketId, TicketState> =
        parts.store.tickets(tenant, run).await?.into_iter().map(|ticket| (ticket.id, ticket.state)).collect();
    let mut waiting: BTreeMap<BTreeSet<Label>, usize> = BTreeMap::new();
    for ticket in graph::ready(&plan, |id| states.get(id)) {
        let capability = plan.ticket(&ticket).map_or(Capability::Code, |ticket| ticket.capability);
        let needed = of(parts, &row.options, capability);
        if !nodes.iter().any(|node| node.serves(&needed)) {
            *waiting.entry(needed).or_default() += 1;
        }
    }
    Ok(waiting.into_iter().map(|(needed, number)| nobody_serves(&needed, number)).collect())
}

fn nobody_serves(needed: &BTreeSet<Label>, number: usize) -> Problem {
    let labels = needed.iter().map(Label::as_str).collect::<Vec<_>>().join(",");
    let tickets = if number == 1 { "1 ticket waits".to_owned() } else { format!("{number} tickets wait") };
    let (what, next) = if labels.is_empty() {
        ("takes work that needs no label".to_owned(), "start one: `swarm worker`".to_owned())
    } else {
        (format!("offers {labels}"), format!("start one: `swarm worker --labels {labels}`"))
    };
    Problem::new("run.no_worker", format!("{tickets} for a worker: none that lives {what}"), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_a_label_is_told_which_worker_to_start() {
        let needed = ["gpu", "eu"].map(|label| Label::parse(label).unwrap()).into();
        let problem = nobody_serves(&needed, 2);
        assert_eq!(problem.detail, "2 tickets wait for a worker: none that lives offers eu,gpu");
        assert_eq!(problem.next, "start one: `swarm worker --labels eu,gpu`");
        assert!(nobody_serves(&BTreeSet::new(), 1).next.ends_with("`swarm worker`"));
    }
}

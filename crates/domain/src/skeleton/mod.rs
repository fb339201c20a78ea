//! What a plan begins as: tickets with scope, order, checks and budget, computed from the spec alone.
//!
//! A model may propose which requirements belong together; everything else is computed, and so is a proposal's place
//! where it is wrong.

mod order;
mod proposal;
mod scope;
mod weight;

use serde::{Deserialize, Serialize};

pub use proposal::{ProposedSkeleton, ProposedTicket};

use crate::{
    budget::Budget,
    estimate::ticket_budget,
    id::TicketId,
    run::RunOptions,
    spec::{Requirement, Spec},
    ticket::{Ticket, TicketCheck},
};

use proposal::Group;

/// Tickets, complete and in order, with what was noticed while they were drawn up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skeleton {
    /// In an order that respects the dependencies.
    pub tickets: Vec<Ticket>,
    /// What was left out of a proposal or could not be told from the spec, and what was done instead.
    pub notes: Vec<String>,
}

/// The longest title of a ticket, in characters: the subject of its commit is made from it.
const MAX_TITLE: usize = 72;

/// Draws up the tickets of a spec: one for each requirement, or as a proposal groups them.
///
/// - What a ticket may touch are the files that its requirements name, else those that their examples run, else
///   those of the proposal, else everything.
/// - It waits for what its requirements depend on, for what its checks run, and for earlier tickets with a file in
///   common.
/// - It is done when every example of its requirements passes.
///
/// Nothing in a proposal is trusted: unknown requirements, unsafe paths and circles are left out and noted.
///
/// ```
/// use swarm_domain::{skeleton::draft, spec};
///
/// let spec = spec::parse("# T\n\n## REQ-1: Adds\n\nIn `a.py`.\n\n## REQ-2: Prints\n\nIn `b.py`, uses REQ-1.\n").unwrap();
/// let tickets = draft(&spec, None).tickets;
/// assert_eq!(tickets[1].touches, ["b.py"]);
/// assert_eq!(tickets[1].depends_on[0].on, tickets[0].id);
/// ```
#[must_use]
pub fn draft(spec: &Spec, proposal: Option<&ProposedSkeleton>) -> Skeleton {
    let mut notes = Vec::new();
    let groups = proposal::groups(spec, proposal, &mut notes);
    let scopes: Vec<Vec<String>> = groups.iter().map(|group| scope::of(spec, group, &mut notes)).collect();
    let tickets: Vec<Ticket> =
        groups.iter().zip(scopes).map(|(group, touches)| ticket(spec, group, touches)).collect();
    let tickets = order::arranged(spec, &groups, tickets, &mut notes);
    Skeleton { tickets, notes }
}

fn ticket(spec: &Spec, group: &Group, touches: Vec<String>) -> Ticket {
    let requirements: Vec<&Requirement> = group.members.iter().map(|&at| &spec.requirements[at]).collect();
    let ids: Vec<_> = requirements.iter().map(|r| r.id.clone()).collect();
    let acceptance = requirements.iter().flat_map(|r| {
        r.acceptance.iter().map(|check| TicketCheck { requirement: r.id.clone(), check: check.clone() })
    });
    let mut ticket = Ticket {
        id: TicketId::of_requirements(&ids, 0),
        title: title(group, &requirements),
        description: description(spec, &requirements),
        requirements: ids,
        acceptance: acceptance.collect(),
        depends_on: Vec::new(),
        budget: Budget::default(),
        risk: weight::risk(&requirements),
        capability: weight::capability(group.is_test, &touches),
        touches,
    };
    ticket.budget = ticket_budget(&ticket, RunOptions::default().max_attempts);
    ticket
}

fn title(group: &Group, requirements: &[&Requirement]) -> String {
    let own = requirements.first().map_or("", |r| r.title.as_str());
    let plain = group.title.as_deref().unwrap_or(own).split_whitespace().collect::<Vec<_>>().join(" ");
    let others = requirements.len().saturating_sub(1);
    let tail =
        if others > 0 && group.title.is_none() { format!(" and {others} more") } else { String::new() };
    let room = MAX_TITLE - tail.len();
    if plain.chars().count() <= room {
        return plain + &tail;
    }
    let mut cut: String = plain.chars().take(room - 1).collect();
    cut.push('\u{2026}');
    cut + &tail
}

/// The texts of the requirements, and what is known of those that they build on.
fn description(spec: &Spec, requirements: &[&Requirement]) -> String {
    let own =
        requirements.iter().map(|r| format!("{}: {}\n\n{}", r.id, r.title, r.text).trim_end().to_owned());
    let mut parts: Vec<String> = own.collect();
    let mut done: Vec<String> = Vec::new();
    for id in requirements.iter().flat_map(|r| &r.depends_on) {
        if let Some(needed) = spec.requirement(id)
            && !requirements.iter().any(|r| &r.id == id)
        {
            let named = format!("{id} ({})", needed.title);
            if !done.contains(&named) {
                done.push(named);
            }
        }
    }
    if !done.is_empty() {
        parts.push(format!("Already done by others: {}.", done.join(", ")));
    }
    parts.join("\n\n")
}

#[cfg(test)]
#[path = "../skeleton_tests.rs"]
mod tests;

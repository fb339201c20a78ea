//! What must be there before a ticket is begun: the work that it builds on. Looked at on the branch as it is, so that
//! no agent is paid for a ticket that cannot succeed.

use std::{collections::BTreeSet, fmt};

use crate::{
    graph,
    id::TicketId,
    plan::Plan,
    problem::Problem,
    scope::is_pattern,
    spec::{Fixture, files::run_by},
    ticket::{DependencyKind, Ticket},
};

/// One thing that a ticket needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precondition {
    /// The merged commit of a ticket that it depends on is part of the branch.
    Work {
        /// That ticket.
        on: TicketId,
    },
    /// A file that one of its acceptance commands runs, and that another ticket makes, is on the branch.
    File {
        /// The ticket that makes it.
        on: TicketId,
        /// The file.
        path: String,
    },
}

impl fmt::Display for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work { on } => write!(f, "the work of {on}"),
            Self::File { on, path } => write!(f, "{path}, which {on} makes"),
        }
    }
}

/// What this ticket needs, in the order of its dependencies.
#[must_use]
pub fn of(plan: &Plan, ticket: &Ticket, fixtures: &[Fixture]) -> Vec<Precondition> {
    let run: Vec<String> = ticket.acceptance.iter().flat_map(|check| run_by(&check.check.command)).collect();
    let mut needed = Vec::new();
    for dependency in &ticket.depends_on {
        let on = &dependency.on;
        needed.push(Precondition::Work { on: on.clone() });
        if dependency.kind != DependencyKind::NeedsArtifact {
            continue;
        }
        let made = plan.ticket(on).into_iter().flat_map(|t| &t.touches).filter(|glob| !is_pattern(glob));
        for path in made.filter(|path| run.contains(path) && !fixtures.iter().any(|f| &f.path == *path)) {
            needed.push(Precondition::File { on: on.clone(), path: path.clone() });
        }
    }
    needed.dedup();
    needed
}

/// Those that do not hold on a branch with these files, where `has_work` says whose commits it holds.
pub fn unmet(
    needed: Vec<Precondition>,
    files: &BTreeSet<String>,
    has_work: impl Fn(&TicketId) -> bool,
) -> Vec<Precondition> {
    let holds = |one: &Precondition| match one {
        Precondition::Work { on } => has_work(on),
        Precondition::File { path, .. } => files.contains(path),
    };
    needed.into_iter().filter(|one| !holds(one)).collect()
}

/// Why the ticket is not begun, and what to do.
#[must_use]
pub fn problem(plan: &Plan, ticket: &Ticket, unmet: &[Precondition]) -> Problem {
    let missing: Vec<String> = unmet.iter().map(ToString::to_string).collect();
    let first = unmet.first().map(|one| match one {
        Precondition::Work { on } | Precondition::File { on, .. } => on.to_string(),
    });
    let stuck = graph::of_tickets(&plan.tickets).dependents(&ticket.id).len();
    let behind = if stuck == 0 { String::new() } else { format!("; {stuck} more wait for it") };
    Problem::new(
        "ticket.precondition",
        format!("{} was not begun: the branch lacks {}{behind}", ticket.id, missing.join("; ")),
        format!(
            "read `swarm ticket show {}`, put what is missing onto the branch or mend the spec, then `swarm ticket retry {}`",
            first.unwrap_or_else(|| ticket.id.to_string()),
            ticket.id
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{id::PlanId, skeleton, spec};

    fn plan(text: &str) -> (Plan, Vec<Fixture>) {
        let spec = spec::parse(text).unwrap();
        let drawn = skeleton::draft(&spec, None);
        let plan = Plan {
            id: PlanId::parse("plan_1").unwrap(),
            spec: crate::SpecId::of_text(text),
            tickets: drawn.tickets,
            estimate: crate::estimate::Estimate::default(),
            model: "computed".to_owned(),
        };
        (plan, spec.fixtures)
    }

    const TOOL: &str = "# T\n\n## REQ-1: counts\n\nFile `count.py`.\n\n```console\n$ python3 count.py\n1\n```\n\n## REQ-2: shows\n\nFile `show.py`.\n\nDepends on: REQ-1\n\n```console\n$ python3 count.py | python3 show.py\n1\n```\n";

    #[test]
    fn a_ticket_whose_check_runs_what_another_makes_needs_that_file() {
        let (plan, fixtures) = plan(TOOL);
        let ticket = plan.tickets.last().unwrap();
        let needed = of(&plan, ticket, &fixtures);
        assert!(needed.iter().any(|one| matches!(one, Precondition::Work { .. })), "{needed:?}");
        let none = BTreeSet::new();
        let left = unmet(needed.clone(), &none, |_| false);
        assert_eq!(left, needed);
        let problem = problem(&plan, ticket, &left);
        assert_eq!(problem.code, "ticket.precondition");
        let files = BTreeSet::from(["count.py".to_owned()]);
        assert!(unmet(needed, &files, |_| true).is_empty());
    }

    #[test]
    fn a_ticket_that_waits_for_nobody_needs_nothing() {
        let (plan, fixtures) = plan(TOOL);
        assert!(of(&plan, &plan.tickets[0], &fixtures).is_empty());
    }

    proptest! {
        #[test]
        fn more_on_the_branch_never_leaves_more_unmet(held in prop::collection::btree_set("[a-c]\\.py", 0..3), more in "[a-c]\\.py") {
            let (plan, fixtures) = plan(&TOOL.replace("count.py", "a.py"));
            let needed = of(&plan, plan.tickets.last().unwrap(), &fixtures);
            let before = unmet(needed.clone(), &held, |_| true).len();
            let mut held = held;
            held.insert(more);
            prop_assert!(unmet(needed, &held, |_| true).len() <= before);
        }
    }
}

//! Whether everything that is asked for is served, and can be proven.

use std::collections::{HashMap, HashSet};

use super::Lint;
use crate::{
    id::RequirementId,
    pattern::{Pattern, compiled},
    plan::Plan,
    spec::{Acceptance, Spec},
};

/// More requirements than this are too many for one ticket.
const MAX_REQUIREMENTS: usize = 4;
/// More globs than this are too many for one ticket.
const MAX_GLOBS: usize = 8;

pub(super) fn look(plan: &Plan, spec: &Spec, lints: &mut Vec<Lint>) {
    if plan.tickets.is_empty() {
        lints.push(Lint::blocking("empty_plan", "the plan has no ticket".to_owned(), "plan the spec again"));
    }
    let served: HashSet<&RequirementId> = plan.tickets.iter().flat_map(|t| &t.requirements).collect();
    let mut commands: HashMap<&RequirementId, Vec<&Acceptance>> = HashMap::new();
    for check in plan.tickets.iter().flat_map(|t| &t.acceptance) {
        commands.entry(&check.requirement).or_default().push(&check.check);
    }
    for requirement in &spec.requirements {
        let id = &requirement.id;
        if !served.contains(id) {
            let detail = format!("no ticket serves {id} ({})", requirement.title);
            let fix = format!("plan the spec again, or add {id} to a ticket");
            lints.push(Lint::blocking("orphan_requirement", detail, fix).of_requirement(id));
        }
        let planned = commands.get(id).map_or(&[][..], Vec::as_slice);
        if planned.is_empty() && requirement.acceptance.is_empty() {
            let detail =
                format!("nothing can prove {id} ({}): it has no acceptance command", requirement.title);
            let fix = format!(
                "give {id} an example that can be run, from line {} of the spec: a `console` block with `$ command`, \
                 its output and `[exit 2]` where it is not 0",
                requirement.line
            );
            lints.push(Lint::blocking("no_acceptance", detail, fix).of_requirement(id));
        }
        let dropped =
            requirement.acceptance.iter().filter(|wanted| !planned.iter().any(|p| is_same(p, wanted)));
        for wanted in dropped {
            let detail = format!(
                "no ticket runs `{}` as line {} of the spec shows it",
                cut(&wanted.command),
                wanted.line
            );
            let fix = format!("add it to the acceptance of the ticket that serves {id}");
            lints.push(Lint::blocking("dropped_check", detail, fix).of_requirement(id));
        }
    }
    tickets(plan, spec, lints);
    for passage in &spec.not_understood {
        let detail = format!("line {}: `{}`: {}", passage.line, cut(&passage.text), passage.reason);
        lints.push(Lint::warning(
            "not_understood",
            detail,
            "reword it as told, or leave it to the people who read it",
        ));
    }
}

fn tickets(plan: &Plan, spec: &Spec, lints: &mut Vec<Lint>) {
    let known: HashSet<&RequirementId> = spec.requirements.iter().map(|r| &r.id).collect();
    for ticket in &plan.tickets {
        let checked = ticket.acceptance.iter().map(|c| &c.requirement);
        let mut told = HashSet::new();
        for id in ticket.requirements.iter().chain(checked) {
            if !known.contains(id) && told.insert(id) {
                let detail = format!("{} serves {id}, which the spec does not have", ticket.id);
                let fix = "take it out of the ticket, or write the requirement";
                lints.push(
                    Lint::blocking("unknown_requirement", detail, fix)
                        .of_ticket(&ticket.id)
                        .of_requirement(id),
                );
            }
        }
        for check in ticket.acceptance.iter().filter(|c| is_vacuous(&c.check)) {
            let detail = format!("`{}` passes whatever was done", cut(&check.check.command));
            let fix = "run what the ticket makes, and show the output that is right";
            let lint = Lint::warning("vacuous_check", detail, fix);
            lints.push(lint.of_ticket(&ticket.id).of_requirement(&check.requirement));
        }
        if ticket.requirements.len() > MAX_REQUIREMENTS || ticket.touches.len() > MAX_GLOBS {
            let detail = format!(
                "{} serves {} requirements and touches {} files or patterns: more than one agent does well in one go",
                ticket.id,
                ticket.requirements.len(),
                ticket.touches.len()
            );
            lints.push(Lint::warning("large_ticket", detail, "cut it in two").of_ticket(&ticket.id));
        }
        if ticket.budget.tokens.is_none() && ticket.budget.usd.is_none() {
            let detail = format!("{} may spend without a limit of its own", ticket.id);
            let fix = "give it a budget in tokens or US dollars; the run's budget holds in any case";
            lints.push(Lint::warning("no_budget", detail, fix).of_ticket(&ticket.id));
        }
    }
}

/// Whether a check asks for the same, wherever it was written.
fn is_same(a: &Acceptance, b: &Acceptance) -> bool {
    Acceptance { line: 0, ..a.clone() } == Acceptance { line: 0, ..b.clone() }
}

/// Whether a check would pass in an empty repository as well.
fn is_vacuous(check: &Acceptance) -> bool {
    static TALK: Pattern = Pattern::new(|| {
        compiled(r"^\s*(?:true|:|exit\s+\d+|false|pwd|date|(?:echo|printf)\b[^|;&<>`$]*)\s*$")
    });
    static FORGIVES: Pattern = Pattern::new(|| compiled(r"(?:\|\||;)\s*(?:true|:|exit\s+0)\s*$"));
    TALK.is_match(&check.command)
        || (FORGIVES.is_match(&check.command) && check.stdout.is_none() && check.stderr_contains.is_none())
}

pub(super) fn cut(text: &str) -> String {
    const MAX: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX { line } else { line.chars().take(MAX - 1).chain(['\u{2026}']).collect() }
}

//! What is wrong with a plan, told before anything is spent on it.
//!
//! | code | severity | meaning |
//! |---|---|---|
//! | `lint.empty_plan` | blocking | there is no ticket |
//! | `lint.orphan_requirement` | blocking | no ticket serves a requirement |
//! | `lint.unknown_requirement` | blocking | a ticket serves what the spec does not have |
//! | `lint.no_acceptance` | blocking | nothing can prove a requirement |
//! | `lint.dropped_check` | blocking | an example of the spec is in no ticket |
//! | `lint.vacuous_check` | warning | a check passes whatever was done |
//! | `lint.untestable_words` | blocking | "fast", "user-friendly" and the like, without a number |
//! | `lint.unknown_dependency` | blocking | a ticket or requirement waits for what does not exist |
//! | `lint.cycle` | blocking | tickets wait for each other |
//! | `lint.duplicate_ticket` | blocking | two tickets have one id |
//! | `lint.overlap` | blocking | two tickets may write one file, in no order |
//! | `lint.invalid_scope` | blocking | a glob cannot be used |
//! | `lint.empty_scope` | blocking | a ticket may touch nothing |
//! | `lint.wide_scope` | warning | a ticket may touch everything |
//! | `lint.large_ticket` | warning | more than one agent can do in one go |
//! | `lint.no_budget` | warning | a ticket may spend without a limit |
//! | `lint.not_understood` | warning | a passage of the spec makes no check and no requirement |

mod checks;
mod order;
mod scopes;
mod words;

use serde::{Deserialize, Serialize};

use crate::{
    id::{RequirementId, TicketId},
    plan::Plan,
    spec::Spec,
};

/// Whether a finding stops the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look before the plan is approved.
    Warning,
    /// The plan cannot be approved.
    Blocking,
}

/// One finding about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lint {
    /// Stable, such as `lint.cycle`.
    pub code: String,
    /// Whether it stops the plan.
    pub severity: Severity,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The requirement that it is about.
    pub requirement: Option<RequirementId>,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

/// Of one code no more than this many findings are told one by one; what is over is told as a number.
const MAX_OF_ONE_CODE: usize = 50;

/// Every fault of a plan for this spec: blocking ones first, else in the order of the plan.
#[must_use]
pub fn lint(plan: &Plan, spec: &Spec) -> Vec<Lint> {
    let mut lints = Vec::new();
    checks::look(plan, spec, &mut lints);
    words::look(spec, &mut lints);
    order::look(plan, spec, &mut lints);
    scopes::look(plan, &mut lints);
    lints.sort_by_key(|l: &Lint| std::cmp::Reverse(l.severity));
    bounded(lints)
}

/// Whether any finding stops the plan.
#[must_use]
pub fn is_blocked(lints: &[Lint]) -> bool {
    lints.iter().any(|l| l.severity == Severity::Blocking)
}

impl Lint {
    fn blocking(code: &str, detail: String, fix: impl Into<String>) -> Self {
        Self {
            code: format!("lint.{code}"),
            severity: Severity::Blocking,
            ticket: None,
            requirement: None,
            detail,
            fix: fix.into(),
        }
    }

    fn warning(code: &str, detail: String, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::blocking(code, detail, fix) }
    }

    fn of_ticket(self, ticket: &TicketId) -> Self {
        Self { ticket: Some(ticket.clone()), ..self }
    }

    fn of_requirement(self, requirement: &RequirementId) -> Self {
        Self { requirement: Some(requirement.clone()), ..self }
    }
}

fn bounded(lints: Vec<Lint>) -> Vec<Lint> {
    let mut counts = std::collections::HashMap::<String, usize>::new();
    let mut kept: Vec<Lint> = Vec::new();
    for lint in lints {
        let count = counts.entry(lint.code.clone()).or_default();
        *count += 1;
        if *count <= MAX_OF_ONE_CODE {
            kept.push(lint);
        }
    }
    for (code, count) in counts {
        let over = count.saturating_sub(MAX_OF_ONE_CODE);
        if let Some(last) = kept.iter_mut().rev().find(|l| l.code == code).filter(|_| over > 0) {
            last.detail = format!("{} (and {over} more of {code})", last.detail);
        }
    }
    kept
}

#[cfg(test)]
#[path = "../lint_tests.rs"]
mod tests;

//! What is asked of a plan, and what of it a person may change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ActionRequest, DiffClass, DiffFile, classify};
use crate::{budget::Budget, money::MicroUsd, plan::Plan, run::RunOptions, ticket::Risk};

/// The action that a plan review is about.
const BUILD: &str = "build_plan";

/// The most agents that may be asked for at once: as in `[build]`.
const MOST_PARALLEL: u32 = 64;

/// What a person changed of a run before it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanEdit {
    /// What the run may spend, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_micro_usd: Option<MicroUsd>,
    /// What the run may spend, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u64>,
    /// How many agents may work at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_parallel: Option<u32>,
}

/// An edit that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidEdit(pub String);

impl PlanEdit {
    /// Reads what a person sent back.
    pub fn read(action: &ActionRequest) -> Result<Self, InvalidEdit> {
        if action.action != BUILD {
            return Err(InvalidEdit(format!("the action is `{BUILD}` and stays that")));
        }
        let edit: Self = serde_json::from_value(action.args.clone())
            .map_err(|error| InvalidEdit(format!("the arguments cannot be read: {error}")))?;
        if edit == Self::default() {
            return Err(InvalidEdit("nothing is changed; accept it instead".to_owned()));
        }
        if edit.max_parallel.is_some_and(|agents| !(1..=MOST_PARALLEL).contains(&agents)) {
            return Err(InvalidEdit(format!("max_parallel is not between 1 and {MOST_PARALLEL}")));
        }
        // What the log counts in has one bit less.
        let largest = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
        if edit.budget_micro_usd.is_some_and(|usd| usd.0 > largest)
            || edit.budget_tokens.is_some_and(|tokens| tokens > largest)
        {
            return Err(InvalidEdit("the budget is too large a number".to_owned()));
        }
        Ok(edit)
    }

    /// The arguments of a plan review: what is chosen for the run now.
    #[must_use]
    pub fn action(options: &RunOptions) -> ActionRequest {
        let now = Self {
            budget_micro_usd: options.budget.usd,
            budget_tokens: options.budget.tokens,
            max_parallel: Some(options.max_parallel),
        };
        let args = serde_json::to_value(now).unwrap_or_default();
        ActionRequest { action: BUILD.to_owned(), args }
    }

    /// The edit as it is sent.
    #[must_use]
    pub fn request(&self) -> ActionRequest {
        ActionRequest { action: BUILD.to_owned(), args: serde_json::to_value(self).unwrap_or_default() }
    }

    /// The run's budget after it; none where it says nothing of it.
    #[must_use]
    pub fn budget(&self, before: Budget) -> Option<Budget> {
        let after = Budget {
            usd: self.budget_micro_usd.or(before.usd),
            tokens: self.budget_tokens.or(before.tokens),
        };
        (after != before).then_some(after)
    }
}

/// How much harm a plan can do: the most of its tickets, and of the files that they name.
#[must_use]
pub fn risk_of_plan(plan: &Plan) -> (Risk, BTreeSet<DiffClass>) {
    let files: Vec<DiffFile<'_>> = plan
        .tickets
        .iter()
        .flat_map(|ticket| &ticket.touches)
        .map(|path| DiffFile { path, ..DiffFile::default() })
        .collect();
    let found = classify(&files);
    let tickets = plan.tickets.iter().map(|ticket| ticket.risk).max().unwrap_or_default();
    (found.risk.max(tickets), found.classes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(args: serde_json::Value) -> Result<PlanEdit, InvalidEdit> {
        PlanEdit::read(&ActionRequest { action: BUILD.to_owned(), args })
    }

    #[test]
    fn only_what_is_understood_is_an_edit() {
        let edit = read(json!({"budget_micro_usd": 2_000_000, "max_parallel": 2})).unwrap();
        assert_eq!((edit.budget_micro_usd, edit.max_parallel), (Some(MicroUsd(2_000_000)), Some(2)));
        for bad in [
            json!({}),
            json!(null),
            json!([]),
            json!({"max_parallel": 0}),
            json!({"max_parallel": 65}),
            json!({"max_parallel": 1.5}),
            json!({"budget_micro_usd": -1}),
            json!({"budget_tokens": u64::MAX}),
            json!({"tickets": []}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
        let other = ActionRequest { action: "merge_change".to_owned(), args: json!({"max_parallel": 2}) };
        assert!(PlanEdit::read(&other).is_err());
    }

    #[test]
    fn a_budget_that_is_not_named_stays_as_it_was() {
        let before = Budget { usd: Some(MicroUsd(5)), tokens: Some(9) };
        let edit = PlanEdit { budget_tokens: Some(7), ..PlanEdit::default() };
        assert_eq!(edit.budget(before), Some(Budget { usd: Some(MicroUsd(5)), tokens: Some(7) }));
        assert_eq!(PlanEdit { max_parallel: Some(1), ..PlanEdit::default() }.budget(before), None);
        assert_eq!(PlanEdit::read(&edit.request()), Ok(edit));
    }
}

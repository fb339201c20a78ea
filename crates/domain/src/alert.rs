//! What people are told without asking: which figure has passed which bound.
//!
//! An alert is raised at one bound and ends below another, so that a figure that trembles does not raise it again and
//! again.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::vitals::Vitals;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Sandboxes fail: microVMs die, or cannot be made.
    SandboxFailures,
    /// The API of a model fails.
    ModelErrors,
    /// Many tickets wait.
    QueueDepth,
    /// A ticket waits for long.
    QueueAge,
    /// A running run has used most of its budget, or somebody most of a quota.
    BudgetBurn,
    /// An attempt went round in circles.
    LoopDetected,
}

/// Where an alert begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AlertBound {
    /// It is raised when the figure is this or more; never where this is 0.
    pub raise: u64,
    /// It ends when the figure is below this.
    pub end: u64,
}

/// The bounds of every alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AlertBounds {
    /// Steps that a sandbox failed lately.
    pub sandbox_failures: AlertBound,
    /// Steps that the API of a model failed lately.
    pub model_errors: AlertBound,
    /// Tickets that wait.
    pub queue_depth: AlertBound,
    /// Seconds that the oldest of them has waited.
    pub queue_age: AlertBound,
    /// Percent of its budget that a running run has used.
    pub budget_burn: AlertBound,
    /// Attempts that went round in circles lately.
    pub loop_detected: AlertBound,
}

impl Default for AlertBounds {
    fn default() -> Self {
        let bound = |raise, end| AlertBound { raise, end };
        Self {
            sandbox_failures: bound(3, 1),
            model_errors: bound(5, 1),
            queue_depth: bound(50, 25),
            queue_age: bound(1_800, 900),
            budget_burn: bound(80, 70),
            loop_detected: bound(1, 1),
        }
    }
}

/// An alert that was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// The figure when it was raised.
    pub value: u64,
    /// The bound that it passed.
    pub bound: u64,
    /// What is the matter, and what to do, in words.
    pub words: String,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// When it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// What is to be told after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertChange {
    /// A bound was passed.
    Raised {
        /// What it is about.
        kind: AlertKind,
        /// The figure.
        value: u64,
        /// The bound.
        bound: u64,
        /// What is the matter, in words.
        words: String,
    },
    /// The figure is well below it again.
    Ended {
        /// What it was about.
        kind: AlertKind,
        /// The figure.
        value: u64,
    },
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::SandboxFailures,
        Self::ModelErrors,
        Self::QueueDepth,
        Self::QueueAge,
        Self::BudgetBurn,
        Self::LoopDetected,
    ];

    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SandboxFailures => "sandbox_failures",
            Self::ModelErrors => "model_errors",
            Self::QueueDepth => "queue_depth",
            Self::QueueAge => "queue_age",
            Self::BudgetBurn => "budget_burn",
            Self::LoopDetected => "loop_detected",
        }
    }

    /// The figure that it goes by.
    #[must_use]
    pub fn value(self, vitals: &Vitals) -> u64 {
        match self {
            Self::SandboxFailures => vitals.trouble.sandbox,
            Self::ModelErrors => vitals.trouble.model,
            Self::QueueDepth => vitals.queue.waiting.into(),
            Self::QueueAge => vitals.queue.oldest_waiting_seconds,
            Self::BudgetBurn => vitals.budget.as_ref().map_or(0, |budget| budget.used_percent),
            Self::LoopDetected => vitals.trouble.loops,
        }
    }

    /// What is the matter, and the command that shows more.
    fn words(self, vitals: &Vitals) -> String {
        let minutes = vitals.window_seconds / 60;
        let value = self.value(vitals);
        match self {
            Self::SandboxFailures => format!(
                "{value} steps failed in sandboxes within {minutes} min, {} of them because a microVM died: run `swarm \
                 sandbox doctor`",
                vitals.trouble.replaced
            ),
            Self::ModelErrors => format!(
                "{value} calls of models failed within {minutes} min; {} of {} models rest: run `swarm failures`, and \
                 look at the provider's status",
                vitals.models.resting, vitals.models.known
            ),
            Self::QueueDepth => format!(
                "{value} tickets wait and {} are worked on: start more workers, or set `flows.max_agents` higher",
                vitals.queue.working
            ),
            Self::QueueAge => format!(
                "a ticket has waited for {} min: run `swarm worker list` to see who could take it",
                value / 60
            ),
            Self::BudgetBurn => {
                let whose = vitals.budget.as_ref().map_or("a run", |budget| budget.whose.as_str());
                format!(
                    "{whose} has used {value} % of its budget: run `swarm budget list` and `swarm run list`, and see \
                     whether it is worth more"
                )
            }
            Self::LoopDetected => {
                format!("{value} attempts went round in circles within {minutes} min: run `swarm failures`")
            }
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl AlertBounds {
    /// The bound of one.
    #[must_use]
    pub fn of(&self, kind: AlertKind) -> AlertBound {
        match kind {
            AlertKind::SandboxFailures => self.sandbox_failures,
            AlertKind::ModelErrors => self.model_errors,
            AlertKind::QueueDepth => self.queue_depth,
            AlertKind::QueueAge => self.queue_age,
            AlertKind::BudgetBurn => self.budget_burn,
            AlertKind::LoopDetected => self.loop_detected,
        }
    }

    /// What is to be told after this look, where these alerts go on.
    #[must_use]
    pub fn judge(&self, vitals: &Vitals, open: &[AlertKind]) -> Vec<AlertChange> {
        let change = |kind: AlertKind| {
            let (bound, value) = (self.of(kind), kind.value(vitals));
            let raises = bound.raise > 0 && value >= bound.raise;
            let is_open = open.contains(&kind);
            if raises && !is_open {
                let words = kind.words(vitals);
                return Some(AlertChange::Raised { kind, value, bound: bound.raise, words });
            }
            // Bounds may be set the wrong way round: what would be raised at once does not end.
            let ends = is_open && !raises && value < bound.end.max(1);
            ends.then_some(AlertChange::Ended { kind, value })
        };
        AlertKind::ALL.into_iter().filter_map(change).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vitals::{BudgetVitals, QueueVitals, TroubleVitals};

    fn waiting(waiting: u32) -> Vitals {
        Vitals { queue: QueueVitals { waiting, ..QueueVitals::default() }, ..Vitals::default() }
    }

    #[test]
    fn a_figure_that_trembles_around_its_bound_is_told_once() {
        let bounds = AlertBounds::default();
        let (mut open, mut told) = (Vec::new(), Vec::new());
        for figure in [10, 49, 50, 49, 51, 30, 50, 24, 25, 49, 50] {
            for change in bounds.judge(&waiting(figure), &open) {
                match change {
                    AlertChange::Raised { kind, value, bound, .. } => {
                        assert_eq!(bound, 50);
                        open.push(kind);
                        told.push(value);
                    }
                    AlertChange::Ended { kind, value } => {
                        open.retain(|one| *one != kind);
                        told.push(value);
                    }
                }
            }
        }
        assert_eq!(told, [50, 24, 50]);
    }

    #[test]
    fn each_kind_has_a_figure_of_its_own_and_says_what_to_do() {
        let vitals = Vitals {
            window_seconds: 900,
            queue: QueueVitals { waiting: 60, working: 1, oldest_waiting_seconds: 2_000 },
            trouble: TroubleVitals {
                sandbox: 3,
                replaced: 2,
                model: 5,
                loops: 1,
                ..TroubleVitals::default()
            },
            budget: Some(BudgetVitals { whose: "run_7".to_owned(), used_percent: 81 }),
            ..Vitals::default()
        };
        let told = AlertBounds::default().judge(&vitals, &[]);
        assert_eq!(told.len(), AlertKind::ALL.len());
        for change in told {
            let AlertChange::Raised { words, .. } = change else { panic!("{change:?}") };
            assert!(words.contains('`') || words.contains("run_7"), "{words}");
        }
    }

    #[test]
    fn a_bound_of_nothing_turns_an_alert_off_and_one_that_is_open_then_ends() {
        let off = AlertBound { raise: 0, end: 0 };
        let bounds = AlertBounds { queue_depth: off, ..AlertBounds::default() };
        assert!(bounds.judge(&waiting(1_000), &[]).is_empty());
        let ended = bounds.judge(&waiting(0), &[AlertKind::QueueDepth]);
        assert_eq!(ended, [AlertChange::Ended { kind: AlertKind::QueueDepth, value: 0 }]);
    }

    proptest! {
        #[test]
        fn the_same_look_twice_tells_nothing_new(figure in 0_u32..200, raise in 0_u64..150, end in 0_u64..150) {
            let bounds = AlertBounds { queue_depth: AlertBound { raise, end }, ..AlertBounds::default() };
            for was_open in [false, true] {
                let mut open = if was_open { vec![AlertKind::QueueDepth] } else { Vec::new() };
                for change in bounds.judge(&waiting(figure), &open) {
                    match change {
                        AlertChange::Raised { kind, .. } => open.push(kind),
                        AlertChange::Ended { kind, .. } => open.retain(|one| *one != kind),
                    }
                }
                prop_assert!(bounds.judge(&waiting(figure), &open).is_empty());
            }
        }
    }
}

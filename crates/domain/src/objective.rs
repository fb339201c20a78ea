//! An agent's objective: how often it is to succeed, and the error budget that follows from it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::history::AttemptFact;

/// How long an attempt counts.
pub const MEMORY: TimeDelta = TimeDelta::days(14);

/// How often an agent is to succeed, as its file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Objective {
    /// The share of its attempts that are to be accepted, in thousandths.
    pub success_milli: u32,
    /// Over how many of its newest attempts that is counted.
    pub window: u32,
}

/// An agent of this name, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgentStanding {
    /// The agent.
    pub agent: String,
    /// How it stands.
    pub standing: ObjectiveStanding,
    /// The same in words.
    pub words: String,
}

/// How an agent stands beside its objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectiveStanding {
    /// The objective.
    pub objective: Objective,
    /// How many attempts are counted, at the most the window.
    pub attempts: u32,
    /// How many of them were not accepted.
    pub failed: u32,
    /// How many may fail: the error budget.
    pub allowed: u32,
    /// Whether the budget is used up: the agent is not chosen while another offers the same.
    pub quarantined: bool,
}

impl Objective {
    /// The attempts that may fail in a window.
    #[must_use]
    pub fn allowed(self) -> u32 {
        self.window * 1_000_u32.saturating_sub(self.success_milli) / 1_000
    }

    /// How the agent of this name stands, going by its newest attempts. What the model, the environment or a budget
    /// ended is not its fault and not counted. With fewer attempts than the window, the budget of the whole window holds:
    /// more failures than that cannot be made good within it. What is older than [`MEMORY`] is forgotten, so that an
    /// agent that is not chosen any more gets another trial.
    #[must_use]
    pub fn standing(self, agent: &str, history: &[AttemptFact], now: DateTime<Utc>) -> ObjectiveStanding {
        let mut own: Vec<&AttemptFact> = history
            .iter()
            .filter(|fact| fact.agent == agent && now - fact.began_at <= MEMORY)
            .filter(|fact| fact.failure.is_none_or(crate::failure::FailureClass::is_of_the_agent))
            .collect();
        own.sort_by_key(|fact| std::cmp::Reverse(fact.began_at));
        own.truncate(self.window as usize);
        let failed = own.iter().filter(|fact| !fact.accepted()).count();
        let (attempts, failed) = (count(own.len()), count(failed));
        let allowed = self.allowed();
        ObjectiveStanding { objective: self, attempts, failed, allowed, quarantined: failed > allowed }
    }
}

impl std::fmt::Display for ObjectiveStanding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { objective: Objective { success_milli, window }, attempts, failed, allowed, quarantined } =
            self;
        let (whole, tenths) = (success_milli / 10, success_milli % 10);
        let standing = if *quarantined { "its error budget is used up" } else { "within its error budget" };
        write!(
            f,
            "{standing}: {failed} of its last {attempts} attempts failed, and {allowed} of {window} may \
             (objective {whole}.{tenths} %)"
        )
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        AttemptId, RunId,
        agent::Capability,
        budget::Spend,
        failure::FailureClass,
        history::{Size, WorkKind},
    };

    /// Attempts one after the other, the newest last.
    fn history(outcomes: &[Option<FailureClass>]) -> Vec<AttemptFact> {
        let kind = WorkKind { capability: Capability::Code, language: "go".to_owned(), size: Size::Small };
        (1_u32..)
            .zip(outcomes)
            .map(|(n, failure)| AttemptFact {
                run: RunId::parse("run_1").unwrap(),
                attempt: AttemptId::parse(format!("T-1.{n}")).unwrap(),
                number: n,
                kind: kind.clone(),
                agent: "coder".to_owned(),
                model: "m".to_owned(),
                spend: Spend::default(),
                millis: 1,
                failure: *failure,
                began_at: Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::seconds(n.into()),
            })
            .collect()
    }

    fn now() -> DateTime<Utc> {
        Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::hours(1)
    }

    fn stands(objective: Objective, outcomes: &[Option<FailureClass>]) -> ObjectiveStanding {
        objective.standing("coder", &history(outcomes), now())
    }

    const BAD: Option<FailureClass> = Some(FailureClass::Verification);
    const GOAL: Objective = Objective { success_milli: 900, window: 20 };

    #[test]
    fn an_agent_is_quarantined_when_more_failed_than_may_and_not_before() {
        assert_eq!(GOAL.allowed(), 2);
        assert!(!stands(GOAL, &[]).quarantined);
        assert!(!stands(GOAL, &[BAD, BAD]).quarantined);
        assert!(stands(GOAL, &[BAD, BAD, BAD]).quarantined);
        assert!(!GOAL.standing("other", &history(&[BAD, BAD, BAD]), now()).quarantined);
    }

    #[test]
    fn what_leaves_the_window_is_forgotten_and_what_others_did_wrong_is_not_counted() {
        let mut outcomes = vec![BAD; 3];
        outcomes.extend([None; 18]);
        assert_eq!(stands(GOAL, &outcomes).failed, 2);
        let innocent = [FailureClass::Model, FailureClass::Environment, FailureClass::Budget].map(Some);
        let standing = stands(GOAL, &innocent.repeat(5));
        assert_eq!((standing.attempts, standing.quarantined), (0, false));
    }

    #[test]
    fn after_two_weeks_an_agent_gets_another_trial() {
        let later = now() + MEMORY + TimeDelta::hours(2);
        assert!(!GOAL.standing("coder", &history(&[BAD, BAD, BAD]), later).quarantined);
    }

    proptest! {
        #[test]
        fn another_failure_never_lifts_a_quarantine(
            outcomes in prop::collection::vec(any::<bool>(), 0..60), milli in 0_u32..=1_000, window in 1_u32..40,
        ) {
            let objective = Objective { success_milli: milli, window };
            let mut outcomes: Vec<_> = outcomes.into_iter().map(|good| if good { None } else { BAD }).collect();
            let before = stands(objective, &outcomes);
            outcomes.push(BAD);
            let after = stands(objective, &outcomes);
            prop_assert!(before.attempts <= window && before.allowed <= window);
            // A failure that falls out of the window at the other end makes up for the new one at the most.
            prop_assert!(after.failed >= before.failed);
        }
    }
}

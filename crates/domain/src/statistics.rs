//! What was done so far, in a few numbers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    budget::Spend,
    choice::Arm,
    history::{AttemptFact, TicketFact},
};

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statistics {
    /// Tickets that have settled: merged, or a person is needed.
    pub tickets: u32,
    /// Those of them that were merged.
    pub merged: u32,
    /// Those of them that were merged with their first attempt.
    pub merged_at_once: u32,
    /// What they cost.
    pub spend: Spend,
    /// Milliseconds of work on them.
    pub millis: u64,
    /// Each agent with each model, the one with the most attempts first.
    pub arms: Vec<ArmStatistics>,
    /// Week by week, how first attempts did; the oldest first.
    pub weeks: Vec<WeekStatistics>,
}

/// What an agent did with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArmStatistics {
    /// Which.
    pub arm: Arm,
    /// Attempts that ended.
    pub attempts: u32,
    /// Those of them that were accepted.
    pub accepted: u32,
    /// What all of them cost.
    pub spend: Spend,
    /// Milliseconds of all of them.
    pub millis: u64,
}

/// How an agent and a model did in a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeekStatistics {
    /// The Monday that it begins with, as `2026-11-16`.
    pub week: String,
    /// Which.
    pub arm: Arm,
    /// First attempts that ended.
    pub attempts: u32,
    /// Those of them that were accepted.
    pub accepted: u32,
}

/// Counts the facts.
#[must_use]
pub fn statistics(tickets: &[TicketFact], attempts: &[AttemptFact]) -> Statistics {
    let count = |found: usize| u32::try_from(found).unwrap_or(u32::MAX);
    let merged = tickets.iter().filter(|fact| fact.merged);
    Statistics {
        tickets: count(tickets.len()),
        merged: count(merged.clone().count()),
        merged_at_once: count(merged.filter(|fact| fact.attempts == 1).count()),
        spend: tickets.iter().fold(Spend::default(), |sum, fact| sum.plus(fact.spend)),
        millis: tickets.iter().fold(0, |sum, fact| sum.saturating_add(fact.millis)),
        arms: arms(attempts),
        weeks: weeks(attempts),
    }
}

fn arms(attempts: &[AttemptFact]) -> Vec<ArmStatistics> {
    let mut found: BTreeMap<Arm, ArmStatistics> = BTreeMap::new();
    for fact in attempts {
        let arm = arm_of(fact);
        let none = || ArmStatistics {
            arm: arm.clone(),
            attempts: 0,
            accepted: 0,
            spend: Spend::default(),
            millis: 0,
        };
        let one = found.entry(arm.clone()).or_insert_with(none);
        one.attempts += 1;
        one.accepted += u32::from(fact.accepted());
        one.spend = one.spend.plus(fact.spend);
        one.millis = one.millis.saturating_add(fact.millis);
    }
    let mut arms: Vec<_> = found.into_values().collect();
    arms.sort_by_key(|arm| std::cmp::Reverse(arm.attempts));
    arms
}

fn weeks(attempts: &[AttemptFact]) -> Vec<WeekStatistics> {
    let mut found: BTreeMap<(String, Arm), (u32, u32)> = BTreeMap::new();
    for fact in attempts.iter().filter(|fact| fact.number == 1) {
        let (all, accepted) = found.entry((monday(fact.began_at), arm_of(fact))).or_default();
        *all += 1;
        *accepted += u32::from(fact.accepted());
    }
    found
        .into_iter()
        .map(|((week, arm), (attempts, accepted))| WeekStatistics { week, arm, attempts, accepted })
        .collect()
}

fn arm_of(fact: &AttemptFact) -> Arm {
    Arm { agent: fact.agent.clone(), model: fact.model.clone() }
}

fn monday(at: DateTime<Utc>) -> String {
    at.date_naive().week(chrono::Weekday::Mon).first_day().to_string()
}

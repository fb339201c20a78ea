//! The scores of many attempts: by who made them, and how they go over time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    measures::Measures,
    score::{Part, PartScore, Quality},
};
use crate::{
    agent::Capability,
    id::{AttemptId, CommitId, RunId, TicketId},
};

/// Points of a trend, at the most.
const POINTS: usize = 12;

/// An accepted attempt, what was measured of it, and its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptQuality {
    /// In which run.
    pub run: RunId,
    /// At which ticket.
    pub ticket: TicketId,
    /// Which attempt.
    pub attempt: AttemptId,
    /// The commit that was measured.
    pub commit: CommitId,
    /// Who made it.
    pub agent: String,
    /// With which model it began.
    pub model: String,
    /// What was asked of the agent.
    pub capability: Capability,
    /// Attempts at the ticket, up to this one and with it, in which faults were found.
    pub sent_back: u32,
    /// What was measured.
    pub measures: Measures,
    /// The score that follows.
    pub quality: Quality,
    /// When it was measured.
    pub at: DateTime<Utc>,
}

/// What attempts are put together by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QualityBy {
    /// Who made them.
    #[default]
    Agent,
    /// The model that they began with.
    Model,
    /// What was asked of the agent.
    Capability,
}

/// How good accepted work is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QualityReport {
    /// Accepted attempts that were measured.
    pub attempts: u32,
    /// The mean of their scores; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
    /// How it went over time, the oldest first.
    pub trend: Vec<TrendPoint>,
    /// What they are put together by.
    pub by: QualityBy,
    /// Those that belong together, the most attempts first.
    pub groups: Vec<QualityGroup>,
    /// The attempts one by one, the oldest first; cut to the newest.
    pub items: Vec<AttemptQuality>,
}

/// Attempts that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QualityGroup {
    /// The agent, model or capability.
    pub name: String,
    /// How many they are.
    pub attempts: u32,
    /// The mean of their scores.
    pub score: u32,
    /// The lowest of their scores.
    pub lowest: u32,
    /// The mean of each part, over the attempts of which it could be measured.
    pub parts: Vec<PartScore>,
    /// How it went over time, the oldest first.
    pub trend: Vec<TrendPoint>,
}

/// Some attempts that came one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrendPoint {
    /// When the first of them was measured.
    pub from: DateTime<Utc>,
    /// How many they are.
    pub attempts: u32,
    /// The mean of their scores.
    pub score: u32,
}

impl QualityBy {
    fn name_of(self, item: &AttemptQuality) -> String {
        match self {
            Self::Agent => item.agent.clone(),
            Self::Model => item.model.clone(),
            Self::Capability => item.capability.to_string(),
        }
    }
}

impl QualityReport {
    /// Attempts that newer ones push out of the list, but not out of the means.
    pub const SHOWN: usize = 100;

    /// Puts attempts together; the oldest must come first.
    #[must_use]
    pub fn of(by: QualityBy, mut items: Vec<AttemptQuality>) -> Self {
        let mut named: BTreeMap<String, Vec<&AttemptQuality>> = BTreeMap::new();
        for item in &items {
            named.entry(by.name_of(item)).or_default().push(item);
        }
        let mut groups: Vec<_> = named.into_iter().map(|(name, of)| group(name, &of)).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.attempts));
        let all: Vec<_> = items.iter().collect();
        let (attempts, score, trend) = (count(all.len()), mean(scores(&all)), trend(&all));
        items.drain(..items.len().saturating_sub(Self::SHOWN));
        Self { attempts, score, trend, by, groups, items }
    }
}

fn group(name: String, items: &[&AttemptQuality]) -> QualityGroup {
    let part = |part: Part| {
        let of = |item: &&AttemptQuality| {
            item.quality.parts.iter().find(|one| one.part == part).map(|one| one.points)
        };
        let points = mean(items.iter().filter_map(of))?;
        Some(PartScore { part, points, weight: part.weight() })
    };
    QualityGroup {
        name,
        attempts: count(items.len()),
        score: mean(scores(items)).unwrap_or_default(),
        lowest: scores(items).min().unwrap_or_default(),
        parts: Part::ALL.into_iter().filter_map(part).collect(),
        trend: trend(items),
    }
}

/// As many points as there is room for, each of nearly as many attempts as the others.
fn trend(items: &[&AttemptQuality]) -> Vec<TrendPoint> {
    let points = items.len().min(POINTS);
    let slices = (0..points).map(|at| &items[at * items.len() / points..(at + 1) * items.len() / points]);
    slices
        .filter_map(|some| {
            let from = some.first()?.at;
            Some(TrendPoint { from, attempts: count(some.len()), score: mean(scores(some))? })
        })
        .collect()
}

fn scores<'a>(items: &'a [&'a AttemptQuality]) -> impl Iterator<Item = u32> + 'a {
    items.iter().map(|item| item.quality.score)
}

/// The mean, rounded down; none of nothing.
fn mean(values: impl Iterator<Item = u32>) -> Option<u32> {
    let (sum, number) =
        values.fold((0_u64, 0_u64), |(sum, number), value| (sum + u64::from(value), number + 1));
    sum.checked_div(number).and_then(|mean| u32::try_from(mean).ok())
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(number: usize, agent: &str, warnings: u32) -> AttemptQuality {
        let ticket = TicketId::parse("T-1").unwrap();
        let measures = Measures { warnings, ..Measures::default() };
        AttemptQuality {
            run: RunId::parse(format!("run_{number}")).unwrap(),
            attempt: AttemptId::of(&ticket, 1),
            ticket,
            commit: CommitId::parse("a".repeat(40)).unwrap(),
            agent: agent.to_owned(),
            model: "scripted/one".to_owned(),
            capability: Capability::Code,
            sent_back: 0,
            quality: Quality::of(&measures, 0),
            measures,
            at: DateTime::from_timestamp(i64::try_from(number).unwrap(), 0).unwrap(),
        }
    }

    #[test]
    fn without_attempts_there_is_no_score() {
        let report = QualityReport::of(QualityBy::Agent, Vec::new());
        assert_eq!((report.attempts, report.score), (0, None));
        assert!(report.trend.is_empty() && report.groups.is_empty() && report.items.is_empty());
    }

    #[test]
    fn attempts_are_put_together_by_what_is_asked_for_and_the_most_come_first() {
        let items = vec![item(1, "fixer", 5), item(2, "coder", 0), item(3, "coder", 5)];
        let report = QualityReport::of(QualityBy::Agent, items.clone());
        let groups: Vec<_> = report
            .groups
            .iter()
            .map(|one| (one.name.as_str(), one.attempts, one.score, one.lowest))
            .collect();
        // Without code only gate (15) and rework (10) can be measured.
        assert_eq!(groups, [("coder", 2, 70, 40), ("fixer", 1, 40, 40)]);
        let parts: Vec<_> = report.groups[0].parts.iter().map(|one| (one.part, one.points)).collect();
        assert_eq!(parts, [(Part::Gate, 50), (Part::Rework, 100)]);
        for (by, name) in [(QualityBy::Model, "scripted/one"), (QualityBy::Capability, "code")] {
            let report = QualityReport::of(by, items.clone());
            assert_eq!((report.groups.len(), report.groups[0].name.as_str()), (1, name));
        }
    }

    proptest! {
        #[test]
        fn a_trend_has_every_attempt_once_in_its_order(warnings in prop::collection::vec(0_u32..6, 0..300)) {
            let items: Vec<_> =
                warnings.iter().enumerate().map(|(at, warnings)| item(at, "coder", *warnings)).collect();
            let report = QualityReport::of(QualityBy::Agent, items.clone());
            prop_assert_eq!(report.trend.iter().map(|point| point.attempts).sum::<u32>(), report.attempts);
            prop_assert!(report.trend.len() <= POINTS);
            prop_assert!(report.trend.windows(2).all(|pair| pair[0].from < pair[1].from));
            prop_assert!(report.trend.iter().all(|point| point.attempts > 0));
            prop_assert_eq!(report.items.last(), items.last());
            prop_assert!(report.items.len() <= QualityReport::SHOWN);
        }
    }
}

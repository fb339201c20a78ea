//! Whether estimates keep their promise: for each finished ticket, what would have been said of it from what was
//! finished before it began, and how often it stayed below that.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    forecast::{known_at, similar},
    history::{Level, TicketFact},
    id::{RunId, TicketId},
    quantile::{Span, quantile},
};

/// The promises that are looked at, in percent.
pub const PROMISES: [u32; 9] = [10, 20, 30, 40, 50, 60, 70, 80, 90];
/// The predictions that are shown one by one, the latest of all.
const SHOWN: usize = 40;

/// How well estimates from history held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Calibration {
    /// Finished tickets.
    pub finished: u32,
    /// Those of them for which something could have been said before they began.
    pub predicted: u32,
    /// What was measured.
    pub measures: Vec<MeasureCalibration>,
    /// How alike the work was that each prediction came from.
    pub levels: Vec<LevelCount>,
    /// The latest predictions of tokens with what came of them, the oldest first.
    pub latest: Vec<Prediction>,
}

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Tokens, in and out together.
    Tokens,
    /// Money.
    Cost,
    /// Time of work.
    Minutes,
}

/// How well the estimates of one measure held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeasureCalibration {
    /// Which measure.
    pub measure: Measure,
    /// What was promised, and what came of it.
    pub points: Vec<Kept>,
}

/// A promise, and how often it was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Kept {
    /// The share of tickets, in percent, that was to stay at or below the estimate.
    pub promised: u32,
    /// How many did.
    pub below: u32,
    /// Of how many.
    pub of: u32,
    /// The low end of what the true share may be, in thousandths (95 % interval after Wilson).
    pub low_milli: u32,
    /// The high end.
    pub high_milli: u32,
}

/// How many predictions came from a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LevelCount {
    /// The level.
    pub level: Level,
    /// How many.
    pub predicted: u32,
}

/// What would have been said of a ticket, and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prediction {
    /// In which run.
    pub run: RunId,
    /// Which ticket.
    pub ticket: TicketId,
    /// When it settled.
    pub ended_at: DateTime<Utc>,
    /// What would have been said of its tokens.
    pub tokens: Span,
    /// The tokens that it took.
    pub took: u64,
}

/// What of a ticket is measured.
type Value = fn(&TicketFact) -> u64;

const MEASURES: [(Measure, Value); 3] = [
    (Measure::Tokens, |fact| fact.spend.tokens()),
    (Measure::Cost, |fact| fact.spend.usd.0),
    (Measure::Minutes, |fact| fact.millis),
];

/// Looks back on every finished ticket with the eyes of its own day: nothing that ended later than it began counts.
#[must_use]
pub fn calibrate(history: &[TicketFact]) -> Calibration {
    let mut below = [[0_u32; PROMISES.len()]; MEASURES.len()];
    let mut levels = Level::ALL.map(|level| LevelCount { level, predicted: 0 });
    let mut latest = Vec::new();
    let mut order: Vec<&TicketFact> = history.iter().collect();
    order.sort_by_key(|fact| (fact.ended_at, fact.run.clone(), fact.ticket.clone()));
    for fact in order {
        let Some((level, alike)) = similar(&fact.kind, &known_at(history, fact.began_at)) else { continue };
        if let Some(count) = levels.iter_mut().find(|count| count.level == level) {
            count.predicted += 1;
        }
        for (counts, (_, value)) in below.iter_mut().zip(MEASURES) {
            let mut values: Vec<u64> = alike.iter().map(|past| value(past)).collect();
            values.sort_unstable();
            for (count, promise) in counts.iter_mut().zip(PROMISES) {
                *count += u32::from(quantile(&values, promise).is_some_and(|bound| value(fact) <= bound));
            }
        }
        if let Some(tokens) = Span::of(alike.iter().map(|past| past.spend.tokens()).collect()) {
            latest.push(Prediction {
                run: fact.run.clone(),
                ticket: fact.ticket.clone(),
                ended_at: fact.ended_at,
                tokens,
                took: fact.spend.tokens(),
            });
        }
    }
    let of = levels.iter().map(|count| count.predicted).sum();
    let measures = MEASURES.iter().zip(below).map(|((measure, _), counts)| MeasureCalibration {
        measure: *measure,
        points: PROMISES.iter().zip(counts).map(|(promised, below)| Kept::of(*promised, below, of)).collect(),
    });
    Calibration {
        finished: u32::try_from(history.len()).unwrap_or(u32::MAX),
        predicted: of,
        measures: measures.collect(),
        levels: levels.into_iter().filter(|count| count.predicted > 0).collect(),
        latest: latest.split_off(latest.len().saturating_sub(SHOWN)),
    }
}

impl Kept {
    fn of(promised: u32, below: u32, of: u32) -> Self {
        let (low, high) = wilson(below, of);
        Self { promised, below, of, low_milli: milli(low), high_milli: milli(high) }
    }

    /// The share that stayed below, in thousandths; none where nothing was promised.
    #[must_use]
    pub fn share_milli(&self) -> Option<u32> {
        (self.of > 0).then(|| milli(f64::from(self.below) / f64::from(self.of)))
    }
}

/// The 95 % interval of a share (Wilson, 1927): sound for few trials and at both ends.
fn wilson(hits: u32, of: u32) -> (f64, f64) {
    const Z: f64 = 1.96;
    if of == 0 {
        return (0.0, 1.0);
    }
    let n = f64::from(of);
    let share = f64::from(hits) / n;
    let scale = 1.0 + Z * Z / n;
    let centre = share + Z * Z / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

/// Thousandths of a share between 0 and 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 first")]
fn milli(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1_000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        MicroUsd,
        agent::Capability,
        budget::Spend,
        history::{Size, WorkKind},
    };

    fn history(values: &[u64]) -> Vec<TicketFact> {
        let kind =
            WorkKind { capability: Capability::Code, language: "python".to_owned(), size: Size::Small };
        (1_i64..)
            .zip(values)
            .map(|(n, value)| {
                let began_at = Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::minutes(n);
                TicketFact {
                    run: RunId::parse("run_1").unwrap(),
                    ticket: TicketId::parse(format!("T-{n}")).unwrap(),
                    kind: kind.clone(),
                    spend: Spend { usd: MicroUsd(*value), tokens_in: *value, tokens_out: 0, calls: 1 },
                    millis: *value,
                    attempts: 1,
                    merged: true,
                    began_at,
                    ended_at: began_at + TimeDelta::seconds(30),
                }
            })
            .collect()
    }

    #[test]
    fn nothing_is_looked_back_on_before_there_was_enough_to_go_by() {
        let empty = calibrate(&[]);
        assert_eq!((empty.finished, empty.predicted), (0, 0));
        assert_eq!(empty.measures[0].points[0].share_milli(), None);
        let few = calibrate(&history(&[1; 9]));
        assert_eq!((few.finished, few.predicted), (9, 0));
        assert_eq!(calibrate(&history(&[1; 10])).predicted, 1);
    }

    #[test]
    fn what_ended_after_a_ticket_began_does_not_count_for_it() {
        let mut facts = history(&[1; 12]);
        for fact in &mut facts {
            fact.ended_at += TimeDelta::days(1);
        }
        assert_eq!(calibrate(&facts).predicted, 0);
    }

    #[test]
    fn work_that_always_grows_is_seen_to_break_every_promise() {
        let growing: Vec<u64> = (1..60).collect();
        let found = calibrate(&history(&growing));
        assert!(found.measures.iter().flat_map(|m| &m.points).all(|point| point.below == 0));
        assert_eq!(found.latest.len(), SHOWN);
        assert!(found.latest.is_sorted_by_key(|prediction| prediction.ended_at));
    }

    #[test]
    fn an_interval_holds_the_share_and_shrinks_with_more_trials() {
        for (hits, of) in [(0, 5), (5, 5), (45, 90), (450, 900)] {
            let (low, high) = wilson(hits, of);
            let share = f64::from(hits) / f64::from(of);
            assert!(low <= share && share <= high && 0.0 <= low && high <= 1.0);
        }
        let width = |(low, high): (f64, f64)| high - low;
        assert!(width(wilson(450, 900)) < width(wilson(45, 90)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, rng_seed: prop::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]
        /// Values in no order: whatever their spread, each promise is kept, up to the luck of 400 draws.
        #[test]
        fn promises_are_kept_on_work_that_does_not_change(values in prop::collection::vec(0_u64..1_000_000, 400)) {
            let found = calibrate(&history(&values.iter().map(|value| value * value / 1_000).collect::<Vec<_>>()));
            for point in found.measures.iter().flat_map(|measure| &measure.points) {
                let share = point.share_milli().unwrap();
                prop_assert!(share.abs_diff(point.promised * 10) < 95, "{point:?}");
            }
        }
    }
}

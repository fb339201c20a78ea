//! Choosing agent and model by what came of such work before: Thompson sampling over success minus cost.
//!
//! Each arm's rate of success is drawn from its Beta posterior (one success and one failure are assumed before the
//! first trial), the cost of the arm is taken off it, and the best draw wins. So an arm that is known to be good is
//! nearly always taken, and one of which little is known now and then (Thompson, 1933; Russo et al., *A Tutorial on
//! Thompson Sampling*, 2018). The draws come from the ids of the attempt: the same attempt with the same history chooses
//! the same.

use crate::{
    choice::Arm,
    history::{AttemptFact, WorkKind},
    money::MicroUsd,
};

/// What the whole difference in cost between the dearest arm and a free one weighs beside a success, in thousandths.
pub const COST_WEIGHT_MILLI: u32 = 100;
/// The newest trials of an arm that count: models and agents change.
pub const WINDOW: usize = 200;
/// Attempts of a ticket that are chosen in this way: its author and its first fixer. Later ones only see tickets that
/// others failed at, so their rate of success says little about them.
pub const FIRST_ATTEMPTS: u32 = 2;

/// What an arm did so far with work of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which arm.
    pub arm: Arm,
    /// How often it was accepted.
    pub successes: u32,
    /// Of how many times.
    pub trials: u32,
    /// What all of them cost.
    pub usd: MicroUsd,
}

/// Who was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// The place of the arm among the records.
    pub index: usize,
    /// Whether another arm looks better by what is known, and this one was chosen to learn more.
    pub explored: bool,
}

impl Record {
    /// What one trial cost on average.
    #[must_use]
    pub fn mean_usd(&self) -> MicroUsd {
        MicroUsd(self.usd.0.checked_div(u64::from(self.trials)).unwrap_or_default())
    }

    /// The share of successes; a half where nothing is known.
    #[must_use]
    pub fn rate(&self) -> f64 {
        (f64::from(self.successes) + 1.0) / (f64::from(self.trials) + 2.0)
    }
}

/// The trials of these arms at work of this kind, each the newest [`WINDOW`]. Attempts that the environment or a budget
/// ended say nothing about who made them.
#[must_use]
pub fn records(arms: &[Arm], kind: &WorkKind, history: &[AttemptFact]) -> Vec<Record> {
    arms.iter()
        .map(|arm| {
            let trials = trials(kind, history).filter(|fact| is_of(fact, arm)).take(WINDOW);
            let none = Record { arm: arm.clone(), successes: 0, trials: 0, usd: MicroUsd::ZERO };
            trials.fold(none, |record, fact| Record {
                successes: record.successes + u32::from(fact.accepted()),
                trials: record.trials + 1,
                usd: record.usd + fact.spend.usd,
                ..record
            })
        })
        .collect()
}

/// What counts as a trial at work of this kind, the newest first.
pub(crate) fn trials<'a>(
    kind: &WorkKind,
    history: &'a [AttemptFact],
) -> impl Iterator<Item = &'a AttemptFact> {
    let mut found: Vec<_> = history
        .iter()
        .filter(|fact| fact.kind == *kind && fact.number <= FIRST_ATTEMPTS)
        .filter(|fact| fact.failure.is_none_or(crate::failure::FailureClass::tells_about_the_arm))
        .collect();
    found.sort_by(|a, b| b.began_at.cmp(&a.began_at).then_with(|| b.attempt.cmp(&a.attempt)));
    found.into_iter()
}

pub(crate) fn is_of(fact: &AttemptFact, arm: &Arm) -> bool {
    fact.agent == arm.agent && fact.model == arm.model
}

/// Chooses an arm. None where there is none.
#[must_use]
pub fn pick(records: &[Record], seed: &[&str]) -> Option<Pick> {
    let mut draws = Draws::of(seed);
    let index = best(records, |record| draws.beta(record.successes, record.trials))?;
    let known = best(records, Record::rate)?;
    Some(Pick { index, explored: index != known })
}

/// How often each arm would be chosen, as shares that add up to one.
pub(crate) fn shares(records: &[Record], seed: &[&str]) -> Vec<f64> {
    const ROUNDS: u32 = 400;
    let mut draws = Draws::of(seed);
    let mut shares = vec![0.0; records.len()];
    for _ in 0..ROUNDS {
        if let Some(index) = best(records, |record| draws.beta(record.successes, record.trials)) {
            shares[index] += 1.0 / f64::from(ROUNDS);
        }
    }
    shares
}

/// What each arm's cost takes off its success: in proportion to the dearest.
pub(crate) fn cost(record: &Record, dearest: MicroUsd) -> f64 {
    if dearest == MicroUsd::ZERO {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a proportion of two amounts")]
    let part = record.mean_usd().0 as f64 / dearest.0 as f64;
    part * f64::from(COST_WEIGHT_MILLI) / 1_000.0
}

/// The mean cost of the dearest arm.
pub(crate) fn dearest(records: &[Record]) -> MicroUsd {
    records.iter().map(Record::mean_usd).max().unwrap_or_default()
}

/// The arm with the best success less its cost; the first of equals.
fn best(records: &[Record], mut success: impl FnMut(&Record) -> f64) -> Option<usize> {
    let dearest = dearest(records);
    let mut found: Option<(usize, f64)> = None;
    for (index, record) in records.iter().enumerate() {
        let worth = success(record) - cost(record, dearest);
        if found.is_none_or(|(_, most)| worth > most) {
            found = Some((index, worth));
        }
    }
    found.map(|(index, _)| index)
}

/// Randomness that follows from a seed: the output of BLAKE3, read on and on.
struct Draws(blake3::OutputReader);

impl Draws {
    fn of(seed: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in seed {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize_xof())
    }

    /// A number from 0 up to 1.
    fn unit(&mut self) -> f64 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    /// A draw from the Beta distribution with one success and one failure more than were seen: of *n*+1 numbers, the one
    /// of rank successes+1 is distributed so.
    fn beta(&mut self, successes: u32, trials: u32) -> f64 {
        let mut units: Vec<f64> = (0..=trials).map(|_| self.unit()).collect();
        units.sort_unstable_by(f64::total_cmp);
        units[successes.min(trials) as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(name: &str, successes: u32, trials: u32, usd_each: u64) -> Record {
        let arm = Arm { agent: name.to_owned(), model: "m".to_owned() };
        Record { arm, successes, trials, usd: MicroUsd(usd_each * u64::from(trials)) }
    }

    #[test]
    fn nothing_to_choose_from_is_not_chosen() {
        assert_eq!(pick(&[], &["x"]), None);
        assert_eq!(pick(&[record("a", 0, 0, 0)], &["x"]), Some(Pick { index: 0, explored: false }));
    }

    #[test]
    fn the_better_arm_is_taken_nearly_always_and_the_other_now_and_then() {
        let records = [record("a", 6, 12, 10), record("b", 11, 12, 10)];
        let shares = shares(&records, &["run_1"]);
        assert!(shares[1] > 0.9 && shares[0] > 0.0, "{shares:?}");
        let picks = (0..200).filter_map(|n| pick(&records, &["run_1", &n.to_string()]));
        assert!(picks.clone().all(|pick| pick.explored == (pick.index == 0)));
        assert!(picks.filter(|pick| pick.explored).count() < 30);
    }

    #[test]
    fn of_two_equally_good_arms_the_cheaper_is_taken_more_often() {
        let shares = shares(&[record("dear", 45, 50, 1_000), record("cheap", 45, 50, 10)], &["x"]);
        assert!(shares[1] > 0.8, "{shares:?}");
        // But money does not buy failure.
        let shares = super::shares(&[record("dear", 48, 50, 1_000), record("cheap", 25, 50, 10)], &["x"]);
        assert!(shares[0] > 0.95, "{shares:?}");
    }

    #[test]
    fn draws_follow_the_beta_distribution() {
        let mut draws = Draws::of(&["moments"]);
        let values: Vec<f64> = (0..4_000).map(|_| draws.beta(3, 8)).collect();
        let mean = values.iter().sum::<f64>() / 4_000.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4_000.0;
        // Beta(4, 6): mean 0.4, variance 4·6 / (10² · 11).
        assert!((mean - 0.4).abs() < 0.01, "{mean}");
        assert!((variance - 24.0 / 1_100.0).abs() < 0.002, "{variance}");
    }

    proptest! {
        #[test]
        fn the_same_attempt_chooses_the_same(
            trials in prop::collection::vec((0_u32..40, 0_u32..40, 0_u64..5_000), 1..5), run in "[a-z]{1,8}",
        ) {
            let records: Vec<_> =
                trials.iter().map(|(good, bad, usd)| record("a", *good, good + bad, *usd)).collect();
            let pick = pick(&records, &[&run, "T-1.1"]);
            prop_assert_eq!(pick, super::pick(&records, &[&run, "T-1.1"]));
            prop_assert!(pick.unwrap().index < records.len());
            let all: f64 = shares(&records, &[&run]).iter().sum();
            prop_assert!((all - 1.0).abs() < 1e-6);
        }
    }
}

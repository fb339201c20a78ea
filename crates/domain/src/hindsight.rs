//! Whether learning who to choose would have paid: judged on what was logged, before it is switched on.
//!
//! The logged attempts of one kind of work are split in two halves by turns. From each half the learner draws its
//! shares, and they are judged on the other half, so that no attempt is judged by what was learned from it. The value of
//! a way to choose is the mean of success less cost, each logged attempt weighted by how much more often the learner
//! would have chosen its arm than the log did (inverse propensity, with the log's own shares as propensities: Hirano,
//! Imbens and Ridder, 2003). Which arm was logged depended on the configuration and not on the ticket, so the shares
//! within one kind of work are the propensities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    bandit::{FIRST_ATTEMPTS, Record, cost, dearest, is_of, records, shares, trials},
    choice::{Arm, ChoicePolicy},
    history::{AttemptFact, WorkKind},
    money::MicroUsd,
};

/// The one-sided 95 % bound.
const Z: f64 = 1.645;

/// Whether past work of one kind may choose, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "gate", rename_all = "snake_case")]
pub enum Gate {
    /// It chooses: it would have done better.
    Open {
        /// By how much.
        hindsight: Hindsight,
    },
    /// The setting says that it must not.
    Fixed,
    /// There is no second agent or model to choose.
    OneArm,
    /// Not enough is known of two of them, the one that is chosen now among them.
    TooFewTrials {
        /// How many trials each of two must have.
        needed: u32,
    },
    /// It is not certain enough that it would have done better.
    NotBetter {
        /// What was found.
        hindsight: Hindsight,
    },
}

/// The value of learning beside that of the present way to choose, in thousandths of a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hindsight {
    /// The logged attempts that it was judged on.
    pub attempts: u32,
    /// How the present choice did.
    pub present_milli: i32,
    /// How the learner would have done.
    pub learned_milli: i32,
    /// The difference that is passed with a certainty of 95 %. Above zero, learning is better.
    pub lower_bound_milli: i32,
}

/// What is known of a kind of work, and whether it may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindChoice {
    /// The kind of work.
    pub kind: WorkKind,
    /// Who can do it, the present choice first.
    pub arms: Vec<ArmRecord>,
    /// Whether past work may choose.
    pub gate: Gate,
    /// The same in words.
    pub words: String,
}

/// What is known of an arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArmRecord {
    /// Which.
    pub arm: Arm,
    /// How often it was accepted.
    pub successes: u32,
    /// Of how many times.
    pub trials: u32,
    /// What one of them cost on average.
    pub mean_usd: MicroUsd,
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let points = |milli: i32| {
            let (sign, milli) = (if milli < 0 { "-" } else { "" }, milli.unsigned_abs());
            format!("{sign}{}.{}", milli / 10, milli % 10)
        };
        match self {
            Self::Open { hindsight } => write!(
                f,
                "on: judged on {} attempts, learning gains {} points of success over the present choice, at least {} \
                 with 95 % certainty",
                hindsight.attempts,
                points(hindsight.learned_milli - hindsight.present_milli),
                points(hindsight.lower_bound_milli)
            ),
            Self::Fixed => f.write_str("off: `flows.choice` is \"fixed\""),
            Self::OneArm => f.write_str("off: nothing is known of a second agent or model at such work"),
            Self::TooFewTrials { needed } => {
                write!(f, "off: the present choice and one other need {needed} trials each")
            }
            Self::NotBetter { hindsight } => write!(
                f,
                "off: judged on {} attempts, it is not certain that learning would have done better (present {} %, \
                 learned {} %)",
                hindsight.attempts,
                points(hindsight.present_milli),
                points(hindsight.learned_milli)
            ),
        }
    }
}

/// Judges each kind of work of which there were trials, the most frequent first. `present` says who is chosen now, where
/// that is known; else the arm with the most trials stands for it.
#[must_use]
pub fn by_kind(
    policy: ChoicePolicy,
    history: &[AttemptFact],
    needed: u32,
    present: impl Fn(&WorkKind) -> Option<Arm>,
) -> Vec<KindChoice> {
    let mut kinds: BTreeMap<&WorkKind, BTreeMap<Arm, usize>> = BTreeMap::new();
    for fact in history.iter().filter(|fact| fact.number <= FIRST_ATTEMPTS) {
        let arm = Arm { agent: fact.agent.clone(), model: fact.model.clone() };
        *kinds.entry(&fact.kind).or_default().entry(arm).or_default() += 1;
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, arms)| std::cmp::Reverse(arms.values().sum::<usize>()));
    let choice = |(kind, arms): (&WorkKind, BTreeMap<Arm, usize>)| {
        let present = present(kind);
        let mut arms: Vec<(Arm, usize)> = arms.into_iter().collect();
        arms.sort_by_key(|(arm, trials)| (present.as_ref() != Some(arm), std::cmp::Reverse(*trials)));
        let arms: Vec<Arm> = arms.into_iter().map(|(arm, _)| arm).collect();
        let gate = judge(policy, &arms, kind, history, needed).gate;
        let arms = records(&arms, kind, history).into_iter().map(|record| ArmRecord {
            mean_usd: record.mean_usd(),
            arm: record.arm,
            successes: record.successes,
            trials: record.trials,
        });
        KindChoice { kind: kind.clone(), arms: arms.collect(), words: gate.to_string(), gate }
    };
    kinds.into_iter().map(choice).collect()
}

/// The arms that may be chosen from, and the gate before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is known of each arm that has enough trials.
    pub known: Vec<Record>,
    /// Whether they may be chosen from.
    pub gate: Gate,
}

/// Judges whether past work of this kind may choose among these arms. The first is the present choice.
#[must_use]
pub fn judge(
    policy: ChoicePolicy,
    arms: &[Arm],
    kind: &WorkKind,
    history: &[AttemptFact],
    needed: u32,
) -> Verdict {
    let closed = |known, gate| Verdict { known, gate };
    let all = records(arms, kind, history);
    let needed = needed.max(2);
    let Some(present) = all.first().cloned() else { return closed(all, Gate::OneArm) };
    if policy == ChoicePolicy::Fixed {
        return closed(all, Gate::Fixed);
    }
    if all.len() < 2 {
        return closed(all, Gate::OneArm);
    }
    let known: Vec<Record> = all.iter().filter(|record| record.trials >= needed).cloned().collect();
    if known.len() < 2 || present.trials < needed {
        return closed(all, Gate::TooFewTrials { needed });
    }
    let hindsight = hindsight(&known, kind, history);
    let gate = if hindsight.lower_bound_milli > 0 {
        Gate::Open { hindsight }
    } else {
        Gate::NotBetter { hindsight }
    };
    closed(known, gate)
}

/// Compares the learner with always choosing the first of these arms.
fn hindsight(known: &[Record], kind: &WorkKind, history: &[AttemptFact]) -> Hindsight {
    let arms: Vec<Arm> = known.iter().map(|record| record.arm.clone()).collect();
    let logged: Vec<&AttemptFact> =
        trials(kind, history).filter(|fact| arms.iter().any(|arm| is_of(fact, arm))).collect();
    let dearest = dearest(known);
    let (mut present, mut learned, mut variance) = (0.0, 0.0, 0.0);
    for fold in 0..2 {
        let half = |wanted: usize| -> Vec<AttemptFact> {
            // By turns within each arm, so that both halves know every arm.
            let of_arm = |arm| logged.iter().filter(move |fact| is_of(fact, arm)).enumerate();
            let chosen = arms.iter().flat_map(|arm| of_arm(arm).filter(|(turn, _)| turn % 2 == wanted));
            chosen.map(|(_, fact)| (*fact).clone()).collect()
        };
        let learner = shares(&records(&arms, kind, &half(fold)), &["hindsight", &fold.to_string()]);
        let judged = records(&arms, kind, &half(1 - fold));
        for (index, (record, share)) in judged.iter().zip(learner).enumerate() {
            let trials = f64::from(record.trials.max(1));
            let mean = f64::from(record.successes) / trials - cost(record, dearest);
            let now = if index == 0 { 1.0 } else { 0.0 };
            present += now * mean / 2.0;
            learned += share * mean / 2.0;
            // Smoothed, so that a short row of successes is not taken for certainty.
            let rate = record.rate();
            variance += (share - now).powi(2) * rate * (1.0 - rate) / trials / 4.0;
        }
    }
    Hindsight {
        attempts: u32::try_from(logged.len()).unwrap_or(u32::MAX),
        present_milli: milli(present),
        learned_milli: milli(learned),
        lower_bound_milli: milli(learned - present - Z * variance.sqrt()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped first")]
fn milli(value: f64) -> i32 {
    (value.clamp(-1_000.0, 1_000.0) * 1_000.0).floor() as i32
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        AttemptId, MicroUsd, RunId, agent::Capability, budget::Spend, failure::FailureClass, history::Size,
    };

    fn kind() -> WorkKind {
        WorkKind { capability: Capability::Code, language: "python".to_owned(), size: Size::Small }
    }

    fn arm(model: &str) -> Arm {
        Arm { agent: "coder".to_owned(), model: model.to_owned() }
    }

    /// So many attempts with a model, of which the first so many in ten are accepted.
    fn attempts(model: &str, count: u32, in_ten: u32) -> Vec<AttemptFact> {
        let fact = |n: u32| AttemptFact {
            run: RunId::parse(format!("run_{model}{n}")).unwrap(),
            attempt: AttemptId::parse("T-1.1").unwrap(),
            number: 1,
            kind: kind(),
            agent: "coder".to_owned(),
            model: model.to_owned(),
            spend: Spend { usd: MicroUsd(1_000), tokens_in: 10, tokens_out: 1, calls: 1 },
            millis: 100,
            failure: (n * 7 % 10 >= in_ten).then_some(FailureClass::Verification),
            began_at: Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::minutes(n.into()),
        };
        (0..count).map(fact).collect()
    }

    fn gate(history: &[AttemptFact]) -> Gate {
        judge(ChoicePolicy::Learned, &[arm("a"), arm("b")], &kind(), history, 10).gate
    }

    #[test]
    fn without_history_or_choice_the_gate_is_shut() {
        assert_eq!(gate(&[]), Gate::TooFewTrials { needed: 10 });
        assert_eq!(judge(ChoicePolicy::Learned, &[arm("a")], &kind(), &[], 10).gate, Gate::OneArm);
        assert_eq!(judge(ChoicePolicy::Learned, &[], &kind(), &[], 10).gate, Gate::OneArm);
        let one_sided = [attempts("a", 40, 2), attempts("b", 9, 10)].concat();
        assert_eq!(gate(&one_sided), Gate::TooFewTrials { needed: 10 });
        let present_unknown = [attempts("b", 40, 2), attempts("c", 40, 10)].concat();
        assert_eq!(gate(&present_unknown), Gate::TooFewTrials { needed: 10 });
    }

    #[test]
    fn it_opens_where_another_arm_is_certain_to_be_better() {
        let history = [attempts("a", 20, 3), attempts("b", 20, 9)].concat();
        let Gate::Open { hindsight } = gate(&history) else { panic!("{:?}", gate(&history)) };
        assert_eq!(hindsight.attempts, 40);
        assert!(hindsight.learned_milli > hindsight.present_milli + 300, "{hindsight:?}");
        let fixed = judge(ChoicePolicy::Fixed, &[arm("a"), arm("b")], &kind(), &history, 10);
        assert_eq!(fixed.gate, Gate::Fixed);
    }

    #[test]
    fn a_little_less_than_nothing_is_said_with_its_sign() {
        let hindsight =
            Hindsight { attempts: 20, present_milli: -5, learned_milli: 12, lower_bound_milli: -40 };
        let said = Gate::NotBetter { hindsight }.to_string();
        assert!(said.ends_with("(present -0.5 %, learned 1.2 %)"), "{said}");
    }

    #[test]
    fn each_kind_of_work_is_judged_for_itself_and_says_why() {
        assert_eq!(by_kind(ChoicePolicy::Learned, &[], 10, |_| None), []);
        let mut other = attempts("a", 3, 3);
        for fact in &mut other {
            fact.kind.language = "go".to_owned();
        }
        let history = [attempts("a", 20, 3), attempts("b", 20, 9), other].concat();
        let found = by_kind(ChoicePolicy::Learned, &history, 10, |_| Some(arm("a")));
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].arms[0].arm.clone(), found[0].arms[1].successes), (arm("a"), 18));
        assert!(found[0].words.starts_with("on: judged on 40 attempts"), "{}", found[0].words);
        assert_eq!(found[1].gate, Gate::OneArm);
    }

    #[test]
    fn it_stays_shut_where_the_present_choice_is_as_good() {
        for (a, b) in [(9, 9), (9, 3), (5, 6), (10, 10)] {
            let history = [attempts("a", 20, a), attempts("b", 20, b)].concat();
            assert!(matches!(gate(&history), Gate::NotBetter { .. }), "{a} {b}: {:?}", gate(&history));
        }
    }

    #[test]
    fn what_the_environment_or_a_budget_ended_is_no_trial_and_later_attempts_are_none() {
        let mut history = [attempts("a", 20, 3), attempts("b", 20, 9)].concat();
        for fact in &mut history[20..] {
            fact.failure = Some(FailureClass::Environment);
        }
        assert_eq!(gate(&history), Gate::TooFewTrials { needed: 10 });
        let mut history = [attempts("a", 20, 3), attempts("b", 20, 9)].concat();
        for fact in &mut history[20..] {
            fact.number = 3;
        }
        assert_eq!(gate(&history), Gate::TooFewTrials { needed: 10 });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, rng_seed: prop::test_runner::RngSeed::Fixed(3), ..ProptestConfig::default() })]
        /// Two arms that are the same: the gate may be fooled now and then, but not as a rule.
        #[test]
        fn more_of_the_same_does_not_open_it(rate in 1_u32..10, count in 10_u32..60) {
            let history = [attempts("a", count, rate), attempts("b", count, rate)].concat();
            let shut = matches!(gate(&history), Gate::NotBetter { .. });
            prop_assert!(shut);
        }

        #[test]
        fn a_better_other_arm_never_lowers_the_bound(rate in 1_u32..6, count in 20_u32..60) {
            let bound = |better| match gate(&[attempts("a", count, rate), attempts("b", count, better)].concat()) {
                Gate::Open { hindsight } | Gate::NotBetter { hindsight } => hindsight.lower_bound_milli,
                other => panic!("{other:?}"),
            };
            prop_assert!(bound(10) > bound(rate));
        }
    }
}

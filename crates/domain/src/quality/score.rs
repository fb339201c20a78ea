//! The score: a number from 0 to 100 with the parts that it is made of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::measures::{COMPLEX, Measures};

/// From so many independent paths on a function counts as one that cannot be tested: the highest class of risk of the SEI
/// ("C4 Software Technology Reference Guide", 1997).
const UNTESTABLE: u32 = 50;
/// Duplication in thousandths that costs nothing: the bound of `SonarQube`'s own quality gate for new code, and of the best
/// class of Heitlager, Kuipers and Visser ("A Practical Model for Measuring Maintainability", 2007).
const SOME_DUPLICATION: u32 = 30;
/// Duplication in thousandths from which there are no points left: their worst class.
const MUCH_DUPLICATION: u32 = 200;
/// Lines of a change that a person can still review well: Cohen, "Best Kept Secrets of Peer Code Review", 2006.
const REVIEWABLE: u32 = 400;
/// Lines from which there are no points left. Ours: five times as many.
const UNREVIEWABLE: u32 = 2_000;
/// What each warning of the gate costs, in points. Ours.
const PER_WARNING: u32 = 20;
/// What each attempt costs whose work was sent back, in points. Ours.
const PER_SENT_BACK: u32 = 25;
/// Fewer faults made on purpose say nothing about tests.
const FEWEST_MUTANTS: u32 = 2;

/// What a score is made of. The weights are ours, in the order of what was shown to go with faults and effort later; who
/// weighs otherwise finds the points of each part beside the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Weight 25. Half of it is the share of functions with at most 10 independent paths (`McCabe` 1976), a file
    /// that could not be read counting as one that has more; half is how far the worst one is from one that cannot be
    /// tested (SEI 1997).
    Complexity,
    /// Weight 20. The share of added tokens that stand somewhere already: all points up to 3 %, none from 20 % on
    /// (Heitlager, Kuipers and Visser 2007).
    Duplication,
    /// Weight 20. The share of faults made on purpose that the attempt's own tests noticed (Just et al., "Are Mutants a
    /// Valid Substitute for Real Faults in Software Testing?", 2014).
    Tests,
    /// Weight 15. What the gate warned of, linters and scanners included: 20 points each.
    Gate,
    /// Weight 10. Half of it is the share of functions of at most 60 lines (Holzmann 2006), half is whether a person
    /// can review the change: all points up to 400 lines (Cohen 2006), none from 2,000 on.
    Size,
    /// Weight 10. Attempts at the ticket, this one included, in which validator, reviewer or merge train found faults: 25
    /// points each.
    Rework,
}

/// The points of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartScore {
    /// Which part.
    pub part: Part,
    /// From 0 to 100.
    pub points: u32,
    /// How much it weighs beside the others.
    pub weight: u32,
}

/// The score of an accepted attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quality {
    /// From 0 to 100: the mean of the parts by their weights, rounded down.
    pub score: u32,
    /// What it is made of. A part of which nothing could be measured is left out, and its weight with it.
    pub parts: Vec<PartScore>,
}

impl Part {
    /// All of them, the heaviest first.
    pub const ALL: [Self; 6] =
        [Self::Complexity, Self::Duplication, Self::Tests, Self::Gate, Self::Size, Self::Rework];

    /// How much it weighs beside the others; all together are 100.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::Complexity => 25,
            Self::Duplication | Self::Tests => 20,
            Self::Gate => 15,
            Self::Size | Self::Rework => 10,
        }
    }

    /// Its points; none where nothing was measured of it.
    fn points(self, measures: &Measures, sent_back: u32) -> Option<u32> {
        let Measures { functions, unread, lines, .. } = *measures;
        let judged = functions.saturating_add(unread);
        match self {
            Self::Complexity => (judged > 0).then(|| {
                let complex = measures.complex.saturating_add(unread);
                u32::midpoint(without(complex, judged), falling(measures.worst, COMPLEX, UNTESTABLE))
            }),
            Self::Duplication => (measures.tokens > 0).then(|| {
                let share = milli(measures.duplicated, measures.tokens);
                falling(share, SOME_DUPLICATION, MUCH_DUPLICATION)
            }),
            Self::Tests => (measures.mutants >= FEWEST_MUTANTS)
                .then(|| 100 - without(measures.killed.min(measures.mutants), measures.mutants)),
            Self::Gate => Some(100_u32.saturating_sub(measures.warnings.saturating_mul(PER_WARNING))),
            Self::Size => (lines > 0).then(|| {
                u32::midpoint(without(measures.long, functions), falling(lines, REVIEWABLE, UNREVIEWABLE))
            }),
            Self::Rework => Some(100_u32.saturating_sub(sent_back.saturating_mul(PER_SENT_BACK))),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complexity => "complexity",
            Self::Duplication => "duplication",
            Self::Tests => "tests",
            Self::Gate => "gate",
            Self::Size => "size",
            Self::Rework => "rework",
        })
    }
}

impl Quality {
    /// The score that follows from what was measured, and from how many attempts were sent back.
    #[must_use]
    pub fn of(measures: &Measures, sent_back: u32) -> Self {
        let parts: Vec<PartScore> = Part::ALL
            .into_iter()
            .filter_map(|part| {
                let points = part.points(measures, sent_back)?;
                Some(PartScore { part, points, weight: part.weight() })
            })
            .collect();
        let weights: u32 = parts.iter().map(|part| part.weight).sum();
        let points: u32 = parts.iter().map(|part| part.points * part.weight).sum();
        Self { score: points.checked_div(weights).unwrap_or_default(), parts }
    }

    /// The part with the fewest points; none where every part has all of them.
    #[must_use]
    pub fn weakest(&self) -> Option<&PartScore> {
        self.parts.iter().filter(|part| part.points < 100).min_by_key(|part| part.points)
    }
}

/// The share, in percent and rounded down, of a whole that is left without a part of it. All of it where there is none.
fn without(part: u32, whole: u32) -> u32 {
    let left = u64::from(whole.saturating_sub(part));
    u32::try_from((left * 100).checked_div(u64::from(whole)).unwrap_or(100)).unwrap_or(100)
}

fn milli(part: u32, whole: u32) -> u32 {
    let share = (u64::from(part) * 1_000).checked_div(u64::from(whole)).unwrap_or_default();
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// 100 up to `all`, 0 from `none` on, and a straight line between them.
fn falling(value: u32, all: u32, none: u32) -> u32 {
    let left = none.saturating_sub(value).min(none - all);
    u32::try_from(u64::from(left) * 100 / u64::from(none - all)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(quality: &Quality, part: Part) -> Option<u32> {
        quality.parts.iter().find(|one| one.part == part).map(|one| one.points)
    }

    fn clean() -> Measures {
        Measures {
            files: 1,
            lines: 40,
            functions: 4,
            worst: 6,
            tokens: 300,
            mutants: 8,
            killed: 8,
            ..Measures::default()
        }
    }

    #[test]
    fn work_with_nothing_to_say_against_it_has_all_points_and_no_weakest_part() {
        let quality = Quality::of(&clean(), 0);
        assert_eq!((quality.score, quality.parts.len(), quality.weakest()), (100, 6, None));
        assert_eq!(Part::ALL.iter().map(|part| part.weight()).sum::<u32>(), 100);
    }

    #[test]
    fn what_was_not_measured_is_left_out_and_its_weight_with_it() {
        let quality = Quality::of(&Measures::default(), 2);
        let parts: Vec<_> = quality.parts.iter().map(|one| (one.part, one.points)).collect();
        assert_eq!(parts, [(Part::Gate, 100), (Part::Rework, 50)]);
        assert_eq!(quality.score, (100 * 15 + 50 * 10) / 25);
    }

    #[test]
    fn each_bound_gives_the_points_that_its_source_says() {
        let of = |measures: &Measures, part| points(&Quality::of(measures, 0), part).unwrap();
        let complexity = |worst, complex| of(&Measures { complex, worst, ..clean() }, Part::Complexity);
        assert_eq!([complexity(COMPLEX, 0), complexity(30, 1), complexity(UNTESTABLE, 4)], [100, 62, 0]);
        let unread = Measures { unread: 4, ..clean() };
        assert_eq!(of(&unread, Part::Complexity), 75);
        let duplication = |duplicated| of(&Measures { duplicated, ..clean() }, Part::Duplication);
        assert_eq!([duplication(9), duplication(60), duplication(300)], [100, 0, 0]);
        assert!((1..100).contains(&duplication(30)));
        let size = |lines, long| of(&Measures { lines, long, ..clean() }, Part::Size);
        assert_eq!([size(400, 0), size(1_200, 0), size(5_000, 4)], [100, 75, 0]);
        let tests =
            |mutants, killed| points(&Quality::of(&Measures { mutants, killed, ..clean() }, 0), Part::Tests);
        assert_eq!([tests(8, 6), tests(8, 0), tests(1, 0)], [Some(75), Some(0), None]);
    }

    #[test]
    fn the_weakest_part_is_named() {
        let quality = Quality::of(&Measures { duplicated: 200, warnings: 1, ..clean() }, 1);
        assert_eq!(quality.weakest().map(|one| (one.part, one.points)), Some((Part::Duplication, 0)));
    }

    fn any_measures() -> impl Strategy<Value = Measures> {
        let code = (0_u32..5_000, 0_u32..50, 0_u32..50, 0_u32..200, 0_u32..50, 0_u32..5);
        let rest = (0_u32..5_000, 0_u32..5_000, 0_u32..10, 0_u32..20, 0_u32..20);
        (code, rest).prop_map(
            |(
                (lines, functions, complex, worst, long, unread),
                (tokens, duplicated, warnings, mutants, killed),
            )| {
                Measures {
                    files: 1,
                    lines,
                    functions,
                    complex: complex.min(functions),
                    worst,
                    long: long.min(functions),
                    unread,
                    tokens,
                    duplicated: duplicated.min(tokens),
                    warnings,
                    mutants,
                    killed: killed.min(mutants),
                    ..Measures::default()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn worse_work_never_has_more_points(
            measures in any_measures(), sent_back in 0_u32..6, which in 0_usize..8, by in 1_u32..300,
        ) {
            let before = Quality::of(&measures, sent_back);
            prop_assert!(before.score <= 100 && before.parts.iter().all(|part| part.points <= 100));
            let (mut worse, mut sent) = (measures.clone(), sent_back);
            match which {
                0 => worse.complex = (worse.complex + by).min(worse.functions),
                1 => worse.worst += by,
                2 => worse.long = (worse.long + by).min(worse.functions),
                3 => worse.duplicated = (worse.duplicated + by).min(worse.tokens),
                4 => worse.warnings += by,
                5 => worse.killed = worse.killed.saturating_sub(by),
                // Nothing is said of the size of what has no lines.
                6 => worse.lines += if worse.lines > 0 { by } else { 0 },
                _ => sent += by,
            }
            let after = Quality::of(&worse, sent);
            prop_assert!(after.score <= before.score, "{before:?} {after:?}");
            for part in &before.parts {
                prop_assert!(points(&after, part.part) <= Some(part.points), "{part:?} {after:?}");
            }
        }
    }
}

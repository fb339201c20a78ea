//! How long a step may take: from how long similar ones took.
//!
//! The soft deadline is the P95 of similar steps times a factor, never below a floor and never beyond the limit that is
//! configured. Passing it ends the step with an observation, not the attempt: the same step asked for again gets the
//! whole limit.

use serde::{Deserialize, Serialize};

use crate::quantile::quantile;

/// The fewest steps of which a P95 can be promised: ⌈(19+1)·0.95⌉ = 19.
pub const FEWEST: usize = 19;
/// The newest steps of a kind that count.
pub const WINDOW: usize = 200;
/// The longest name of a kind of step.
const KIND: usize = 48;

/// How a deadline follows from the P95.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadlineRule {
    /// The P95 times this, in percent.
    pub factor_percent: u32,
    /// Never less, in milliseconds.
    pub floor_millis: u64,
}

/// A deadline that was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearnedDeadline {
    /// How many steps it was learned from.
    pub samples: u32,
    /// What 95 of 100 of them stayed at or below, in milliseconds.
    pub p95_millis: u64,
    /// The deadline itself, in milliseconds.
    pub soft_millis: u64,
}

/// A kind of step, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepDeadline {
    /// A kind of command (`cargo test`), or an agent with a model (`coder on local/small`).
    pub step: String,
    /// How many of its newest steps are known.
    pub samples: u32,
    /// Its deadline; absent where only the limit holds.
    pub deadline: Option<LearnedDeadline>,
    /// The limit that is configured, in milliseconds.
    pub limit_millis: u64,
}

/// The deadline of a step, going by how many milliseconds similar ones took, below the limit that is configured. None
/// where too few are known, or where it would not be shorter than the limit.
#[must_use]
pub fn deadline(mut millis: Vec<u64>, rule: DeadlineRule, limit_millis: u64) -> Option<LearnedDeadline> {
    millis.sort_unstable();
    let p95_millis = quantile(&millis, 95)?;
    let wide = u128::from(p95_millis) * u128::from(rule.factor_percent.max(100)) / 100;
    let soft_millis = u64::try_from(wide).unwrap_or(u64::MAX).max(rule.floor_millis);
    let samples = u32::try_from(millis.len()).unwrap_or(u32::MAX);
    (soft_millis < limit_millis).then_some(LearnedDeadline { samples, p95_millis, soft_millis })
}

/// What kind of command a shell line is: its program, with the word that says what is done where the program does many
/// things. `cd app && python3 -m pytest -q tests` is `python3 -m pytest`. Of several commands the first that is no mere
/// preparation counts, with a `+` behind it.
#[must_use]
pub fn command_kind(line: &str) -> String {
    let commands: Vec<Vec<&str>> = line
        .split(['&', '|', ';', '\n'])
        .map(|part| part.split_whitespace().skip_while(|word| is_assignment(word)).collect())
        .filter(|words: &Vec<&str>| {
            words.first().is_some_and(|word| !matches!(*word, "cd" | "export" | "set" | "source" | "."))
        })
        .collect();
    let Some(words) = commands.first() else { return "other".to_owned() };
    let program = words[0].rsplit('/').next().unwrap_or_default();
    let wanted = match program {
        "python" | "python3" if words.get(1) == Some(&"-m") => 3,
        "cargo" | "npm" | "npx" | "pnpm" | "yarn" | "go" | "git" | "make" | "mvn" | "gradle" | "uv"
        | "poetry" => 2,
        _ => 1,
    };
    let mut name: Vec<String> = vec![plain(program)];
    name.extend(words.iter().skip(1).take(wanted - 1).map(|word| plain(word)));
    name.retain(|word| !word.is_empty());
    if name.is_empty() {
        return "other".to_owned();
    }
    if commands.len() > 1 {
        name.push("+".to_owned());
    }
    name.join(" ").chars().take(KIND).collect()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// A word without anything that a name of a program does not have.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: DeadlineRule = DeadlineRule { factor_percent: 200, floor_millis: 5_000 };

    #[test]
    fn with_too_little_history_there_is_only_the_limit() {
        assert_eq!(deadline(vec![9_000; FEWEST - 1], RULE, 60_000), None);
        let learned = deadline(vec![9_000; FEWEST], RULE, 60_000).unwrap();
        assert_eq!((learned.p95_millis, learned.soft_millis), (9_000, 18_000));
        assert_eq!(deadline(vec![40_000; 50], RULE, 60_000), None, "never beyond the limit");
        assert_eq!(deadline(vec![3; 50], RULE, 60_000).unwrap().soft_millis, 5_000);
        assert_eq!(deadline(vec![u64::MAX; 50], RULE, u64::MAX), None);
    }

    #[test]
    fn a_command_is_known_by_its_program_and_by_what_that_is_to_do() {
        for (line, kind) in [
            ("python3 -m pytest -q tests/test_a.py", "python3 -m pytest"),
            ("cd app && FOO=1 /usr/bin/python3 run.py x", "python3"),
            ("cargo test -p a", "cargo test"),
            ("sh greet.sh Ada | tr a-z A-Z", "sh +"),
            ("make", "make"),
            ("", "other"),
            ("cd /tmp", "other"),
            ("'$(rm -rf /)'", "rm"),
        ] {
            assert_eq!(command_kind(line), kind, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_deadline_keeps_its_bounds(
            millis in prop::collection::vec(0_u64..1_000_000, 0..300), limit in 0_u64..2_000_000,
        ) {
            if let Some(learned) = deadline(millis.clone(), RULE, limit) {
                prop_assert!(millis.len() >= FEWEST);
                prop_assert!(RULE.floor_millis <= learned.soft_millis && learned.soft_millis < limit);
                prop_assert!(learned.p95_millis <= learned.soft_millis || learned.soft_millis == RULE.floor_millis);
            }
        }

        #[test]
        fn any_line_has_a_short_and_plain_kind(line in "\\PC{0,200}") {
            let kind = command_kind(&line);
            prop_assert!(!kind.is_empty() && kind.chars().count() <= KIND);
            prop_assert!(kind.chars().all(|c| c.is_ascii_graphic() || c == ' '));
        }
    }
}

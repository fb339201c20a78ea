//! Going round in circles: found by the hashes of what was done and what came of it, and by how long ago the last step
//! was that brought something new.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use swarm_domain::BlobHash;

use crate::tool::{Invocation, ToolName, ToolResult};

/// The longest circle that is looked for, in steps.
const MAX_PERIOD: usize = 4;
/// As often as this the same steps with the same answers are a circle.
const ROUNDS: usize = 3;
/// As many steps in a row that were all done before, with the same answers, in whatever order, lead nowhere.
const STALE: usize = 9;
/// How often an attempt is taken back to before its circle. The next circle ends it.
const MAX_REWINDS: u32 = 1;

/// What differs between two runs of the same thing: how long it took, what time it was, where in memory and in the
/// folder of temporary files something was.
static VARIES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"0x[0-9a-fA-F]+",
        r"|\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?",
        r"|\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b",
        r"|\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|sec|secs|second|seconds)\b",
        r"|/tmp/[\w.-]+",
    ))
    .ok()
});

/// The steps of an attempt so far, each as a hash. The same tools with the same arguments and the same answers are the
/// same step, whatever time it took: a file that is read again after it was changed is another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Trajectory {
    /// The newest, as many as the longest circle has, without what was taken back.
    steps: Vec<String>,
    /// Which answer of the model each of these was; empty in journals from before that was kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<u32>,
    /// All of them.
    seen: BTreeSet<String>,
    /// The length of the conversation after the last step that brought something new or changed a file.
    watermark: usize,
    /// Steps since the last one that brought something new.
    stale: usize,
    /// How often it was taken back.
    rewinds: u32,
}

/// How a trajectory is kept.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    /// In journals from before there was a watermark.
    Steps(Vec<String>),
    Whole {
        steps: Vec<String>,
        #[serde(default)]
        answers: Vec<u32>,
        seen: BTreeSet<String>,
        watermark: usize,
        stale: usize,
        rewinds: u32,
    },
}

impl From<Written> for Trajectory {
    fn from(written: Written) -> Self {
        match written {
            Written::Steps(steps) => Self { seen: steps.iter().cloned().collect(), steps, ..Self::default() },
            Written::Whole { steps, answers, seen, watermark, stale, rewinds } => {
                Self { steps, answers, seen, watermark, stale, rewinds }
            }
        }
    }
}

/// Nothing new comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// The same steps came again and again.
    Circle {
        /// How many steps it has.
        steps: usize,
    },
    /// Steps that were all known, in no order.
    Stale {
        /// How many.
        steps: usize,
    },
}

impl Stuck {
    /// How many steps led nowhere.
    fn length(self) -> usize {
        match self {
            Self::Circle { steps } => steps * ROUNDS,
            Self::Stale { steps } => steps,
        }
    }

    /// The same in words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Circle { steps } => {
                format!("the same {steps} step(s) came three times in a row with the same outcome")
            }
            Self::Stale { steps } => {
                format!("the last {steps} steps had all been done before, with the same outcome")
            }
        }
    }
}

impl Trajectory {
    /// Adds a step, which followed from this answer of the model. Says when it leads nowhere.
    pub(crate) fn add(
        &mut self,
        answer: u32,
        invocations: &[Invocation],
        results: &[ToolResult],
    ) -> Option<Stuck> {
        let hash = hash(invocations, results);
        self.stale = if self.seen.insert(hash.clone()) { 0 } else { self.stale + 1 };
        self.steps.push(hash);
        self.answers.push(answer);
        let needed = MAX_PERIOD * ROUNDS;
        self.steps.drain(..self.steps.len().saturating_sub(needed));
        self.answers.drain(..self.answers.len().saturating_sub(needed));
        match self.circle() {
            Some(steps) => Some(Stuck::Circle { steps }),
            None => (self.stale >= STALE).then_some(Stuck::Stale { steps: self.stale }),
        }
    }

    /// The answer of the model that the steps began with which lead nowhere.
    pub(crate) fn began(&self, stuck: Stuck) -> u32 {
        let first = self.answers.len().saturating_sub(stuck.length());
        self.answers.get(first).copied().unwrap_or_default()
    }

    /// Takes note of how long the conversation is after the step that was added last. To before a step that changed
    /// files nobody goes back: they would not be what the conversation says.
    pub(crate) fn told(&mut self, messages: usize, invocations: &[Invocation], results: &[ToolResult]) {
        let wrote = |(asked, answer): (&Invocation, &ToolResult)| {
            answer.ok && asked.tool.parse().is_ok_and(ToolName::writes)
        };
        if self.stale == 0 || invocations.iter().zip(results).any(wrote) {
            self.watermark = messages;
        }
    }

    /// Takes it back to its watermark: how much of the conversation stays. None where that was done before.
    pub(crate) fn rewind(&mut self) -> Option<usize> {
        if self.watermark == 0 || self.rewinds >= MAX_REWINDS {
            return None;
        }
        self.rewinds += 1;
        self.steps.clear();
        self.answers.clear();
        self.stale = 0;
        Some(self.watermark)
    }

    fn circle(&self) -> Option<usize> {
        (1..=MAX_PERIOD).find(|period| {
            let Some(start) = self.steps.len().checked_sub(period * ROUNDS) else {
                return false;
            };
            let last = &self.steps[start..];
            last.iter().zip(&last[*period..]).all(|(one, next)| one == next)
        })
    }
}

fn hash(invocations: &[Invocation], results: &[ToolResult]) -> String {
    let step: Vec<Value> = invocations
        .iter()
        .zip(results)
        .map(|(asked, answer)| {
            let text = match VARIES.as_ref() {
                Some(varies) => varies.replace_all(&answer.text, "…"),
                None => answer.text.as_str().into(),
            };
            serde_json::json!([asked.tool, asked.arguments, answer.ok, text])
        })
        .collect();
    let mut step = Value::from(step);
    // The same arguments in another order are the same step.
    step.sort_all_objects();
    let hash = BlobHash::of(step.to_string().as_bytes());
    hash.as_str()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::tool::ToolCode;

    fn good(text: impl Into<String>) -> ToolResult {
        ToolResult { ok: true, code: ToolCode::Ok, text: text.into(), about: None }
    }

    /// Adds a step, of a conversation that grows by two messages with each.
    fn step(trajectory: &mut Trajectory, tool: &str, path: &str, answer: ToolResult) -> Option<Stuck> {
        let asked =
            [Invocation { call_id: "call_1".into(), tool: tool.into(), arguments: json!({"path": path}) }];
        let next = trajectory.answers.last().map_or(1, |answer| answer + 1);
        let found = trajectory.add(next, &asked, std::slice::from_ref(&answer));
        let before = trajectory.watermark.max(2);
        trajectory.told(before + 2, &asked, &[answer]);
        found
    }

    fn walk(steps: &[(&str, &str)]) -> Option<Stuck> {
        let mut trajectory = Trajectory::default();
        let read = |(path, answer): &(&str, &str)| {
            step(&mut trajectory, "read", path, ToolResult::bad(ToolCode::NotFound, *answer))
        };
        steps.iter().map(read).last().flatten()
    }

    #[test]
    fn the_same_step_three_times_is_a_circle_and_twice_is_not() {
        assert_eq!(walk(&[("a", "x"), ("a", "x")]), None);
        let circle = walk(&[("b", "x"), ("a", "x"), ("a", "x"), ("a", "x")]);
        assert_eq!(circle, Some(Stuck::Circle { steps: 1 }));
    }

    #[test]
    fn a_longer_circle_is_found_too() {
        let round = [("a", "1"), ("b", "2"), ("c", "3")];
        assert_eq!(walk(&[round, round].concat()), None);
        assert_eq!(walk(&[round, round, round].concat()), Some(Stuck::Circle { steps: 3 }));
    }

    #[test]
    fn another_answer_is_progress() {
        assert_eq!(walk(&[("a", "1"), ("a", "2"), ("a", "3"), ("a", "4")]), None);
    }

    #[test]
    fn the_time_that_it_took_and_the_place_in_memory_are_no_other_answer() {
        for (first, second, third) in [
            ("1 failed in 0.03s", "1 failed in 0.11s", "1 failed in 12 s"),
            ("<Job at 0x7f3a> 10:04:05", "<Job at 0x7f99> 10:04:06", "<Job at 0x1> 10:04:07.5"),
            (
                "in /tmp/a1/x at 2026-11-21T10:00:00",
                "in /tmp/b2/x at 2026-11-21 10:00",
                "in /tmp/c/x at 2026-11-22T00:00",
            ),
        ] {
            assert_eq!(
                walk(&[("a", first), ("a", second), ("a", third)]),
                Some(Stuck::Circle { steps: 1 }),
                "{first}"
            );
        }
        assert_eq!(walk(&[("a", "3 failed"), ("a", "2 failed"), ("a", "1 failed")]), None);
    }

    #[test]
    fn known_steps_without_any_order_lead_nowhere() {
        let known = [("a", "1"), ("b", "1"), ("c", "1")];
        let about: Vec<_> = [0, 1, 2, 1, 0, 0, 2, 0, 1, 1, 2].iter().map(|at| known[*at]).collect();
        assert_eq!(walk(&about), None, "eight of them");
        assert_eq!(walk(&[&about[..], &known[..1]].concat()), Some(Stuck::Stale { steps: 9 }));
        assert_eq!(walk(&[&about[..], &[("d", "new")], &known[..1]].concat()), None);
    }

    #[test]
    fn the_answer_is_named_that_led_into_it() {
        let mut trajectory = Trajectory::default();
        for path in ["x", "y"] {
            step(&mut trajectory, "read", path, good("x"));
        }
        let round = ["a", "b"].repeat(ROUNDS);
        let stuck = round.iter().fold(None, |_, path| step(&mut trajectory, "read", path, good("x")));
        assert_eq!(stuck.map(|stuck| trajectory.began(stuck)), Some(3));

        let mut trajectory = Trajectory::default();
        let about = ["a", "b", "c", "b", "a", "a", "c", "a", "b", "b", "c", "a"];
        let stuck = about.iter().fold(None, |_, path| step(&mut trajectory, "read", path, good("x")));
        assert_eq!(stuck.map(|stuck| trajectory.began(stuck)), Some(4), "after all three were read once");
    }

    #[test]
    fn it_goes_back_once_to_the_last_step_that_brought_something_new() {
        let mut trajectory = Trajectory::default();
        assert_eq!(trajectory.rewind(), None, "nothing was done yet");
        let read = |trajectory: &mut Trajectory, path| step(trajectory, "read", path, good("x"));
        read(&mut trajectory, "a");
        let first = trajectory.watermark;
        read(&mut trajectory, "a");
        assert!(read(&mut trajectory, "a").is_some());
        assert_eq!(trajectory.rewind(), Some(first));
        assert_eq!(read(&mut trajectory, "a"), None, "it is counted anew");
        read(&mut trajectory, "a");
        assert!(read(&mut trajectory, "a").is_some());
        assert_eq!(trajectory.rewind(), None);
    }

    #[test]
    fn it_does_not_go_back_to_before_a_file_was_changed() {
        let mut trajectory = Trajectory::default();
        for path in ["a", "b", "a", "b", "a", "b"] {
            step(&mut trajectory, "write", path, good("written"));
        }
        assert_eq!(trajectory.rewind(), Some(2 + 6 * 2));
    }

    #[test]
    fn a_journal_from_before_the_watermark_can_be_read() {
        let old: Trajectory = serde_json::from_value(json!(["0123456789abcdef"])).unwrap();
        assert_eq!((old.steps.len(), old.seen.len(), old.watermark), (1, 1, 0));
        let kept = serde_json::to_value(&old).unwrap();
        assert_eq!(serde_json::from_value::<Trajectory>(kept).unwrap(), old);
    }

    proptest! {
        #[test]
        fn who_always_brings_something_new_is_never_stuck(count in 1_u32..60) {
            let mut trajectory = Trajectory::default();
            for number in 0..count {
                let answer = good(format!("line {number}"));
                prop_assert_eq!(step(&mut trajectory, "read", "a", answer), None);
            }
        }

        #[test]
        fn who_only_repeats_is_stuck_before_long(about in prop::collection::vec(0_usize..3, 30)) {
            let mut trajectory = Trajectory::default();
            let paths = ["a", "b", "c"];
            let found = about.iter().any(|at| {
                step(&mut trajectory, "read", paths[*at], good("x")).is_some()
            });
            prop_assert!(found);
        }
    }
}

//! Going round in circles: found by the hashes of what was done and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use swarm_domain::BlobHash;

use crate::tool::{Invocation, ToolResult};

/// The longest circle that is looked for, in steps.
const MAX_PERIOD: usize = 4;
/// As often as this the same steps with the same answers are a circle.
const ROUNDS: usize = 3;

/// The steps of an attempt so far, each as a hash. The same tools with the same arguments and the same answers are the
/// same step: a file that is read again after it was changed is another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trajectory(Vec<String>);

impl Trajectory {
    /// Adds a step. Says how many steps the circle has, when there is one.
    pub(crate) fn add(&mut self, invocations: &[Invocation], results: &[ToolResult]) -> Option<usize> {
        let step: Vec<Value> = invocations
            .iter()
            .zip(results)
            .map(|(asked, answer)| serde_json::json!([asked.tool, asked.arguments, answer.ok, answer.text]))
            .collect();
        let hash = BlobHash::of(Value::from(step).to_string().as_bytes());
        self.0.push(hash.as_str()[..16].to_owned());
        let needed = MAX_PERIOD * ROUNDS;
        self.0.drain(..self.0.len().saturating_sub(needed));
        self.circle()
    }

    fn circle(&self) -> Option<usize> {
        (1..=MAX_PERIOD).find(|period| {
            let Some(start) = self.0.len().checked_sub(period * ROUNDS) else {
                return false;
            };
            let last = &self.0[start..];
            last.iter().zip(&last[*period..]).all(|(one, next)| one == next)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::ToolCode;

    fn walk(steps: &[(&str, &str)]) -> Option<usize> {
        let mut trajectory = Trajectory::default();
        let mut found = None;
        for (path, answer) in steps {
            let asked = Invocation {
                call_id: "call_1".into(),
                tool: "read".into(),
                arguments: json!({"path": path}),
            };
            found = trajectory.add(&[asked], &[ToolResult::bad(ToolCode::NotFound, *answer)]);
        }
        found
    }

    #[test]
    fn the_same_step_three_times_is_a_circle_and_twice_is_not() {
        assert_eq!(walk(&[("a", "x"), ("a", "x")]), None);
        assert_eq!(walk(&[("b", "x"), ("a", "x"), ("a", "x"), ("a", "x")]), Some(1));
    }

    #[test]
    fn a_longer_circle_is_found_too() {
        let round = [("a", "1"), ("b", "2"), ("c", "3")];
        assert_eq!(walk(&[round, round].concat()), None);
        assert_eq!(walk(&[round, round, round].concat()), Some(3));
    }

    #[test]
    fn another_answer_is_progress() {
        assert_eq!(walk(&[("a", "1"), ("a", "2"), ("a", "3"), ("a", "4")]), None);
    }
}

//! Who gets the next attempt: which kind of agent, which model, how boldly it samples.

use serde::{Deserialize, Serialize};
use swarm_domain::agent::Capability;

/// The choice for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    /// What the agent must be able to do.
    pub(crate) capability: Capability,
    /// Models in order of preference.
    pub(crate) models: Vec<String>,
    /// Thousandths of the sampling temperature added to the agent's own: the same question asked again must be able
    /// to get another answer.
    pub(crate) warmer_milli: u32,
}

/// Attempts on one model before the next model in the policy comes first.
const ATTEMPTS_PER_MODEL: u32 = 2;

/// The `number`-th attempt (from 1) at a ticket that wants `wanted`: first the author, then the fixer, which sees what
/// was found; every second attempt another model takes the lead. Who gave the same text again `repeats` times samples
/// much more boldly.
pub(crate) fn choose(number: u32, repeats: u32, wanted: Capability, policy: &[String]) -> Choice {
    let before = number.saturating_sub(1);
    let mut models = policy.to_vec();
    if !models.is_empty() {
        let lead = (before / ATTEMPTS_PER_MODEL) as usize % models.len();
        models.rotate_left(lead);
    }
    Choice {
        capability: if before == 0 { wanted } else { Capability::Fix },
        models,
        warmer_milli: (before * 100 + repeats * 300).min(700),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_two_attempts_another_model_takes_the_lead() {
        let policy = ["a".to_owned(), "b".to_owned()];
        let lead = |number| choose(number, 0, Capability::Code, &policy).models[0].clone();
        assert_eq!([lead(1), lead(2), lead(3), lead(4), lead(5)], ["a", "a", "b", "b", "a"]);
        assert_eq!(choose(1, 0, Capability::Code, &policy).capability, Capability::Code);
        assert_eq!(choose(2, 0, Capability::Code, &policy).capability, Capability::Fix);
        assert!(choose(3, 0, Capability::Code, &[]).models.is_empty());
    }
}

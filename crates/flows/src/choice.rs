//! Who gets the next attempt: which kind of agent, which model, how boldly it samples.

use swarm_domain::agent::Capability;

/// The choice for one attempt.
pub(crate) struct Choice {
    /// Models in order of preference.
    pub(crate) models: Vec<String>,
    /// Thousandths of the sampling temperature added to the agent's own: the same question asked again must be able
    /// to get another answer.
    pub(crate) warmer_milli: u32,
}

/// Attempts on one model before the next model in the policy comes first.
const ATTEMPTS_PER_MODEL: u32 = 2;

/// What the agent of the `number`-th attempt (from 1) must offer: first the author, then the fixer, which sees what was
/// found.
pub(crate) fn capability(number: u32, wanted: Capability) -> Capability {
    if number <= 1 { wanted } else { Capability::Fix }
}

/// Models and boldness of the `number`-th attempt (from 1): every second attempt another model takes the lead. Who gave
/// the same text again `repeats` times samples much more boldly.
pub(crate) fn choose(number: u32, repeats: u32, policy: &[String]) -> Choice {
    let before = number.saturating_sub(1);
    let mut models = policy.to_vec();
    if !models.is_empty() {
        let lead = (before / ATTEMPTS_PER_MODEL) as usize % models.len();
        models.rotate_left(lead);
    }
    Choice { models, warmer_milli: (before * 100 + repeats * 300).min(700) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_two_attempts_another_model_takes_the_lead() {
        let policy = ["a".to_owned(), "b".to_owned()];
        let lead = |number| choose(number, 0, &policy).models[0].clone();
        assert_eq!([lead(1), lead(2), lead(3), lead(4), lead(5)], ["a", "a", "b", "b", "a"]);
        assert_eq!(capability(1, Capability::Code), Capability::Code);
        assert_eq!(capability(2, Capability::Code), Capability::Fix);
        assert!(choose(3, 0, &[]).models.is_empty());
    }
}

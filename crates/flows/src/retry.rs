//! When to try again: 5 s, 15 s, 30 s, with jitter, and never sooner than the other side asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_domain::Entropy;

/// How often and after which waits a step is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// The waits before the second, third, … try, in milliseconds. As many tries follow the first.
    pub waits_ms: Vec<u64>,
    /// Waits are spread by up to this many percent either way, so that many failed calls do not return at once.
    pub jitter_percent: u64,
    /// A `Retry-After` longer than this is not waited for: the call counts as failed.
    pub longest_wait_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { waits_ms: vec![5_000, 15_000, 30_000], jitter_percent: 20, longest_wait_ms: 120_000 }
    }
}

impl RetryPolicy {
    /// How long to wait after the `failed`-th failure (from 1); `None` when it was the last try.
    #[must_use]
    pub fn wait(&self, failed: usize, asked: Option<Duration>, entropy: &dyn Entropy) -> Option<Duration> {
        let base = *self.waits_ms.get(failed.checked_sub(1)?)?;
        let spread = base * self.jitter_percent / 100;
        let [a, b, ..] = entropy.bytes();
        let roll = u64::from(u16::from_be_bytes([a, b]));
        let jittered = base - spread + (2 * spread * roll) / u64::from(u16::MAX);
        let asked = asked.map_or(0, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let wait = jittered.max(asked);
        (wait <= self.longest_wait_ms.max(base + spread)).then(|| Duration::from_millis(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn bytes(&self) -> [u8; 10] {
            [self.0; 10]
        }
    }

    #[test]
    fn the_waits_grow_stay_within_the_jitter_and_end() {
        let policy = RetryPolicy::default();
        for roll in [0, 128, 255] {
            for (failed, base) in [(1, 5_000.0), (2, 15_000.0), (3, 30_000.0)] {
                let wait = policy.wait(failed, None, &Fixed(roll)).unwrap().as_secs_f64() * 1_000.0;
                assert!((base * 0.8..=base * 1.2).contains(&wait), "{failed} {roll} {wait}");
            }
            assert_eq!(policy.wait(4, None, &Fixed(roll)), None);
        }
    }

    #[test]
    fn retry_after_is_honoured_unless_it_is_beyond_the_bound() {
        let policy = RetryPolicy::default();
        let wait = |secs| policy.wait(1, Some(Duration::from_secs(secs)), &Fixed(0));
        assert_eq!(wait(40), Some(Duration::from_secs(40)));
        assert_eq!(wait(1), Some(Duration::from_secs(4)));
        assert_eq!(wait(3_600), None);
    }
}

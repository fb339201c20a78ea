//! Figures: percentiles of what was measured, and this process's memory.

use std::time::Duration;

use serde::Serialize;

/// What a set of durations comes to, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// How many there are.
    pub n: usize,
    /// Half of them are shorter.
    pub p50_ms: f64,
    /// 95 of 100 are shorter.
    pub p95_ms: f64,
    /// 99 of 100 are shorter.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Sample {
    /// Sums up durations; nothing for none.
    #[must_use]
    pub fn of(mut durations: Vec<Duration>) -> Option<Self> {
        durations.sort_unstable();
        let last = durations.len().checked_sub(1)?;
        let at = |percent: usize| {
            // The nearest rank: the smallest one that so many are not longer than.
            let rank = (durations.len() * percent).div_ceil(100).saturating_sub(1);
            durations[rank.min(last)].as_secs_f64() * 1e3
        };
        Some(Self { n: durations.len(), p50_ms: at(50), p95_ms: at(95), p99_ms: at(99), max_ms: at(100) })
    }
}

/// The most memory that this process has held at once, in bytes; 0 where the system does not say.
#[must_use]
pub fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0, |kilobytes: u64| kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let sample = Sample::of((1..=100).rev().map(Duration::from_millis).collect());
        let expected = Sample { n: 100, p50_ms: 50.0, p95_ms: 95.0, p99_ms: 99.0, max_ms: 100.0 };
        assert_eq!(sample, Some(expected));
        assert_eq!(Sample::of(Vec::new()), None);
        assert_eq!(Sample::of(vec![Duration::from_millis(7)]).map(|one| one.p50_ms), Some(7.0));
    }
}

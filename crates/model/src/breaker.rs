//! The circuit breaker: a model that fails again and again is rested, then tried with a single call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long a probe will take is not known; whoever meets one may ask again soon.
const PROBING: Duration = Duration::from_secs(1);

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures: u32,
    /// Seconds that it stays open before one call is let through as a probe.
    pub open_seconds: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { failures: 5, open_seconds: 30 }
    }
}

/// What a breaker does with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Lets every call through.
    Closed,
    /// Lets none through.
    Open,
    /// Lets one through to see whether the model is back.
    HalfOpen,
}

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: DateTime<Utc> },
    HalfOpen { probing: bool },
}

/// The breaker of one model.
#[derive(Debug)]
pub(crate) struct Breaker {
    config: BreakerConfig,
    state: Mutex<State>,
}

/// Leave for one call. Dropped without a verdict (cancelled, or refused before it was sent) it changes nothing, but
/// frees the place of the probe.
#[derive(Debug)]
pub(crate) struct Admission {
    breaker: Arc<Breaker>,
    settled: bool,
}

impl Breaker {
    pub(crate) fn new(config: BreakerConfig) -> Self {
        Self { config, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Lets a call through, or says how long to wait.
    pub(crate) fn admit(self: &Arc<Self>, now: DateTime<Utc>) -> Result<Admission, Duration> {
        let mut state = self.lock();
        match &mut *state {
            State::Closed { .. } => {}
            State::Open { until } if now < *until => {
                return Err((*until - now).to_std().unwrap_or_default());
            }
            State::Open { .. } => *state = State::HalfOpen { probing: true },
            State::HalfOpen { probing: true } => return Err(PROBING),
            State::HalfOpen { probing } => *probing = true,
        }
        drop(state);
        Ok(Admission { breaker: Arc::clone(self), settled: false })
    }

    /// As [`Self::admit`], without taking the probe's place.
    pub(crate) fn peek(&self, now: DateTime<Utc>) -> Result<(), Duration> {
        match &*self.lock() {
            State::Open { until } if now < *until => Err((*until - now).to_std().unwrap_or_default()),
            State::HalfOpen { probing: true } => Err(PROBING),
            _ => Ok(()),
        }
    }

    /// What the next call would meet.
    pub(crate) fn state(&self, now: DateTime<Utc>) -> BreakerState {
        match &*self.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { until } if now < *until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// The model answered.
    pub(crate) fn succeeded(mut self) {
        self.settled = true;
        *self.breaker.lock() = State::Closed { failures: 0 };
    }

    /// The model failed.
    pub(crate) fn failed(mut self, now: DateTime<Utc>) {
        self.settled = true;
        let config = self.breaker.config;
        let mut state = self.breaker.lock();
        let opens = match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                *failures >= config.failures.max(1)
            }
            // A call that began before it opened says nothing new.
            State::Open { .. } => false,
            State::HalfOpen { .. } => true,
        };
        if opens {
            *state = State::Open { until: now + TimeDelta::seconds(i64::from(config.open_seconds)) };
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if !self.settled
            && let State::HalfOpen { probing } = &mut *self.breaker.lock()
        {
            *probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn opened() -> Arc<Breaker> {
        let breaker = Arc::new(Breaker::new(BreakerConfig { failures: 2, open_seconds: 30 }));
        for _ in 0..2 {
            breaker.admit(at(0)).unwrap().failed(at(0));
        }
        breaker
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_a_success_starts_the_count_again() {
        let breaker = Arc::new(Breaker::new(BreakerConfig { failures: 2, open_seconds: 30 }));
        breaker.admit(at(0)).unwrap().failed(at(0));
        breaker.admit(at(0)).unwrap().succeeded();
        breaker.admit(at(0)).unwrap().failed(at(0));
        assert_eq!(breaker.state(at(0)), BreakerState::Closed);
        breaker.admit(at(0)).unwrap().failed(at(0));
        assert_eq!(breaker.state(at(0)), BreakerState::Open);
        assert_eq!(breaker.admit(at(10)).unwrap_err(), Duration::from_secs(20));
    }

    #[test]
    fn half_open_it_lets_a_single_probe_through() {
        let breaker = opened();
        let probe = breaker.admit(at(30)).unwrap();
        assert!(breaker.admit(at(30)).is_err());
        probe.succeeded();
        assert_eq!(breaker.state(at(30)), BreakerState::Closed);
    }

    #[test]
    fn a_failed_probe_opens_it_again_for_the_whole_time() {
        let breaker = opened();
        breaker.admit(at(30)).unwrap().failed(at(31));
        assert_eq!(breaker.admit(at(31)).unwrap_err(), Duration::from_secs(30));
    }

    #[test]
    fn an_abandoned_probe_makes_room_for_the_next() {
        let breaker = opened();
        drop(breaker.admit(at(30)).unwrap());
        assert!(breaker.admit(at(30)).is_ok());
    }
}

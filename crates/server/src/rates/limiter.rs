//! One rate, counted for many.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{Quota, RateLimiter, clock::Clock, middleware::StateInformationMiddleware};
use swarm_domain::rate::Rate;

use super::{Policy, Standing, Subject, places::Places};

/// After so many requests what says nothing any more is forgotten. Looking through all of them costs less than as many
/// requests do.
const SWEEP: u32 = 1024;

/// Counts one rate for each of many subjects.
pub(super) struct Limiter<C: Clock> {
    rate: Rate,
    clock: C,
    counts: RateLimiter<Subject, Places, C, StateInformationMiddleware>,
    taken: AtomicU32,
}

impl<C: Clock + Clone> Limiter<C> {
    pub(super) fn new(rate: Rate, most: usize, clock: C) -> Self {
        let quota = Quota::with_period(rate.every()).unwrap_or(Quota::per_second(rate.burst()));
        let quota = quota.allow_burst(rate.burst());
        let counts =
            RateLimiter::<_, _, _, StateInformationMiddleware>::new(quota, Places::new(most), clock.clone());
        Self { rate, clock, counts, taken: AtomicU32::new(0) }
    }

    /// Counts one request.
    pub(super) fn take(&self, policy: Policy, subject: &Subject) -> Standing {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.sweep();
        }
        let rate = self.rate;
        match self.counts.check_key(subject) {
            Ok(state) => {
                let left = state.remaining_burst_capacity();
                let full_in = seconds(rate.every() * rate.burst().get().saturating_sub(left));
                Standing { policy, rate, left, full_in, wait: None }
            }
            Err(refused) => {
                let wait = seconds(refused.wait_time_from(self.clock.now())).max(1);
                Standing { policy, rate, left: 0, full_in: rate.window_seconds(), wait: Some(wait) }
            }
        }
    }

    /// Whether nobody has asked lately.
    pub(super) fn is_idle(&self) -> bool {
        self.sweep();
        self.counts.is_empty()
    }

    fn sweep(&self) {
        self.counts.retain_recent();
        self.counts.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.counts.len()
    }
}

/// In whole seconds, so that who waits them has waited enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

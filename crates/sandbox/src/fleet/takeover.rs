//! A person has a sandbox: who, since when, and until when.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use swarm_domain::sandbox::HandedBack;

use super::FleetBounds;

/// A person has a sandbox.
#[derive(Debug, Clone)]
pub(super) struct Takeover {
    pub(super) by: String,
    /// What each request of theirs must show.
    pub(super) token: String,
    pub(super) since: DateTime<Utc>,
    pub(super) commands: u64,
    began: Instant,
    renewed: Instant,
    lease: Duration,
    longest: Duration,
}

impl Takeover {
    pub(super) fn new(
        by: &str,
        token: String,
        since: DateTime<Utc>,
        now: Instant,
        bounds: &FleetBounds,
    ) -> Self {
        Self {
            by: by.to_owned(),
            token,
            since,
            commands: 0,
            began: now,
            renewed: now,
            lease: bounds.lease(),
            longest: bounds.takeover(),
        }
    }

    /// Why it is over, if it is.
    pub(super) fn over(&self, now: Instant) -> Option<HandedBack> {
        if now.duration_since(self.began) >= self.longest {
            return Some(HandedBack::TimeOver);
        }
        (now.duration_since(self.renewed) >= self.lease).then_some(HandedBack::LeaseEnded)
    }

    /// A sign of life.
    pub(super) fn renew(&mut self, now: Instant) {
        self.renewed = self.renewed.max(now);
    }

    /// How long they may still have it.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.longest.saturating_sub(now.duration_since(self.began))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn takeover(now: Instant) -> Takeover {
        let bounds = FleetBounds { lease_seconds: 30, takeover_seconds: 100, ..FleetBounds::default() };
        Takeover::new("ada", "token".to_owned(), DateTime::UNIX_EPOCH, now, &bounds)
    }

    proptest! {
        #[test]
        fn nobody_has_it_longer_than_a_lease_after_a_sign_of_life_nor_than_anybody_may(
            signs in proptest::collection::vec(0_u64..200, 0..10),
            at in 0_u64..400,
        ) {
            let began = Instant::now();
            let mut takeover = takeover(began);
            let mut last = 0;
            for sign in signs.into_iter().filter(|sign| *sign <= at) {
                takeover.renew(began + Duration::from_secs(sign));
                last = last.max(sign);
            }
            let over = takeover.over(began + Duration::from_secs(at));
            let wanted = if at >= 100 {
                Some(HandedBack::TimeOver)
            } else if at >= last + 30 {
                Some(HandedBack::LeaseEnded)
            } else {
                None
            };
            prop_assert_eq!(over, wanted);
            prop_assert_eq!(takeover.left(began + Duration::from_secs(at)).as_secs(), 100_u64.saturating_sub(at));
        }
    }
}

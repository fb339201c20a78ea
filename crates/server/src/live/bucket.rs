//! How many messages a client may send: a token bucket. Pure: the time is passed in.

use std::time::Duration;

/// A message costs this much.
const MESSAGE: u64 = 1_000_000;

/// A bucket that fills by `rate` messages a second up to `burst`.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    rate: u64,
    full: u64,
    level: u64,
    /// When the level was true, on the clock of who asks.
    at: Duration,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: u32, burst: u32, now: Duration) -> Self {
        let full = u64::from(burst.max(1)) * MESSAGE;
        Self { rate: u64::from(rate.max(1)), full, level: full, at: now }
    }

    /// Takes a message's worth, or says after how long there is one. A clock that goes back fills nothing.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        if let Some(left) = self.level.checked_sub(MESSAGE) {
            self.level = left;
            return Ok(());
        }
        Err(Duration::from_micros((MESSAGE - self.level).div_ceil(self.rate)))
    }

    /// How many messages are left.
    pub(crate) fn left(&mut self, now: Duration) -> u32 {
        self.fill(now);
        u32::try_from(self.level / MESSAGE).unwrap_or(u32::MAX)
    }

    fn fill(&mut self, now: Duration) {
        let micros = u64::try_from(now.saturating_sub(self.at).as_micros()).unwrap_or(u64::MAX);
        self.level = self.level.saturating_add(micros.saturating_mul(self.rate)).min(self.full);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_is_let_through_then_twenty_a_second() {
        let mut bucket = Bucket::new(20, 40, ms(0));
        assert!((0..40).all(|_| bucket.take(ms(0)).is_ok()));
        assert_eq!(bucket.take(ms(0)), Err(ms(50)));
        assert_eq!(bucket.take(ms(49)), Err(ms(1)));
        assert_eq!(bucket.take(ms(50)), Ok(()));
        assert_eq!((bucket.left(ms(150)), bucket.left(ms(100_000))), (2, 40));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = Bucket::new(20, 1, ms(1000));
        assert_eq!(bucket.take(ms(1000)), Ok(()));
        assert_eq!(bucket.take(ms(0)), Err(ms(50)));
        assert_eq!(bucket.take(ms(1049)), Err(ms(1)));
        assert_eq!(bucket.take(Duration::MAX), Ok(()));
    }

    proptest! {
        #[test]
        fn in_no_stretch_of_time_more_pass_than_rate_and_burst(
            rate in 1_u32..100, burst in 1_u32..100, steps in prop::collection::vec(0_u64..500, 1..200)
        ) {
            let mut bucket = Bucket::new(rate, burst, ms(0));
            let (mut now, mut passed) = (0, 0_u64);
            for step in steps {
                now += step;
                passed += u64::from(bucket.take(ms(now)).is_ok());
                prop_assert!(passed * 1000 <= u64::from(burst) * 1000 + u64::from(rate) * now);
            }
        }

        #[test]
        fn who_waits_as_long_as_it_was_told_is_let_through(rate in 1_u32..1000, burst in 1_u32..50, taken in 1_u32..60) {
            let mut bucket = Bucket::new(rate, burst, ms(0));
            for _ in 0..taken {
                if let Err(wait) = bucket.take(ms(0)) {
                    prop_assert_eq!(bucket.take(wait), Ok(()));
                    break;
                }
            }
        }
    }
}

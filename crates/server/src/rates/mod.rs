//! How often anybody may ask, by the generic cell rate algorithm of the `governor` crate. In memory, of this server alone;
//! what guards passwords is counted in the database, for every node (`swarm_store::Store::throttle`).
//!
//! - [`policy`] says what is counted and by whom, [`limiter`] counts one rate for many,
//! - [`places`] holds a bounded number of counts, [`fields`] writes what is left into an answer.

pub(crate) mod fields;
mod limiter;
mod places;
pub(crate) mod policy;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use governor::clock::{Clock, MonotonicClock};
use swarm_domain::rate::{Rate, RateLimit};

pub(crate) use policy::{Policy, Standing, Subject};

use crate::config::RateLimits;
use limiter::Limiter;

/// How many different rates of keys are counted apart at once.
const MAX_OWN_RATES: usize = 256;

/// Every count of this server.
pub(crate) struct Rates<C: Clock = MonotonicClock> {
    limits: RateLimits,
    clock: C,
    /// One for each limit that there is, in the order of [`Policy::ALL`].
    house: Vec<Option<Limiter<C>>>,
    /// For keys with a rate of their own.
    own: Mutex<BTreeMap<Rate, Arc<Limiter<C>>>>,
}

impl Rates {
    /// Counts that begin now.
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self::by(limits, MonotonicClock)
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn by(limits: RateLimits, clock: C) -> Self {
        let limiter = |policy: Policy| {
            let RateLimit(rate) = policy.of(&limits);
            rate.map(|rate| Limiter::new(rate, limits.max_subjects, clock.clone()))
        };
        let house = Policy::ALL.map(limiter).into();
        Self { house, limits, clock, own: Mutex::default() }
    }

    /// What every limit is.
    pub(crate) fn limits(&self) -> &RateLimits {
        &self.limits
    }

    /// Counts one request of this subject, where a limit holds for it.
    pub(crate) fn take(&self, subject: &Subject, own: Option<Rate>) -> Option<Standing> {
        let policy = subject.policy();
        if let Some(limiter) = own.and_then(|rate| self.own(rate)) {
            return Some(limiter.take(policy, subject));
        }
        let house = Policy::ALL.iter().position(|one| *one == policy).and_then(|at| self.house.get(at));
        house?.as_ref().map(|limiter| limiter.take(policy, subject))
    }

    /// What counts this rate; none where too many different ones are in use, and then the limit of every key holds.
    fn own(&self, rate: Rate) -> Option<Arc<Limiter<C>>> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = own.get(&rate) {
            return Some(Arc::clone(limiter));
        }
        if own.len() >= MAX_OWN_RATES {
            own.retain(|_, limiter| !limiter.is_idle());
        }
        if own.len() >= MAX_OWN_RATES {
            return None;
        }
        let limiter = Arc::new(Limiter::new(rate, self.limits.max_subjects, self.clock.clone()));
        own.insert(rate, Arc::clone(&limiter));
        Some(limiter)
    }
}

impl<C: Clock> fmt::Debug for Rates<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, time::Duration};

    use governor::clock::FakeRelativeClock;
    use swarm_domain::identity::KeyId;

    use super::*;

    fn rates(limits: RateLimits) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Rates::by(limits, clock.clone()), clock)
    }

    fn from(address: &str) -> Subject {
        Subject::address(address.parse::<IpAddr>().unwrap())
    }

    fn key(id: &str) -> Subject {
        Subject::Key(KeyId::parse(id).unwrap())
    }

    fn limit(text: &str) -> RateLimit {
        text.parse().unwrap()
    }

    #[test]
    fn so_many_pass_at_once_then_as_many_as_are_given_back() {
        let (rates, clock) = rates(RateLimits { key: limit("100/min burst 3"), ..RateLimits::default() });
        let take = || rates.take(&key("key_1"), None).unwrap();
        let passed: Vec<_> = (0..3).map(|_| take()).collect();
        assert!(passed.iter().all(|standing| standing.wait.is_none()));
        assert_eq!(passed.iter().map(|standing| standing.left).collect::<Vec<_>>(), [2, 1, 0]);
        assert_eq!((take().wait, take().left), (Some(1), 0));
        clock.advance(Duration::from_millis(599));
        assert!(take().wait.is_some());
        clock.advance(Duration::from_millis(1));
        assert!(take().wait.is_none() && take().wait.is_some());
        // Another's count is another's.
        assert!(rates.take(&key("key_2"), None).unwrap().wait.is_none());
        // Who waits as long as they were told is let through.
        let wait = take().wait.unwrap();
        clock.advance(Duration::from_secs(wait));
        assert!(take().wait.is_none());
    }

    #[test]
    fn where_no_limit_is_set_nothing_is_counted() {
        let (rates, _) = rates(RateLimits { key: limit("none"), ..RateLimits::default() });
        assert!((0..1000).all(|_| rates.take(&key("key_1"), None).is_none()));
        assert!(rates.take(&Subject::Operator, None).is_none(), "as it is by default");
    }

    #[test]
    fn a_key_with_a_rate_of_its_own_is_held_to_that_one() {
        let (rates, _) = rates(RateLimits::default());
        let own = Some("2/min".parse().unwrap());
        let waits = (0..3).map(|_| rates.take(&key("key_1"), own).unwrap().wait);
        assert_eq!(waits.collect::<Vec<_>>(), [None, None, Some(30)]);
        assert!(rates.take(&key("key_2"), None).unwrap().left > 2);
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory_and_stops_nobody_who_was_there() {
        let limits =
            RateLimits { address: limit("60/min burst 5"), max_subjects: 100, ..RateLimits::default() };
        let (rates, clock) = rates(limits);
        assert_eq!(rates.take(&from("192.0.2.1"), None).unwrap().left, 4);
        let mut refused = 0;
        for number in 0..50_000_u32 {
            let address = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
            refused += u32::from(rates.take(&Subject::address(address), None).unwrap().wait.is_some());
        }
        let held = rates.house[0].as_ref().unwrap().held();
        assert!(held <= 100, "{held}");
        // Those for whom there is no place share one count.
        assert_eq!(refused, 50_000 - 99 - 5);
        assert_eq!(rates.take(&from("192.0.2.1"), None).unwrap().left, 3);
        clock.advance(Duration::from_mins(1));
        for _ in 0..2000 {
            rates.take(&from("192.0.2.1"), None);
        }
        assert_eq!(rates.house[0].as_ref().unwrap().held(), 1, "what says nothing any more is forgotten");
    }

    #[test]
    fn a_flood_of_rates_takes_bounded_memory_too() {
        let (rates, _) = rates(RateLimits::default());
        for count in 1..=2 * u32::try_from(MAX_OWN_RATES).unwrap() {
            rates.take(&key("key_1"), Some(format!("{count}/h").parse().unwrap())).unwrap();
        }
        assert!(rates.own.lock().unwrap().len() <= MAX_OWN_RATES);
    }

    #[test]
    fn the_addresses_of_one_network_of_ipv6_are_one() {
        assert_eq!(from("2001:db8:1:2::1"), from("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(from("2001:db8:1:2::1"), from("2001:db8:1:3::1"));
        assert_eq!(from("::ffff:192.0.2.7"), from("192.0.2.7"));
        assert_ne!(from("192.0.2.7"), from("192.0.2.8"));
    }
}

//! How many calls a model gets at once: halved when it says 429, grown back by one for each window of good answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Bounds of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimiterConfig {
    /// Calls at once to begin with.
    pub initial: u32,
    /// Calls at once at the most.
    pub max: u32,
    /// Calls that may wait for their turn; one more is refused as rate limited.
    pub max_waiting: u32,
    /// Seconds that a call waits for its turn at the most.
    pub wait_seconds: u32,
}

impl Default for LimiterConfig {
    fn default() -> Self {
        Self { initial: 8, max: 32, max_waiting: 1_000, wait_seconds: 600 }
    }
}

/// A window is counted in thousandths so that it can grow by less than one.
const WHOLE: u64 = 1_000;

#[derive(Debug)]
struct Window {
    size: u64,
    in_flight: u32,
    waiting: u32,
    /// Counts the halvings: of a burst of 429s only the first halves, for the others began before it.
    generation: u64,
    resting_until: Option<DateTime<Utc>>,
}

/// The limiter of one model.
#[derive(Debug)]
pub(crate) struct Limiter {
    config: LimiterConfig,
    window: Mutex<Window>,
    turn: Notify,
}

/// A place in the window; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    limiter: Arc<Limiter>,
    generation: u64,
}

/// Why a call got no place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// The provider asked for rest, so long still.
    Resting(Duration),
    /// Too many wait already.
    QueueFull,
    /// It waited for so long in vain.
    WaitedTooLong(Duration),
}

/// What the limiter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimiterState {
    pub(crate) window: u32,
    pub(crate) in_flight: u32,
    pub(crate) waiting: u32,
    pub(crate) resting: Option<Duration>,
}

impl Limiter {
    pub(crate) fn new(config: LimiterConfig) -> Self {
        let max = config.max.max(1);
        let size = u64::from(config.initial.clamp(1, max)) * WHOLE;
        Self {
            config: LimiterConfig { max, ..config },
            window: Mutex::new(Window { size, in_flight: 0, waiting: 0, generation: 0, resting_until: None }),
            turn: Notify::new(),
        }
    }

    /// Waits for a place. Does not wait out a rest that the provider asked for: the caller has another model or a
    /// durable timer for that.
    pub(crate) async fn acquire(self: &Arc<Self>, now: DateTime<Utc>) -> Result<Place, NoPlace> {
        if let Some(rest) = self.resting(now) {
            return Err(NoPlace::Resting(rest));
        }
        if let Some(place) = self.try_acquire() {
            return Ok(place);
        }
        let _waiting = Waiting::join(self).ok_or(NoPlace::QueueFull)?;
        let patience = Duration::from_secs(u64::from(self.config.wait_seconds));
        tokio::time::timeout(patience, async {
            loop {
                // Registered before the look, so that a place freed in between is not missed.
                let mut turn = std::pin::pin!(self.turn.notified());
                turn.as_mut().enable();
                if let Some(place) = self.try_acquire() {
                    return place;
                }
                turn.await;
            }
        })
        .await
        .map_err(|_| NoPlace::WaitedTooLong(patience))
    }

    /// How much of the asked-for rest is left.
    pub(crate) fn resting(&self, now: DateTime<Utc>) -> Option<Duration> {
        let until = self.lock().resting_until?;
        (until - now).to_std().ok().filter(|rest| !rest.is_zero())
    }

    pub(crate) fn state(&self, now: DateTime<Utc>) -> LimiterState {
        let resting = self.resting(now);
        let window = self.lock();
        LimiterState {
            window: whole(window.size),
            in_flight: window.in_flight,
            waiting: window.waiting,
            resting,
        }
    }

    fn try_acquire(self: &Arc<Self>) -> Option<Place> {
        let mut window = self.lock();
        if window.in_flight >= whole(window.size) {
            return None;
        }
        window.in_flight += 1;
        Some(Place { limiter: Arc::clone(self), generation: window.generation })
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The call was answered: the window grows by one for each whole window of such calls.
    pub(crate) fn answered(self) {
        let mut window = self.limiter.lock();
        let grown = window.size + (WHOLE * WHOLE / window.size).max(1);
        window.size = grown.min(u64::from(self.limiter.config.max) * WHOLE);
    }

    /// The provider said 429: the window is halved, and rests as long as the provider asks.
    pub(crate) fn throttled(self, retry_after: Option<Duration>, now: DateTime<Utc>) {
        let mut window = self.limiter.lock();
        if window.generation == self.generation {
            window.size = (window.size / 2).max(WHOLE);
            window.generation += 1;
        }
        let rest = retry_after.and_then(|rest| TimeDelta::from_std(rest).ok());
        if let Some(until) = rest.and_then(|rest| now.checked_add_signed(rest)) {
            window.resting_until = Some(window.resting_until.map_or(until, |old| old.max(until)));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut window = self.limiter.lock();
        window.in_flight = window.in_flight.saturating_sub(1);
        drop(window);
        self.limiter.turn.notify_waiters();
    }
}

/// Counted among those who wait, until dropped.
struct Waiting<'a>(&'a Limiter);

impl<'a> Waiting<'a> {
    fn join(limiter: &'a Limiter) -> Option<Self> {
        let mut window = limiter.lock();
        if window.waiting >= limiter.config.max_waiting {
            return None;
        }
        window.waiting += 1;
        Some(Self(limiter))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

fn whole(size: u64) -> u32 {
    u32::try_from(size / WHOLE).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn limiter(initial: u32, max: u32) -> Arc<Limiter> {
        Arc::new(Limiter::new(LimiterConfig { initial, max, ..LimiterConfig::default() }))
    }

    #[tokio::test]
    async fn a_burst_of_429s_halves_the_window_once_and_answers_grow_it_back_by_one_each_window() {
        let limiter = limiter(8, 16);
        let mut places = Vec::new();
        for _ in 0..8 {
            places.push(limiter.acquire(at(0)).await.unwrap());
        }
        for place in places {
            place.throttled(None, at(0));
        }
        assert_eq!(limiter.state(at(0)).window, 4);
        for _ in 0..5 {
            limiter.acquire(at(0)).await.unwrap().answered();
        }
        assert_eq!(limiter.state(at(0)).window, 5);
        for _ in 0..10 {
            limiter.acquire(at(0)).await.unwrap().throttled(None, at(0));
        }
        assert_eq!(limiter.state(at(0)).window, 1, "one call always gets through");
    }

    #[tokio::test]
    async fn it_never_grows_past_its_bound() {
        let limiter = limiter(2, 3);
        for _ in 0..100 {
            limiter.acquire(at(0)).await.unwrap().answered();
        }
        assert_eq!(limiter.state(at(0)).window, 3);
    }

    #[tokio::test]
    async fn a_rest_that_the_provider_asked_for_is_answered_at_once_and_ends() {
        let limiter = limiter(2, 3);
        limiter.acquire(at(0)).await.unwrap().throttled(Some(Duration::from_secs(7)), at(0));
        assert_eq!(limiter.acquire(at(2)).await.unwrap_err(), NoPlace::Resting(Duration::from_secs(5)));
        assert!(limiter.acquire(at(7)).await.is_ok());
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_place_that_is_freed_and_a_full_queue_is_refused() {
        let config = LimiterConfig { initial: 1, max: 1, max_waiting: 1, ..LimiterConfig::default() };
        let limiter = Arc::new(Limiter::new(config));
        let first = limiter.acquire(at(0)).await.unwrap();
        let mut second = std::pin::pin!(limiter.acquire(at(0)));
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert_eq!(limiter.acquire(at(0)).await.unwrap_err(), NoPlace::QueueFull);
        drop(first);
        assert!(second.await.is_ok());
        assert_eq!(limiter.state(at(0)).waiting, 0);
    }
}

//! How many machines to have ready before they are asked for.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Takes of this last time make the demand.
const LOOK_BACK: Duration = Duration::from_secs(20);

/// When none was taken for so long, none is kept ready.
const IDLE: Duration = Duration::from_mins(5);

/// No more takes than these are remembered.
const REMEMBERED: usize = 256;

/// When machines of one template were taken.
#[derive(Debug, Default)]
pub(super) struct Demand {
    takes: VecDeque<Instant>,
}

impl Demand {
    /// One was taken.
    pub(super) fn taken(&mut self, now: Instant) {
        if self.takes.len() == REMEMBERED {
            self.takes.pop_front();
        }
        self.takes.push_back(now);
    }

    /// How many to have ready: half as many as were just taken, at least one while there is work, none when there is
    /// none; and never more than `most`.
    pub(super) fn wanted(&self, now: Instant, most: usize) -> usize {
        let Some(last) = self.takes.back() else {
            return 0;
        };
        if now.saturating_duration_since(*last) >= IDLE {
            return 0;
        }
        let recent =
            self.takes.iter().filter(|take| now.saturating_duration_since(**take) < LOOK_BACK).count();
        recent.div_ceil(2).clamp(1, most.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_ready_follows_what_was_taken() {
        let (began, mut demand) = (Instant::now(), Demand::default());
        assert_eq!(demand.wanted(began, 8), 0, "nobody asked yet");
        for _ in 0..6 {
            demand.taken(began);
        }
        assert_eq!(demand.wanted(began, 8), 3);
        assert_eq!(demand.wanted(began, 2), 2, "never more than the most");
        assert_eq!(demand.wanted(began + LOOK_BACK, 8), 1, "less work");
        assert_eq!(demand.wanted(began + IDLE, 8), 0, "no work");
    }

    #[test]
    fn what_it_remembers_is_bounded() {
        let (began, mut demand) = (Instant::now(), Demand::default());
        for _ in 0..10_000 {
            demand.taken(began);
        }
        assert_eq!(demand.takes.len(), REMEMBERED);
        assert_eq!(demand.wanted(began, 16), 16);
    }
}

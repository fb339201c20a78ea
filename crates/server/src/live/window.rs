//! The latest events, in memory, without gaps between them.

use std::{collections::VecDeque, sync::Arc};

use super::happened::Happened;

/// How many events are held, and how many bytes of their text.
const HELD: (usize, usize) = (1024, 8 << 20);

/// The latest events.
#[derive(Debug, Default)]
pub(crate) struct Window {
    events: VecDeque<Arc<Happened>>,
    bytes: usize,
}

impl Window {
    /// How many events are held at most.
    pub(crate) const EVENTS: u64 = HELD.0 as u64;

    /// The newest.
    pub(crate) fn last(&self) -> Option<Arc<Happened>> {
        self.events.back().cloned()
    }

    fn newest(&self) -> Option<u64> {
        self.events.back().map(|happened| happened.position())
    }

    /// Takes the next event up. One that does not follow the newest begins a window of its own.
    pub(crate) fn take(&mut self, happened: Arc<Happened>) {
        if self.newest().is_some_and(|newest| newest + 1 != happened.position()) {
            *self = Self::default();
        }
        self.bytes += happened.json().len();
        self.events.push_back(happened);
        while self.events.len() > 1 && (self.events.len() > HELD.0 || self.bytes > HELD.1) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.json().len();
            }
        }
    }

    /// Up to `most` events behind a position; nothing where the window does not reach back so far.
    pub(crate) fn behind(&self, position: u64, most: usize) -> Option<Vec<Arc<Happened>>> {
        let oldest = self.events.front()?.position();
        if position.saturating_add(1) < oldest {
            return None;
        }
        let skip = usize::try_from(position.saturating_add(1) - oldest).unwrap_or(usize::MAX);
        Some(self.events.iter().skip(skip).take(most).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::happened::tests::note;

    fn positions(window: &Window, behind: u64, most: usize) -> Option<Vec<u64>> {
        let found = window.behind(behind, most)?;
        Some(found.iter().map(|happened| happened.position()).collect())
    }

    #[test]
    fn who_is_too_far_behind_is_not_told_half_of_it() {
        let mut window = Window::default();
        assert_eq!(positions(&window, 0, 9), None);
        (5..=7).for_each(|seq| window.take(Arc::new(note(seq, 0))));
        assert_eq!(positions(&window, 3, 9), None);
        assert_eq!(positions(&window, 4, 9), Some(vec![5, 6, 7]));
        assert_eq!(positions(&window, 5, 1), Some(vec![6]));
        assert_eq!(positions(&window, 7, 9), Some(vec![]));
        assert_eq!(positions(&window, u64::MAX, 9), Some(vec![]));
    }

    #[test]
    fn neither_many_nor_large_events_fill_the_memory() {
        let mut window = Window::default();
        (1..=2000).for_each(|seq| window.take(Arc::new(note(seq, 0))));
        assert_eq!((window.events.len(), positions(&window, 975, 1)), (1024, None));
        (2001..=2020).for_each(|seq| window.take(Arc::new(note(seq, 1 << 20))));
        assert!(window.bytes <= HELD.1 && window.events.len() < 10);
        assert_eq!(window.bytes, window.events.iter().map(|happened| happened.json().len()).sum::<usize>());
    }

    #[test]
    fn a_hole_is_never_covered_up() {
        let mut window = Window::default();
        window.take(Arc::new(note(1, 0)));
        window.take(Arc::new(note(3, 0)));
        assert_eq!(positions(&window, 1, 9), None);
        assert_eq!(positions(&window, 2, 9), Some(vec![3]));
    }
}

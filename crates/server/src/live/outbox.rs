//! What waits for a connection that does not take it: bounded, and honest about what is left out. Pure.
//!
//! When it is full, first a state that a later one replaces makes room, then the oldest event does; either is told by a
//! gap, which goes out before anything else. When as many events were dropped as it holds, the client is too slow.

use std::{collections::VecDeque, sync::Arc};

use axum::extract::ws::Message;

use super::{happened::Happened, meter::Sent};

/// What waits.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    bound: usize,
    gap: Option<Gap>,
    /// Everything up to here was taken by the connection, or was not for it.
    taken: u64,
}

/// One thing that waits.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// An event.
    Event {
        /// It.
        happened: Arc<Happened>,
        /// Whether it is new, and not sent again or from before.
        fresh: bool,
    },
    /// Anything else, as it will be sent.
    Told(Sent, Message),
}

/// What is to go out next.
#[derive(Debug)]
pub(crate) enum Next {
    /// What was left out.
    Gap(Gap),
    /// What waited.
    Waiting(Waiting),
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// All up to here was sent.
    pub(crate) after: u64,
    /// The last that was left out.
    pub(crate) until: u64,
    /// States that a later one replaces.
    pub(crate) superseded: u64,
    /// Events that nothing replaces.
    pub(crate) dropped: u64,
}

impl Outbox {
    /// An empty one that holds up to `bound` things, for a client that has seen all up to `position`.
    pub(crate) fn new(bound: usize, position: u64) -> Self {
        Self { waiting: VecDeque::new(), bound: bound.max(1), gap: None, taken: position }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= self.bound
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.gap.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many states were replaced, and events dropped, that no gap was sent for yet.
    pub(crate) fn left_out(&self) -> [usize; 2] {
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        self.gap.map_or([0, 0], |gap| [count(gap.superseded), count(gap.dropped)])
    }

    /// Where a client that was sent nothing more would go on.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// The connection has taken all that waited, and what follows up to a position is not for it.
    pub(crate) fn passed(&mut self, position: u64) {
        if self.is_empty() {
            self.taken = self.taken.max(position);
        }
    }

    /// Begins anew behind a position: what waits is sent again from there.
    pub(crate) fn rewind(&mut self, position: u64) {
        self.waiting.retain(|waiting| matches!(waiting, Waiting::Told(..)));
        self.gap = None;
        self.taken = position;
    }

    /// Puts an answer behind what waits. It is small, and the client asked for it: it always finds room.
    pub(crate) fn tell(&mut self, kind: Sent, message: Message) {
        self.waiting.push_back(Waiting::Told(kind, message));
    }

    /// Puts an event behind what waits, and makes room for it where there is none. False where so many were dropped that
    /// the client is too slow.
    pub(crate) fn push(&mut self, happened: Arc<Happened>, fresh: bool) -> bool {
        if self.is_full() {
            self.supersede(&happened);
        }
        if self.is_full() {
            self.drop_oldest();
        }
        self.waiting.push_back(Waiting::Event { happened, fresh });
        let bound = u64::try_from(self.bound).unwrap_or(u64::MAX);
        self.gap.is_none_or(|gap| gap.dropped <= bound)
    }

    /// What is to go out next.
    pub(crate) fn pop(&mut self) -> Option<Next> {
        if let Some(gap) = self.gap.take() {
            return Some(Next::Gap(gap));
        }
        let next = self.waiting.pop_front()?;
        if let Waiting::Event { happened, .. } = &next {
            self.taken = happened.position();
        }
        Some(Next::Waiting(next))
    }

    /// Takes out the oldest state that `newest` or one that waits behind it replaces.
    fn supersede(&mut self, newest: &Happened) {
        let state = |waiting: &Waiting| match waiting {
            Waiting::Event { happened, .. } => happened.state().map(str::to_owned),
            Waiting::Told(..) => None,
        };
        let states: Vec<Option<String>> = self.waiting.iter().map(state).collect();
        let replaced = |place: &usize| {
            let Some(Some(state)) = states.get(*place) else { return false };
            newest.state() == Some(state)
                || states.iter().skip(place + 1).flatten().any(|later| later == state)
        };
        if let Some(place) = (0..states.len()).find(replaced) {
            self.leave_out(place, true);
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(place) = self.waiting.iter().position(|waiting| matches!(waiting, Waiting::Event { .. }))
        {
            self.leave_out(place, false);
        }
    }

    fn leave_out(&mut self, place: usize, superseded: bool) {
        let Some(Waiting::Event { happened, .. }) = self.waiting.remove(place) else { return };
        let gap = self.gap.get_or_insert(Gap { after: self.taken, until: 0, superseded: 0, dropped: 0 });
        gap.until = gap.until.max(happened.position());
        *(if superseded { &mut gap.superseded } else { &mut gap.dropped }) += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::live::happened::tests::{note, working};

    fn positions(outbox: &mut Outbox) -> (Option<Gap>, Vec<u64>) {
        let (mut gap, mut sent) = (None, Vec::new());
        while let Some(next) = outbox.pop() {
            match next {
                Next::Gap(found) => gap = Some(found),
                Next::Waiting(Waiting::Event { happened, .. }) => sent.push(happened.position()),
                Next::Waiting(Waiting::Told(..)) => {}
            }
        }
        (gap, sent)
    }

    #[test]
    fn a_state_that_a_later_one_replaces_makes_room_before_anything_is_dropped() {
        let mut outbox = Outbox::new(3, 10);
        assert!(outbox.push(Arc::new(note(11, 0)), true));
        assert!(outbox.push(Arc::new(working(12, "T-1")), true));
        assert!(outbox.push(Arc::new(working(13, "T-2")), true));
        assert!(outbox.push(Arc::new(working(14, "T-1")), true));
        let gap = Gap { after: 10, until: 12, superseded: 1, dropped: 0 };
        assert_eq!(positions(&mut outbox), (Some(gap), vec![11, 13, 14]));
        assert_eq!(outbox.taken(), 14);
    }

    #[test]
    fn then_the_oldest_goes_and_a_whole_queue_lost_is_too_slow() {
        let mut outbox = Outbox::new(2, 0);
        let kept: Vec<bool> = (1..=5).map(|seq| outbox.push(Arc::new(note(seq, 0)), true)).collect();
        assert_eq!(kept, [true, true, true, true, false]);
        // Who was cut off goes on where it was, not behind the gap.
        assert_eq!(outbox.taken(), 0);
        let gap = Gap { after: 0, until: 3, superseded: 0, dropped: 3 };
        assert_eq!(positions(&mut outbox), (Some(gap), vec![4, 5]));
    }

    #[test]
    fn an_answer_is_never_dropped() {
        let mut outbox = Outbox::new(1, 0);
        outbox.tell(Sent::Pong, Message::Text("{}".into()));
        assert!(outbox.push(Arc::new(note(1, 0)), true));
        assert!(outbox.push(Arc::new(note(2, 0)), true));
        let told = std::iter::from_fn(|| outbox.pop());
        assert_eq!(told.filter(|next| matches!(next, Next::Waiting(Waiting::Told(..)))).count(), 1);
    }

    #[test]
    fn what_is_sent_again_replaces_what_waited() {
        let mut outbox = Outbox::new(1, 0);
        for seq in 1..=2 {
            outbox.push(Arc::new(note(seq, 0)), true);
        }
        outbox.rewind(0);
        assert!(outbox.is_empty());
        outbox.push(Arc::new(note(1, 0)), false);
        assert_eq!(positions(&mut outbox), (None, vec![1]));
    }

    proptest! {
        #[test]
        fn every_event_is_sent_in_order_or_counted_in_a_gap(
            bound in 1_usize..8, steps in prop::collection::vec((0_u8..4, any::<bool>()), 1..80)
        ) {
            let mut outbox = Outbox::new(bound, 0);
            let (mut seq, mut sent, mut left_out) = (0, Vec::new(), 0);
            let mut take = |outbox: &mut Outbox, all: bool, sent: &mut Vec<u64>| {
                while let Some(next) = outbox.pop() {
                    match next {
                        Next::Gap(gap) => left_out += gap.superseded + gap.dropped,
                        Next::Waiting(Waiting::Event { happened, .. }) => sent.push(happened.position()),
                        Next::Waiting(Waiting::Told(..)) => {}
                    }
                    if !all {
                        break;
                    }
                }
            };
            for (what, pop) in steps {
                seq += 1;
                let happened = if what == 0 { note(seq, 0) } else { working(seq, &format!("T-{what}")) };
                outbox.push(Arc::new(happened), true);
                prop_assert!(outbox.len() <= bound);
                if pop {
                    take(&mut outbox, false, &mut sent);
                }
            }
            take(&mut outbox, true, &mut sent);
            prop_assert!(sent.is_sorted());
            prop_assert_eq!(u64::try_from(sent.len()).unwrap() + left_out, seq);
            prop_assert_eq!(sent.last(), Some(&seq));
        }
    }
}

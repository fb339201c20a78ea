//! What is to be said to the host, in order, by whoever has something to say.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use swarm_guest::{
    message::{Failed, FromGuest},
    protocol::Frame,
};

/// Frames that wait. Whoever brings one more waits too: a command that floods a slow stream is slowed down by it.
const LONGEST: usize = 16;

/// The queue between those who speak and the stream.
#[derive(Debug, Default)]
pub struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    /// No session, or one that was not greeted: what is said is lost.
    deaf: bool,
    /// Frozen: what waits stays until the next session.
    shut: bool,
    /// The number of this session; a writer of an earlier one ends.
    session: u64,
    /// The last frame before the freeze.
    farewell: Option<Frame>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something; waits while too much waits already.
    pub fn send(&self, frame: Frame) {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.frames.len() >= LONGEST && !state.deaf)
            .unwrap_or_else(PoisonError::into_inner);
        if !state.deaf {
            state.frames.push_back(frame);
            self.changed.notify_all();
        }
    }

    /// Says a message.
    pub fn say(&self, channel: u32, message: &FromGuest) {
        // Everything that is said here is far below the longest frame.
        if let Ok(frame) = message.frame(channel) {
            self.send(frame);
        }
    }

    /// Says that something cannot be done.
    pub fn fail(&self, channel: u32, failed: Failed) {
        self.say(channel, &FromGuest::Failed(failed));
    }

    /// Begins to write to another stream: nothing before the greeting. The number is the session's.
    pub fn open(&self) -> u64 {
        let mut state = self.lock();
        state.session += 1;
        state.deaf = !state.shut;
        self.changed.notify_all();
        state.session
    }

    /// The greeting goes before all that waits, and what waited since a freeze may go.
    pub fn greet(&self, greeting: Vec<Frame>) {
        let mut state = self.lock();
        greeting.into_iter().rev().for_each(|frame| state.frames.push_front(frame));
        (state.shut, state.deaf) = (false, false);
        self.changed.notify_all();
    }

    /// Says this as the last thing, before all that waits, and then nothing.
    pub fn freeze(&self, farewell: Frame) {
        self.lock().farewell = Some(farewell);
        self.changed.notify_all();
    }

    /// The session is over. Unless it was frozen, nobody hears what is said.
    pub fn close(&self) {
        let mut state = self.lock();
        state.session += 1;
        if !state.shut {
            state.deaf = true;
            state.frames.clear();
        }
        self.changed.notify_all();
    }

    /// Writes what is said in a session until that is over or the stream breaks.
    pub fn write(&self, session: u64, stream: &mut impl Write) -> io::Result<()> {
        while let Some(frame) = self.next(session) {
            stream.write_all(&frame.encode().map_err(io::Error::other)?)?;
            stream.flush()?;
        }
        Ok(())
    }

    fn next(&self, session: u64) -> Option<Frame> {
        let idle = |state: &mut State| {
            let nothing = state.farewell.is_none() && (state.shut || state.frames.is_empty());
            state.session == session && nothing
        };
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        if state.session != session {
            return None;
        }
        let farewell = state.farewell.take();
        state.shut |= farewell.is_some();
        let frame = farewell.or_else(|| state.frames.pop_front());
        self.changed.notify_all();
        frame
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use swarm_guest::protocol::Kind;

    use super::*;

    fn frame(channel: u32) -> Frame {
        Frame::data(Kind::Stdout, channel, b"x")
    }

    #[test]
    fn after_the_farewell_nothing_goes_until_the_next_greeting_and_nothing_is_lost() {
        let outbox = Outbox::default();
        let session = outbox.open();
        outbox.greet(Vec::new());
        outbox.send(frame(1));
        outbox.freeze(frame(99));
        assert_eq!(outbox.next(session).map(|frame| frame.channel), Some(99));
        outbox.send(frame(2));
        outbox.close();
        let session = outbox.open();
        outbox.greet(vec![frame(50), frame(51)]);
        let said: Vec<_> = (0..4).filter_map(|_| outbox.next(session)).map(|frame| frame.channel).collect();
        assert_eq!(said, [50, 51, 1, 2]);
    }

    #[test]
    fn who_speaks_to_nobody_is_not_held_up() {
        let outbox = Outbox::default();
        let session = outbox.open();
        outbox.greet(Vec::new());
        outbox.send(frame(1));
        outbox.close();
        (0..100).for_each(|_| outbox.send(frame(2)));
        assert_eq!(outbox.next(session), None, "the writer of the old session ends");
        let session = outbox.open();
        outbox.send(frame(3));
        outbox.greet(vec![frame(50)]);
        outbox.send(frame(4));
        let said: Vec<_> = (0..2).filter_map(|_| outbox.next(session)).map(|frame| frame.channel).collect();
        assert_eq!(said, [50, 4], "what was said before the greeting was not meant for this session");
    }

    #[test]
    fn who_says_more_than_is_taken_waits() {
        let outbox = Arc::new(Outbox::default());
        let session = outbox.open();
        outbox.greet(Vec::new());
        let speaker = Arc::clone(&outbox);
        let speaking = std::thread::spawn(move || (0..100).for_each(|_| speaker.send(frame(1))));
        for _ in 0..100 {
            assert!(outbox.lock().frames.len() <= LONGEST);
            outbox.next(session);
        }
        speaking.join().unwrap();
    }
}

//! What comes from the guest for one connection, and how much may go back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use swarm_guest::protocol::{DATA, WINDOW};
use tokio::sync::Notify;

use super::LinkError;

/// One connection's bytes that were not taken yet: never more than the window.
#[derive(Debug)]
pub(super) struct Intake {
    state: Mutex<State>,
    came: Notify,
    credited: Notify,
    hung_up: Notify,
}

#[derive(Debug)]
struct State {
    waiting: BytesMut,
    /// Bytes that the guest was not told yet that they were taken.
    owed: usize,
    ended: bool,
    /// How many bytes the guest takes now.
    credit: usize,
}

impl Default for Intake {
    fn default() -> Self {
        let credit = usize::try_from(WINDOW).unwrap_or(0);
        let state = State { waiting: BytesMut::new(), owed: 0, ended: false, credit };
        Self {
            state: Mutex::new(state),
            came: Notify::new(),
            credited: Notify::new(),
            hung_up: Notify::new(),
        }
    }
}

impl Intake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes from the guest; none is the end of them.
    pub(super) fn take(&self, bytes: &[u8]) -> Result<(), LinkError> {
        let mut state = self.state();
        if state.ended {
            return Err(LinkError::Nonsense("bytes of a connection behind their end".to_owned()));
        }
        state.ended = bytes.is_empty();
        state.owed += bytes.len();
        if state.owed > usize::try_from(WINDOW).unwrap_or(0) {
            return Err(LinkError::Nonsense("more bytes of a connection than it may send".to_owned()));
        }
        state.waiting.extend_from_slice(bytes);
        self.came.notify_one();
        Ok(())
    }

    /// The next bytes; nothing at their end.
    pub(super) async fn next(&self) -> Option<Bytes> {
        loop {
            {
                let mut state = self.state();
                let count = state.waiting.len().min(DATA);
                if count > 0 {
                    return Some(state.waiting.split_to(count).freeze());
                }
                if state.ended {
                    return None;
                }
            }
            self.came.notified().await;
        }
    }

    /// So many bytes went on their way: as many more may come. To be called before the guest is told.
    pub(super) fn passed_on(&self, bytes: usize) {
        let mut state = self.state();
        state.owed = state.owed.saturating_sub(bytes);
    }

    /// Whether the guest sends nothing more.
    pub(super) fn is_ended(&self) -> bool {
        self.state().ended
    }

    /// The guest takes more.
    pub(super) fn credit(&self, bytes: u32) {
        let mut state = self.state();
        state.credit = state.credit.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.credited.notify_one();
    }

    /// How many bytes the guest takes, once it takes any.
    pub(super) async fn room(&self) -> usize {
        loop {
            let credit = self.state().credit;
            if credit > 0 {
                return credit;
            }
            self.credited.notified().await;
        }
    }

    /// So many bytes were sent to it.
    pub(super) fn spend(&self, bytes: usize) {
        let mut state = self.state();
        state.credit = state.credit.saturating_sub(bytes);
    }

    /// Nobody inside reads any more.
    pub(super) fn hang_up(&self) {
        self.hung_up.notify_one();
    }

    /// Ends when nobody inside reads any more.
    pub(super) async fn is_hung_up(&self) {
        self.hung_up.notified().await;
    }
}

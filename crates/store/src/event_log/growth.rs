//! Waiting until a log grew, for those who look at something that changes with it.

use std::time::Duration;

use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until, timeout_at},
};

use super::wakeup::Wakeup;
use crate::Store;

/// The shortest time between two wake-ups: a log that grows quickly must not make its watchers look at every event.
const CALM: Duration = Duration::from_millis(25);

/// Says when a log may have grown.
#[derive(Debug)]
pub struct Growth {
    wakeups: broadcast::Receiver<Wakeup>,
    last: Instant,
}

impl Store {
    /// Watches the log. To be called before the first look: what changes after it then wakes. Needs a Tokio runtime.
    #[must_use]
    pub fn growth(&self) -> Growth {
        Growth { wakeups: self.wakeups().subscribe(), last: Instant::now() }
    }
}

impl Growth {
    /// Waits until the log may have grown since the last call, for `longest` at the most. A wake-up can be lost:
    /// whoever waits looks again at the end either way. Says whether there was one.
    pub async fn wait(&mut self, longest: Duration) -> bool {
        let end = Instant::now() + longest;
        match timeout_at(end, self.wakeups.recv()).await {
            // Too far behind is as good as a wake-up.
            Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
            Ok(Err(RecvError::Closed)) => {
                sleep_until(end).await;
                return false;
            }
            Err(_) => return false,
        }
        sleep_until((self.last + CALM).min(end)).await;
        // What came meanwhile is seen by the look that follows.
        self.wakeups = self.wakeups.resubscribe();
        self.last = Instant::now();
        true
    }
}

//! Following the log by a position of one's own: what server-sent events and long-poll read, as WebSockets do.

use std::sync::Arc;

use swarm_domain::{Problem, identity::Principal};
use tokio::sync::watch;

use super::{Live, feed::Head, happened::Happened};

/// How many events are taken at once.
const MOST: usize = 64;

/// A place in the log, and who reads from there.
pub(crate) struct Reader {
    live: Arc<Live>,
    who: Principal,
    head: watch::Receiver<Head>,
    roles: watch::Receiver<u64>,
    position: u64,
}

impl Reader {
    /// Behind a position; 0 is the start.
    pub(crate) fn behind(live: &Arc<Live>, who: Principal, position: u64) -> Self {
        let (head, mut roles) = (live.feed.watch(), live.access.watch());
        // What shut them out since they were let in may have been heard of already.
        roles.mark_changed();
        Self { live: Arc::clone(live), who, head, roles, position }
    }

    /// All up to here was given.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next events, as soon as there are some; none where they may read no further. Fails where the log cannot be
    /// read. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Arc<Happened>>>, Problem> {
        loop {
            // Marked as seen before the look: what comes after it then wakes.
            let away = self.head.borrow_and_update().away.clone();
            let events = match self.live.feed.held(self.position, MOST) {
                Some(held) => held,
                None => self.live.feed.read(self.position).await.map_err(|error| error.problem())?,
            };
            // After the look: what shuts them out is heard of before what comes behind it is held.
            if self.is_over() {
                return Ok(None);
            }
            if let Some(last) = events.last() {
                self.position = last.position();
                return Ok(Some(events));
            }
            if let Some(problem) = away {
                return Err(Problem::clone(&problem));
            }
            let ended = tokio::select! {
                head = self.head.changed() => head.is_err(),
                roles = self.roles.changed() => {
                    self.roles.mark_changed();
                    roles.is_err()
                }
            };
            if ended {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether they may read no further, asked where that may have changed.
    fn is_over(&mut self) -> bool {
        let asked = self.roles.has_changed().unwrap_or_default();
        self.roles.mark_unchanged();
        asked && !self.live.access.may_stay(&self.who)
    }
}

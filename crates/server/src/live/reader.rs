//! Following the log by a position of one's own: what server-sent events and long-poll read, as WebSockets do.

use std::sync::Arc;

use swarm_domain::Problem;
use tokio::sync::watch;

use super::{
    feed::{Feed, Head},
    happened::Happened,
};

/// How many events are taken at once.
const MOST: usize = 64;

/// A place in the log.
pub(crate) struct Reader {
    feed: Arc<Feed>,
    head: watch::Receiver<Head>,
    position: u64,
}

impl Reader {
    /// Behind a position; 0 is the start.
    pub(crate) fn behind(feed: &Arc<Feed>, position: u64) -> Self {
        Self { feed: Arc::clone(feed), head: feed.watch(), position }
    }

    /// All up to here was given.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next events, as soon as there are some. Fails where the log cannot be read. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Vec<Arc<Happened>>, Problem> {
        loop {
            // Marked as seen before the look: what comes after it then wakes.
            let away = self.head.borrow_and_update().away.clone();
            let events = match self.feed.held(self.position, MOST) {
                Some(held) => held,
                None => self.feed.read(self.position).await.map_err(|error| error.problem())?,
            };
            if let Some(last) = events.last() {
                self.position = last.position();
                return Ok(events);
            }
            if let Some(problem) = away {
                return Err(Problem::clone(&problem));
            }
            if self.head.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

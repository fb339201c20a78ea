//! Follows the log by what Redis brings and by what NOTIFY says is there: what the one does not bring is read as rows.

use std::sync::{PoisonError, atomic::Ordering};

use swarm_domain::Event;
use swarm_store::{StoreError, Wakes};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    super::feed::{Feed, RETRY},
    Fanout, GRACE, LATE, LOOK_ANYWAY,
};

/// What the log says is there and is not held yet.
#[derive(Debug, Clone, Copy)]
struct Due {
    position: u64,
    /// When it is read as rows.
    at: Instant,
    /// Whether Redis is given the time until then to bring it.
    waited_for: bool,
}

impl Feed {
    /// Follows the log for as long as it is polled.
    pub(super) async fn follow_with(&self, fanout: &Fanout, incoming: &mut mpsc::Receiver<Event>) {
        loop {
            if let Err(error) = self.follow_once(fanout, incoming).await {
                self.is_away(&error);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Follows it until it cannot be read.
    async fn follow_once(
        &self,
        fanout: &Fanout,
        incoming: &mut mpsc::Receiver<Event>,
    ) -> Result<(), StoreError> {
        // Before the first look: what is committed after it then wakes.
        let mut wakes: Wakes = self.store.wakes(&self.tenant);
        let (_, newest) = self.begin().await?;
        self.read_rows(fanout, newest).await?;
        let mut due: Option<Due> = None;
        let mut look = Instant::now() + LOOK_ANYWAY;
        let mut late_until = Instant::now();
        loop {
            let held = self.position();
            due = due.filter(|due| due.position > held);
            let wakes_at = due.map_or(look, |due| due.at.min(look));
            tokio::select! {
                Some(event) = incoming.recv() => {
                    if event.seq > held && !self.take_carried(fanout, event, newest) {
                        // A hole, or not what follows: the log knows.
                        self.read_rows(fanout, newest).await?;
                    } else if let Some(due) = &mut due {
                        // It is on its way.
                        due.at = due.at.max(Instant::now() + GRACE);
                    }
                }
                woken = wakes.next() => {
                    let now = Instant::now();
                    let waits = fanout.status().is_live() && !fanout.relays() && now >= late_until;
                    // Where nothing was said of how far, whatever there is is read.
                    let woken = match woken {
                        Some(position) if waits => Due { position, at: now + GRACE, waited_for: true },
                        woken => Due { position: woken.unwrap_or(u64::MAX), at: now, waited_for: false },
                    };
                    due = Some(due.map_or(woken, |due| Due {
                        position: due.position.max(woken.position),
                        at: due.at.min(woken.at),
                        waited_for: due.waited_for && woken.waited_for,
                    }));
                }
                () = sleep_until(wakes_at) => {
                    let came = self.read_rows(fanout, newest).await?;
                    let now = Instant::now();
                    // What was read without a wait says nothing of Redis: else steady traffic would never let it back.
                    if came > 0 && due.is_some_and(|due| due.waited_for) {
                        late_until = now + LATE;
                    }
                    due = None;
                    look = now + LOOK_ANYWAY;
                }
            }
        }
    }

    /// Takes an event that Redis brought, where it follows what is held. False where it does not.
    fn take_carried(&self, fanout: &Fanout, event: Event, newest: u64) -> bool {
        let counts = &fanout.status().counts;
        let last = self.window.read().unwrap_or_else(PoisonError::into_inner).last();
        let is_next = last.as_ref().is_some_and(|last| last.position() + 1 == event.seq);
        let follows = is_next && last.is_some_and(|last| last.event().hash == event.prev);
        if follows {
            counts.carried.fetch_add(1, Ordering::Relaxed);
            self.take(event, newest);
        } else if is_next {
            counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        follows
    }

    /// Reads what is behind what is held, and says how much that was.
    async fn read_rows(&self, fanout: &Fanout, newest: u64) -> Result<u64, StoreError> {
        let mut came = 0;
        loop {
            let events = self.store.events_behind(&self.tenant, self.position()).await?;
            if events.is_empty() {
                return Ok(came);
            }
            came += events.len() as u64;
            fanout.status().counts.rows.fetch_add(events.len() as u64, Ordering::Relaxed);
            for event in events {
                self.take(event, newest);
            }
        }
    }
}

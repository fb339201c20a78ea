//! What is told of the fan-out: whether Redis answers, and by which way events came.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Whether Redis brings events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// It was not reached yet.
    Starting,
    /// It does.
    Live,
    /// It does not, and why.
    Away(String),
}

/// How often something happened, since the server started.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Events that Redis brought.
    pub(crate) carried: AtomicU64,
    /// Events that were read as rows.
    pub(crate) rows: AtomicU64,
    /// Events that this node put into the stream.
    pub(crate) relayed: AtomicU64,
    /// Entries that were not taken: not of a node of this database, or not what follows.
    pub(crate) refused: AtomicU64,
    /// Times that Redis was lost.
    pub(crate) lost: AtomicU64,
}

/// How the fan-out stands.
#[derive(Debug)]
pub(crate) struct Status {
    state: watch::Sender<LinkState>,
    /// What was counted.
    pub(crate) counts: Counts,
}

impl Default for Status {
    fn default() -> Self {
        Self { state: watch::Sender::new(LinkState::Starting), counts: Counts::default() }
    }
}

impl Status {
    /// Whether Redis brings events.
    pub(crate) fn state(&self) -> LinkState {
        self.state.borrow().clone()
    }

    pub(super) fn is_live(&self) -> bool {
        *self.state.borrow() == LinkState::Live
    }

    /// Redis answered.
    pub(super) fn answers(&self) {
        self.state.send_if_modified(|state| {
            let news = *state != LinkState::Live;
            if news {
                tracing::info!("Redis carries live updates");
                *state = LinkState::Live;
            }
            news
        });
    }

    /// Redis did not.
    pub(super) fn is_away(&self, why: &str) {
        self.state.send_if_modified(|state| {
            let news = !matches!(state, LinkState::Away(_));
            if news {
                tracing::warn!(why, "Redis is away: live updates are read from the log");
                self.counts.lost.fetch_add(1, Ordering::Relaxed);
            }
            *state = LinkState::Away(why.to_owned());
            news
        });
    }
}

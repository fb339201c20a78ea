//! One reader of the log for the whole process, however many connections follow it. The log wakes it (PostgreSQL's
//! NOTIFY carries positions, rows are read), it keeps the latest events, and every connection takes them from there by its
//! own position. Who is further behind reads pages of the log, a few connections at a time.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use futures::StreamExt;
use swarm_domain::{Event, Problem, TenantId};
use swarm_store::{EventFilter, Store, StoreError};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{access::Access, fanout::Fanout, frame::SourceState, happened::Happened, window::Window};

/// How many connections may read pages of the log at once: the pool is for the work as well.
const READS: usize = 4;
/// How many events a page has.
const PAGE: u32 = 64;
/// The wait before the log is followed again once that ended.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// Where the log stands, as far as it is known here.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The newest event.
    pub(crate) position: u64,
    /// Why new events are not heard of; absent where they are.
    pub(crate) away: Option<Arc<Problem>>,
    started: bool,
}

impl Head {
    /// In a word.
    pub(crate) fn state(&self) -> SourceState {
        match (&self.away, self.started) {
            (Some(_), _) => SourceState::Away,
            (None, false) => SourceState::Starting,
            (None, true) => SourceState::Live,
        }
    }
}

/// What all connections read from.
pub(crate) struct Feed {
    pub(super) store: Store,
    pub(super) tenant: TenantId,
    access: Arc<Access>,
    pub(super) window: RwLock<Window>,
    head: watch::Sender<Head>,
    reads: Semaphore,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Feed {
    /// Follows the log until `stop`. Needs a Tokio runtime.
    pub(crate) fn start(
        store: Store,
        tenant: TenantId,
        access: Arc<Access>,
        fanout: Option<Arc<Fanout>>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        let feed = Arc::new(Self {
            store,
            tenant,
            access,
            window: RwLock::default(),
            head: watch::Sender::new(Head { position: 0, away: None, started: false }),
            reads: Semaphore::new(READS),
            task: Mutex::default(),
        });
        let reading = Arc::clone(&feed);
        let task = tokio::spawn(async move {
            let follow = async {
                match fanout {
                    Some(fanout) => fanout.run(&reading).await,
                    None => reading.follow().await,
                }
            };
            stop.run_until_cancelled(follow).await;
        });
        *feed.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        feed
    }

    /// Waits until the reader has ended.
    pub(crate) async fn ended(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }

    /// Says when the log grew, or cannot be read.
    pub(crate) fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// The newest position, for who wants to hear of what comes from now on.
    pub(crate) async fn now(&self) -> Result<u64, StoreError> {
        let (position, live) = {
            let head = self.head.borrow();
            (head.position, head.state() == SourceState::Live)
        };
        if live { Ok(position) } else { self.last_position().await }
    }

    /// Where the log ends, asked anew.
    pub(crate) async fn last_position(&self) -> Result<u64, StoreError> {
        self.store.last_position(&self.tenant).await
    }

    /// Up to `most` events behind a position, from memory; nothing where they must be read.
    pub(crate) fn held(&self, behind: u64, most: usize) -> Option<Vec<Arc<Happened>>> {
        if behind >= self.head.borrow().position {
            return Some(Vec::new());
        }
        self.window.read().unwrap_or_else(PoisonError::into_inner).behind(behind, most)
    }

    /// A page of events behind a position, read from the log.
    pub(crate) async fn read(&self, behind: u64) -> Result<Vec<Arc<Happened>>, StoreError> {
        let _one_of_few = self.reads.acquire().await;
        let filter = EventFilter { after: behind, limit: PAGE, ..EventFilter::default() };
        let events = self.store.events(&self.tenant, &filter).await?;
        Ok(events.into_iter().map(|event| Arc::new(Happened::new(event))).collect())
    }

    async fn follow(&self) {
        loop {
            if let Err(error) = self.read_on().await {
                self.is_away(&error);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Reads behind what is held; the first time, from a window's width before the end of the log.
    async fn read_on(&self) -> Result<(), StoreError> {
        let (from, newest) = self.begin().await?;
        let mut events = pin!(self.store.tail(&self.tenant, from));
        while let Some(event) = events.next().await {
            self.take(event?, newest);
        }
        Ok(())
    }

    /// Where to read on from, and where the log ends now.
    pub(super) async fn begin(&self) -> Result<(u64, u64), StoreError> {
        let newest = self.last_position().await?;
        let held = self.window.read().unwrap_or_else(PoisonError::into_inner).last();
        let from = held.map_or_else(|| newest.saturating_sub(Window::EVENTS), |held| held.position());
        self.stands_at(from, newest);
        Ok((from, newest))
    }

    /// Takes the event that follows what is held, of a log that ended at `newest` when reading it began.
    pub(super) fn take(&self, event: Event, newest: u64) {
        // Before anybody can be given it: whoever it shuts out is not to see what comes behind.
        self.access.take(&event.body);
        let happened = Arc::new(Happened::new(event));
        let position = happened.position();
        self.window.write().unwrap_or_else(PoisonError::into_inner).take(happened);
        self.stands_at(position, newest);
    }

    /// Says why nothing new is heard of.
    pub(super) fn is_away(&self, error: &StoreError) {
        tracing::warn!(%error, "live connections hear of nothing new for now");
        let problem = Arc::new(error.problem());
        self.head.send_modify(|head| head.away = Some(problem));
    }

    /// All up to here is held, or older than what is.
    pub(super) fn position(&self) -> u64 {
        self.head.borrow().position
    }

    /// All up to `position` is held; once that is where the log ended when it was begun, what comes is new.
    fn stands_at(&self, position: u64, newest: u64) {
        self.head.send_modify(|head| {
            head.position = head.position.max(position);
            if position >= newest {
                head.started = true;
                head.away = None;
            }
        });
    }
}

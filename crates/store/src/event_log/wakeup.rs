//! Waking readers when a log grows: one listening connection a store, however many tails there are.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::CHANNEL;

/// How many wake-ups a slow reader may fall behind. One that falls further behind just reads once more.
const CAPACITY: usize = 256;
/// How long to wait before the first try to listen again, and the longest wait.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How long a connection that is given up may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// A log that grew.
#[derive(Debug, Clone)]
pub(super) struct Grown {
    /// Whose.
    pub(super) tenant: Arc<str>,
    /// The newest position.
    pub(super) position: u64,
}

/// Which log grew; none means that any may have.
pub(super) type Wakeup = Option<Grown>;

/// Where readers wait for new events. The task that listens begins with the first of them and ends with the store.
pub(crate) struct Wakeups {
    options: PgConnectOptions,
    sender: broadcast::Sender<Wakeup>,
    task: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
}

impl Wakeups {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self {
            options: options.application_name("swarm-listener"),
            sender: broadcast::Sender::new(CAPACITY),
            task: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    /// Must be called before the first read: what is committed between a read and the next wake-up then wakes.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<Wakeup> {
        let receiver = self.sender.subscribe();
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.stop.is_cancelled() && task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(listen(self.options.clone(), self.sender.clone(), self.stop.clone())));
        }
        receiver
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(super) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

impl Drop for Wakeups {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(options: PgConnectOptions, sender: broadcast::Sender<Wakeup>, stop: CancellationToken) {
    let mut wait = RETRY.0;
    loop {
        // A pool of its own, so that listening never takes a connection away from work.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(options.clone());
        let listened = stop.run_until_cancelled(listen_once(&pool, &sender, &mut wait)).await;
        // A listener gives its connection back behind our back. Who stops the database next must find it closed.
        let _ = tokio::time::timeout(CLOSE_PATIENCE, pool.close()).await;
        match listened {
            Some(Ok(())) => tracing::debug!("the connection that listens for events was lost"),
            Some(Err(error)) => tracing::warn!(%error, "cannot listen for events"),
            None => return,
        }
        if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return;
        }
        wait = (wait * 2).min(RETRY.1);
    }
}

/// Listens until the connection is lost.
async fn listen_once(
    pool: &PgPool,
    sender: &broadcast::Sender<Wakeup>,
    wait: &mut Duration,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    // Lost notifications must be seen as such: the listener is made anew, not mended silently.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    *wait = RETRY.0;
    // What was committed before we listened woke nobody.
    let _ = sender.send(None);
    while let Some(notice) = listener.try_recv().await? {
        let grown = notice.payload().rsplit_once(':').and_then(|(tenant, position)| {
            Some(Grown { tenant: Arc::from(tenant), position: position.parse().ok()? })
        });
        let _ = sender.send(grown);
    }
    Ok(())
}

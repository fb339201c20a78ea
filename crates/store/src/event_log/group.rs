//! Group commit: who appends while an append is under way joins the next transaction, with all others who came
//! meanwhile. The chain's lock lets only one transaction of a tenant write at a time, so that many writers would
//! otherwise wait for as many commits, one after the other.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm_domain::NewEvent;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::append::Appended;
use crate::{Result, Store, StoreError, blob::Blob};

/// Callers whose events go into one transaction at the most.
const MAX_CALLERS: usize = 256;

/// What one caller wants appended: all of it, or nothing.
pub(super) struct Pending {
    pub(super) events: Arc<[NewEvent]>,
    /// Small blobs that the events name.
    pub(super) blobs: Arc<[Blob]>,
    answer: oneshot::Sender<Result<Vec<Appended>>>,
}

/// Who waits to append.
#[derive(Default)]
pub(crate) struct Waiting {
    queue: Mutex<VecDeque<Pending>>,
    /// Held by the caller who writes for all.
    turn: tokio::sync::Mutex<()>,
}

impl Waiting {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Pending>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<Pending> {
        let mut queue = self.queue();
        let count = queue.len().min(MAX_CALLERS);
        queue.drain(..count).collect()
    }
}

impl Store {
    /// Appends events in this order: all of them, or none.
    pub async fn append_all(&self, events: &[NewEvent]) -> Result<Vec<Appended>> {
        self.append_keeping_all(events.into(), Arc::new([])).await
    }

    /// Appends an event and keeps the blobs that it names, as [`Blobs::put`](crate::Blobs::put) does: small ones in the
    /// same transaction.
    pub async fn append_keeping(&self, event: NewEvent, blobs: Vec<Vec<u8>>) -> Result<Appended> {
        let appended = self.append_all_keeping(&[event], blobs).await?;
        appended.into_iter().next().ok_or_else(|| StoreError::corrupt("the answer of append", "it is empty"))
    }

    /// Appends events in this order, all of them or none, and keeps the blobs that they name, as
    /// [`Store::append_keeping`] does.
    pub async fn append_all_keeping(
        &self,
        events: &[NewEvent],
        blobs: Vec<Vec<u8>>,
    ) -> Result<Vec<Appended>> {
        let (small, large): (Vec<_>, Vec<_>) = blobs.into_iter().map(Blob::new).partition(Blob::is_small);
        for blob in &large {
            self.blobs().put_file(blob).await?;
        }
        self.append_keeping_all(events.into(), small.into()).await
    }

    async fn append_keeping_all(&self, events: Arc<[NewEvent]>, blobs: Arc<[Blob]>) -> Result<Vec<Appended>> {
        loop {
            if let Some(appended) = self.append_with_others(Arc::clone(&events), Arc::clone(&blobs)).await {
                return appended;
            }
            // Who wrote for us was stopped in the middle. What it may have written has our keys: again is the same.
        }
    }

    async fn append_with_others(
        &self,
        events: Arc<[NewEvent]>,
        blobs: Arc<[Blob]>,
    ) -> Option<Result<Vec<Appended>>> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().queue().push_back(Pending { events, blobs, answer });
        let _turn = tokio::select! {
            biased;
            appended = &mut answered => return appended.ok(),
            turn = self.waiting().turn.lock() => turn,
        };
        loop {
            match answered.try_recv() {
                Ok(appended) => return Some(appended),
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) => self.append_for(self.waiting().take()).await,
            }
        }
    }

    async fn append_for(&self, callers: Vec<Pending>) {
        match self.append_together(&callers).await {
            Ok(outcomes) => answer(callers.into_iter().zip(outcomes)),
            Err(error) if callers.len() == 1 => answer(callers.into_iter().zip([Err(error)])),
            Err(error) if error.is_transient() => {
                let why = error.to_string();
                let again = || Err(StoreError::Unavailable(sqlx::Error::Io(io::Error::other(why.clone()))));
                answer(callers.into_iter().map(|caller| (caller, again())));
            }
            // One of them cannot be written: each by itself, so that only that one fails.
            Err(_) => {
                for caller in callers {
                    let alone = self.append_together(std::slice::from_ref(&caller)).await;
                    let outcome = alone.and_then(|mut outcomes| {
                        outcomes.pop().unwrap_or_else(|| Err(StoreError::corrupt("an append", "no answer")))
                    });
                    answer([(caller, outcome)].into_iter());
                }
            }
        }
    }
}

fn answer(outcomes: impl Iterator<Item = (Pending, Result<Vec<Appended>>)>) {
    for (caller, outcome) in outcomes {
        // Who does not wait any more has no use for the answer.
        let _ = caller.answer.send(outcome);
    }
}

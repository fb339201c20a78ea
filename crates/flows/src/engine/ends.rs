//! Which workflows of this process ended: who waits for one of them looks at the journal at once, and not only when it
//! would have looked anyway. A word of it is a hint and never an outcome; what comes of a workflow is in the journal.

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Flow, Handle};

/// The name of the step in which the first of several workflows is waited for. It is the engine's own, and so is what the
/// step returns: a journal does not tell who waited.
const FIRST: &str = "DBOS.selectWorkflow";

/// Hears when workflows of this process end.
#[derive(Clone)]
pub(super) struct Ends {
    /// How many did.
    ended: watch::Sender<u64>,
    waiting: TaskTracker,
    stop: CancellationToken,
}

impl Ends {
    pub(super) fn new() -> Self {
        Self { ended: watch::Sender::new(0), waiting: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// Passes the word on as soon as this workflow has ended and its outcome is in the journal.
    pub(super) fn listen_to<R>(&self, handle: Handle<R>)
    where
        R: DeserializeOwned + Send + 'static,
    {
        let (ended, stop) = (self.ended.clone(), self.stop.clone());
        // Outside of the workflow that waits: nothing of this is a step of it.
        self.waiting.spawn(async move {
            if stop.run_until_cancelled(handle.result()).await.is_some() {
                ended.send_modify(|number| *number = number.wrapping_add(1));
            }
        });
    }

    /// Waits for the first of these workflows to end; which one is journalled. Those that nobody here hears of are found
    /// by looking now and then.
    pub(super) async fn first_of(&self, ids: &[&str]) -> Flow<String> {
        dbos::step(FIRST, || async {
            let mut ended = self.ended.subscribe();
            loop {
                tokio::select! {
                    biased;
                    first = dbos::select_workflow(ids) => return first,
                    // It looks at once when it is asked, and then now and then: so it is asked anew.
                    _ = ended.changed() => {}
                }
            }
        })
        .await
    }

    /// Hears no more.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.waiting.close();
        self.waiting.wait().await;
    }
}

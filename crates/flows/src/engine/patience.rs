//! What is read between two steps: no journal is needed for what never changes, only the patience that steps have.

use std::future::Future;

use serde::de::DeserializeOwned;
use swarm_domain::BlobHash;

use crate::{error::FlowError, parts::Parts};

/// Reads what never changes, so that it needs no journal, and waits where it cannot be read just now.
pub(crate) async fn patiently<T, F, Fut>(parts: &Parts, mut body: F) -> Result<T, FlowError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    let mut failed = 0;
    loop {
        match body().await {
            Err(error) if error.is_of_the_database() && parts.database_is_back().await => {}
            Err(FlowError::Later { problem, after }) => {
                failed += 1;
                match parts.config.retry.wait(failed, after, &*parts.entropy) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(FlowError::Final(problem)),
                }
            }
            outcome => return outcome,
        }
    }
}

/// Reads back what a step kept, and waits where it cannot be read just now: between two steps nothing else would try again,
/// and the step that kept it is done.
pub(crate) async fn recall<T: DeserializeOwned>(parts: &Parts, kept: &BlobHash) -> Result<T, FlowError> {
    patiently(parts, || parts.load(kept)).await
}

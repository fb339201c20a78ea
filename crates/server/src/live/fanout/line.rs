//! The way to Redis: connections that wait no longer than they say, and longer and longer waits while nobody answers.

use std::time::Duration;

use redis::{AsyncConnectionConfig, RedisError, aio::MultiplexedConnection};
use swarm_store::StoreError;

use super::{Fanout, channel::Foreign};

/// The longest that Redis gets to be reached, and to answer.
const REACH: Duration = Duration::from_secs(3);
/// The longest that a read waits for what is not there yet; shorter than an answer may take.
pub(super) const BLOCK: Duration = Duration::from_secs(1);
/// The first wait before another try, and the longest.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Why a conversation with Redis ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("an entry of the stream is not taken: {0}")]
    Foreign(#[from] Foreign),
    #[error("the database, asked for the secret of the fan-out: {0}")]
    Store(#[from] StoreError),
}

impl Broken {
    /// In a few words that everybody may read: no address, no password.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Redis(error) if error.is_timeout() => "it does not answer in time".to_owned(),
            Self::Redis(error) if error.is_connection_refusal() => "nobody answers there".to_owned(),
            Self::Redis(error) => error.code().unwrap_or(error.category()).to_owned(),
            Self::Foreign(foreign) => format!("an entry is not taken: {foreign}"),
            Self::Store(error) => error.problem().code,
        }
    }
}

/// The waits between tries.
#[derive(Debug)]
pub(super) struct Waits(Duration);

impl Waits {
    pub(super) fn new() -> Self {
        Self(RETRY.0)
    }

    /// It worked: the next wait is a short one.
    pub(super) fn forget(&mut self) {
        self.0 = RETRY.0;
    }

    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(RETRY.1);
    }
}

impl Fanout {
    /// A connection of its own.
    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let bounds = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REACH))
            .set_response_timeout(Some(REACH));
        self.client.get_multiplexed_async_connection_with_config(&bounds).await
    }
}

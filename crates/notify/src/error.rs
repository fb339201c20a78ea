//! Why a message was not handed over.

use std::time::Duration;

/// Why a message was not handed over. None of it quotes a key, an address that holds one, or what the other side said:
/// that may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The same may succeed later.
    #[error("{why}")]
    Later {
        /// What happened.
        why: String,
        /// When the other side wants to be asked again.
        after: Option<Duration>,
    },
    /// It will not succeed as it is: a person must change something.
    #[error("{0}")]
    Never(String),
}

impl SendError {
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }
}

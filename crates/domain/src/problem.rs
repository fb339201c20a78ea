//! A problem as people and programs meet it: a stable code, what happened, what to do next.

use serde::{Deserialize, Serialize};

/// What went wrong and what to do about it. The code is stable and has a section in the troubleshooting page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{detail} [{code}]")]
pub struct Problem {
    /// Stable and machine-readable, such as `spec.cyclic`.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do next; a command where there is one.
    pub next: String,
}

impl Problem {
    /// A problem from its three parts.
    #[must_use]
    pub fn new(code: &str, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into(), next: next.into() }
    }
}

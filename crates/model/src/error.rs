//! What can go wrong with a model call, sorted by what the caller can do about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_domain::Problem;

/// Why a model call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ModelError {
    /// The provider asks to slow down (429). Retry, no sooner than it says.
    #[error("{model} is rate limited")]
    RateLimited {
        /// Which model.
        model: String,
        /// What `Retry-After` said.
        retry_after: Option<Duration>,
    },
    /// The provider failed or could not be reached (5xx, connection, cut stream). Retry.
    #[error("{model} is unavailable: {detail}")]
    Unavailable {
        /// Which model.
        model: String,
        /// What happened.
        detail: String,
    },
    /// No answer within the deadline. Retry.
    #[error("{model} did not answer within {} s", after.as_secs())]
    TimedOut {
        /// Which model.
        model: String,
        /// The deadline.
        after: Duration,
    },
    /// The answer cannot be read. Retry; another model may do better.
    #[error("{model} gave an answer that cannot be read: {detail}")]
    Malformed {
        /// Which model.
        model: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The breaker is open: the model failed too often just now. Another model, or later.
    #[error("{model} failed too often and is rested for {} s", retry_after.as_secs())]
    Open {
        /// Which model.
        model: String,
        /// How long until it is tried again.
        retry_after: Duration,
    },
    /// The request is larger than the model's context. Do not retry; make it smaller.
    #[error("the request needs about {needed} tokens and {model} takes {limit}")]
    TooLong {
        /// Which model.
        model: String,
        /// Estimated tokens of the request with its answer.
        needed: u64,
        /// What fits.
        limit: u64,
    },
    /// The provider refuses (400, 401, 402, 403, 404). Do not retry; the configuration is wrong.
    #[error("{model} refused the request ({status}): {detail}")]
    Refused {
        /// Which model.
        model: String,
        /// The HTTP status.
        status: u16,
        /// What the provider said, without secrets.
        detail: String,
    },
    /// A budget would be passed. Not called at all.
    #[error("the budget of the {scope} would be passed: {detail}")]
    BudgetReached {
        /// Whose budget.
        scope: String,
        /// Limit, spending, and what the call might have cost.
        detail: String,
    },
    /// The recording has no answer to this request.
    #[error("the recording has no reply to this request ({key})")]
    NotRecorded {
        /// The key that was looked up.
        key: String,
    },
    /// No model is configured under this name.
    #[error("no model is configured as `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
    },
    /// No rule of the script matches the request, or a rule cannot be used.
    #[error("the script has no answer to this request: {detail}")]
    Unscripted {
        /// What was asked, or which rule is wrong.
        detail: String,
    },
    /// The configuration, a recording or a script cannot be used. Do not retry; mend the file.
    #[error("the models cannot be used as configured: {detail}")]
    Config {
        /// Which part, and what is wrong with it.
        detail: String,
    },
    /// The caller cancelled.
    #[error("the call was cancelled")]
    Cancelled,
}

impl ModelError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::TimedOut { .. }
                | Self::Malformed { .. }
                | Self::Open { .. }
        )
    }

    /// How long the provider asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            Self::Open { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Which kind of failure this is, as one stable word for spans and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::TimedOut { .. } => "timed_out",
            Self::Malformed { .. } => "malformed",
            Self::Open { .. } => "open",
            Self::TooLong { .. } => "too_long",
            Self::Refused { .. } => "refused",
            Self::BudgetReached { .. } => "budget_reached",
            Self::NotRecorded { .. } => "not_recorded",
            Self::Unknown { .. } => "unknown",
            Self::Unscripted { .. } => "unscripted",
            Self::Config { .. } => "config",
            Self::Cancelled => "cancelled",
        }
    }

    /// The problem as people meet it: code, what happened, what to do next.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::RateLimited { .. } => {
                ("model.rate_limited", "wait, lower --max-parallel, or add a fallback model")
            }
            Self::Unavailable { .. } => (
                "model.unavailable",
                "check the provider's status and OPENAI_BASE_URL; `swarm doctor` tests the connection",
            ),
            Self::TimedOut { .. } => {
                ("model.timed_out", "raise `models.deadlines.total_seconds`, or choose a faster model")
            }
            Self::Malformed { .. } => ("model.malformed", "retry, or choose another model with --model"),
            Self::Open { .. } => ("model.open", "wait, or add a fallback model with --model A --model B"),
            Self::TooLong { .. } => {
                ("model.too_long", "choose a model with a larger context, or split the requirement")
            }
            Self::Refused { .. } => {
                ("model.refused", "check the API key and the model's name; `swarm doctor` tests them")
            }
            // A ticket's own budget follows from its size: money does not raise it.
            Self::BudgetReached { scope, .. } if scope.starts_with("ticket") => (
                "budget.reached",
                "split the requirement in the spec, or choose a stronger model with --model, and build again",
            ),
            Self::BudgetReached { scope, .. } if scope.starts_with("quota") => (
                "budget.reached",
                "wait for the next period, or let an admin set it higher (`swarm budget list`, `swarm budget set`); then \
                 run `swarm ticket retry TICKET`",
            ),
            Self::BudgetReached { .. } => {
                ("budget.reached", "run `swarm ticket retry TICKET --budget USD` with a larger one")
            }
            Self::NotRecorded { .. } => (
                "model.not_recorded",
                "set a provider's key or OPENAI_BASE_URL to run live, or record with `swarm build --record FILE`",
            ),
            Self::Unknown { .. } => {
                ("model.unknown", "run `swarm config check` to see which models are configured")
            }
            Self::Unscripted { .. } => (
                "model.unscripted",
                "add a rule that matches to the script, or one without a condition as its last",
            ),
            Self::Config { .. } => ("model.config", "mend what is named and run `swarm config check`"),
            Self::Cancelled => (
                "model.cancelled",
                "run `swarm ticket retry TICKET` to go on; after a stop `swarm up` does so by itself",
            ),
        };
        Problem::new(code, self.to_string(), next)
    }
}

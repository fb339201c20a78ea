//! What a gateway shows of its models.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Served;
use crate::breaker::BreakerState;
use crate::chat::{Capabilities, Replies};
use crate::price::Price;

/// How a model fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelState {
    /// Its full name.
    pub model: String,
    /// What its breaker does with the next call.
    pub breaker: BreakerState,
    /// Calls that it gets at once just now.
    pub window: u32,
    /// Calls that run.
    pub in_flight: u32,
    /// Calls that wait for their turn.
    pub waiting: u32,
    /// Seconds of the rest that the provider asked for, rounded up; zero: none.
    pub resting_seconds: u64,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it charges, where that is known.
    pub price: Option<Price>,
    /// Where its replies come from.
    pub replies: Replies,
}

impl ModelState {
    pub(super) fn of(served: &Served, now: DateTime<Utc>) -> Self {
        let limiter = served.limiter.state(now);
        Self {
            model: served.model.name().to_owned(),
            breaker: served.breaker.state(now),
            window: limiter.window,
            in_flight: limiter.in_flight,
            waiting: limiter.waiting,
            resting_seconds: limiter
                .resting
                .map_or(0, |rest| rest.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)),
            capabilities: served.model.capabilities(),
            price: served.price,
            replies: served.model.replies(),
        }
    }
}

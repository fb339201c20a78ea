//! Time, passed in.

use chrono::{DateTime, Utc};

/// Where a part of swarm takes the time from: the system's clock in the binary, a fixed or virtual one in tests.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}

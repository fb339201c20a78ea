//! The event log: append-only, numbered without gaps, hash-chained, one chain a tenant.

mod append;
mod group;
mod growth;
mod read;
mod sealed;
mod tail;
mod verify;
mod wakes;
mod wakeup;

pub use append::Appended;
pub use growth::Growth;
pub use read::{EventFilter, MAX_EVENTS_READ};
pub use sealed::MAX_EVENT_BYTES;
pub use verify::ChainReport;
pub use wakes::Wakes;

pub(crate) use group::Waiting;
pub(crate) use read::EventRow;
pub(crate) use sealed::{GENESIS, hash};
pub(crate) use verify::check_chain;
pub(crate) use wakeup::Wakeups;

/// How much of the log's text is held in memory at once, in bytes; one event may be larger.
pub(crate) const PAGE_BYTES: i64 = 4 << 20;

/// The channel on which a commit says that a tenant's log grew: `<tenant>:<seq>`.
const CHANNEL: &str = "swarm_events";

//! The event log: append-only, numbered without gaps, hash-chained, one chain a tenant.

mod append;
mod group;
mod growth;
mod read;
mod sealed;
mod tail;
mod verify;
mod wakeup;

pub use append::Appended;
pub use growth::Growth;
pub use read::{EventFilter, MAX_EVENTS_READ};
pub use sealed::MAX_EVENT_BYTES;
pub use verify::{BadEvent, ChainReport};

pub(crate) use group::Waiting;
pub(crate) use read::EventRow;
pub(crate) use verify::check_chain;
pub(crate) use wakeup::Wakeups;

/// The channel on which a commit says that a tenant's log grew: `<tenant>:<seq>`.
const CHANNEL: &str = "swarm_events";

//! Going back in time: a run is played again from its journal.
//!
//! What a model said is taken from the journal, up to a position; tools, worktrees, checks and merges are done again
//! for real. A *replay* plays the whole journal and calls no model: what it comes to proves, or disproves, that the
//! journal tells the truth. A *fork* plays it up to a step, which may be given other words, and goes on live.
//!
//! What was first in the origin is first again where it matters: tickets start and are merged in the origin's order,
//! and each attempt begins on what had been merged when its origin began. How long things take does not matter.

mod beginning;
mod course;
mod diff;
mod edit;
mod journal;
mod parting;
mod request;

pub(crate) use beginning::{Beginning, PlayedWorker, base, beginning};
pub(crate) use course::course;
pub(crate) use edit::rewritten;
pub(crate) use journal::{PlayedCall, origin_base, played_call};

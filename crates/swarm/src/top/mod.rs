//! `swarm top`: a live picture of what swarm does, on a terminal.
//!
//! [`State`] is what is known, changed by [`State::update`] alone and drawn by [`draw`] alone: neither does I/O nor
//! looks at a clock, so both are tried without a terminal. What a key leads to outside is an [`Effect`], carried out by
//! [`mod@follow`].

mod agents;
mod draw;
mod follow;
mod keys;
mod rows;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use draw::plain;
pub(crate) use follow::{follow, once};
pub(crate) use keys::{Effect, Key};
pub(crate) use state::{Input, State};

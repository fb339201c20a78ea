//! What a run looks like to the person who watches it.
//!
//! Events are folded into a [`Board`]; what is shown is a pure function of the board and the time. The live display,
//! the plain lines and the summary are three ways to show it.

mod board;
mod fold;
mod follow;
mod identity;
mod live;
mod news;
mod people;
mod render;
mod summary;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use board::Board;
pub(crate) use follow::{Display, Follower};
pub(crate) use news::{Weight, news};
pub(crate) use summary::summary;
pub(crate) use text::{fit, plain, short_duration, tokens};

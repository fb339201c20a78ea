//! The forge's surface, with real git.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod archiving;
mod committing;
mod ground;
mod here;
mod hostile;
mod mirroring;
mod network;
mod preparing;
mod publishing;
mod pull_requests;
mod reading;
mod stacking;
mod together;

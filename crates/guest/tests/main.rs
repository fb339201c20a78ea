//! The program inside of a machine, spoken to as its host does.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod confine;
mod files;
mod peer;
mod relay;
mod serve;

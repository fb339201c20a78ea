//! Live connections, with the client that others use: who comes in, what they may say, and that nothing is lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a connection that is not as it must be stops the test"
)]

mod contract;
mod door;
mod fanout;
mod limits;
mod resume;
mod slow;
mod socket;
#[path = "../world/mod.rs"]
mod world;

//! What an agent is asked, what it may do in its folder, and how its turns go.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod catalogue;
mod prompt;
mod requests;
mod rules;
mod run;
mod setting;
mod turn;
mod workspace;

//! Builds from their spec to a merged branch, with real git, PostgreSQL and sandboxes; only models are played.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod build;
mod cache;
mod credential;
mod derive;
mod draft;
mod experience;
mod gate;
mod large;
mod living;
mod lying;
mod network;
mod people;
mod quality;
#[allow(dead_code, reason = "shared with the tests of sandboxes")]
#[path = "../../sandbox/tests/ground/relay.rs"]
mod relay;
mod resume;
mod rules;
mod secret;
mod sequence;
#[allow(dead_code, reason = "shared with the tests of sandboxes")]
#[path = "../../sandbox/tests/ground/server.rs"]
mod server;
mod survey;
mod train;
mod travel;
mod world;

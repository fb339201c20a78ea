//! The server as others meet it: over HTTP, WebSocket and TLS, with a real PostgreSQL.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod access;
mod alerts;
mod browser;
mod claims;
mod document;
mod door;
mod events;
mod federation;
mod hitl;
mod identity;
mod idp;
mod limits;
mod live;
mod notify;
mod passkeys;
mod report;
mod second_factor;
mod secrets;
mod setup;
mod specs;
#[allow(dead_code, reason = "shared with the tests of the store")]
#[path = "../../store/tests/story/mod.rs"]
mod story;
mod tenants;
mod tls;
mod vms;
mod work;
mod world;

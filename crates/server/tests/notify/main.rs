//! People are told what waits for them, by real servers: who, by what, once, and how they answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot go on must stop the test")]

#[path = "../world/mod.rs"]
mod world;

mod account;
mod answer;
mod outbox;
mod push;
mod stage;

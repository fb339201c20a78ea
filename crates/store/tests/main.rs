//! The store with a real PostgreSQL, each test in its own database.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod blobs;
mod cache;
mod checkpoints;
mod claims;
mod cluster;
mod event_log;
mod federation;
mod history;
mod identity;
mod interrupts;
mod live_tickets;
mod node;
mod notifications;
mod presence;
mod proof;
mod purge;
mod quotas;
mod record;
mod second_factor;
mod secrets;
mod story;
mod views;
mod vitals;
mod wall;

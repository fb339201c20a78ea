//! Telling people what waits for them.
//!
//! ```text
//! log ── fold ──► outbox ── courier ──► mail, Slack, Discord, webhooks, browsers
//!   ▲      │         └──────────────────► in the app, as soon as it is there
//!   └ routed
//! ```
//!
//! The [`Courier`] reads the log behind its cursor: a question is routed, which is an event, and what people are told
//! follows from events ([`fold`]). A row is claimed by a lease, sent and marked ([`courier`]). What a message says is
//! written when it is sent ([`compose`]): what is decided by then is not asked any more.

mod account;
mod compose;
mod config;
mod courier;
mod desk;
mod fold;
mod keys;
mod link;
mod people;
mod push;

pub use config::NotificationsConfig;
pub(crate) use courier::Courier;
pub use desk::Told;

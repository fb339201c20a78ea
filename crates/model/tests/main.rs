//! The gateway and its providers over HTTP, and what plays them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod anthropic;
mod cache;
mod config;
mod gateway;
mod local_server;
mod openai;
mod playback;
mod provider;
mod vault;

//! The whole system as people run it: the real program, a private PostgreSQL of its own, real git, real sandboxes.
//! Only the language model plays from a script, behind a real HTTP server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says what it found")]

mod canary;
mod chaos;
mod claims;
mod commands;
mod crash;
mod database;
mod dispatch;
mod faults;
mod history;
mod living;
mod microvms;
mod model;
mod models;
mod mount;
mod people;
mod program;
mod remote;
mod repos;
mod secrets;
mod specs;
mod vms;
mod wire;
mod workers;
mod world;

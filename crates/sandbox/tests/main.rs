//! Each rung of sandboxes as it is on this machine: what is inside stays inside, within its limits, to its end.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod cross_talk;
mod egress;
mod ends;
mod escape;
mod fleet;
mod ground;
mod image;
mod landlock;
mod limits;
mod microvm;
mod microvm_network;
mod ordinary_user;
mod orphans;
mod soak;
mod tally;
mod template;
mod walls;
mod way_out;

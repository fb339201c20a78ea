//! What the measurements have in common: a swarm in this process whose language model answers by the clock.
//!
//! Each program in `bin/` measures one thing and prints one line of JSON; the scripts in `bench/` start them, put the
//! figures beside a peer's, and write them down. Nothing here is shipped.

mod house;
mod instant;
pub mod parts_spec;
mod sample;

pub use house::{Failure, House, person};
pub use instant::{Heard, Instantly};
pub use sample::{Sample, peak_memory_bytes};

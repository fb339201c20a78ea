//! What is said between swarm and a microVM, and the program inside that answers.
//!
//! A VM is a byte stream away: commands, files, health, clock, randomness and the way out to the network all go over
//! one stream, whatever carries it. [`protocol`] cuts the stream into frames, [`message`] says what is in them, and
//! [`tree`] moves the work folder over them, the same way in both directions. The program `swarm-guest` is `/init` in
//! the VM; as an ordinary process it speaks the same protocol over a Unix socket or its standard streams.
//!
//! Each side takes what the other says as hostile: everything has a bound, nothing is followed, nothing panics.
//!
//! This crate imports none of ours.
//!
//! ```
//! use swarm_guest::{message::ToGuest, protocol::Frame};
//!
//! let frame = ToGuest::Ping.frame(7)?;
//! let bytes = frame.encode()?;
//! let (read, used) = Frame::decode(&bytes)?.ok_or("not whole")?;
//! assert_eq!((used, ToGuest::read(&read)?), (bytes.len(), ToGuest::Ping));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod message;
pub mod protocol;
pub mod tree;

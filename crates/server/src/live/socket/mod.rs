//! A WebSocket: the line, which counts all that passes, and what is said over it.

mod answer;
mod connection;
mod hear;
mod line;
mod tell;
#[cfg(test)]
mod tests;

pub(crate) use answer::{forbidden, not_a_path, version as unserved_version};
pub(crate) use connection::{Arrival, serve};

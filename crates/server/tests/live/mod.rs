//! Live connections, with the client that others use: who comes in, what they may say, and that nothing is lost.

mod contract;
mod door;
mod fanout;
mod limits;
mod resume;
mod slow;
mod socket;

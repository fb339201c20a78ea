//! For tests: a real mail server, and a real HTTP server that does what it is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what cannot go on must stop the test"
)]

mod mail;
mod receiver;

pub use mail::{MailServer, ReceivedMail};
pub use receiver::{Answer, Received, Receiver};

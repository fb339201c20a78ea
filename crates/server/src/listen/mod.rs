//! Listening: the loop that takes connections, and what each may cost before a request has come.
//!
//! - [`doors`] opens them: one on loopback for this machine's own programs, and one for a network where that is set up,
//! - [`connection`] serves one connection, [`unread`] reads what a request leaves, [`crowd`] bounds how many there are,
//! - [`tls`] holds certificates, [`acme`] has them from an authority, [`redirect`] leads plain HTTP to TLS.
//!
//! `axum::serve` has neither TLS nor a bound for any of it.

mod acme;
mod connection;
mod crowd;
mod doors;
mod redirect;
mod tls;
mod unread;

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

pub(crate) use doors::{Doors, Opened};

/// By which door a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Who called, by the socket.
    pub(crate) peer: SocketAddr,
    /// By which door.
    pub(crate) by: By,
    /// Whether it was sealed by TLS that ends here.
    pub(crate) sealed: bool,
}

/// When connections end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ends {
    /// No more are taken, and what is under way may end.
    pub(crate) stop: CancellationToken,
    /// What has not ended by then is cut off.
    pub(crate) cut: CancellationToken,
}

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The one on loopback, for this machine.
    Loopback,
    /// The one for a network.
    Public,
}

//! The way out of a sandbox: a proxy that knows which hosts may be reached, and the only thing a sandbox can talk to.
//!
//! A sandbox has no network card. Inside, a relay listens on `127.0.0.1:3128` and passes each connection as it is to the
//! [`Proxy`] of this one sandbox, over a Unix socket or over the stream to a VM. So there is nothing to filter: what the
//! proxy does not carry out does not happen.
//!
//! A connection is one request of HTTP/1.1, or one CONNECT:
//!
//! 1. Its head is read within bounds and refused where two readers could understand it differently (`head.rs`).
//! 2. Its host must be a name ([`Host`]) on the sandbox's list ([`Allowed`]), at a port of that list.
//! 3. The name is looked up once. Each address must be of the public internet, or the operator's word stands for it
//!    (`address.rs`), and exactly that address is connected to (`dial.rs`).
//! 4. What follows CONNECT must be TLS that asks for the same host (`hello.rs`).
//! 5. For a host that [`Credentials`] cover the TLS ends here, and the request is passed on with the credential
//!    (`tunnel.rs`, `authority.rs`).
//!
//! Bytes are counted both ways against the sandbox's limit (`meter.rs`), and each request is told with a [`Report`].
//! Redirects are passed back, not followed: the client asks anew, and is judged anew.
//!
//! **What it does not do.** It does not read what is sealed: a tunnel to an allowed host may carry anything, and where
//! many customers share a host's front (a CDN) it may ask for another of them inside. Whoever may send to a host may
//! send it everything that is in the sandbox. And a host that echoes what it is sent echoes a credential too: give
//! credentials to hosts that do not.

mod allowed;
mod authority;
mod credentials;
mod dial;
mod forward;
mod head;
mod hello;
mod host;
mod inside;
mod meter;
mod presets;
mod proxy;
mod refusal;
mod report;
mod terms;
mod tunnel;

/// Where the relay listens inside a sandbox, on its own loopback.
pub const RELAY_PORT: u16 = 3128;

pub use allowed::{Allowed, ListFault, MOST_PATTERNS, Pattern};
pub use credentials::{Credential, Credentials, NoCredential, WithoutCredentials};
pub use host::{Host, NotAHost};
pub(crate) use inside::Surroundings;
pub use presets::{Preset, all as presets};
pub use proxy::Proxy;
pub use report::Report;
pub use terms::{Bounds, Egress, NoAuthority, Terms};

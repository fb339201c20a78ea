//! The doors: REST, WebSocket, server-sent events, OpenAPI.
//!
//! Thin on purpose: a request is let in, read, handed to [`Flows`](swarm_flows::Flows) or to the store's reads, and
//! the answer is written. This crate must not know SQL text, git or sandboxes, and holds no rule of the work itself.
//!
//! It listens on loopback for this machine's own programs and, where that is set up, for a network, over TLS. A token is made at every start and stands, with the address, in `server.json` in the data
//! folder, for its owner alone: the operator's way in, on loopback alone. Everybody else signs in or shows an API key. What a route asks for
//! stands in one table (`door/access.rs`); what does not stand there is refused.
//!
//! ```no_run
//! use swarm_server::{Server, ServerConfig};
//!
//! # async fn example(flows: swarm_flows::Flows) -> Result<(), swarm_server::ServerError> {
//! let config = ServerConfig::new(([127, 0, 0, 1], 0).into(), ".swarm".into(), "ada");
//! let server = Server::start(config, flows).await?;
//! println!("curl -H 'Authorization: Bearer {}' {}/api/runs", server.token().reveal(), server.url());
//! server.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! To add a route: a handler with its `#[utoipa::path]` and its types in a file under `routes/`, a line in
//! `routes/mod.rs` and one in `door/access.rs`, then `SWARM_UPDATE=1` with the tests of this crate and of `swarm-client`, and a method there.

mod app;
mod config;
mod door;
mod error;
mod extract;
mod federation;
mod listen;
mod live;
mod network;
mod openapi;
mod passkey;
mod rates;
mod refusal;
mod report;
mod routes;
mod server;
mod server_file;
mod token;
mod web;
mod web_origin;

pub use config::{
    AcmeOrder, CertificateFiles, ConnectionLimits, PublicDoor, RateLimits, Seal, ServerConfig, Setting,
    SignInConfig, SocketLimits, Tries,
};
pub use door::decide::policy;
pub use error::ServerError;
pub use federation::{ProviderConfig, ProviderKind};
pub use live::contract::{asyncapi, live_schema};
pub use network::{InvalidNetwork, Network};
pub use openapi::document;
pub use server::Server;
pub use token::Token;
pub use web_origin::{InvalidOrigin, WebOrigin};

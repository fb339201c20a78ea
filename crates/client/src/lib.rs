//! The typed HTTP client, made from the OpenAPI document: for our command line and for others' programs.
//!
//! It must know nothing of swarm but that document, `openapi.json` beside this crate's sources. The types are
//! generated from it, and a test calls every operation that it describes; either fails when the two drift apart.
//!
//! ```no_run
//! use futures::StreamExt;
//! use swarm_client::{Client, types::EventBody};
//!
//! # async fn example() -> Result<(), swarm_client::ClientError> {
//! let client = Client::discover(".swarm".as_ref()).await?;
//! for run in client.runs().await? {
//!     println!("{} {:?}", run.id, run.state);
//! }
//! let mut events = std::pin::pin!(client.follow(0, None));
//! while let Some(event) = events.next().await {
//!     if let EventBody::Merged { commit, .. } = event?.body {
//!         println!("merged {commit}");
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! When the server's document changed: `SWARM_UPDATE=1 cargo nextest run -p swarm-server -p swarm-client` writes
//! `openapi.json` and `generated/types.rs` anew; then the test names the operation that has no method in `operations.rs` yet.

mod budget;
mod call;
mod client;
mod error;
mod follow;
mod hidden;
mod identity;
mod operations;
mod place;
mod record;
mod sse;
#[allow(clippy::struct_excessive_bools, reason = "the document decides on the fields")]
#[path = "generated/types.rs"]
pub mod types;

pub use client::Client;
pub use error::ClientError;
pub use follow::{Patience, Standstill};
pub use hidden::Hidden;
pub use identity::Login;
pub use operations::{EventQuery, InterruptQuery};
pub use record::{AuditFilter, AuditQuery};

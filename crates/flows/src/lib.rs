//! The durable workflows, and what steers them: plan, build, ticket, merge.
//!
//! ```text
//! spec ── plan ──► tickets ── build ──► ticket ─┬─ attempt ── validate ─► merge ──► pull request
//!                               ▲               └─◄── hints ──┘             │
//!                               └────────────── evidence ◄──────────────────┘
//! ```
//!
//! Each effect is a journalled step with an idempotency key: what is finished is not run again after a crash, what was
//! cut off finds what it had done. A model proposes; code decides what is ready, accepted and merged.
//!
//! This crate must not know HTTP. The durable engine is named in `engine` and nowhere else.
//!
//! ```no_run
//! # async fn example(parts: swarm_flows::Parts) -> Result<(), Box<dyn std::error::Error>> {
//! use swarm_flows::{Asker, Flows};
//!
//! let flows = Flows::launch(parts, "node-1").await?;
//! let ada = Asker { person: "ada".to_owned(), correlation: None, key: None };
//! let project = swarm_domain::ProjectId::parse("textstat")?;
//! let added = flows.add_project(&ada, &project, "/srv/git/textstat").await;
//! # let _ = added; flows.shutdown().await; Ok(()) }
//! ```
//!
//! To add a step: a function that does one effect under one key, and a call of it through `engine::step`.

mod attempt;
mod background;
mod build;
mod cache;
mod calls;
mod carry;
mod casting;
mod choice;
mod claim;
mod clashes;
pub mod code;
mod context;
mod demand;
mod derive;
mod desks;
mod draft;
mod drive;
mod engine;
mod error;
mod experience;
mod foresight;
pub mod gate;
mod ground;
mod hints;
mod mend;
mod merge;
mod model_check;
mod network;
mod node;
mod notary;
mod notify;
mod outlook;
mod parts;
mod people;
mod permission;
mod plan;
mod proof;
mod pull_request;
mod quota;
mod retry;
mod review;
mod routing;
mod secret;
mod sentinel;
mod sequence;
mod service;
mod settle;
mod stack;
mod survey;
mod sweep;
mod ticket;
mod travel;
mod trouble;
mod validate;
mod version;
pub mod vms;
mod warden;
mod works;

pub use carry::Continuation;
pub use claim::{Claimed, ClaimsConfig, Hand, Kept, Made};
pub use demand::{Demand, LabelDemand};
pub use error::FlowError;
pub use experience::DeadlineConfig;
pub use model_check::ModelCheck;
pub use node::Worker;
pub use notary::AuditConfig;
pub use notify::{NotificationsConfig, Told};
pub use parts::{FlowsConfig, Parts};
pub use people::{Question, QuestionFilter};
pub use pull_request::DIFF_HEADING;
pub use retry::RetryPolicy;
pub use secret::{Credential, Credentials, SecretCheck};
pub use sentinel::AlertsConfig;
pub use sequence::SequenceRequest;
pub use service::{Asker, Flows};
pub use survey::Found;
pub use validate::acceptance::CheckOutput;

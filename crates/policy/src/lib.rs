//! Who may do what: one decision point, by [Cedar](https://www.cedarpolicy.com).
//!
//! Policies are files: those in `policies/` are built in, and an operator's own come on top, held against the same schema.
//! What no policy permits is denied, what any policy forbids is denied, and so is what cannot be decided for an error.
//! Everything is read once, when a process begins; a decision parses nothing.
//!
//! This crate must not know HTTP, the database or the work: it is told who asks, for what and about what.
//!
//! ```
//! use swarm_domain::{TenantId, identity::{Principal, Role, Scope, Who}};
//! use swarm_policy::{Asked, Asker, Need, Operation, Policy, Resource};
//!
//! # fn main() -> Result<(), swarm_policy::PolicyError> {
//! let cancel = Operation::new("POST", "/api/runs/{run}/cancel", Need::Scope(Scope::RunsWrite));
//! let policy = Policy::load(&[cancel.clone()], None)?;
//! let who = Who::Operator { name: "ada".to_owned() };
//! let viewer = Principal { tenant: TenantId::local(), who, role: Role::Viewer, scopes: None };
//! let run = Resource::of_path("/api/runs/{run}/cancel", |_| Some("run_1".to_owned()), &viewer.tenant);
//! assert!(!policy.decide(&Asked::new(Asker::Known(&viewer), cancel.action(), run)).allowed);
//! # Ok(()) }
//! ```
//!
//! To add an operation: nothing here; the server's table names it. To add a thing that can be asked about: its type in
//! `policies/schema.cedarschema` and a [`Kind`]. To add a role: its file in `policies/`, and `Role` in `domain`.

mod asked;
mod decide;
mod entity;
mod explain;
mod fault;
mod file;
mod load;
mod schema;

pub use asked::{Answering, Asked, Asker, Context, Kind, Resource, ToolUse};
pub use decide::{PolicyId, Verdict};
pub use explain::{Determining, Explanation};
pub use fault::PolicyError;
pub use file::{Effect, Line, PolicyFile};
pub use load::{MAX_FILE_BYTES, MAX_FILES, Policy};
pub use schema::{GATE_ANSWER, GATE_DELEGATE, Need, Operation, PAGE, SUBSCRIBE, ToolKind};

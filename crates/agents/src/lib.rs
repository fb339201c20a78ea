//! Who does it: agent files, tools, the turn loop.
//!
//! An agent is a Markdown file ([`Catalogue`]). A [`Turn`] is one attempt of it at a ticket: a state machine that does
//! no I/O, says what to do next, and takes what came of it. A [`Toolbox`] uses tools in a [`Workspace`], the jailed
//! work folder of the attempt. The model answers by tool calls where its tool calls hold, else with whole files in
//! fenced blocks; single questions ([`skeleton_request`] and its kin) are answered as JSON by a schema.
//!
//! This crate must not know HTTP, databases, git or workflows. What a model says is untrusted here: it may end an
//! attempt, and never decides whether the attempt was good.
//!
//! ```
//! use swarm_agents::{Catalogue, Protocol};
//! use swarm_domain::agent::Capability;
//! use swarm_model::Capabilities;
//!
//! let catalogue = Catalogue::builtin()?;
//! let coder = catalogue.by_capability(Capability::Code).remove(0);
//! let small = Capabilities { tools: false, json_schema: true, context_tokens: 8_192 };
//! assert_eq!(coder.protocol.for_model(small), Protocol::Files);
//! # Ok::<(), swarm_agents::AgentError>(())
//! ```
//!
//! To add a tool: a file in `tool/`, a variant of [`ToolName`], an arm in the toolbox. To add an agent: a file in
//! `agents/build/` and its name in `builtin.rs`.

mod agent;
mod builtin;
mod catalogue;
mod error;
mod file;
mod fixture;
mod inherit;
mod network;
mod path;
mod prompt;
mod protocol;
mod request;
mod rule;
mod text;
mod tool;
mod trajectory;
mod turn;
mod workspace;

pub use agent::{Agent, Limits, Protocol};
pub use catalogue::{Catalogue, Roster};
pub use error::AgentError;
pub use file::MAX_FILE_BYTES;
pub use fixture::{RulesReport, check_rules, rules_need_sandbox};
pub use path::{PathRefusal, WorkPath};
pub use prompt::TurnSetup;
pub use protocol::{MAX_CALLS, MAX_REPLY_BYTES};
pub use request::{
    Conflict, ConflictSide, DraftingRequest, Misread, Summary, SummaryLine, TicketText, asked_again,
    conflict_request, derive_portions, derive_request, drafting_request, read_conflict, read_derived,
    read_proposal, read_review, read_skeleton, read_summary, read_ticket, review_request, skeleton_portions,
    skeleton_request, summary_request, ticket_request,
};
pub use rule::{Breach, Changed, Rule, Rules};
pub use tool::{About, Invocation, ToolCode, ToolName, ToolResult, ToolRule, Toolbox};
pub use turn::{DeadEnd, Doer, MAX_RE_ASKS, Step, Turn, TurnEnd, drive};
pub use workspace::{MAX_READ_BYTES, MAX_WRITE_BYTES, Workspace, Written};

//! The record as people ask for it: which events, how an event came out, and for how long contents are kept.
//!
//! A filter is one type for the database, the server and the command line: what it lets through is decided here, and
//! the database only has to come near it.

mod asking;
mod filter;
mod hold;
mod outcome;
mod wildcard;

pub use asking::{Asked, FilterError};
pub use filter::AuditFilter;
pub use hold::{HoldId, HoldScope, Retention, RetentionPolicy};
pub use outcome::{AuditOutcome, outcome};
pub use wildcard::Wildcard;

use serde::{Deserialize, Serialize};

use crate::event::Actor;

/// How somebody read the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Page by page.
    List,
    /// As it grew.
    Tail,
    /// As lines that can be checked elsewhere.
    Jsonl,
    /// As a table.
    Csv,
    /// As a document.
    Pdf,
}

impl Reading {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Tail => "tail",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Pdf => "pdf",
        }
    }
}

/// Who did it, as filters and exports write it: `person:ada`, `agent:coder`, `system:scheduler`.
#[must_use]
pub fn who(actor: &Actor) -> String {
    match actor {
        Actor::System { part } => format!("system:{part}"),
        Actor::Agent { name } => format!("agent:{name}"),
        Actor::Person { name } => format!("person:{name}"),
    }
}

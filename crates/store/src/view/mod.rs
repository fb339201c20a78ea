//! The views: one file each, with its row, its writes for the projection, and its reads.

pub(crate) mod alert;
pub(crate) mod attempt;
pub(crate) mod census;
pub(crate) mod check;
pub(crate) mod clash;
pub(crate) mod commit;
pub(crate) mod federation;
pub(crate) mod finding;
pub(crate) mod history;
pub(crate) mod hold;
pub(crate) mod identity;
pub(crate) mod interrupt;
pub(crate) mod measure;
pub(crate) mod model_call;
pub(crate) mod plan;
pub(crate) mod project;
pub(crate) mod pull_request;
pub(crate) mod run;
pub(crate) mod secret;
pub(crate) mod spec;
pub(crate) mod ticket;
pub(crate) mod tool_call;
pub(crate) mod trace;
pub(crate) mod vitals;

pub use attempt::AttemptRow;
pub use census::Census;
pub use check::CheckRow;
pub use commit::CommitRow;
pub use federation::LinkRow;
pub use finding::FindingRow;
pub use history::{History, Recordings};
pub use hold::HoldRow;
pub use identity::{InvitationRow, KeyRow, SessionRow, UserRow};
pub use interrupt::{InterruptQuery, InterruptRow};
pub use model_call::ModelCallRow;
pub use plan::{PlanRow, PlanState};
pub use project::ProjectRow;
pub use pull_request::PullRequestRow;
pub use run::RunRow;
pub use secret::SecretRow;
pub use spec::SpecRow;
pub use ticket::TicketRow;
pub use trace::{Trace, TracedTicket};
pub use vitals::Lately;

use crate::StoreError;

/// Nothing is known under this id.
pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> StoreError {
    StoreError::NotFound { kind, id: id.to_string() }
}

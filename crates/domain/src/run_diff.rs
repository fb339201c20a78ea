//! Two runs side by side, as people and programs read it.

use serde::{Deserialize, Serialize};

use crate::{
    budget::Spend,
    comparison::Difference,
    id::{CommitId, RunId, TicketId},
    origin::StepKind,
    run::{RunOptions, RunState},
    ticket::TicketState,
};

/// What two runs have in common and where they part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunDiff {
    /// The first run.
    pub first: RunSide,
    /// The second run.
    pub second: RunSide,
    /// Whether both came to the same: states, outcomes, findings, the trees of what was merged, the evidence.
    pub same: bool,
    /// What they came to that differs.
    pub differences: Vec<Difference>,
    /// The tickets of both.
    pub tickets: Vec<TicketPair>,
    /// The first step at which they part; in runs that came to the same, one that had no consequence.
    pub parting: Option<Parting>,
    /// The code at the end of the one against the other; absent where either has none, or they are of two repositories.
    pub code: Option<CodeDiff>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSide {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// What was chosen for it.
    pub options: RunOptions,
    /// What it cost. Replies that were played cost nothing.
    pub spend: Spend,
    /// From its beginning until it settled, in milliseconds; absent while it works.
    pub millis: Option<u64>,
    /// The commit at the end of its branch.
    pub head: Option<CommitId>,
    /// The tree of that commit.
    pub tree: Option<String>,
}

/// A ticket in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketPair {
    /// Its id.
    pub ticket: TicketId,
    /// What is to be done, in a line.
    pub title: String,
    /// In the first run; absent where that has no such ticket.
    pub first: Option<TicketSide>,
    /// In the second run; absent where that has no such ticket.
    pub second: Option<TicketSide>,
}

/// A ticket in one of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketSide {
    /// Where it stands.
    pub state: TicketState,
    /// How many attempts there were.
    pub attempts: u32,
    /// What it cost.
    pub spend: Spend,
    /// From its first attempt to its last change, in milliseconds.
    pub millis: u64,
}

/// The step at which two runs part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parting {
    /// Which step, in words: `T-1.2: model call 3`.
    pub step: String,
    /// What kind of step.
    pub kind: StepKind,
    /// Its position in the log, in the first run; absent where that run has no such step.
    pub first: Option<u64>,
    /// Its position in the log, in the second run; absent where that run has no such step.
    pub second: Option<u64>,
    /// What it says in the first run.
    pub first_text: String,
    /// What it says in the second run.
    pub second_text: String,
}

/// What differs in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CodeDiff {
    /// Files that differ.
    pub files: Vec<String>,
    /// Lines that only the second run has.
    pub added: u32,
    /// Lines that only the first run has.
    pub removed: u32,
    /// From the first to the second, as `git diff` prints it.
    pub text: String,
    /// Whether there was more than what is shown.
    pub truncated: bool,
}

/// A step of a run with what it says, and with the words that a person can put others in the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepDetail {
    /// Its position in the log.
    pub at: u64,
    /// What kind of step.
    pub kind: StepKind,
    /// What it says.
    pub text: String,
    /// What can be edited when the run is forked here; absent where nothing can.
    pub edit: Option<Edit>,
}

/// Words that take the place of those at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Another reply of the model.
    Reply {
        /// Its text.
        text: String,
        /// The tools that it calls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<EditedCall>,
    },
    /// Other words at the beginning of an attempt.
    Attempt {
        /// How to go about the ticket, from this attempt on.
        description: String,
        /// The hints that this attempt is given.
        #[serde(default)]
        hints: Vec<String>,
    },
}

/// A call of a tool in an edited reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EditedCall {
    /// Names the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as JSON.
    pub arguments: String,
}

//! Interrupts: where the work stops and a person is asked.
//!
//! They are raised by a policy in code ([`ApprovalPolicy`]), never by a model's good will, and wait for as long as it
//! takes. What is asked has the shape of LangChain's Agent Inbox ([`HumanInterrupt`]), so that its tools can show it.
//! The first answer that decides counts ([`Standing`]); who comes later is told who decided.
//!
//! A gate of code (what tools find in a change) is another thing: that is [`gate`](crate::gate).

mod answer;
mod diff;
mod inbox;
mod plan;
mod policy;
mod standing;

use serde::{Deserialize, Serialize};

use crate::{
    id::{BlobHash, CommitId, InterruptId},
    ticket::Risk,
};

pub use answer::{InterruptRefusal, MAX_WORDS, may_answer};
pub use diff::{DiffClass, DiffFile, DiffRisk, classify};
pub use inbox::{ActionRequest, HumanInterrupt, HumanInterruptConfig, HumanResponse, ResponseKind};
pub use plan::{InvalidEdit, PlanEdit, risk_of_plan};
pub use policy::{ApprovalPolicy, ApprovalRule, Asked, Escalation, Facts, OnExpiry, Point, Terms};
pub use standing::{Accept, Decision, InterruptState, Standing, Timer};

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InterruptKind {
    /// Whether a plan is to be carried out.
    PlanReview,
    /// Whether an accepted change may enter the merge train.
    DiffReview,
    /// What the spec means.
    Clarification,
}

impl InterruptKind {
    /// Its name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::PlanReview => "plan review",
            Self::DiffReview => "diff review",
            Self::Clarification => "clarification",
        }
    }

    /// What may be answered.
    #[must_use]
    pub fn config(self) -> HumanInterruptConfig {
        HumanInterruptConfig {
            allow_accept: true,
            allow_edit: self == Self::PlanReview,
            allow_respond: true,
            allow_ignore: true,
        }
    }
}

/// A question to people, as it is written into the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Interrupt {
    /// Its id.
    pub id: InterruptId,
    /// What kind of question it is.
    pub kind: InterruptKind,
    /// How much harm a wrong answer can do.
    pub risk: Risk,
    /// Why it is asked, in sentences.
    pub why: Vec<String>,
    /// The rules of the policy that ask.
    pub rules: Vec<String>,
    /// What is asked, in the shape of the Agent Inbox.
    pub request: HumanInterrupt,
    /// Who may answer, how many must, and what happens as time passes.
    pub terms: Terms,
    /// The people whose request it is: with four eyes, none of them answers.
    pub asked_by: Vec<String>,
    /// What it is about, in the words that people's skills have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// The commit that is to be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// All of what is to be judged, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<BlobHash>,
}

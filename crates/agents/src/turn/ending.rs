//! How an attempt ends, as far as its author can tell.

use serde::{Deserialize, Serialize};
use swarm_domain::finding::{Finding, FindingCode};

use crate::text;

/// Characters that are kept of what a model says about its work.
pub(super) const MAX_SAID: usize = 2_000;
/// Bytes of evidence in a finding.
pub(super) const MAX_EVIDENCE: usize = 2_000;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum TurnEnd {
    /// The author says that it is done, and no write of it was left failed. Whether it *is* done the validator says:
    /// nothing in `summary` is evidence.
    Finished {
        /// What the author says it did.
        summary: String,
    },
    /// The author says that it cannot do it.
    GaveUp {
        /// Why, in its words.
        reason: String,
    },
    /// It could not be carried through.
    Failed {
        /// Why; never empty.
        findings: Vec<Finding>,
    },
}

impl TurnEnd {
    /// What stands in the way of accepting the attempt: nothing only where the author finished.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Finished { .. } => Vec::new(),
            Self::GaveUp { reason } => vec![finding(
                FindingCode::NotFinished,
                "the author said that it could not do the work",
                reason.clone(),
                "Do the part that can be done, in the files that the task may write.",
            )],
            Self::Failed { findings } => findings.clone(),
        }
    }
}

pub(super) fn failed(finding: Finding) -> TurnEnd {
    TurnEnd::Failed { findings: vec![finding] }
}

pub(super) fn finding(code: FindingCode, detail: &str, evidence: String, hint: &str) -> Finding {
    let detail = text::line(detail, 400);
    Finding { code, detail, evidence, hint: hint.to_owned(), requirement: None, path: None }
}

/// The end of an attempt whose writes were not made good.
pub(super) fn unmended(findings: Vec<Finding>) -> TurnEnd {
    if findings.is_empty() {
        return failed(finding(
            FindingCode::NotFinished,
            "the attempt did not end with the work done",
            String::new(),
            "Write the files that the task names.",
        ));
    }
    TurnEnd::Failed { findings }
}

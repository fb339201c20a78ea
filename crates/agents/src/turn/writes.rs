//! The writes of an attempt that failed and were not made good. While there is one, the attempt cannot end well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::finding::{Finding, FindingCode};

use super::ending::finding;
use crate::{
    path::WorkPath,
    tool::{Invocation, ToolCode, ToolName, ToolResult, output},
};

/// The failed writes, by path. A later write to the same path that succeeds makes the earlier one good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Writes {
    failed: BTreeMap<String, Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    code: ToolCode,
    said: String,
}

/// Stands for the path of a write that named none.
const NO_PATH: &str = "";

impl Writes {
    /// Notes what came of a tool.
    pub(super) fn note(&mut self, asked: &Invocation, answer: &ToolResult) {
        let is_write = asked.tool.parse().is_ok_and(ToolName::writes);
        if !is_write {
            return;
        }
        let path = key(asked.path().unwrap_or(NO_PATH));
        if answer.ok {
            self.failed.remove(&path);
            // Where the path could not be read, the next good write is the one that was meant.
            self.failed.remove(NO_PATH);
        } else {
            self.failed.insert(path, Failure { code: answer.code, said: output::shown(&answer.text, 300) });
        }
    }

    /// Lets go of a refused path that the author says it does without. Nothing was touched there; a write that was
    /// allowed and failed cannot be let go of.
    pub(super) fn drop_refused(&mut self, path: &str) {
        let path = key(path);
        if self.failed.get(&path).is_some_and(Failure::is_refusal) {
            self.failed.remove(&path);
        }
    }

    /// Lets go of all refused paths.
    pub(super) fn forget_refused(&mut self) {
        self.failed.retain(|_, failure| !failure.is_refusal());
    }

    pub(super) fn are_good(&self) -> bool {
        self.failed.is_empty()
    }

    /// A finding for each failed write.
    pub(super) fn unmended(&self) -> Vec<Finding> {
        let one = |(path, failure): (&String, &Failure)| {
            let hint = if failure.is_refusal() {
                "Write only the files that the task names."
            } else {
                "Write the complete file anew."
            };
            let detail = match path.as_str() {
                NO_PATH => format!("a write failed: {}", failure.said),
                path => format!("the write to {path} failed: {}", failure.said),
            };
            Finding {
                path: (path != NO_PATH).then(|| path.clone()),
                ..finding(FindingCode::ToolFailed, &detail, String::new(), hint)
            }
        };
        self.failed.iter().map(one).collect()
    }
}

impl Failure {
    fn is_refusal(&self) -> bool {
        matches!(self.code, ToolCode::OutOfScope | ToolCode::PathRefused | ToolCode::NotPermitted)
    }
}

/// The path in its plain form, so that `./a` and `a` are one.
fn key(path: &str) -> String {
    WorkPath::parse(path).map_or_else(|_| output::shown(path, 200), |path| path.to_string())
}

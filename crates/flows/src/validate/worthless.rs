//! Tests that were added and cannot fail.

use swarm_domain::finding::{Finding, FindingCode};

use super::change::{ChangedFile, fault};
use crate::code::{Source, hollow_tests};

/// The tests of a change that prove nothing.
pub(super) fn worthless(files: &[ChangedFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let Some(Ok(source)) = file.new.as_deref().map(|bytes| Source::read(&file.path, bytes)) else {
            continue;
        };
        for hollow in hollow_tests(&source, &file.lines) {
            let what = format!("the test `{}` {}", hollow.name, hollow.why.words());
            let hint = format!(
                "Write the test `{}` in {} so that it calls the code and fails when the code is wrong.",
                hollow.name, file.path
            );
            findings.push(fault(FindingCode::HollowTest, &file.path, hollow.line, &what, "", &hint));
        }
    }
    findings
}

//! Forms of code that dodge the judgement, by their grammar.

use swarm_domain::finding::{Finding, FindingCode};

use super::change::{ChangedFile, fault};
use crate::code::{Source, Trick, tricks};

/// What of a change only serves to pass.
pub(super) fn dodges(files: &[ChangedFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let Some(Ok(source)) = file.new.as_deref().map(|bytes| Source::read(&file.path, bytes)) else {
            continue;
        };
        let text = file.text().unwrap_or_default();
        for trick in tricks(&source, &file.lines) {
            let (code, line, what, hint) = match trick {
                Trick::AlwaysEqual(line) => {
                    (FindingCode::Evasion, line, "is equal to everything", "Compare what the objects hold.")
                }
                Trick::EndsEarly(line) => (
                    FindingCode::Evasion,
                    line,
                    "ends the process before its work can be judged",
                    "End the process only at the end of the main function, and with the exit code that the work earns.",
                ),
                Trick::Swallows(line) => (
                    FindingCode::SwallowedError,
                    line,
                    "catches whatever goes wrong and drops it",
                    "Catch only the error that is expected there, and do something about it.",
                ),
            };
            let evidence = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
            findings.push(fault(code, &file.path, line, what, evidence, &format!("{hint} ({})", file.path)));
        }
    }
    findings
}

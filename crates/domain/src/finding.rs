//! What a check found, as evidence that can be sent back to an author.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::RequirementId;

/// Why an attempt was not accepted. Each code has a section in the troubleshooting page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// An acceptance command did not do what the spec says.
    AcceptanceFailed,
    /// An acceptance command did not end in time or broke a limit of the sandbox.
    AcceptanceLimit,
    /// A file outside the ticket's scope was changed.
    OutOfScope,
    /// The diff holds a placeholder where work should be.
    Placeholder,
    /// The diff holds something that looks like a secret.
    Secret,
    /// The diff is larger than the ticket may be.
    TooLarge,
    /// Nothing was changed.
    NothingDone,
    /// The author said that it could not do the work, or stopped without finishing.
    NotFinished,
    /// A write, edit or command of the author failed and was not made good.
    ToolFailed,
    /// The author went round in circles.
    Loop,
    /// The reply could not be read as the protocol asks.
    Malformed,
    /// A reviewer found a fault.
    Review,
    /// The work does not fit onto what was merged before it.
    Conflict,
    /// Merged with the rest, an acceptance command fails.
    MergeRed,
    /// A test that was added cannot fail.
    HollowTest,
    /// A test that was there before, or what runs the tests, was changed to the author's favour.
    TestTampered,
    /// The code holds the answers of the spec's examples instead of working them out.
    HardCoded,
    /// The code looks at who runs it, or ends or answers before it is asked.
    Evasion,
    /// A file stands in the place of a library, a program or a file that steers git.
    Shadowed,
    /// An error is caught and dropped.
    SwallowedError,
    /// The diff holds words that are meant for a model that reads it.
    Injection,
    /// A file is no source: binary, generated or somebody else's.
    Artefact,
    /// A linter, type checker or compiler warning was turned off for a whole file.
    CheckDisabled,
    /// A rule of the agent's own file is broken.
    RuleBroken,
    /// A code scanner found a fault.
    Scanned,
    /// A dependency has a known vulnerability.
    VulnerableDependency,
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AcceptanceFailed => "acceptance_failed",
            Self::AcceptanceLimit => "acceptance_limit",
            Self::OutOfScope => "out_of_scope",
            Self::Placeholder => "placeholder",
            Self::Secret => "secret",
            Self::TooLarge => "too_large",
            Self::NothingDone => "nothing_done",
            Self::NotFinished => "not_finished",
            Self::ToolFailed => "tool_failed",
            Self::Loop => "loop",
            Self::Malformed => "malformed",
            Self::Review => "review",
            Self::Conflict => "conflict",
            Self::MergeRed => "merge_red",
            Self::HollowTest => "hollow_test",
            Self::TestTampered => "test_tampered",
            Self::HardCoded => "hard_coded",
            Self::Evasion => "evasion",
            Self::Shadowed => "shadowed",
            Self::SwallowedError => "swallowed_error",
            Self::Injection => "injection",
            Self::Artefact => "artefact",
            Self::CheckDisabled => "check_disabled",
            Self::RuleBroken => "rule_broken",
            Self::Scanned => "scanned",
            Self::VulnerableDependency => "vulnerable_dependency",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// What was found, in a sentence.
    pub detail: String,
    /// The output or lines that show it, cut to a bound. Never holds the secret that was found.
    pub evidence: String,
    /// What to do about it: the hint that goes to the next attempt.
    pub hint: String,
    /// The requirement that it is about.
    pub requirement: Option<RequirementId>,
    /// The file that it is about.
    pub path: Option<String>,
}

impl Finding {
    /// What two findings that would lead to the same hint have in common.
    #[must_use]
    pub fn signature(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        let requirement = self.requirement.as_ref().map(RequirementId::as_str).unwrap_or_default();
        format!("{}|{requirement}|{path}|{}", self.code, self.hint)
    }

    /// The line that it is about, from 1: a fault at a line begins with `path:line`.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        let rest = self.detail.strip_prefix(self.path.as_deref()?)?.strip_prefix(':')?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().filter(|line| *line > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_fault_is_read_where_one_is_named() {
        let line = |path: Option<&str>, detail: &str| {
            let finding = Finding {
                code: FindingCode::Secret,
                detail: detail.to_owned(),
                evidence: String::new(),
                hint: String::new(),
                requirement: None,
                path: path.map(str::to_owned),
            };
            finding.line()
        };
        assert_eq!(line(Some("a:b.py"), "a:b.py:12 looks like a key"), Some(12));
        for (path, detail) in [
            (Some("a.py"), "a.py is larger than 3 bytes"),
            (Some("a.py"), "b.py:3 is wrong"),
            (Some("a.py"), "a.py:0 is wrong"),
            (Some("a.py"), "a.py:99999999999 is wrong"),
            (None, "a.py:3 is wrong"),
        ] {
            assert_eq!(line(path, detail), None, "{detail}");
        }
    }
}

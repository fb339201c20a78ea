//! Gates: what a change must pass before it is committed, before it is merged, before it is deployed, and after.
//!
//! What is looked for is the same at each: what the validator looks for in an attempt. A look says what it found, or why
//! it could not look; what that means is for the [`GatePolicy`] to say, and for nobody else.

mod policy;
mod report;
pub mod sarif;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::finding::FindingCode;

pub use policy::{GatePolicy, Weight};
pub use report::{CheckReport, GateReport, Look, Outcome, Verdict};

/// Where in the life of a change it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum GateStage {
    /// What is staged, before it is committed.
    PreCommit,
    /// What lies between two commits, before one is merged into the other.
    PreMerge,
    /// A commit as a whole, before it is deployed.
    PreDeploy,
    /// What runs, after it was deployed.
    PostDeploy,
}

impl fmt::Display for GateStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreCommit => "pre-commit",
            Self::PreMerge => "pre-merge",
            Self::PreDeploy => "pre-deploy",
            Self::PostDeploy => "post-deploy",
        })
    }
}

/// What is looked at. Each has a weight in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateCheck {
    /// Secrets in what was added.
    Secrets,
    /// Placeholders and stubs, by their grammar.
    Placeholders,
    /// Tests that assert nothing, and tests that were loosened.
    Tests,
    /// Files out of scope, links that may lead out of the repository.
    Scope,
    /// Files and diffs that are too large to be read.
    Size,
    /// Answers that stand in the code, code that asks who runs it, dropped errors, checkers that were turned off.
    Tricks,
    /// Files that are no source.
    Artefacts,
    /// Rules of agents' files and of the repository's own gate file.
    Rules,
    /// What semgrep finds.
    Semgrep,
    /// Known vulnerabilities of what the lock files name.
    Dependencies,
    /// Commands: acceptance, health.
    Commands,
}

impl GateCheck {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Secrets,
        Self::Placeholders,
        Self::Tests,
        Self::Scope,
        Self::Size,
        Self::Tricks,
        Self::Artefacts,
        Self::Rules,
        Self::Semgrep,
        Self::Dependencies,
        Self::Commands,
    ];

    /// Those that are made by reading the change, without running anything.
    pub const BY_READING: [Self; 8] = [
        Self::Secrets,
        Self::Placeholders,
        Self::Tests,
        Self::Scope,
        Self::Size,
        Self::Tricks,
        Self::Artefacts,
        Self::Rules,
    ];

    /// The check that finds faults of this kind. None for what is no fault of a change as such: that always counts.
    #[must_use]
    pub fn of(code: FindingCode) -> Option<Self> {
        match code {
            FindingCode::Secret => Some(Self::Secrets),
            FindingCode::Placeholder => Some(Self::Placeholders),
            FindingCode::HollowTest | FindingCode::TestTampered => Some(Self::Tests),
            FindingCode::OutOfScope => Some(Self::Scope),
            FindingCode::TooLarge => Some(Self::Size),
            FindingCode::HardCoded
            | FindingCode::Evasion
            | FindingCode::Shadowed
            | FindingCode::SwallowedError
            | FindingCode::Injection
            | FindingCode::CheckDisabled => Some(Self::Tricks),
            FindingCode::Artefact => Some(Self::Artefacts),
            FindingCode::RuleBroken => Some(Self::Rules),
            FindingCode::Scanned => Some(Self::Semgrep),
            FindingCode::VulnerableDependency => Some(Self::Dependencies),
            FindingCode::AcceptanceFailed | FindingCode::AcceptanceLimit => Some(Self::Commands),
            FindingCode::NothingDone
            | FindingCode::NotFinished
            | FindingCode::ToolFailed
            | FindingCode::Loop
            | FindingCode::Malformed
            | FindingCode::Review
            | FindingCode::Conflict
            | FindingCode::MergeRed => None,
        }
    }

    /// Its name, as it stands in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Placeholders => "placeholders",
            Self::Tests => "tests",
            Self::Scope => "scope",
            Self::Size => "size",
            Self::Tricks => "tricks",
            Self::Artefacts => "artefacts",
            Self::Rules => "rules",
            Self::Semgrep => "semgrep",
            Self::Dependencies => "dependencies",
            Self::Commands => "commands",
        }
    }
}

impl fmt::Display for GateCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GateCheck {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|check| check.name() == text);
        found.ok_or_else(|| format!("`{text}` is no check; there are {}", known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_read_by_the_name_that_it_has_in_settings() {
        for check in GateCheck::ALL {
            assert_eq!(check.name().parse(), Ok(check));
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
        assert!("wings".parse::<GateCheck>().unwrap_err().contains("secrets, placeholders"));
    }

    #[test]
    fn what_is_no_fault_of_a_change_has_no_weight_that_could_be_turned_down() {
        for code in [FindingCode::NothingDone, FindingCode::Review, FindingCode::MergeRed] {
            assert_eq!(GateCheck::of(code), None, "{code}");
        }
    }
}

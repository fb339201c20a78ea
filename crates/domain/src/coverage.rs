//! Coverage: which requirements are proven by something that ran.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    id::{CommitId, RequirementId},
    spec::Requirement,
};

/// The result of one acceptance command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// What it was to prove.
    pub requirement: RequirementId,
    /// The command.
    pub command: String,
    /// On which commit it ran.
    pub commit: CommitId,
    /// Whether it did what the spec says.
    pub passed: bool,
}

/// What is known of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// It has at least one acceptance command, and each of them passed.
    Proven,
    /// An acceptance command failed.
    Failing,
    /// It has no acceptance command, or not all of them ran.
    Unproven,
}

/// What is known of one requirement, with the numbers behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequirementCoverage {
    /// Which requirement.
    pub requirement: RequirementId,
    /// What is known of it.
    pub evidence: Evidence,
    /// Acceptance commands that passed.
    pub passed: u32,
    /// Acceptance commands that there are, whether they ran or not.
    pub checks: u32,
}

/// What is known of all requirements of a spec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Coverage {
    /// One by one, in the order of the spec.
    pub requirements: Vec<RequirementCoverage>,
}

impl Coverage {
    /// The coverage at `commit`, from results in the order in which they came in.
    ///
    /// Of a command that ran twice the last result counts; results on other commits do not. A spec may give a
    /// requirement no command while its ticket has one: then that one is the evidence.
    #[must_use]
    pub fn of(requirements: &[Requirement], results: &[CheckResult], commit: &CommitId) -> Self {
        let mut latest: HashMap<&RequirementId, HashMap<&str, bool>> = HashMap::new();
        for result in results.iter().filter(|r| &r.commit == commit) {
            latest.entry(&result.requirement).or_default().insert(&result.command, result.passed);
        }
        let covered = requirements.iter().map(|requirement| {
            let ran = latest.remove(&requirement.id).unwrap_or_default();
            let mut checks: HashMap<&str, Option<bool>> =
                requirement.acceptance.iter().map(|a| (a.command.as_str(), None)).collect();
            checks.extend(ran.into_iter().map(|(command, passed)| (command, Some(passed))));
            judged(requirement, &checks)
        });
        Self { requirements: covered.collect() }
    }

    /// How many requirements are proven.
    #[must_use]
    pub fn proven(&self) -> usize {
        self.requirements.iter().filter(|r| r.evidence == Evidence::Proven).count()
    }

    /// The proven share in percent, rounded down: 100 only when every requirement is proven.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let share = (self.proven() * 100).checked_div(self.requirements.len());
        share.and_then(|percent| u8::try_from(percent).ok()).unwrap_or_default()
    }

    /// Whether there are requirements and all of them are proven.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.requirements.is_empty() && self.proven() == self.requirements.len()
    }
}

fn judged(requirement: &Requirement, checks: &HashMap<&str, Option<bool>>) -> RequirementCoverage {
    let count = |outcome: Option<bool>| checks.values().filter(|&&o| o == outcome).count();
    let passed = count(Some(true));
    let evidence = if count(Some(false)) > 0 {
        Evidence::Failing
    } else if passed > 0 && passed == checks.len() {
        Evidence::Proven
    } else {
        Evidence::Unproven
    };
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    RequirementCoverage {
        requirement: requirement.id.clone(),
        evidence,
        passed: number(passed),
        checks: number(checks.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec;

    const SPEC: &str = "# T\n\n## REQ-1: a\n\n```console\n$ a1\n$ a2\n```\n\n## REQ-2: b\n\n```console\n$ b\n```\n\n## REQ-3: c\n\nIt must be nice.\n";

    fn result(requirement: &str, command: &str, commit: &str, passed: bool) -> CheckResult {
        CheckResult {
            requirement: RequirementId::parse(requirement).unwrap(),
            command: command.to_owned(),
            commit: CommitId::parse(commit).unwrap(),
            passed,
        }
    }

    fn coverage(results: &[CheckResult]) -> Coverage {
        Coverage::of(&spec::parse(SPEC).unwrap().requirements, results, &CommitId::parse("head").unwrap())
    }

    fn evidence(coverage: &Coverage) -> Vec<Evidence> {
        coverage.requirements.iter().map(|r| r.evidence).collect()
    }

    #[test]
    fn a_requirement_that_nothing_can_run_for_is_never_proven() {
        let all = coverage(&[
            result("REQ-1", "a1", "head", true),
            result("REQ-1", "a2", "head", true),
            result("REQ-2", "b", "head", true),
        ]);
        assert_eq!(evidence(&all), [Evidence::Proven, Evidence::Proven, Evidence::Unproven]);
        assert_eq!((all.proven(), all.percent(), all.is_complete()), (2, 66, false));
    }

    #[test]
    fn half_of_the_commands_prove_nothing_and_an_older_commit_proves_nothing() {
        let some = coverage(&[result("REQ-1", "a1", "head", true), result("REQ-2", "b", "before", true)]);
        assert_eq!(evidence(&some), [Evidence::Unproven; 3]);
        assert_eq!((some.requirements[0].passed, some.requirements[0].checks), (1, 2));
    }

    #[test]
    fn the_last_result_of_a_command_counts() {
        let mended = coverage(&[result("REQ-2", "b", "head", false), result("REQ-2", "b", "head", true)]);
        assert_eq!(evidence(&mended)[1], Evidence::Proven);
        let broken = coverage(&[result("REQ-2", "b", "head", true), result("REQ-2", "b", "head", false)]);
        assert_eq!(evidence(&broken)[1], Evidence::Failing);
    }

    #[test]
    fn a_command_from_elsewhere_proves_a_requirement_that_the_spec_gives_none() {
        assert_eq!(evidence(&coverage(&[result("REQ-3", "c", "head", true)]))[2], Evidence::Proven);
    }

    #[test]
    fn no_requirements_are_no_coverage() {
        let none = Coverage::default();
        assert_eq!((none.percent(), none.is_complete()), (0, false));
    }
}

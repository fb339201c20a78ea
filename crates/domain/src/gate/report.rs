//! What a gate says: each check with its tool, its weight and what it found.

use serde::{Deserialize, Serialize};

use super::{GateCheck, GatePolicy, GateStage, Weight};
use crate::finding::Finding;

/// Findings of one check that are kept; the rest is counted.
const MAX_FINDINGS: usize = 50;

/// What a check said, before it is weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Which check.
    pub check: GateCheck,
    /// What looked: `swarm`, or the name and version of a tool.
    pub tool: String,
    /// What it found; or why it did not look.
    pub found: Result<Vec<Finding>, String>,
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// It looked, and found nothing.
    Passed,
    /// It found something.
    Found,
    /// It could not look.
    Skipped {
        /// Why.
        why: String,
    },
    /// It is turned off.
    Off,
}

/// One check of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// Which.
    pub check: GateCheck,
    /// What looked: `swarm`, or the name and version of a tool.
    pub tool: String,
    /// What its findings mean.
    pub weight: Weight,
    /// How it came out.
    pub outcome: Outcome,
    /// What it found, cut to a bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What a gate says of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// Where.
    pub stage: GateStage,
    /// What was judged, for people: `what is staged`, `a1b2c3..d4e5f6`.
    pub change: String,
    /// The checks, in their order.
    pub checks: Vec<CheckReport>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// Something was found that people are told of.
    Warned,
    /// The change goes no further.
    Blocked,
}

impl GatePolicy {
    /// Weighs what was said. A check that is off is shown as such, whatever it would have found.
    #[must_use]
    pub fn weigh(&self, look: Look) -> CheckReport {
        let weight = self.weight(look.check);
        let (outcome, mut findings) = match look.found {
            _ if weight == Weight::Off => (Outcome::Off, Vec::new()),
            Err(why) => (Outcome::Skipped { why }, Vec::new()),
            Ok(found) if found.is_empty() => (Outcome::Passed, found),
            Ok(found) => (Outcome::Found, found),
        };
        let more = u32::try_from(findings.len().saturating_sub(MAX_FINDINGS)).unwrap_or(u32::MAX);
        findings.truncate(MAX_FINDINGS);
        CheckReport { check: look.check, tool: look.tool, weight, outcome, findings, more }
    }

    /// The checks that were made by reading, each with those of the findings that are its own.
    #[must_use]
    pub fn weigh_reading(&self, findings: &[Finding]) -> Vec<CheckReport> {
        let of = |check| {
            let own = |finding: &&Finding| GateCheck::of(finding.code) == Some(check);
            let found = Ok(findings.iter().filter(own).cloned().collect());
            self.weigh(Look { check, tool: "swarm".to_owned(), found })
        };
        GateCheck::BY_READING.map(of).into()
    }
}

impl CheckReport {
    /// What follows from this check alone.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.weight, self.findings.is_empty()) {
            (Weight::Block, false) => Verdict::Blocked,
            (Weight::Warn, false) => Verdict::Warned,
            _ => Verdict::Clean,
        }
    }

    /// How it came out, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.outcome {
            Outcome::Passed => "passed".to_owned(),
            Outcome::Found => format!("found {}", self.findings.len() as u64 + u64::from(self.more)),
            Outcome::Skipped { why } => format!("skipped: {why}"),
            Outcome::Off => "off".to_owned(),
        }
    }
}

impl GateReport {
    /// What follows from all checks together.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.checks.iter().map(CheckReport::verdict).max().unwrap_or(Verdict::Clean)
    }

    /// Every finding with the check that found it, what blocks first.
    pub fn findings(&self) -> impl Iterator<Item = (&CheckReport, &Finding)> {
        let of = |weight| self.checks.iter().filter(move |check| check.weight == weight);
        let each = of(Weight::Block).chain(of(Weight::Warn));
        each.flat_map(|check| check.findings.iter().map(move |finding| (check, finding)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingCode;

    fn finding(code: FindingCode) -> Finding {
        Finding {
            code,
            detail: "a.py:3 is wrong".to_owned(),
            evidence: String::new(),
            hint: "Mend it.".to_owned(),
            requirement: None,
            path: Some("a.py".to_owned()),
        }
    }

    fn semgrep(found: Result<Vec<Finding>, String>) -> Look {
        Look { check: GateCheck::Semgrep, tool: "semgrep 1.0".to_owned(), found }
    }

    #[test]
    fn the_weight_of_a_check_decides_what_follows_from_what_it_found() {
        for (weight, verdict) in [
            (Weight::Off, Verdict::Clean),
            (Weight::Warn, Verdict::Warned),
            (Weight::Block, Verdict::Blocked),
        ] {
            let policy = GatePolicy { semgrep: weight, ..GatePolicy::default() };
            let report = policy.weigh(semgrep(Ok(vec![finding(FindingCode::Scanned)])));
            assert_eq!(report.verdict(), verdict);
        }
    }

    #[test]
    fn a_check_that_could_not_look_says_why_and_stands_in_nobodys_way() {
        let policy = GatePolicy { semgrep: Weight::Block, ..GatePolicy::default() };
        let report = policy.weigh(semgrep(Err("semgrep is not installed".to_owned())));
        assert_eq!(report.words(), "skipped: semgrep is not installed");
        assert_eq!(report.verdict(), Verdict::Clean);
    }

    #[test]
    fn a_flood_of_findings_is_cut_and_counted() {
        let many = vec![finding(FindingCode::Scanned); 1_000];
        let report = GatePolicy::default().weigh(semgrep(Ok(many)));
        assert_eq!((report.findings.len(), report.more), (MAX_FINDINGS, 950));
        assert_eq!(report.words(), "found 1000");
    }

    #[test]
    fn each_finding_stands_with_its_check_and_what_blocks_comes_first() {
        let policy = GatePolicy { placeholders: Weight::Warn, ..GatePolicy::default() };
        let found = [FindingCode::Placeholder, FindingCode::TestTampered].map(finding);
        let checks = policy.weigh_reading(&found);
        let report = GateReport { stage: GateStage::PreCommit, change: String::new(), checks };
        let shown: Vec<_> = report.findings().map(|(check, finding)| (check.check, finding.code)).collect();
        assert_eq!(
            shown,
            [
                (GateCheck::Tests, FindingCode::TestTampered),
                (GateCheck::Placeholders, FindingCode::Placeholder)
            ]
        );
        assert_eq!(report.verdict(), Verdict::Blocked);
    }
}

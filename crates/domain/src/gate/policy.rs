//! The policy: what it means when a check finds something.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GateCheck;
use crate::finding::{Finding, FindingCode};

/// What a finding of a check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Nobody looks.
    Off,
    /// People are told.
    Warn,
    /// The change goes no further.
    Block,
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Block => "block",
        })
    }
}

/// The weight of each check. The validator, the merge train and `swarm gate` ask this and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatePolicy {
    /// Secrets in what was added.
    pub secrets: Weight,
    /// Placeholders and stubs.
    pub placeholders: Weight,
    /// Tests that assert nothing, and tests that were loosened.
    pub tests: Weight,
    /// Files out of scope.
    pub scope: Weight,
    /// Files and diffs that are too large to be read.
    pub size: Weight,
    /// Answers that stand in the code, code that asks who runs it, dropped errors, checkers that were turned off.
    pub tricks: Weight,
    /// Files that are no source.
    pub artefacts: Weight,
    /// Rules of agents' files and of the repository's own gate file.
    pub rules: Weight,
    /// What semgrep finds.
    pub semgrep: Weight,
    /// Known vulnerabilities of dependencies.
    pub dependencies: Weight,
    /// Commands of the gate file and of a spec. An attempt's acceptance commands always block.
    pub commands: Weight,
}

impl Default for GatePolicy {
    /// What swarm itself is sure of blocks. Tools of others know nothing of the task, and an advisory that comes out
    /// tonight is no fault of the change: they warn until somebody decides otherwise.
    fn default() -> Self {
        Self {
            secrets: Weight::Block,
            placeholders: Weight::Block,
            tests: Weight::Block,
            scope: Weight::Block,
            size: Weight::Block,
            tricks: Weight::Block,
            artefacts: Weight::Block,
            rules: Weight::Block,
            semgrep: Weight::Warn,
            dependencies: Weight::Warn,
            commands: Weight::Block,
        }
    }
}

impl GatePolicy {
    /// The weight of a check.
    #[must_use]
    pub fn weight(&self, check: GateCheck) -> Weight {
        let mut policy = *self;
        *policy.of(check)
    }

    /// What a finding of this kind means. What no check stands for always blocks.
    #[must_use]
    pub fn of_code(&self, code: FindingCode) -> Weight {
        GateCheck::of(code).map_or(Weight::Block, |check| self.weight(check))
    }

    /// The findings for which a change goes back, in their order.
    #[must_use]
    pub fn blocking(&self, findings: &[Finding]) -> Vec<Finding> {
        findings.iter().filter(|finding| self.of_code(finding.code) == Weight::Block).cloned().collect()
    }

    /// The stricter of both, check by check: a repository may ask for more than its operator does, never for less.
    #[must_use]
    pub fn stricter(mut self, asked: &BTreeMap<GateCheck, Weight>) -> Self {
        for (check, weight) in asked {
            let mine = self.of(*check);
            *mine = (*mine).max(*weight);
        }
        self
    }

    fn of(&mut self, check: GateCheck) -> &mut Weight {
        match check {
            GateCheck::Secrets => &mut self.secrets,
            GateCheck::Placeholders => &mut self.placeholders,
            GateCheck::Tests => &mut self.tests,
            GateCheck::Scope => &mut self.scope,
            GateCheck::Size => &mut self.size,
            GateCheck::Tricks => &mut self.tricks,
            GateCheck::Artefacts => &mut self.artefacts,
            GateCheck::Rules => &mut self.rules,
            GateCheck::Semgrep => &mut self.semgrep,
            GateCheck::Dependencies => &mut self.dependencies,
            GateCheck::Commands => &mut self.commands,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn what_swarm_is_sure_of_blocks_and_what_others_say_warns() {
        let policy = GatePolicy::default();
        let found = [FindingCode::Scanned, FindingCode::Secret, FindingCode::Review].map(finding);
        let codes: Vec<_> = policy.blocking(&found).into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [FindingCode::Secret, FindingCode::Review]);
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused() {
        assert!(serde_json::from_str::<GatePolicy>(r#"{"wings":"block"}"#).is_err());
        assert!(serde_json::from_str::<GatePolicy>(r#"{"secrets":"perhaps"}"#).is_err());
        let policy: GatePolicy = serde_json::from_str(r#"{"secrets":"off"}"#).unwrap();
        assert_eq!((policy.secrets, policy.tests), (Weight::Off, Weight::Block));
    }

    proptest! {
        #[test]
        fn a_repository_never_makes_a_gate_weaker(
            asked in prop::collection::btree_map(
                prop::sample::select(GateCheck::ALL.to_vec()),
                prop::sample::select(vec![Weight::Off, Weight::Warn, Weight::Block]),
                0..11,
            ),
        ) {
            let before = GatePolicy::default();
            let after = before.stricter(&asked);
            for check in GateCheck::ALL {
                let wanted = asked.get(&check).copied().unwrap_or(Weight::Off);
                prop_assert_eq!(after.weight(check), before.weight(check).max(wanted));
            }
        }
    }
}

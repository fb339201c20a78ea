//! From findings to hints: targeted, and the same hint never twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::finding::Finding;

/// How often each finding of a ticket was hinted at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HintsGiven(BTreeMap<String, u32>);

impl HintsGiven {
    /// The findings that the next attempt is told of, each with its hint. One that comes back gets a sharper hint once;
    /// after that it is left out, because saying the same again does not help.
    pub(crate) fn next(&mut self, findings: &[Finding]) -> Vec<Finding> {
        let mut told: Vec<Finding> = Vec::new();
        for finding in findings {
            let times = self.0.entry(finding.signature()).or_default();
            let hint = match *times {
                0 => finding.hint.clone(),
                1 => sharper(finding),
                _ => continue,
            };
            *times += 1;
            if told.iter().all(|other| other.hint != hint) {
                told.push(Finding { hint, ..finding.clone() });
            }
        }
        told
    }
}

fn sharper(finding: &Finding) -> String {
    let place = finding.path.as_deref().map(|path| format!(" in {path}")).unwrap_or_default();
    format!(
        "{}\nThe last attempt did not mend this{place}. Take another way: write that part anew, and go through the \
         example by hand before you answer.",
        finding.hint
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use swarm_domain::finding::FindingCode;

    use super::*;

    fn finding(number: u8) -> Finding {
        Finding {
            code: FindingCode::AcceptanceFailed,
            detail: format!("command {number} printed something else."),
            evidence: String::new(),
            hint: format!("Mend {number}."),
            requirement: None,
            path: None,
        }
    }

    proptest! {
        #[test]
        fn the_same_hint_is_never_given_twice(rounds in prop::collection::vec(prop::collection::vec(0_u8..4, 0..5), 0..8)) {
            let mut given = HintsGiven::default();
            let mut seen = std::collections::BTreeSet::new();
            for round in rounds {
                let findings: Vec<_> = round.into_iter().map(finding).collect();
                for finding in given.next(&findings) {
                    prop_assert!(seen.insert(finding.hint));
                }
            }
        }
    }
}

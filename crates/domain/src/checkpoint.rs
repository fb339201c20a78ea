//! Checkpoints: the part of a rejected attempt that may be merged all the same, while its ticket stays open.

use std::collections::BTreeSet;

use crate::{
    finding::{Finding, FindingCode},
    id::RequirementId,
    ticket::Ticket,
};

/// The requirements that an attempt with these findings proves, where it is worth merging as a checkpoint: every
/// command of theirs passed, nothing is wrong with it but commands of others, and it proves more than what was merged
/// of the ticket before. Empty where it is not.
#[must_use]
pub fn proven(
    ticket: &Ticket,
    findings: &[Finding],
    merged: &BTreeSet<RequirementId>,
) -> BTreeSet<RequirementId> {
    let only_commands = findings.iter().all(|finding| {
        matches!(finding.code, FindingCode::AcceptanceFailed | FindingCode::AcceptanceLimit)
            && finding.requirement.is_some()
    });
    if findings.is_empty() || !only_commands {
        return BTreeSet::new();
    }
    let failed: BTreeSet<&RequirementId> = findings.iter().filter_map(|f| f.requirement.as_ref()).collect();
    let passed: BTreeSet<RequirementId> = ticket
        .acceptance
        .iter()
        .map(|check| &check.requirement)
        .filter(|id| ticket.requirements.contains(id) && !failed.contains(id))
        .cloned()
        .collect();
    // What is on the branch must stay proven there.
    if passed.is_superset(merged) && passed.len() > merged.len() { passed } else { BTreeSet::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{skeleton, spec};

    fn ticket() -> Ticket {
        let part = |n: u8| {
            format!("## REQ-{n}: part {n}\n\nFile `a.py`.\n\n```console\n$ python3 a.py {n}\n{n}\n```\n\n")
        };
        let text = format!("# T\n\n{}{}{}", part(1), part(2), part(3));
        let mut drafts = skeleton::draft(&spec::parse(&text).unwrap(), None).tickets.into_iter();
        let mut ticket = drafts.next().unwrap();
        for draft in drafts {
            ticket.requirements.extend(draft.requirements);
            ticket.acceptance.extend(draft.acceptance);
        }
        ticket
    }

    fn finding(code: FindingCode, requirement: Option<&RequirementId>) -> Finding {
        Finding {
            code,
            detail: "d".to_owned(),
            evidence: String::new(),
            hint: "h".to_owned(),
            requirement: requirement.cloned(),
            path: None,
        }
    }

    #[test]
    fn what_passed_beside_a_failed_command_is_a_checkpoint_and_nothing_else_is() {
        let ticket = ticket();
        assert_eq!(ticket.requirements.len(), 3);
        let failed = finding(FindingCode::AcceptanceFailed, ticket.requirements.first());
        let none = BTreeSet::new();
        let expected: BTreeSet<_> = ticket.requirements[1..].iter().cloned().collect();
        assert_eq!(proven(&ticket, std::slice::from_ref(&failed), &none), expected);
        assert!(proven(&ticket, std::slice::from_ref(&failed), &expected).is_empty(), "it is merged already");
        let secret = finding(FindingCode::Secret, None);
        assert!(proven(&ticket, &[failed, secret], &none).is_empty());
        assert!(proven(&ticket, &[], &none).is_empty(), "an accepted attempt is merged as a whole");
    }

    proptest! {
        #[test]
        fn a_checkpoint_never_holds_a_requirement_that_failed_and_never_takes_one_back(
            failed in prop::collection::vec(0_usize..3, 1..4),
            merged in prop::collection::btree_set(0_usize..3, 0..3),
        ) {
            let ticket = ticket();
            let findings: Vec<_> = failed
                .iter()
                .map(|&at| finding(FindingCode::AcceptanceFailed, Some(&ticket.requirements[at])))
                .collect();
            let merged: BTreeSet<_> = merged.iter().map(|&at| ticket.requirements[at].clone()).collect();
            let passed = proven(&ticket, &findings, &merged);
            prop_assert!(failed.iter().all(|&at| !passed.contains(&ticket.requirements[at])));
            prop_assert!(passed.is_empty() || (passed.is_superset(&merged) && passed.len() > merged.len()));
        }
    }
}

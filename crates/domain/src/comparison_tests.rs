use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::{
    event::{Actor, Subject},
    finding::{Finding, FindingCode},
    id::{BlobHash, RequirementId, TenantId},
};

fn event(seq: u64, attempt: &str, body: EventBody) -> Event {
    let ticket = TicketId::parse(attempt.split('.').next().unwrap()).unwrap();
    Event {
        seq,
        tenant: TenantId::local(),
        at: DateTime::UNIX_EPOCH,
        actor: Actor::System { part: "validator".to_owned() },
        subject: Subject {
            ticket: Some(ticket),
            attempt: Some(AttemptId::parse(attempt).unwrap()),
            ..Subject::default()
        },
        correlation: None,
        body,
        prev: String::new(),
        hash: String::new(),
    }
}

fn check(command: &str, passed: bool, millis: u64) -> EventBody {
    EventBody::CheckRun {
        stage: CheckStage::Validation,
        requirement: RequirementId::parse("REQ-1").unwrap(),
        command: command.to_owned(),
        commit: CommitId::parse(format!("c{millis}")).unwrap(),
        passed,
        ended: "exit 0".to_owned(),
        output: BlobHash::of(&millis.to_be_bytes()),
        rung: crate::attempt::Rung::Process,
        millis,
    }
}

fn rejected(evidence: &str, code: FindingCode) -> EventBody {
    let finding = Finding {
        code,
        detail: evidence.to_owned(),
        evidence: evidence.to_owned(),
        hint: "Mend it.".to_owned(),
        requirement: None,
        path: Some("a.sh".to_owned()),
    };
    EventBody::AttemptFinished {
        outcome: AttemptOutcome::Rejected { findings: vec![finding] },
        disk_bytes: 0,
    }
}

fn results(events: &[Event]) -> Results {
    Results::of(&RunState::Done, &[], events, &BTreeMap::new(), Some("tree"))
}

#[test]
fn time_order_and_the_names_of_commits_are_no_difference_and_results_are() {
    let tree: BTreeMap<_, _> =
        ["a1", "b1"].map(|commit| (CommitId::parse(commit).unwrap(), "tree".to_owned())).into();
    let merged = |commit: &str| EventBody::Merged {
        commit: CommitId::parse(commit).unwrap(),
        requirements: Vec::new(),
        partial: false,
        paths: Vec::new(),
    };
    let one = [
        event(1, "T-1.1", check("sh a", true, 3)),
        event(2, "T-2.1", rejected("at 12:00", FindingCode::Secret)),
        event(3, "T-1.1", merged("a1")),
    ];
    let two = [
        event(1, "T-2.1", rejected("at 13:00", FindingCode::Secret)),
        event(2, "T-1.1", check("sh a", true, 5)),
        event(3, "T-1.1", merged("b1")),
    ];
    let of = |events: &[Event]| Results::of(&RunState::Done, &[], events, &tree, None);
    assert_eq!(of(&one).differences(&of(&two)), []);

    let other = [
        event(1, "T-1.1", check("sh a", false, 3)),
        event(2, "T-2.1", rejected("at 12:00", FindingCode::Loop)),
    ];
    let found = of(&one).differences(&of(&other));
    let whats: Vec<_> = found.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(whats, ["REQ-1 by `sh a` for T-1.1", "tree merged from T-1.1", "outcome of T-2.1"]);
    assert_eq!(found[1].second, None, "what is missing is a difference");
}

#[test]
fn a_step_has_the_same_name_whenever_it_came() {
    let one = [
        event(1, "T-1.1", check("a", true, 1)),
        event(2, "T-2.1", check("b", true, 1)),
        event(3, "T-1.1", check("c", true, 1)),
    ];
    let names: Vec<_> = named_steps(&one).iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["T-1.1: check 1", "T-2.1: check 1", "T-1.1: check 2"]);
}

proptest! {
    #[test]
    fn a_run_never_differs_from_itself_and_differences_are_mutual(
        one in prop::collection::vec((1_u8..4, any::<bool>(), 0_u64..5), 0..12),
        two in prop::collection::vec((1_u8..4, any::<bool>(), 0_u64..5), 0..12),
    ) {
        let story = |steps: &[(u8, bool, u64)]| {
            let events: Vec<_> = steps.iter().enumerate().map(|(index, (ticket, passed, millis))| {
                let attempt = format!("T-{ticket}.1");
                event(index as u64, &attempt, check(&format!("sh {millis}"), *passed, *millis))
            }).collect();
            results(&events)
        };
        let (one, two) = (story(&one), story(&two));
        prop_assert_eq!(one.differences(&one), Vec::new());
        let mirrored: Vec<_> = two.differences(&one).into_iter()
            .map(|d| Difference { first: d.second, second: d.first, ..d }).collect();
        prop_assert_eq!(one.differences(&two), mirrored);
    }
}

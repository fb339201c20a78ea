use super::*;
use crate::{
    estimate::Estimate,
    id::{PlanId, SpecId},
    skeleton::draft,
    spec::parse,
    ticket::{Dependency, DependencyKind},
};

const SOUND: &str = "# T\n\n## REQ-1: Adds\n\nIn `a.py`.\n\n```console\n$ python3 a.py\n1\n```\n\n\
                     ## REQ-2: Prints\n\nIn `b.py`. Uses REQ-1.\n\n```console\n$ python3 b.py\n1\n```\n\n\
                     ## REQ-3: Saves\n\nIn `c.py`.\n\n```console\n$ python3 c.py\n1\n```\n";

fn planned(text: &str) -> (Plan, Spec) {
    let spec = parse(text).unwrap();
    let plan = Plan {
        id: PlanId::parse("plan_1").unwrap(),
        spec: SpecId::of_text(text),
        tickets: draft(&spec, None).tickets,
        estimate: Estimate::default(),
        model: "none".to_owned(),
    };
    (plan, spec)
}

/// What is found in a sound plan once `fault` has been done to it.
fn with(fault: impl FnOnce(&mut Plan, &mut Spec)) -> Vec<Lint> {
    let (mut plan, mut spec) = planned(SOUND);
    fault(&mut plan, &mut spec);
    lint(&plan, &spec)
}

fn codes(lints: &[Lint]) -> Vec<&str> {
    lints.iter().map(|l| l.code.strip_prefix("lint.").unwrap()).collect()
}

fn wait(plan: &mut Plan, ticket: usize, on: usize, kind: DependencyKind) {
    let on = plan.tickets[on].id.clone();
    plan.tickets[ticket].depends_on.push(Dependency { on, kind });
}

#[test]
fn a_sound_plan_has_no_finding() {
    assert_eq!(with(|_, _| {}), []);
}

#[test]
fn a_plan_without_tickets_is_empty_and_serves_nothing() {
    let lints = with(|plan, _| plan.tickets.clear());
    assert!(codes(&lints).contains(&"empty_plan") && is_blocked(&lints));
}

#[test]
fn a_requirement_that_no_ticket_serves_is_an_orphan_and_its_checks_are_dropped() {
    let lints = with(|plan, _| drop(plan.tickets.pop()));
    assert_eq!(codes(&lints), ["orphan_requirement", "dropped_check"]);
    assert_eq!(lints[0].requirement.as_ref().unwrap().as_str(), "REQ-3");
    assert!(is_blocked(&lints));
}

#[test]
fn a_ticket_for_what_the_spec_does_not_have_is_named() {
    let lints = with(|plan, _| {
        plan.tickets[2].requirements.push(RequirementId::parse("REQ-8").unwrap());
    });
    assert_eq!(codes(&lints), ["unknown_requirement"]);
    assert!(is_blocked(&lints));
}

#[test]
fn a_requirement_that_nothing_can_prove_blocks_until_a_ticket_has_a_check_for_it() {
    let bare = |plan: &mut Plan, spec: &mut Spec| {
        spec.requirements[2].acceptance.clear();
        plan.tickets[2].acceptance.clear();
    };
    let lints = with(bare);
    assert_eq!(codes(&lints), ["no_acceptance"]);
    assert!(is_blocked(&lints) && lints[0].fix.contains("line"), "{lints:?}");
    assert_eq!(with(|_, spec| spec.requirements[2].acceptance.clear()), []);
}

#[test]
fn an_example_that_was_dropped_or_changed_is_found() {
    assert_eq!(codes(&with(|plan, _| plan.tickets[0].acceptance.clear())), ["dropped_check"]);
    let softened = with(|plan, _| plan.tickets[0].acceptance[0].check.stdout = None);
    assert_eq!(codes(&softened), ["dropped_check"]);
    assert_eq!(with(|plan, _| plan.tickets[0].acceptance[0].check.line = 99), []);
}

#[test]
fn a_check_that_passes_whatever_was_done_is_told() {
    for command in ["true", "echo ok", "python3 a.py || true", "exit 0", ":"] {
        let lints = with(|plan, _| {
            let mut check = plan.tickets[0].acceptance[0].clone();
            check.check.command = command.to_owned();
            check.check.stdout = None;
            plan.tickets[0].acceptance.push(check);
        });
        assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["vacuous_check"], false), "{command}");
    }
    for command in ["echo a | python3 a.py", "test -f a.py", "printf '%s' \"$(cat a)\"", "python3 a.py"] {
        let lints = with(|plan, _| {
            let mut check = plan.tickets[0].acceptance[0].clone();
            check.check.command = command.to_owned();
            plan.tickets[0].acceptance.push(check);
        });
        assert_eq!(lints, [], "{command}");
    }
}

#[test]
fn words_that_nothing_can_prove_block_unless_a_number_says_what_they_mean() {
    let text = |words: &str| SOUND.replace("In `c.py`.", &format!("In `c.py`. {words}"));
    for words in [
        "It is fast.",
        "It is user-friendly.",
        "As appropriate.",
        "It is fast (see REQ-1).",
        "Dogs, cats, etc.",
    ] {
        let (plan, spec) = planned(&text(words));
        let lints = lint(&plan, &spec);
        assert_eq!(codes(&lints), ["untestable_words"], "{words}");
        assert!(is_blocked(&lints) && lints[0].requirement.as_ref().unwrap().as_str() == "REQ-3");
    }
    for words in [
        "It is fast: at most 200 ms.",
        "It eats breakfast.",
        "It prints `fast`.",
        "It says \"easy\".",
        "It is alphabetical.",
    ] {
        let (plan, spec) = planned(&text(words));
        assert_eq!(lint(&plan, &spec), [], "{words}");
    }
}

#[test]
fn waiting_for_what_does_not_exist_blocks() {
    let lints = with(|plan, _| {
        let on = TicketId::parse("T-gone").unwrap();
        plan.tickets[0].depends_on.push(Dependency { on, kind: DependencyKind::Blocks });
    });
    assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["unknown_dependency"], true));
    let (plan, spec) = planned(&SOUND.replace("In `c.py`.", "In `c.py`.\n\nDepends on: REQ-9\n"));
    let lints = lint(&plan, &spec);
    assert_eq!(codes(&lints), ["unknown_dependency", "not_understood"]);
}

#[test]
fn a_circle_is_shown_with_its_weakest_link() {
    let lints = with(|plan, _| wait(plan, 0, 1, DependencyKind::SameFile));
    assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["cycle"], true));
    assert!(lints[0].detail.contains("(Adds)") && lints[0].fix.contains("same-file"), "{lints:?}");
    let alone = with(|plan, _| wait(plan, 2, 2, DependencyKind::Blocks));
    assert_eq!(codes(&alone), ["cycle"]);
}

#[test]
fn one_id_for_two_tickets_blocks() {
    let lints = with(|plan, _| plan.tickets.push(plan.tickets[2].clone()));
    assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["duplicate_ticket"], true));
}

#[test]
fn one_file_for_two_tickets_blocks_unless_they_are_in_order() {
    let lints = with(|plan, _| plan.tickets[2].touches = vec!["a.py".to_owned()]);
    assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["overlap"], true));
    let pattern = with(|plan, _| plan.tickets[2].touches = vec!["a.*".to_owned()]);
    assert_eq!(codes(&pattern), ["overlap"]);
    let ordered = with(|plan, _| {
        plan.tickets[2].touches = vec!["a.py".to_owned()];
        wait(plan, 2, 1, DependencyKind::SameFile);
    });
    assert_eq!(ordered, [], "REQ-3 waits for REQ-2, which waits for REQ-1");
}

#[test]
fn a_scope_that_cannot_be_used_or_allows_nothing_blocks_and_a_wide_one_is_told() {
    assert_eq!(codes(&with(|plan, _| plan.tickets[2].touches = vec!["../x".to_owned()])), ["invalid_scope"]);
    let empty = with(|plan, _| plan.tickets[2].touches.clear());
    assert_eq!((codes(&empty), is_blocked(&empty)), (vec!["empty_scope"], true));
    let wide = with(|plan, _| {
        plan.tickets[2].touches = vec!["**".to_owned()];
        wait(plan, 2, 1, DependencyKind::SameFile);
    });
    assert_eq!((codes(&wide), is_blocked(&wide)), (vec!["wide_scope"], false));
}

#[test]
fn a_ticket_that_is_too_large_or_without_a_limit_is_told() {
    let large = with(|plan, _| plan.tickets[2].touches = (0..9).map(|n| format!("c{n}.py")).collect());
    assert_eq!((codes(&large), is_blocked(&large)), (vec!["large_ticket"], false));
    let unlimited = with(|plan, _| plan.tickets[2].budget = crate::budget::Budget::default());
    assert_eq!((codes(&unlimited), is_blocked(&unlimited)), (vec!["no_budget"], false));
}

#[test]
fn what_was_not_understood_is_told_without_blocking() {
    let (plan, spec) = planned(&SOUND.replace("# T\n", "# T\n\nIt must be a joy.\n"));
    let lints = lint(&plan, &spec);
    assert_eq!((codes(&lints), is_blocked(&lints)), (vec!["not_understood"], false));
}

#[test]
fn blocking_findings_come_first_and_a_flood_is_counted() {
    let lints = with(|plan, spec| {
        plan.tickets[0].budget = crate::budget::Budget::default();
        plan.tickets[2].touches.clear();
        let passage = crate::spec::Passage { line: 1, text: "x".to_owned(), reason: "y".to_owned() };
        spec.not_understood = vec![passage; 500];
    });
    assert_eq!((lints[0].severity, lints.len()), (Severity::Blocking, 2 + MAX_OF_ONE_CODE));
    assert!(lints.last().unwrap().detail.contains("450 more"), "{lints:?}");
}

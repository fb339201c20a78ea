use proptest::prelude::*;

use super::*;
use crate::{
    agent::Capability,
    graph::of_tickets,
    lint::{is_blocked, lint},
    plan::Plan,
    spec::parse,
    ticket::{DependencyKind, Risk},
};

fn drafted(text: &str) -> Skeleton {
    draft(&parse(text).unwrap(), None)
}

fn links(skeleton: &Skeleton) -> Vec<(String, String, DependencyKind)> {
    let name = |id: &TicketId| {
        let ticket = skeleton.tickets.iter().find(|t| &t.id == id).unwrap();
        ticket.requirements.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
    };
    let links = skeleton.tickets.iter().flat_map(|t| t.depends_on.iter().map(move |d| (&t.id, d)));
    links.map(|(id, d)| (name(id), name(&d.on), d.kind)).collect()
}

fn link(from: &str, to: &str, kind: DependencyKind) -> (String, String, DependencyKind) {
    (from.to_owned(), to.to_owned(), kind)
}

fn proposed(tickets: &[(&str, &[&str], &[&str])]) -> ProposedSkeleton {
    let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
    let tickets = tickets.iter().map(|(title, requirements, files)| ProposedTicket {
        title: (*title).to_owned(),
        requirements: owned(requirements),
        files: owned(files),
        kind: String::new(),
    });
    ProposedSkeleton { tickets: tickets.collect() }
}

const THREE: &str =
    "## REQ-1: a\n\nIn `a.py`.\n\n## REQ-2: b\n\nIn `b.py`, uses REQ-1.\n\n## REQ-3: c\n\nIn `c.py`.\n";

#[test]
fn one_ticket_for_each_requirement_with_its_files_checks_and_budget() {
    let skeleton =
        drafted("# T\n\n## REQ-1: Adds numbers\n\nIn `a.py`.\n\n```console\n$ python3 a.py\n1\n```\n");
    let [ticket] = skeleton.tickets.as_slice() else { panic!() };
    assert_eq!(
        (ticket.title.as_str(), ticket.touches.as_slice()),
        ("Adds numbers", &["a.py".to_owned()][..])
    );
    assert_eq!(ticket.acceptance[0].check.command, "python3 a.py");
    assert!(ticket.budget.tokens.is_some() && ticket.description.contains("In `a.py`."));
    assert_eq!((ticket.risk, ticket.capability), (Risk::Low, Capability::Code));
    assert!(skeleton.notes.is_empty());
}

#[test]
fn what_the_spec_says_blocks_and_what_a_check_runs_is_an_artifact() {
    let skeleton = drafted(
        "## REQ-1: a\n\nIn `t/a.py`.\n\n## REQ-2: b\n\nIn `t/b.py`.\n\nDepends on: REQ-3\n\n## REQ-3: c\n\nIn `t/c.py`.\n\n\
         ```console\n$ python3 -c 'from t.c import c; from t.a import a'\n```\n",
    );
    assert_eq!(
        links(&skeleton),
        [
            link("REQ-3", "REQ-1", DependencyKind::NeedsArtifact),
            link("REQ-2", "REQ-3", DependencyKind::Blocks)
        ]
    );
}

#[test]
fn checks_that_run_each_others_files_do_not_make_a_circle() {
    let skeleton = drafted(
        "## REQ-1: a\n\nIn `a.py`.\n\n```console\n$ python3 b.py\n```\n\n## REQ-2: b\n\nIn `b.py`.\n\n```console\n$ python3 a.py\n```\n",
    );
    assert_eq!(links(&skeleton).len(), 1);
    assert!(skeleton.notes[0].contains("wait for each other"), "{:?}", skeleton.notes);
}

#[test]
fn tickets_with_a_file_in_common_are_in_order_and_others_are_not() {
    let skeleton =
        drafted("## REQ-1: a\n\nIn `a.py`.\n\n## REQ-2: b\n\nIn `a.py`.\n\n## REQ-3: c\n\nIn `c.py`.\n");
    assert_eq!(links(&skeleton), [link("REQ-2", "REQ-1", DependencyKind::SameFile)]);
}

#[test]
fn a_ticket_without_a_file_runs_alone() {
    let skeleton =
        drafted("## REQ-1: a\n\nIn `a.py`.\n\n## REQ-2: b\n\nAll over.\n\n## REQ-3: c\n\nIn `c.py`.\n");
    assert_eq!(
        links(&skeleton),
        [link("REQ-2", "REQ-1", DependencyKind::SameFile), link("REQ-3", "REQ-2", DependencyKind::SameFile)]
    );
    assert_eq!(skeleton.tickets[1].touches, ["**"]);
    assert!(skeleton.notes[0].contains("REQ-2 names no file"));
}

#[test]
fn a_file_that_is_only_used_stays_out_of_the_scope() {
    let skeleton = drafted(
        "## REQ-1: a\n\nIn `t/a.py`.\n\n## REQ-2: b\n\n`t/b.py` prints `a` from `t/a.py` (REQ-1).\n\n## REQ-3: c\n\nExtends `t/b.py`, calls `t/a.py`.\n",
    );
    assert_eq!(skeleton.tickets[1].touches, ["t/b.py"]);
    assert_eq!(skeleton.tickets[2].touches, ["t/b.py"]);
}

#[test]
fn where_no_file_is_named_the_examples_tell_and_a_fixture_is_none() {
    let skeleton =
        drafted("## REQ-1: a\n\n```text run.sh\nx\n```\n\n```console\n$ sh greet.sh Ada\n$ sh run.sh\n```\n");
    assert_eq!(skeleton.tickets[0].touches, ["greet.sh"]);
}

#[test]
fn a_proposal_groups_and_names_but_decides_nothing_else() {
    let spec = parse(THREE).unwrap();
    let proposal =
        proposed(&[("Do both", &["REQ-1", "req-3"], &["/etc/passwd", "evil.py"]), ("", &["REQ-2: b"], &[])]);
    let skeleton = draft(&spec, Some(&proposal));
    assert_eq!(skeleton.tickets[0].title, "Do both");
    assert_eq!(skeleton.tickets[0].touches, ["a.py", "c.py"], "the spec's files, not the proposal's");
    assert_eq!(skeleton.tickets[1].title, "b");
    assert_eq!(links(&skeleton), [link("REQ-2", "REQ-1+REQ-3", DependencyKind::Blocks)]);
}

#[test]
fn what_a_proposal_makes_up_doubles_or_forgets_is_mended_and_noted() {
    let spec = parse(THREE).unwrap();
    let skeleton =
        draft(&spec, Some(&proposed(&[("x", &["REQ-1", "REQ-99", "\u{1b}[31m"], &[]), ("y", &["a"], &[])])));
    assert_eq!(skeleton.tickets.len(), 3);
    let notes = skeleton.notes.join("\n");
    for note in ["`REQ-99` is no requirement", "REQ-1 was proposed twice", "no ticket was proposed for REQ-3"]
    {
        assert!(notes.contains(note), "{note} is not in {notes}");
    }
    assert!(!notes.contains('\u{1b}'));
}

#[test]
fn proposed_files_are_used_only_where_the_spec_names_none_and_only_when_safe() {
    let spec = parse("## REQ-1: a\n\nText.\n").unwrap();
    let skeleton = draft(&spec, Some(&proposed(&[("x", &["REQ-1"], &["../x.py", "**", "src/x.py"])])));
    assert_eq!(skeleton.tickets[0].touches, ["src/x.py"]);
    assert_eq!(skeleton.notes.len(), 2);
}

#[test]
fn a_proposal_whose_groups_wait_for_each_other_is_set_aside() {
    let spec = parse("## REQ-1: a\n\n`a.py`\n\n## REQ-2: b\n\n`b.py`\n\nDepends on: REQ-1\n\n## REQ-3: c\n\n`c.py`\n\nDepends on: REQ-2\n").unwrap();
    let skeleton = draft(&spec, Some(&proposed(&[("x", &["REQ-1", "REQ-3"], &[]), ("y", &["REQ-2"], &[])])));
    assert_eq!(skeleton.tickets.len(), 3);
    assert!(skeleton.notes.iter().any(|n| n.contains("wait for each other")), "{:?}", skeleton.notes);
}

#[test]
fn a_group_that_is_too_large_is_cut() {
    let text = (1..=5).map(|n| format!("## REQ-{n}: a{n}\n\nIn `f{n}.py`.\n\n")).collect::<Vec<_>>().concat();
    let names: Vec<String> = (1..=5).map(|n| format!("REQ-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(draft(&parse(&text).unwrap(), Some(&proposed(&[("all", &names, &[])]))).tickets.len(), 5);
}

#[test]
fn planning_again_keeps_the_ids_and_a_long_title_is_cut() {
    let text = format!("## REQ-1: {}\n\nIn `a.py`.\n", "word ".repeat(18));
    let (once, again) = (drafted(&text), drafted(&text.replace("In `a.py`", "Now in `b.py`")));
    assert_eq!(once.tickets[0].id, again.tickets[0].id);
    assert!(once.tickets[0].title.chars().count() <= MAX_TITLE);
}

#[test]
fn risk_and_capability_follow_the_words_and_the_files() {
    let skeleton = drafted(
        "## REQ-1: Deletes old files\n\nIn `a.py`.\n\n## REQ-2: Prints a report\n\nIn `b.py`.\n\n## REQ-3: Has tests\n\nIn `tests/test_a.py`.\n",
    );
    let risks: Vec<Risk> = skeleton.tickets.iter().map(|t| t.risk).collect();
    assert_eq!(risks, [Risk::High, Risk::Medium, Risk::Low]);
    assert_eq!(skeleton.tickets[2].capability, Capability::Test);
}

#[test]
fn a_ticket_is_told_what_it_builds_on() {
    let skeleton = drafted(THREE);
    let second = skeleton.tickets.iter().find(|t| t.title == "b").unwrap();
    assert!(second.description.contains("Already done by others: REQ-1 (a)."), "{}", second.description);
}

fn plan(tickets: Vec<Ticket>) -> Plan {
    Plan {
        id: crate::id::PlanId::parse("plan_1").unwrap(),
        spec: crate::id::SpecId::parse("spec_1").unwrap(),
        tickets,
        estimate: crate::estimate::Estimate::default(),
        model: String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever depends on, names and runs whatever: the tickets are in order, whole, and never clash.
    #[test]
    fn a_draft_is_always_a_plan_that_can_run(
        rows in proptest::collection::vec((0_usize..4, 0_usize..4, proptest::collection::vec(0_usize..12, 0..3)), 1..12),
        groups in proptest::collection::vec(proptest::collection::vec(0_usize..14, 0..4), 0..5),
        with_proposal in any::<bool>(),
    ) {
        let mut text = String::new();
        for (at, (file, runs, needs)) in rows.iter().enumerate() {
            text.push_str(&format!("## REQ-{at}: Thing {at}\n\n"));
            if *file > 0 {
                text.push_str(&format!("In `f{file}.py`.\n\n"));
            }
            let needs: Vec<String> = needs.iter().filter(|&&n| n < at).map(|n| format!("REQ-{n}")).collect();
            if !needs.is_empty() {
                text.push_str(&format!("Depends on: {}\n\n", needs.join(", ")));
            }
            text.push_str(&format!("```console\n$ python3 f{runs}.py\n{at}\n```\n\n"));
        }
        let spec = parse(&text).unwrap();
        let proposal = ProposedSkeleton {
            tickets: groups
                .iter()
                .map(|g| ProposedTicket { requirements: g.iter().map(|n| format!("REQ-{n}")).collect(), ..ProposedTicket::default() })
                .collect(),
        };
        let skeleton = draft(&spec, with_proposal.then_some(&proposal));
        let order = of_tickets(&skeleton.tickets).topological().unwrap();
        prop_assert_eq!(&order, &skeleton.tickets.iter().map(|t| t.id.clone()).collect::<Vec<_>>());
        let lints = lint(&plan(skeleton.tickets), &spec);
        prop_assert!(!is_blocked(&lints), "{:#?}", lints);
    }
}

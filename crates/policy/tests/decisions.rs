//! What is decided: by what is built in, and by what an operator lays on top.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, fs, path::Path, time::Instant};

use proptest::{prelude::*, sample::select};
use swarm_domain::{
    ProjectId, TenantId,
    identity::{KeyId, Principal, Role, Scope, SessionId, UserId, Who},
};
use swarm_policy::{
    Answering, Asked, Asker, Context, GATE_ANSWER, GATE_DELEGATE, Kind, Need, Operation, Policy, PolicyError,
    Resource, ToolUse,
};

fn operations() -> Vec<Operation> {
    [
        ("GET", "/health", Need::Nothing),
        ("GET", "/api/auth/me", Need::Somebody),
        ("GET", "/api/runs/{run}", Need::Scope(Scope::WorkRead)),
        ("POST", "/api/runs", Need::Scope(Scope::RunsWrite)),
        ("POST", "/api/runs/{run}/cancel", Need::Scope(Scope::RunsWrite)),
        ("POST", "/api/runs/{run}/tickets/{ticket}/retry", Need::Scope(Scope::RunsWrite)),
        ("POST", "/api/hitl/{interrupt}/respond", Need::Scope(Scope::GatesApprove)),
        ("POST", "/api/users/{user}/role", Need::Scope(Scope::UsersWrite)),
    ]
    .map(|(method, path, need)| Operation::new(method, path, need))
    .into()
}

fn shipped() -> Policy {
    Policy::load(&operations(), None).unwrap()
}

fn with(text: &str) -> Result<Policy, PolicyError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.cedar"), text).unwrap();
    // Nothing else is read: an editor's copy and notes are no policies.
    fs::write(folder.path().join("own.cedar~"), "forbid everything!").unwrap();
    fs::write(folder.path().join("README.md"), "# Ours").unwrap();
    Policy::load(&operations(), Some(folder.path()))
}

fn user(name: &str, role: Role) -> Principal {
    let who = Who::User {
        user: UserId::parse("user_1").unwrap(),
        email: name.to_owned(),
        session: SessionId::parse("session_1").unwrap(),
    };
    Principal { tenant: TenantId::local(), who, role, scopes: None }
}

fn key_of(name: &str, role: Role, scopes: BTreeSet<Scope>) -> Principal {
    let owner = Some(UserId::parse("user_1").unwrap());
    let who = Who::Key { key: KeyId::parse("key_1").unwrap(), owner, name: name.to_owned() };
    Principal { who, scopes: Some(scopes), ..user(name, role) }
}

fn run(project: Option<&str>) -> Resource {
    Resource::new(Kind::Run, "run_1", &TenantId::local())
        .within(project.map(|name| ProjectId::parse(name).unwrap()))
}

fn gate(asked_by: &[&str], four_eyes: bool) -> Context {
    let asked_by = asked_by.iter().map(|name| (*name).to_owned()).collect();
    Context::Answer(Answering { asked_by, four_eyes, kind: "approval".to_owned(), risk: "low".to_owned() })
}

fn answers(policy: &Policy, who: &Principal, action: &str, context: Context) -> bool {
    let on = Resource::new(Kind::Gate, "int_1", &who.tenant);
    policy.decide(&Asked { context, ..Asked::new(Asker::Known(who), action, on) }).allowed
}

const CANCEL: &str = "POST /api/runs/{run}/cancel";

#[test]
fn what_is_built_in_fits_the_schema_and_says_what_the_table_of_roles_says() {
    let policy = shipped();
    policy.check_built_in().unwrap();
    for role in Role::ALL {
        assert_eq!(policy.scopes_of(role, &TenantId::local()), role.scopes(), "{role}");
        assert_eq!(policy.scopes(&user("ada@example.org", role)), role.scopes(), "{role}");
    }
}

#[test]
fn what_is_not_known_is_denied_to_everybody() {
    let policy = shipped();
    let owner = user("ada@example.org", Role::Owner);
    for action in ["", "POST /api/everything", "read", "post /api/runs", "runs:*", "tool:fly"] {
        let verdict =
            policy.decide(&Asked::new(Asker::Known(&owner), action, Resource::tenant(&owner.tenant)));
        assert!(!verdict.allowed && !verdict.errors.is_empty(), "{action}");
    }
    // A thing of another kind than the action is asked about.
    let verdict = policy.decide(&Asked::new(Asker::Known(&owner), CANCEL, Resource::tenant(&owner.tenant)));
    assert!(!verdict.allowed && !verdict.errors.is_empty());
    // A gate's answer, without what counts of the gate.
    assert!(!answers(&policy, &owner, GATE_ANSWER, Context::Plain));
    // A person with the tools of an agent.
    let on = Resource::new(Kind::Ticket, "run_1/T-1", &owner.tenant);
    let tool = Asked {
        context: Context::Tool(ToolUse::default()),
        ..Asked::new(Asker::Known(&owner), "tool:run", on)
    };
    assert!(!policy.decide(&tool).allowed);
}

#[test]
fn somebody_who_is_not_known_does_what_is_open_and_nothing_else() {
    let (policy, tenant) = (shipped(), TenantId::local());
    let may = |action: &str| {
        let on = Resource::of_path(action.split_once(' ').unwrap().1, |_| Some("x".to_owned()), &tenant);
        policy.decide(&Asked::new(Asker::Anybody(&tenant), action, on)).allowed
    };
    for operation in operations() {
        assert_eq!(may(operation.action()), operation.need() == Need::Nothing, "{}", operation.action());
    }
}

#[test]
fn an_operator_adds_permits_and_forbids_and_a_forbid_wins() {
    let text = r#"
        // Reviewers stop what runs away.
        permit (principal in Swarm::Role::"reviewer", action == Swarm::Action::"POST /api/runs/{run}/cancel", resource);
        @id("payments-is-carols")
        forbid (principal, action in Swarm::Action::"write", resource in Swarm::Project::"payments")
        unless { principal.name == "carol@example.org" };
        forbid (principal in Swarm::User::"bob@example.org", action in Swarm::Action::"write", resource);
    "#;
    let policy = with(text).unwrap();
    let cancels =
        |who: &Principal, project| policy.decide(&Asked::new(Asker::Known(who), CANCEL, run(project)));
    assert!(cancels(&user("rex@example.org", Role::Reviewer), None).is_by("own#1"));
    assert!(!cancels(&user("vic@example.org", Role::Viewer), None).allowed);
    let owner = user("Ada@example.org", Role::Owner);
    assert!(cancels(&owner, Some("greeter")).allowed);
    let refused = cancels(&owner, Some("payments"));
    assert!(!refused.allowed && refused.is_by("payments-is-carols"), "{refused:?}");
    assert!(cancels(&user("Carol@Example.org", Role::Maintainer), Some("payments")).allowed);
    // Bob, and whatever acts in his name.
    assert!(!cancels(&user("bob@example.org", Role::Owner), None).allowed);
    let scopes = BTreeSet::from([Scope::RunsWrite]);
    assert!(!cancels(&key_of("bob@example.org", Role::Owner, scopes.clone()), None).allowed);
    assert!(cancels(&key_of("eve@example.org", Role::Owner, scopes), None).allowed);
    let (file, line) = policy.find(&refused.because[0]).unwrap();
    assert_eq!((&*file.name, file.built_in, line.line), ("own.cedar", false, 4));
    assert!(line.text.starts_with("@id(\"payments-is-carols\")"), "{}", line.text);
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies_instead_of_being_left_out() {
    // Fits the schema; the sum is larger than any number that there is.
    let text = r#"
        @id("sums")
        forbid (principal, action, resource) when { 9223372036854775807 + 1 == 1 };
    "#;
    let policy = with(text).unwrap();
    let verdict =
        policy.decide(&Asked::new(Asker::Known(&user("ada@example.org", Role::Owner)), CANCEL, run(None)));
    assert!(!verdict.allowed && verdict.errors[0].contains("overflow"), "{verdict:?}");
}

#[test]
fn a_mistake_names_its_file_and_line_and_nothing_begins_with_it() {
    let found = |text: &str| match with(text) {
        Err(PolicyError::Wrong { place, line, detail }) => (place, line, detail),
        other => panic!("{text}: {:?}", other.map(|_| ())),
    };
    for (line, word, text) in [
        (2, "effect", "permit (principal, action, resource);\nallow (principal, action, resource);"),
        (3, "resource", "// one\n// two\npermit (principal, action);"),
        (2, "Swarm::Person", "\nforbid (principal is Swarm::Person, action, resource);"),
        (2, "runs:right", "\nforbid (principal, action in Swarm::Action::\"runs:right\", resource);"),
        (
            4,
            "colour",
            "permit (principal, action, resource);\nforbid (principal, action, resource)\nwhen {\n  principal.colour == 1 };",
        ),
        (1, "slot", "forbid (principal == ?principal, action, resource);"),
        // It can never apply, so that somebody relies on nothing.
        (1, "", "forbid (principal is Swarm::Agent, action in Swarm::Action::\"runs:write\", resource);"),
    ] {
        let (place, at, detail) = found(text);
        assert_eq!((&*place, at), ("own.cedar", line), "{text}: {detail}");
        assert!(detail.contains(word), "{text}: {detail}");
    }
    let same = with("@id(\"four-eyes\")\npermit (principal, action, resource);");
    assert!(matches!(same, Err(PolicyError::SameName { line: 1, other, .. }) if other == "bounds.cedar"));
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_never_an_empty_one() {
    let operations = operations();
    let load = |folder: &Path| Policy::load(&operations, Some(folder));
    let folder = tempfile::tempdir().unwrap();
    assert!(load(folder.path()).is_ok(), "an empty folder adds nothing");
    let nowhere = load(&folder.path().join("nowhere"));
    assert!(matches!(nowhere, Err(PolicyError::Unreadable { .. })));
    fs::create_dir(folder.path().join("a.cedar")).unwrap();
    assert!(
        matches!(load(folder.path()), Err(PolicyError::Unreadable { .. })),
        "a folder that is named like a file"
    );
    fs::remove_dir(folder.path().join("a.cedar")).unwrap();
    fs::write(folder.path().join("a.cedar"), [0xff, 0xfe]).unwrap();
    assert!(matches!(load(folder.path()), Err(PolicyError::Unreadable { .. })), "no text");
    fs::write(folder.path().join("a.cedar"), " ".repeat(300 << 10)).unwrap();
    assert!(matches!(load(folder.path()), Err(PolicyError::TooMuch { .. })));
    fs::remove_file(folder.path().join("a.cedar")).unwrap();
    for number in 0..=200 {
        fs::write(folder.path().join(format!("{number}.cedar")), "").unwrap();
    }
    assert!(matches!(load(folder.path()), Err(PolicyError::TooMuch { .. })));
}

#[test]
fn nobody_comes_across_to_another_tenant_whatever_permits_it() {
    let policy = with("permit (principal, action, resource);").unwrap();
    let owner = user("ada@example.org", Role::Owner);
    let other = TenantId::parse("other").unwrap();
    let on = Resource::new(Kind::Run, "run_1", &other);
    let verdict = policy.decide(&Asked::new(Asker::Known(&owner), CANCEL, on));
    assert!(!verdict.allowed && verdict.is_by("other-tenant"), "{verdict:?}");
    assert!(policy.decide(&Asked::new(Asker::Known(&owner), CANCEL, run(None))).allowed);
}

#[test]
fn a_decision_is_explained_by_what_made_it_and_by_what_would_change_it() {
    let policy =
        with("@id(\"freeze\") forbid (principal, action in Swarm::Action::\"write\", resource);").unwrap();
    let words = |policy: &Policy, who: &Principal, action| {
        let explained = policy.explain(&Asked::new(Asker::Known(who), action, run(None)));
        (explained.verdict.allowed, explained.words.join(" "))
    };
    let viewer = user("vic@example.org", Role::Viewer);
    let (allowed, said) = words(&shipped(), &viewer, CANCEL);
    assert!(
        !allowed && said.contains("No policy permits it") && said.contains("owner, admin, maintainer"),
        "{said}"
    );
    let (allowed, said) = words(&policy, &viewer, CANCEL);
    assert!(!allowed && said.contains("`freeze` forbids it (own.cedar:1)"), "{said}");
    let key = key_of("ada@example.org", Role::Owner, BTreeSet::from([Scope::WorkRead]));
    let (allowed, said) = words(&shipped(), &key, CANCEL);
    assert!(!allowed && said.contains("--scope runs:write"), "{said}");
    let (allowed, said) = words(&shipped(), &viewer, "GET /api/runs/{run}");
    assert!(allowed && said.contains("`viewer` permits it (viewer.cedar:2)"), "{said}");
}

#[test]
fn a_decision_takes_microseconds() {
    let (policy, who) = (shipped(), user("ada@example.org", Role::Maintainer));
    let began = Instant::now();
    for _ in 0..200 {
        assert!(policy.decide(&Asked::new(Asker::Known(&who), CANCEL, run(None))).allowed);
    }
    // The bound only finds what is wrong by a factor of a hundred: a schema or a policy that is parsed each time.
    assert!(began.elapsed().as_millis() < 2_000, "{:?} for 200", began.elapsed());
}

fn some_scopes() -> impl Strategy<Value = BTreeSet<Scope>> {
    proptest::collection::btree_set(select(Scope::ALL.to_vec()), 0..Scope::ALL.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a key was given: it may never do what its owner's role does not have, nor what it was not given.
    #[test]
    fn a_key_never_does_more_than_its_owner(role in select(Role::ALL.to_vec()), given in some_scopes()) {
        let policy = shipped();
        let has = policy.scopes(&key_of("ada@example.org", role, given.clone()));
        prop_assert!(has.is_subset(&role.scopes()) && has.is_subset(&given));
        prop_assert_eq!(has, given.intersection(&role.scopes()).copied().collect());
    }

    /// An agent answers no gate, whoever asked for it and whatever an operator permits; nor does anybody answer for
    /// themselves, by whatever spelling of their name.
    #[test]
    fn no_agent_and_nobody_who_asked_answers_a_gate(
        role in select(Role::ALL.to_vec()),
        action in select(vec![GATE_ANSWER, GATE_DELEGATE]),
        by_key in any::<bool>(),
        upper in any::<bool>(),
        lavish in any::<bool>(),
    ) {
        let policy = if lavish { with("permit (principal, action, resource);").unwrap() } else { shipped() };
        let name = if upper { "ADA@Example.org" } else { "ada@example.org" };
        let who = if by_key { key_of(name, role, Scope::ALL.into()) } else { user(name, role) };
        prop_assert!(!answers(&policy, &who, action, gate(&["ada@example.org", "bob@example.org"], true)));
        let others = answers(&policy, &who, action, gate(&["bob@example.org"], true));
        let may = role != Role::Agent && (lavish || role.has(Scope::GatesApprove));
        prop_assert_eq!(others, may);
        prop_assert_eq!(answers(&policy, &who, action, gate(&["ada@example.org"], false)), may);
    }
}

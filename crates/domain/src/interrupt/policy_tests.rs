use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> ApprovalRule {
    // JSON stands for TOML here: both come through serde.
    serde_json::from_str(text).unwrap()
}

fn policy(rules: &[&str]) -> ApprovalPolicy {
    ApprovalPolicy { rules: rules.iter().map(|text| rule(text)).collect() }
}

fn project() -> ProjectId {
    ProjectId::parse("shop").unwrap()
}

fn asked(policy: &ApprovalPolicy, point: Point, risk: Risk, cost: u64, paths: &[&str]) -> Vec<Asked> {
    let project = project();
    let classes = super::super::classify(
        &paths.iter().map(|path| super::super::DiffFile { path, ..Default::default() }).collect::<Vec<_>>(),
    )
    .classes();
    policy.asks(&Facts { point, project: &project, risk, classes: &classes, cost: MicroUsd(cost), paths })
}

#[test]
fn without_a_rule_nobody_is_asked() {
    let policy = ApprovalPolicy::default();
    assert!(asked(&policy, Point::Diff, Risk::High, u64::MAX, &["migrations/1.sql"]).is_empty());
}

#[test]
fn every_condition_that_a_rule_names_must_hold() {
    let policy = policy(&[
        r#"{"name": "dear", "on": "plan", "risk": "medium", "cost_above": "2.50"}"#,
        r#"{"name": "schema", "on": "diff", "paths": ["db/**"], "classes": ["migration"]}"#,
    ]);
    assert!(asked(&policy, Point::Plan, Risk::Low, 3_000_000, &[]).is_empty());
    assert!(asked(&policy, Point::Plan, Risk::High, 2_500_000, &[]).is_empty(), "not above the bound");
    assert_eq!(asked(&policy, Point::Plan, Risk::Medium, 2_500_001, &[])[0].rules, ["dear"]);
    assert!(asked(&policy, Point::Diff, Risk::High, 0, &["db/readme.md"]).is_empty());
    assert!(asked(&policy, Point::Diff, Risk::High, 0, &["other/1.sql"]).is_empty());
    let why = &asked(&policy, Point::Diff, Risk::High, 0, &["a.py", "db/1.sql"])[0].why[0];
    assert_eq!(why, "schema: it is about migration, it changes db/1.sql");
}

#[test]
fn rules_on_the_same_terms_ask_once_and_others_ask_apart() {
    let policy = policy(&[
        r#"{"name": "a", "on": "diff", "people": ["ada"]}"#,
        r#"{"name": "b", "on": "diff", "people": ["ada"]}"#,
        r#"{"name": "c", "on": "diff", "people": ["ben"]}"#,
    ]);
    let asked = asked(&policy, Point::Diff, Risk::Low, 0, &[]);
    assert_eq!(asked.len(), 2);
    assert_eq!((asked[0].rules.join(" "), asked[1].rules.join(" ")), ("a b".to_owned(), "c".to_owned()));
}

#[test]
fn a_rule_of_another_project_does_not_ask() {
    let policy = policy(&[r#"{"name": "a", "on": "diff", "projects": ["bank"]}"#]);
    assert!(asked(&policy, Point::Diff, Risk::High, 0, &[]).is_empty());
    assert!(policy.looks_at(Point::Diff, &ProjectId::parse("bank").unwrap()));
}

#[test]
fn a_glob_that_cannot_be_read_lets_nothing_through() {
    let policy = policy(&[r#"{"name": "broken", "on": "diff", "paths": ["a["]}"#]);
    assert_eq!(asked(&policy, Point::Diff, Risk::Low, 0, &["x.py"]).len(), 1);
    assert!(policy.faults()[0].1.contains("cannot be a scope"));
}

#[test]
fn a_rule_that_could_not_be_kept_is_a_fault() {
    for bad in [
        r#"{"name": "", "on": "diff"}"#,
        r#"{"name": "x", "on": "diff", "cost_above": "1"}"#,
        r#"{"name": "x", "on": "plan", "paths": ["a"]}"#,
        r#"{"name": "x", "on": "spec", "risk": "low"}"#,
        r#"{"name": "x", "on": "diff", "answers": 0}"#,
        r#"{"name": "x", "on": "diff", "people": ["ada", "Ada "], "answers": 2}"#,
        r#"{"name": "x", "on": "diff", "people": [" "]}"#,
        r#"{"name": "x", "on": "diff", "people": ["ada"], "escalate": [{"after_seconds": 5, "to": []}]}"#,
        r#"{"name": "x", "on": "diff", "escalate": [{"after_seconds": 5, "to": ["ben"]}]}"#,
        r#"{"name": "x", "on": "diff", "expire_seconds": 0}"#,
        r#"{"name": "x", "on": "diff", "expire_seconds": 60, "remind_seconds": [60]}"#,
        r#"{"name": "x", "on": "diff", "on_expiry": "accept_low_risk"}"#,
    ] {
        assert_eq!(policy(&[bad]).faults().len(), 1, "{bad}: {:?}", policy(&[bad]).faults());
    }
    let twice = r#"{"name": "x", "on": "diff"}"#;
    assert_eq!(policy(&[twice, twice]).faults().len(), 1);
    for unreadable in
        [r#"{"on": "diff"}"#, r#"{"name": "x", "on": "run"}"#, r#"{"name": "x", "on": "diff", "wings": 2}"#]
    {
        assert!(serde_json::from_str::<ApprovalRule>(unreadable).is_err(), "{unreadable}");
    }
}

proptest! {
    #[test]
    fn another_rule_never_takes_a_question_away(
        risks in prop::collection::vec(prop::sample::select(vec!["low", "medium", "high"]), 0..5),
        risk in prop::sample::select(vec![Risk::Low, Risk::Medium, Risk::High]),
    ) {
        let rules: Vec<String> = risks
            .iter()
            .enumerate()
            .map(|(n, risk)| format!(r#"{{"name": "{n}", "on": "diff", "risk": "{risk}", "people": ["p{n}"]}}"#))
            .collect();
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let mut before = Vec::new();
        for count in 0..=rules.len() {
            let now = asked(&policy(&rules[..count]), Point::Diff, risk, 0, &[]);
            prop_assert!(now.len() >= before.len() && now[..before.len()] == before[..]);
            before = now;
        }
    }

    #[test]
    fn a_policy_is_read_back_as_it_was_written(micros in 0_u64..u64::MAX / 2) {
        let mut one = rule(r#"{"name": "x", "on": "plan"}"#);
        one.cost_above = Some(MicroUsd(micros));
        let text = serde_json::to_string(&one).unwrap();
        prop_assert_eq!(serde_json::from_str::<ApprovalRule>(&text).unwrap(), one);
    }
}

use chrono::TimeZone as _;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    id::InterruptId,
    interrupt::{Escalation, HumanInterrupt, InterruptKind, InterruptRefusal},
};

fn at(seconds: u64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_780_000_000 + i64::try_from(seconds).unwrap(), 0).unwrap()
}

fn question(terms: Terms, risk: Risk) -> Interrupt {
    let kind = InterruptKind::PlanReview;
    Interrupt {
        id: InterruptId::parse("int_1").unwrap(),
        kind,
        risk,
        why: vec!["always".to_owned()],
        rules: vec!["always".to_owned()],
        request: HumanInterrupt {
            action_request: ActionRequest {
                action: "build_plan".to_owned(),
                args: json!({"max_parallel": 4}),
            },
            config: kind.config(),
            description: None,
        },
        terms,
        asked_by: vec!["ada".to_owned()],
        about: Vec::new(),
        commit: None,
        text: None,
    }
}

fn terms() -> Terms {
    Terms {
        people: Vec::new(),
        answers: 1,
        four_eyes: true,
        remind_seconds: vec![10, 20],
        escalate: vec![Escalation { after_seconds: 15, to: vec!["cleo".to_owned()] }],
        expire_seconds: Some(30),
        on_expiry: OnExpiry::AcceptLowRisk,
    }
}

fn takes(
    question: &Interrupt,
    standing: &Standing,
    by: &str,
    response: &HumanResponse,
    seconds: u64,
) -> Result<Standing, InterruptRefusal> {
    standing.takes(question, at(0), by, response, at(seconds))?;
    Ok(standing.clone().answered(question, by, response, at(seconds)))
}

#[test]
fn the_first_answer_decides_and_the_next_is_told_who_did() {
    let question = question(terms(), Risk::High);
    let decided =
        takes(&question, &Standing::default(), "ben", &HumanResponse::words(" Not so. "), 1).unwrap();
    let words = Decision::Answered { words: "Not so.".to_owned(), by: "ben".to_owned() };
    assert_eq!(decided.decision(), Some(words));
    let late = takes(&question, &decided, "cleo", &HumanResponse::accept(), 2).unwrap_err();
    assert!(late.to_string().contains("answered by ben at 2026-"), "{late}");
}

#[test]
fn nobody_decides_on_a_request_of_their_own_however_they_spell_their_name() {
    let question = question(terms(), Risk::High);
    for name in ["ada", "Ada", " ADA "] {
        for response in [HumanResponse::accept(), HumanResponse::words("No."), HumanResponse::ignore()] {
            let refused = takes(&question, &Standing::default(), name, &response, 1).unwrap_err();
            assert!(matches!(refused, InterruptRefusal::OwnRequest { .. }), "{name}: {refused}");
        }
        let handed = Standing::default().hands(&question, at(0), "ben", name, at(1));
        assert!(
            matches!(handed, Err(InterruptRefusal::OwnRequest { .. })),
            "it is not handed to them either"
        );
    }
    let alone = Interrupt { terms: Terms { four_eyes: false, ..terms() }, ..question };
    assert!(takes(&alone, &Standing::default(), "ada", &HumanResponse::accept(), 1).is_ok());
}

#[test]
fn where_two_must_accept_one_person_does_not_count_twice() {
    let question = question(Terms { answers: 2, ..terms() }, Risk::High);
    let once = takes(&question, &Standing::default(), "ben", &HumanResponse::accept(), 1).unwrap();
    assert_eq!(once.decision(), None);
    let again = takes(&question, &once, "Ben", &HumanResponse::accept(), 2).unwrap_err();
    assert!(matches!(again, InterruptRefusal::Twice { .. }));
    let both = takes(&question, &once, "cleo", &HumanResponse::accept(), 3).unwrap();
    assert_eq!(both.state, InterruptState::Accepted);
    let turned_down = takes(&question, &once, "cleo", &HumanResponse::ignore(), 3).unwrap();
    assert_eq!(turned_down.state, InterruptState::Ignored, "one word against it is enough");
}

#[test]
fn only_those_who_were_asked_answer_and_escalation_and_handing_over_ask_more() {
    let question = question(Terms { people: vec!["ben".to_owned()], ..terms() }, Risk::High);
    let fresh = Standing::default();
    assert!(matches!(
        takes(&question, &fresh, "cleo", &HumanResponse::accept(), 1),
        Err(InterruptRefusal::NotAsked { .. })
    ));
    let escalated = fresh.clone().timed(&Timer::Escalate(1, Vec::new()), at(15));
    assert!(takes(&question, &escalated, "cleo", &HumanResponse::accept(), 16).is_ok());
    fresh.hands(&question, at(0), "ben", "dora", at(1)).unwrap();
    assert!(fresh.hands(&question, at(0), "dora", "dora", at(1)).is_err(), "nobody hands it to themselves");
    let handed = fresh.handed("dora");
    assert!(takes(&question, &handed, "Dora", &HumanResponse::accept(), 2).is_ok());
    for bad in ["", " ", "a\nb", &"x".repeat(101)] {
        assert!(Standing::default().hands(&question, at(0), "ben", bad, at(1)).is_err(), "{bad:?}");
    }
}

#[test]
fn an_answer_of_a_kind_or_form_that_is_not_taken_changes_nothing() {
    let mut question = question(terms(), Risk::High);
    let edit = |args| HumanResponse { r#type: ResponseKind::Edit, args };
    let fresh = Standing::default();
    for bad in [
        edit(json!(null)),
        edit(json!("more")),
        edit(json!({"action": "build_plan", "args": {}})),
        edit(json!({"action": "rm", "args": {"max_parallel": 2}})),
        HumanResponse::words("  "),
        HumanResponse::words(&"x".repeat(4_001)),
        HumanResponse { r#type: ResponseKind::Response, args: json!(7) },
        HumanResponse { r#type: ResponseKind::Ignore, args: json!("why") },
        HumanResponse { r#type: ResponseKind::Accept, args: json!({"action": "build_plan", "args": {}}) },
    ] {
        let refused = takes(&question, &fresh, "ben", &bad, 1).unwrap_err();
        assert!(matches!(refused, InterruptRefusal::Malformed(_)), "{bad:?}: {refused}");
    }
    let same = json!({"action": "build_plan", "args": {"max_parallel": 4}});
    assert!(
        takes(&question, &fresh, "ben", &HumanResponse { r#type: ResponseKind::Accept, args: same }, 1)
            .is_ok()
    );
    question.kind = InterruptKind::DiffReview;
    question.request.config = question.kind.config();
    let good = edit(json!({"action": "build_plan", "args": {"max_parallel": 2}}));
    let refused = takes(&question, &fresh, "ben", &good, 1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`edit` is no answer to a diff review; it takes accept, response, ignore"
    );
}

#[test]
fn what_is_of_low_risk_accepts_itself_only_where_the_policy_says_so() {
    for (risk, on_expiry, accepted) in [
        (Risk::Low, OnExpiry::AcceptLowRisk, true),
        (Risk::Medium, OnExpiry::AcceptLowRisk, false),
        (Risk::High, OnExpiry::AcceptLowRisk, false),
        (Risk::Low, OnExpiry::Reject, false),
    ] {
        let question = question(Terms { on_expiry, ..terms() }, risk);
        let due = Standing::default().timer(&question, at(0), at(30));
        assert_eq!(due, Some(Timer::Expire(accepted)), "{risk} {on_expiry:?}");
    }
}

#[test]
fn after_the_end_no_answer_counts_though_nobody_has_said_yet_that_it_is_over() {
    let question = question(terms(), Risk::Low);
    assert!(takes(&question, &Standing::default(), "ben", &HumanResponse::accept(), 29).is_ok());
    let late = takes(&question, &Standing::default(), "ben", &HumanResponse::accept(), 30).unwrap_err();
    assert!(matches!(late, InterruptRefusal::TooLate { .. }));
}

#[test]
fn thirty_days_in_which_nobody_looked_are_one_reminder_each_step_of_the_chain_and_the_end() {
    let day = 86_400;
    let long = Terms {
        people: vec!["ben".to_owned()],
        remind_seconds: (1..30).map(|days| days * day).collect(),
        escalate: vec![
            Escalation { after_seconds: 7 * day, to: vec!["cleo".to_owned()] },
            Escalation { after_seconds: 14 * day, to: vec!["dora".to_owned()] },
        ],
        expire_seconds: Some(31 * day),
        ..terms()
    };
    let question = question(long, Risk::High);
    let mut standing = Standing::default();
    let mut seen = Vec::new();
    while let Some(timer) = standing.timer(&question, at(0), at(30 * day)) {
        standing = standing.timed(&timer, at(30 * day));
        seen.push(timer);
    }
    let names = |name: &str| vec![name.to_owned()];
    assert_eq!(
        seen,
        [Timer::Escalate(1, names("cleo")), Timer::Escalate(2, names("dora")), Timer::Remind(29)]
    );
    assert_eq!(standing.next_due(&question, at(0)), Some(at(31 * day)));
    assert_eq!(standing.people(&question), ["ben", "cleo", "dora"]);
}

/// What is tried.
#[derive(Debug, Clone)]
enum Try {
    Answer(usize, usize),
    Hand(usize, usize),
    Look,
    Wait(u64),
}

fn tried() -> impl Strategy<Value = Try> {
    prop_oneof![
        (0_usize..4, 0_usize..4).prop_map(|(who, what)| Try::Answer(who, what)),
        (0_usize..4, 0_usize..4).prop_map(|(from, to)| Try::Hand(from, to)),
        Just(Try::Look),
        (0_u64..12).prop_map(Try::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_is_tried_in_whatever_order_it_is_decided_once_by_those_who_may(
        tries in prop::collection::vec(tried(), 0..60),
        answers in 1_u32..4,
        asked in any::<bool>(),
        risk in prop::sample::select(vec![Risk::Low, Risk::High]),
    ) {
        const NAMES: [&str; 4] = ["ada", "ben", "cleo", "dora"];
        let people = if asked { vec!["ben".to_owned(), "ada".to_owned()] } else { Vec::new() };
        let question = question(Terms { people, answers, ..terms() }, risk);
        let (mut now, mut standing, mut timers) = (0, Standing::default(), Vec::new());
        for one in tries {
            let before = standing.clone();
            match one {
                Try::Wait(seconds) => now += seconds,
                Try::Answer(who, what) => {
                    let response = [
                        HumanResponse::accept(),
                        HumanResponse::words("No."),
                        HumanResponse::ignore(),
                        HumanResponse {
                            r#type: ResponseKind::Edit,
                            args: json!({"action": "build_plan", "args": {"max_parallel": 1}}),
                        },
                    ][what].clone();
                    if let Ok(after) = takes(&question, &standing, NAMES[who], &response, now) {
                        prop_assert!(now < 30, "nothing counts after the end");
                        standing = after;
                    }
                }
                Try::Hand(from, to) => {
                    if standing.hands(&question, at(0), NAMES[from], NAMES[to], at(now)).is_ok() {
                        standing = standing.handed(NAMES[to]);
                    }
                }
                Try::Look => while let Some(timer) = standing.timer(&question, at(0), at(now)) {
                    let due = match &timer {
                        Timer::Remind(number) => [10, 20][*number as usize - 1],
                        Timer::Escalate(..) => 15,
                        Timer::Expire(_) => 30,
                    };
                    prop_assert!(now >= due, "nothing comes before its time");
                    prop_assert!(standing.state == InterruptState::Waiting);
                    prop_assert!(!timers.contains(&timer), "nothing comes twice");
                    standing = standing.timed(&timer, at(now));
                    timers.push(timer);
                },
            }
            if before.state != InterruptState::Waiting {
                prop_assert_eq!(&standing, &before, "what is decided stays");
            }
            prop_assert!(!standing.accepts.iter().any(|accept| accept.by == "ada"), "four eyes");
            let mut names: Vec<_> = standing.accepts.iter().map(|accept| &accept.by).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), standing.accepts.len(), "each counts once");
            if standing.state == InterruptState::Accepted && standing.settled_by.is_some() {
                prop_assert_eq!(standing.accepts.len(), answers as usize);
            }
            prop_assert_eq!(standing.decision().is_some(), standing.state != InterruptState::Waiting);
        }
        let reminders: Vec<_> = timers.iter().filter(|timer| matches!(timer, Timer::Remind(_))).collect();
        prop_assert!(reminders.len() <= 2);
        if let Some(end) = timers.iter().position(|timer| matches!(timer, Timer::Expire(_))) {
            prop_assert_eq!(end, timers.len() - 1, "nothing comes after the end");
        }
    }
}

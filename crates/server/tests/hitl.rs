//! Questions to people over real HTTP: what waits, and which answers are taken.

use reqwest::StatusCode;
use serde_json::{Value, json};
use swarm_domain::{
    EventBody, InterruptId,
    interrupt::{ActionRequest, HumanInterrupt, Interrupt, InterruptKind, OnExpiry, Terms},
    ticket::Risk,
};

use crate::world::{World, problem};

fn question(name: &str, risk: Risk, people: &[&str]) -> Interrupt {
    let kind = InterruptKind::PlanReview;
    let args = json!({"max_parallel": 4});
    Interrupt {
        id: InterruptId::parse(name).unwrap(),
        kind,
        risk,
        why: vec!["every plan: it is always asked".to_owned()],
        rules: vec!["every plan".to_owned()],
        request: HumanInterrupt {
            action_request: ActionRequest { action: "build_plan".to_owned(), args },
            config: kind.config(),
            description: Some("One ticket.".to_owned()),
        },
        terms: Terms {
            people: people.iter().map(|&name| name.to_owned()).collect(),
            answers: 1,
            four_eyes: true,
            remind_seconds: Vec::new(),
            escalate: Vec::new(),
            expire_seconds: Some(3_600),
            on_expiry: OnExpiry::Reject,
        },
        asked_by: vec!["eve".to_owned()],
        about: Vec::new(),
        commit: None,
        text: None,
    }
}

/// A run that asks two things. The operator is ada.
async fn asking() -> World {
    let world = World::new().await;
    let run = world.idle_run().await;
    for interrupt in [question("int_1", Risk::Low, &["ada"]), question("int_2", Risk::High, &["ben"])] {
        let key = interrupt.id.to_string();
        world.append(&key, Some(&run), EventBody::InterruptRaised { interrupt: Box::new(interrupt) }).await;
    }
    world
}

async fn listed(world: &World, query: &str) -> Vec<String> {
    let found: Value = world.get(&format!("/api/hitl{query}")).send().await.unwrap().json().await.unwrap();
    let items = found["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn respond(world: &World, id: &str, body: &Value) -> reqwest::Response {
    world.post(&format!("/api/hitl/{id}/respond")).json(body).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_by_risk_and_shown_in_the_shape_of_the_agent_inbox() {
    let world = asking().await;
    assert_eq!(listed(&world, "").await, ["int_2", "int_1"]);
    assert_eq!(listed(&world, "?state=waiting&risk=high").await, ["int_2"]);
    assert!(listed(&world, "?older_than_seconds=3600").await.is_empty());
    assert!(listed(&world, "?run=run_9").await.is_empty());
    problem(world.get("/api/hitl?state=asleep").send().await.unwrap(), StatusCode::BAD_REQUEST).await;
    let shown: Value = world.get("/api/hitl/int_2").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        shown["interrupt"]["request"],
        json!({
            "action_request": {"action": "build_plan", "args": {"max_parallel": 4}},
            "config": {"allow_ignore": true, "allow_respond": true, "allow_edit": true, "allow_accept": true},
            "description": "One ticket.",
        })
    );
    assert_eq!(
        (&shown["summary"]["state"], &shown["summary"]["people"]),
        (&json!("waiting"), &json!(["ben"]))
    );
    assert_eq!(shown["summary"]["blocked"].as_array().unwrap().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_taken_says_why_and_changes_nothing() {
    let world = asking().await;
    let accept = json!({"type": "accept", "args": null});
    for (id, body, status, code) in [
        ("int_9", accept.clone(), StatusCode::NOT_FOUND, "store.not_found"),
        ("int_2", accept.clone(), StatusCode::FORBIDDEN, "interrupt.not_asked"),
        ("int_1", json!({"type": "approve"}), StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"),
        ("int_1", json!({"type": "response"}), StatusCode::UNPROCESSABLE_ENTITY, "interrupt.malformed"),
        (
            "int_1",
            json!({"type": "edit", "args": 0.5}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "interrupt.malformed",
        ),
        (
            "int_1",
            json!({"type": "accept", "args": 0.5}),
            StatusCode::UNPROCESSABLE_ENTITY,
            "interrupt.malformed",
        ),
    ] {
        assert_eq!(problem(respond(&world, id, &body).await, status).await["code"], code, "{id} {body}");
    }
    let to_who_asked =
        world.post("/api/hitl/int_1/delegate").json(&json!({"to": "Eve"})).send().await.unwrap();
    assert_eq!(problem(to_who_asked, StatusCode::FORBIDDEN).await["code"], "interrupt.own_request");
    assert_eq!(listed(&world, "?state=waiting").await.len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_and_the_same_again_is_the_same() {
    let world = asking().await;
    let handed = world.post("/api/hitl/int_1/delegate").json(&json!({"to": "ben"})).send().await.unwrap();
    let handed: Value = handed.json().await.unwrap();
    assert_eq!(handed["summary"]["people"], json!(["ada", "ben"]));
    let edit = json!({"type": "edit", "args": {"action": "build_plan", "args": {"max_parallel": 2}}});
    for _ in 0..2 {
        let answered = respond(&world, "int_1", &edit).await;
        assert_eq!(answered.status(), StatusCode::OK);
        let answered: Value = answered.json().await.unwrap();
        assert_eq!(answered["summary"]["state"], "accepted");
        assert_eq!(answered["standing"]["edit"]["args"]["max_parallel"], 2);
    }
    let late = respond(&world, "int_1", &json!({"type": "ignore"})).await;
    let late = problem(late, StatusCode::CONFLICT).await;
    assert_eq!(late["code"], "interrupt.decided");
    assert!(late["detail"].as_str().unwrap().contains("accepted by ada"), "{late}");
    assert_eq!(listed(&world, "?state=accepted").await, ["int_1"]);
    world.end().await;
}

//! Nobody comes across to another tenant: every route is asked with the ids of things that are there, and another's.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_domain::{AttemptId, BlobHash, NewEvent, TenantId, claim::Terms};
use swarm_store::Offer;

use crate::{
    story,
    world::{self, World, problem},
};

/// What parameters of paths stand for in the other tenant.
fn value(parameter: &str) -> &'static str {
    match parameter {
        "project" => "textstat",
        "spec" => "spec_1",
        "plan" => "plan_1",
        "run" | "other" => "run_1",
        "ticket" => "T-1",
        "step" => "1",
        "survey" => "survey_1",
        "claim" => "run_1-T-1-2",
        "secret" => "registry",
        "interrupt" => "int_3",
        "vm" => "vm_2",
        "user" => "user_1",
        "key" => "key_1",
        "session" => "session_1",
        "invitation" => "invite_1",
        "hold" => "case-1",
        // Of a kind that the story does not tell of yet: at the least such a thing is nobody's.
        _ => "other_1",
    }
}

fn body(path: &str) -> Value {
    match (path, path.rsplit('/').next().unwrap_or_default()) {
        (_, "respond") => json!({ "type": "accept" }),
        (_, "delegate") => json!({ "to": "bob" }),
        (_, "lift" | "cancel") => json!({ "reason": "it is over" }),
        (_, "exec") => json!({ "command": "true" }),
        (_, "renew" | "end") => json!({ "token": "t" }),
        (_, "heartbeat" | "release") => json!({ "token": 1 }),
        (_, "role") => json!({ "role": "viewer" }),
        (_, "link") => json!({ "purpose": "reset" }),
        (path, "fork") if path.starts_with("/api/runs") => json!({ "at": 1 }),
        (path, "rotate") if path.starts_with("/api/secrets") => json!({ "reference": "env:HOME" }),
        _ => json!({}),
    }
}

fn operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(swarm_server::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        methods.into_iter().map(|method| (method.parse().unwrap(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

/// A world whose database tells the whole story of another tenant.
async fn beside_another() -> World {
    let world = World::new().await;
    let store = world.database.store().await.unwrap();
    let other = TenantId::parse("other").unwrap();
    for event in story::whole() {
        store.append(NewEvent { tenant: other.clone(), ..event }).await.unwrap();
    }
    // They are there, and found by who they belong to.
    assert!(
        store.run(&other, &story::run_id()).await.is_ok()
            && store.plan(&other, &story::plan_id()).await.is_ok()
    );
    assert!(store.ticket(&other, &story::run_id(), &story::ticket_id(1)).await.is_ok());
    assert!(store.project(&other, &story::project()).await.is_ok());
    assert!(store.secret(&other, &story::secret("registry")).await.is_ok());
    assert_eq!(store.users(&other).await.unwrap()[0].id.as_str(), value("user"));
    assert_eq!(store.keys(&other, None).await.unwrap()[0].record.id.as_str(), value("key"));
    assert!(store.interrupt(&other, &value("interrupt").parse().unwrap()).await.is_ok());
    assert!(store.session(&other, &value("session").parse().unwrap()).await.is_ok());
    assert!(store.invitation(&other, &value("invitation").parse().unwrap()).await.is_ok());
    assert!(store.hold(&other, &value("hold").parse().unwrap()).await.is_ok());
    // The standing of an offer is no view of the log: it is offered as a run would.
    let offer = Offer {
        project: story::project(),
        run: story::run_id(),
        ticket: story::ticket_id(1),
        attempt: AttemptId::of(&story::ticket_id(1), 2),
        labels: Vec::new(),
        brief: BlobHash::of(b"brief"),
        terms: Terms { lease_seconds: 3_600, max_expiries: 2 },
    };
    assert_eq!(store.offer_claim(&other, &offer).await.unwrap().id, story::claim());
    assert!(store.look_at_claim(&other, &story::claim()).await.is_ok());
    store.close().await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_takes_an_id_finds_nothing_by_that_of_another_tenant() {
    let world = beside_another().await;
    let mut asked = 0;
    for (method, template) in operations().into_iter().filter(|(_, path)| path.contains('{')) {
        let parts =
            template.split('/').map(|part| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
                Some("claim") => story::claim().to_string(),
                Some(parameter) => value(parameter).to_owned(),
                None => part.to_owned(),
            });
        let path = parts.collect::<Vec<_>>().join("/");
        let request = world.ask(method.clone(), &path);
        let request = if method == Method::POST { request.json(&body(&template)) } else { request };
        let answer = request.send().await.unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            answer.text().await.unwrap()
        );
        asked += 1;
    }
    assert!(asked > 40, "{asked}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_and_no_page_of_the_log_names_anything_of_another_tenant() {
    let world = beside_another().await;
    // What never ends is left out: both follow the log that `/api/events` reads.
    let endless = ["/api/events/stream", "/api/events/poll"];
    for (method, path) in operations() {
        if method != Method::GET || path.contains('{') || endless.contains(&path.as_str()) {
            continue;
        }
        let text = world.get(&path).send().await.unwrap().text().await.unwrap();
        for mark in ["textstat", "bob@example.org", "int_3", "case-1", "\"tenant\":\"other\""] {
            assert!(!text.contains(mark), "GET {path} names {mark}: {text}");
        }
    }
    let poll = world.get("/api/events/poll?wait=0").send().await.unwrap().text().await.unwrap();
    assert!(!poll.contains("textstat"), "{poll}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_another_tenants_things_in_its_body_is_refused() {
    let world = beside_another().await;
    for (path, body) in [
        ("/api/specs", json!({ "project": "textstat", "text": world::GREETER })),
        (
            "/api/specs/derive",
            json!({ "project": "textstat", "branch": "main", "paths": [], "models": [], "plain": true }),
        ),
        (
            "/api/specs/draft",
            json!({ "project": "textstat", "text": "", "talk": [{ "by": "person", "text": "x" }], "models": [] }),
        ),
        ("/api/plans", json!({ "spec": "spec_1", "models": [] })),
        ("/api/runs", json!({ "plan": "plan_1", "options": swarm_domain::run::RunOptions::default() })),
    ] {
        let refused = world.post(path).json(&body).send().await.unwrap();
        let text = format!("{path}: {}", refused.status());
        assert!(refused.status() == StatusCode::NOT_FOUND, "{text} {}", refused.text().await.unwrap());
    }
    // A purge and a rebuild reach the own tenant alone.
    let purged = world.post("/api/purge").json(&json!({ "dry_run": false })).send().await.unwrap();
    assert_eq!(purged.status(), StatusCode::OK);
    let rebuilt = world.post("/api/views/rebuild").json(&json!({})).send().await.unwrap();
    assert_eq!(rebuilt.status(), StatusCode::OK);
    let store = world.database.store().await.unwrap();
    let other = TenantId::parse("other").unwrap();
    assert!(!store.events(&other, &swarm_store::EventFilter::default()).await.unwrap().is_empty());
    assert!(store.run(&other, &story::run_id()).await.is_ok());
    store.close().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_a_key_and_a_ticket_of_another_tenant_let_nobody_in() {
    let world = World::new().await;
    // Made by a server of the same database that works for the other tenant, as this one's would be.
    let other = TenantId::parse("other").unwrap();
    let store = world.database.store().await.unwrap().for_tenant(&other).await.unwrap();
    let holder = swarm_store::TicketHolder {
        tenant: other.clone(),
        name: "eve".to_owned(),
        by: swarm_store::LetInBy::Operator,
    };
    let ticket = "a".repeat(64);
    assert!(store.issue_ticket(&holder, &ticket, std::time::Duration::from_mins(1)).await.unwrap());
    let url = format!("{}/api/events/poll?wait=0&ticket={ticket}", world.server.url());
    problem(world.http.get(url).send().await.unwrap(), StatusCode::UNAUTHORIZED).await;
    // It was not used up either: it is none of this tenant's.
    assert!(store.redeem_ticket(&ticket).await.unwrap().is_some());
    store.close().await;
    world.end().await;
}

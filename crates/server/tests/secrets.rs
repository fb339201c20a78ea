//! Secrets over HTTP: a value goes in and never comes out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_client::{Hidden, types};

use crate::world::{World, problem};

const CANARY: &str = "canary-over-http";

fn new(name: &str) -> types::NewSecret {
    types::NewSecret {
        name: name.to_owned(),
        project: None,
        hosts: vec!["api.example.org".to_owned()],
        placement: None,
        value: Some(Hidden::new(CANARY)),
        reference: None,
        expires: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_set_is_in_no_answer_and_no_event() {
    let world = World::new().await;
    let client = world.client();
    let mut said = format!("{:?}", new("registry"));
    let set = client.set_secret(&new("registry")).await.unwrap();
    assert_eq!((set.placement.as_str(), set.state), ("bearer", types::SecretState::Valid));
    let value = types::NewValue {
        project: None,
        value: Some(Hidden::new(CANARY)),
        reference: None,
        window_seconds: None,
        expires: None,
    };
    let rotated = client.rotate_secret("registry", &value).await.unwrap();
    assert_eq!((rotated.state, rotated.versions.len()), (types::SecretState::Rotating, 2));
    said += &format!("{set:?} {rotated:?}");
    for path in ["/api/secrets", "/api/secrets/registry", "/api/events", "/api/audit/verify"] {
        said += &world.get(path).send().await.unwrap().text().await.unwrap();
    }
    let check = world.post("/api/secrets/all/check").send().await.unwrap();
    said += &check.text().await.unwrap();
    let rekeyed = client.rekey_secrets(false).await.unwrap();
    assert_eq!(rekeyed.values, 2);
    assert!(client.check_secrets().await.unwrap().iter().all(|one| one.problem.is_none()));
    said += &format!("{:?}", client.all_events(None).await.unwrap());
    assert!(said.contains("secret_rotated") && !said.contains("canary"), "{said}");
    assert_eq!(client.secrets().await.unwrap().len(), 1);
    client.remove_secret("registry", None).await.unwrap();
    assert!(client.secrets().await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_refused_without_quoting_what_was_sent() {
    let world = World::new().await;
    let with = |change: Value| {
        let mut body = json!({ "name": "x", "hosts": ["api.example.org"], "value": CANARY });
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        body.to_string()
    };
    let post = async |body: String| {
        let request = world.post("/api/secrets").header("content-type", "application/json").body(body);
        request.send().await.unwrap()
    };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (body, status, code) in [
        (format!("{{\"value\": \"{CANARY}\""), StatusCode::BAD_REQUEST, "request.malformed"),
        (with(json!({ "value": 47_114_711 })), unprocessable, "request.invalid"),
        (with(json!({ "value": [CANARY] })), unprocessable, "request.invalid"),
        (with(json!({ "value": { "canary": 1 } })), unprocessable, "request.invalid"),
        (with(json!({ "hosts": CANARY })), unprocessable, "request.invalid"),
        (with(json!({ "hosts": ["canary over http"] })), unprocessable, "request.invalid"),
        (with(json!({ "hosts": [] })), unprocessable, "secret.host"),
        (with(json!({ "placement": CANARY })), unprocessable, "request.invalid"),
        (with(json!({ "placement": "query:canary" })), unprocessable, "request.invalid"),
        (with(json!({ "reference": CANARY })), unprocessable, "request.invalid"),
        (with(json!({ "reference": "env:HOME" })), unprocessable, "secret.one_source"),
        (with(json!({ "value": null })), unprocessable, "secret.one_source"),
        (with(json!({ "canary": CANARY })), unprocessable, "request.invalid"),
        (with(json!({ "name": "../canary" })), unprocessable, "request.invalid"),
        (with(json!({ "expires": CANARY })), unprocessable, "request.invalid"),
        (with(json!({ "expires": "2001-01-01T00:00:00Z" })), unprocessable, "secret.expiry"),
        (with(json!({ "value": "canary\r\nX-Evil: 1" })), unprocessable, "secret.value"),
        (with(json!({ "value": "canary\u{0}" })), unprocessable, "secret.value"),
        (with(json!({ "value": "canary".repeat(2000) })), unprocessable, "secret.value"),
        (with(json!({ "value": "" })), unprocessable, "secret.value"),
        (
            with(json!({ "value": "canary".repeat(400_000) })),
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too_large",
        ),
        (with(json!({ "project": "nobody" })), StatusCode::NOT_FOUND, "store.not_found"),
    ] {
        let refused = post(body.clone()).await;
        let problem = problem(refused, status).await;
        assert_eq!(problem["code"], code, "{body:.80}");
        let said = problem.to_string();
        assert!(!said.contains("canary") && !said.contains("47114711"), "{problem}");
    }
    assert!(world.client().secrets().await.unwrap().is_empty());
    for (method, path) in [
        (Method::GET, "/api/secrets/x"),
        (Method::DELETE, "/api/secrets/x"),
        (Method::GET, "/api/secrets/x?project=nobody"),
        (Method::DELETE, "/api/secrets/x?project=nobody"),
    ] {
        let refused = world.ask(method, path).send().await.unwrap();
        assert_eq!(problem(refused, StatusCode::NOT_FOUND).await["code"], "store.not_found", "{path}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_is_said_with_its_file() {
    let world = World::new().await;
    world.client().set_secret(&new("x")).await.unwrap();
    let file = world.database.data_dir().join("secrets.key");
    std::fs::remove_file(&file).unwrap();
    let error = world.client().set_secret(&new("y")).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("secret.key_lost", Some(503)));
    assert!(error.detail().contains(file.to_str().unwrap()), "{error}");
    let found = world.client().check_secrets().await.unwrap();
    assert_eq!(found[0].problem.as_ref().unwrap().code, "secret.key_lost");
    let done = world.client().rekey_secrets(true).await.unwrap();
    assert_eq!(done.lost.len(), 1);
    world.client().set_secret(&new("y")).await.unwrap();
    world.end().await;
}

//! Every operation of the document has a method here, which asks as the document says and reads what it promises.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a call that is not as the document says must stop the test"
)]

#[path = "contract/document.rs"]
mod document;
#[path = "contract/identity.rs"]
mod identity;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use document::Document;
use futures::StreamExt;
use serde_json::{Value, json};
use swarm_client::{AuditFilter, AuditQuery, Client, ClientError, EventQuery, InterruptQuery, types};

/// A server that knows nothing but the document: it checks every call against it and answers with samples.
struct Oracle {
    document: Document,
    /// Whether the answers hold what they may leave out.
    full: bool,
    asked: Mutex<BTreeSet<String>>,
}

async fn answer(State(oracle): State<Arc<Oracle>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let place = format!("{} {}", parts.method, parts.uri);
    let body = to_bytes(body, 1 << 20).await.unwrap();
    assert_eq!(parts.headers["authorization"], "Bearer secret", "{place}");
    let Some(operation) = oracle.document.operation(parts.method.as_str(), parts.uri.path()) else {
        panic!("the document knows no {place}")
    };
    let known: Vec<_> = operation.value["parameters"].as_array().into_iter().flatten().collect();
    for pair in parts.uri.query().into_iter().flat_map(|query| query.split('&')) {
        let name = pair.split('=').next().unwrap();
        assert!(known.iter().any(|p| p["in"] == "query" && p["name"] == name), "{place}: no `{name}`");
    }
    let wanted = &operation.value["requestBody"]["content"]["application/json"]["schema"];
    let left_out = body.is_empty() && operation.value["requestBody"]["required"] != true;
    if !wanted.is_null() && !left_out {
        assert_eq!(parts.headers["content-type"], "application/json", "{place}");
        let value: Value = serde_json::from_slice(&body).unwrap();
        oracle.document.check(&place, &value, wanted);
    }
    oracle.asked.lock().unwrap().insert(operation.id.clone());
    let responses = operation.value["responses"].as_object().unwrap();
    let (status, response) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
    let status: StatusCode = status.parse().unwrap();
    let Some((kind, content)) = response["content"].as_object().and_then(|content| content.iter().next())
    else {
        return status.into_response();
    };
    let sample = oracle.document.sample(&content["schema"], oracle.full);
    let text =
        if kind == "text/event-stream" { format!("id: 1\ndata: {sample}\n\n") } else { sample.to_string() };
    (status, [("content-type", kind.clone())], text).into_response()
}

async fn serve(router: Router) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Client::new(&url, "secret").unwrap()
}

fn new_run() -> types::NewRun {
    let options = types::RunOptions {
        budget: types::Budget { usd: Some(2_000_000), tokens: None },
        max_parallel: 2,
        models: vec!["a/b".to_owned()],
        max_attempts: 3,
        branch: None,
        hands: None,
        labels: Vec::new(),
        origin: None,
        continues: None,
        fresh: Some(false),
        key: None,
    };
    types::NewRun { plan: "plan_1".to_owned(), options }
}

async fn ask_for_work(client: &Client) -> Result<(), ClientError> {
    let text = || "x".to_owned();
    let asked = types::ClaimRequest { worker: text(), labels: vec![text()], wait_seconds: Some(3) };
    client.claim(&asked).await?;
    client.heartbeat("x", 7).await?;
    client.release("x", &types::GiveBack { token: 7, spend: None, models: Vec::new() }).await?;
    let file = types::OutcomeFile { path: text(), text: Some(text()), deleted: None };
    let outcome = types::WorkOutcome { files: Some(vec![file]), summary: Some(text()), failed: None };
    let spend = Some(types::Spend { usd: 1, tokens_in: 2, tokens_out: 3, calls: 1 });
    let completion = types::Completion { claim: text(), token: 7, outcome, spend, models: vec![text()] };
    client.complete(&completion).await?;
    client.claims(None).await?;
    client.claims(Some("x")).await?;
    client.demand().await.map(drop)
}

async fn ask_about_secrets(client: &Client) -> Result<(), ClientError> {
    let expires = Some(chrono::DateTime::UNIX_EPOCH);
    let new = types::NewSecret {
        name: "x".to_owned(),
        project: Some("p".to_owned()),
        hosts: vec!["example.org".to_owned()],
        placement: Some("bearer".to_owned()),
        value: Some(swarm_client::Hidden::new("canary")),
        reference: None,
        expires,
    };
    client.set_secret(&new).await?;
    client.secrets().await?;
    client.secret("x", None).await?;
    client.secret("x", Some("p")).await?;
    let value = types::NewValue {
        project: None,
        value: None,
        reference: Some("env:X".to_owned()),
        window_seconds: Some(3600),
        expires,
    };
    client.rotate_secret("x", &value).await?;
    client.remove_secret("x", Some("p")).await?;
    client.check_secrets().await?;
    client.rekey_secrets(true).await.map(drop)
}

async fn ask_about_vms(client: &Client) -> Result<(), ClientError> {
    client.vms().await?;
    client.vm("x").await?;
    client.vm_console("x", None).await?;
    client.vm_console("x", Some(5)).await?;
    let line = types::VmExec {
        command: "ls".to_owned(),
        cwd: Some("src".to_owned()),
        stdin: Some("in".to_owned()),
        wall_ms: Some(1_000),
        token: Some("t".to_owned()),
    };
    client.exec_vm("x", &line).await?;
    client.take_over_vm("x").await?;
    client.renew_vm("x", "t").await?;
    client.hand_back_vm("x", "t").await?;
    client.snapshot_vm("x", None).await?;
    client.fork_vm("x", Some("t")).await?;
    client.snapshots().await?;
    client.stop_vm("x", None).await?;
    client.stop_vm("x", Some("t")).await
}

async fn ask_people(client: &Client) -> Result<(), ClientError> {
    client.interrupts(&InterruptQuery::default()).await?;
    let which = InterruptQuery {
        state: Some("waiting".to_owned()),
        risk: Some("high".to_owned()),
        older_than_seconds: Some(60),
        run: Some("x".to_owned()),
    };
    client.interrupts(&which).await?;
    client.interrupt("x").await?;
    let response = types::HumanResponse { r#type: types::ResponseKind::Response, args: json!("No.") };
    client.answer_interrupt("x", &response).await?;
    client.delegate_interrupt("x", "ben").await?;
    client.notifications(true).await?;
    client.read_notifications(Some("x")).await?;
    client.dead_letters().await?;
    client.replay_notification("x").await?;
    client.try_channel("x").await?;
    client.browsers().await?;
    let text = || "x".to_owned();
    let keys = types::PushKeys { p256dh: text(), auth: text() };
    client.add_browser(&types::NewPush { endpoint: text(), keys }).await?;
    client.remove_browser("x").await?;
    client.try_browsers().await.map(drop)
}

async fn ask_everything(client: &Client) -> Result<(), ClientError> {
    let text = || "x".to_owned();
    client.add_project(&types::NewProject { project: text(), repo: text() }).await?;
    client.projects().await?;
    client.workers().await?;
    client.project("x").await?;
    client.add_spec(&types::NewSpec { project: text(), text: text() }).await?;
    client.specs().await?;
    client.spec("x").await?;
    client.spec_delta("x", None).await?;
    client.spec_delta("x", Some("y")).await?;
    client.check_spec("x", Some("main")).await?;
    let new = types::NewDerivation {
        project: "x".into(),
        branch: None,
        paths: vec!["src/**".into()],
        models: Vec::new(),
        plain: Some(true),
    };
    client.derive_spec(&new).await?;
    let said = types::Said { by: types::Speaker::Person, text: text() };
    let new = types::NewDraft { project: text(), text: text(), talk: vec![said], models: Vec::new() };
    client.draft_spec(&new).await?;
    client.survey("x").await?;
    client.request_plan(&types::NewPlan { spec: text(), models: Vec::new() }).await?;
    client.plans().await?;
    client.plan("x").await?;
    client.start_run(&new_run()).await?;
    client.runs().await?;
    client.run("x").await?;
    client.cancel_run("x", "why").await?;
    client.replay_run("x").await?;
    let edit = types::Edit::Reply { text: text(), tool_calls: Vec::new() };
    client.fork_run("x", &types::NewFork { at: 1, edit: Some(edit), models: Vec::new() }).await?;
    client.fork_run("x", &types::NewFork { at: 1, edit: None, models: Vec::new() }).await?;
    client.step("x", 1).await?;
    client.diff_runs("x", "y").await?;
    client.tickets("x").await?;
    client.ticket("x", "y").await?;
    client.retry_ticket("x", "y", None).await?;
    client.retry_ticket("x", "y", Some(&types::Budget { usd: Some(2_000_000), tokens: None })).await?;
    client.cancel_ticket("x", "y", "why").await?;
    ask_for_work(client).await?;
    ask_about_secrets(client).await?;
    ask_about_vms(client).await?;
    ask_people(client).await?;
    identity::ask(client).await?;
    client.trace("x", None).await?;
    client.trace("x", Some("REQ-1")).await?;
    client.pull_request("x").await?;
    client.agents().await?;
    client.agent("x").await?;
    client.models().await?;
    client.check_model("x/y").await?;
    client.settings().await?;
    client.overview().await?;
    client.calibration().await?;
    client.choices().await?;
    client.deadlines().await?;
    client.failures(None, None).await?;
    client.failures(Some("x"), Some("2026-11-21T08:00:00Z")).await?;
    client.quality(None, None).await?;
    client.quality(Some("x"), Some("model")).await?;
    client.fleet().await?;
    client.alerts().await?;
    client.events(&EventQuery { after: 3, run: Some(text()), limit: Some(5) }).await?;
    client.follow(0, Some("x")).take(1).collect::<Vec<_>>().await.remove(0)?;
    client.poll(3, Some("x"), Some("events"), Some(1)).await?;
    client.live_ticket().await?;
    client.live_limits().await?;
    client.live_counts().await?;
    client.verify().await?;
    client.checkpoints(0, None, false).await?;
    client.checkpoints(3, Some(5), true).await?;
    client.audit_keys().await?;
    client.rotate_audit_key().await?;
    let filter = AuditFilter {
        who: Some("ada".to_owned()),
        from: Some("2026-11-21T00:00:00Z".to_owned()),
        ..AuditFilter::default()
    };
    client
        .export_log("csv", &filter)
        .await?
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let query = AuditQuery { filter, oldest_first: true, cursor: Some(1), limit: Some(2), wait: Some(1) };
    client.audit(&query).await?;
    client.budgets().await?;
    let quota = types::NewQuota {
        scope: "project:shop".to_owned(),
        per: Some(types::Period::Day),
        usd: Some(2_000_000),
        tokens: None,
        runs: Some(3),
    };
    client.set_budget(&quota).await?;
    client.lift_budget("project:shop").await?;
    client.holds().await?;
    let hold = types::NewHold {
        hold: "case-1".to_owned(),
        project: None,
        run: None,
        reason: "asked for".to_owned(),
    };
    client.set_hold(&hold).await?;
    client.lift_hold("case-1", "settled").await?;
    client.purge(true).await?;
    client.rebuild().await?;
    client.limits().await?;
    client.cache().await?;
    client.clear_cache().await?;
    client.health().await?;
    client.live().await?;
    client.ready().await
}

#[tokio::test]
async fn every_operation_is_asked_as_the_document_says_and_read_as_it_promises() {
    for full in [true, false] {
        let oracle = Arc::new(Oracle { document: Document::read(), full, asked: Mutex::default() });
        let client = serve(Router::new().fallback(answer).with_state(oracle.clone())).await;
        ask_everything(&client).await.unwrap_or_else(|error| panic!("full {full}: {error}"));
        let all: BTreeSet<_> =
            oracle.document.operations().into_iter().map(|operation| operation.id).collect();
        assert_eq!(*oracle.asked.lock().unwrap(), all, "the first lacks what has no method");
    }
}

#[test]
fn every_kind_of_event_and_state_is_read_and_written_as_it_was() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned>(values: Vec<Value>) {
        for value in values {
            let read: T =
                serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
            assert_eq!(serde_json::to_value(read).unwrap(), value);
        }
    }
    let document = Document::read();
    same::<types::EventBody>(document.variants("EventBody"));
    same::<types::RunState>(document.variants("RunState"));
    same::<types::TicketState>(document.variants("TicketState"));
    same::<types::AttemptOutcome>(document.variants("AttemptOutcome"));
    same::<types::Actor>(document.variants("Actor"));
}

#[test]
fn what_a_later_server_says_is_not_an_error() {
    let body: types::EventBody = serde_json::from_value(json!({ "type": "moon_landed", "crew": 3 })).unwrap();
    assert_eq!(body, types::EventBody::Unknown);
    let rung: types::Rung = serde_json::from_value(json!("hyperbox")).unwrap();
    assert_eq!(rung, types::Rung::Unknown);
    let probe: types::Probe = serde_json::from_value(json!({ "status": "ok", "mood": "fine" })).unwrap();
    assert_eq!(probe.status, types::HealthStatus::Ok);
}

#[tokio::test]
async fn another_program_on_the_port_is_told_apart_from_a_refusal() {
    let other = Router::new()
        .route("/livez", axum::routing::get(|| async { "hello" }))
        .route("/readyz", axum::routing::get(|| async { (StatusCode::NOT_FOUND, "404 page not found") }))
        .route("/health", axum::routing::get(|| async { axum::response::Redirect::to("http://192.0.2.1/") }));
    let client = serve(other).await;
    assert_eq!(client.live().await.unwrap_err().code(), "client.unreadable");
    assert_eq!(client.ready().await.unwrap_err().code(), "client.unreadable");
    assert_eq!(client.health().await.unwrap_err().code(), "client.unreadable", "a redirect is not followed");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable_and_the_token_is_not_shown() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let client = Client::new(&url, "secret").unwrap();
    let error = client.runs().await.unwrap_err();
    assert_eq!((error.code(), error.next()), ("client.unreachable", "run `swarm up`"));
    assert!(!format!("{error:?} {error} {client:?}").contains("secret"));
}

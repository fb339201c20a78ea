//! Following the log while the server's database comes and goes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails says so")]

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use futures::StreamExt;
use serde_json::json;
use swarm_client::{Client, Patience, Standstill};

const AWAY: &str = "event: problem\ndata: {\"code\":\"store.unavailable\",\"detail\":\"it does not answer\",\
    \"next\":\"run `swarm doctor`\"}\n\n";

fn event(seq: u64) -> String {
    let event = json!({
        "seq": seq, "at": "2026-05-01T10:00:00Z", "tenant": "default", "key": format!("k{seq}"),
        "actor": { "kind": "person", "name": "ada" }, "subject": {}, "prev": "0".repeat(64), "hash": "0".repeat(64),
        "body": { "type": "moon_landed" },
    });
    format!("id: {seq}\ndata: {event}\n\n")
}

/// A server whose stream tells an event and then that the database is away, and which is ready at the `n`th question.
async fn server(ready_at: u32) -> Client {
    let (streams, asked) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let stream = move || {
        let number = streams.fetch_add(1, Ordering::Relaxed) + 1;
        let told = format!("{}{}", event(u64::from(number)), if number == 1 { AWAY } else { "" });
        async move { ([("content-type", "text/event-stream")], told) }
    };
    let ready = move || {
        let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            if number >= ready_at { Json(json!({ "status": "ok" })).into_response() } else { not_ready() }
        }
    };
    let router = Router::new().route("/api/events/stream", get(stream)).route("/readyz", get(ready));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Client::new(&url, "secret").unwrap()
}

fn not_ready() -> Response {
    let problem = json!({
        "type": "urn:swarm:problem:server.not_ready", "title": "Not ready", "status": 503, "code": "server.not_ready",
        "detail": "the database does not answer", "next": "run `swarm doctor`", "correlation": "c",
    });
    let json = [("content-type", "application/problem+json")];
    (StatusCode::SERVICE_UNAVAILABLE, json, problem.to_string()).into_response()
}

#[tokio::test]
async fn a_database_that_comes_back_is_waited_for_and_both_are_told_once() {
    let client = server(5).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let teller = Arc::clone(&told);
    // No patience with a server: only the one with the database counts here.
    let patience = Patience { server: Duration::ZERO, database: Duration::from_mins(5) };
    let events = client.follow_patiently(0, None, patience, move |still| {
        let words = match still {
            Standstill::Waits(error) => error.code().to_owned(),
            Standstill::Over => "over".to_owned(),
        };
        teller.lock().unwrap().push(words);
    });
    let mut events = pin!(events);
    for seq in 1..=2 {
        assert_eq!(events.next().await.unwrap().unwrap().seq, seq);
    }
    assert_eq!(*told.lock().unwrap(), ["server.not_ready", "over"]);
}

#[tokio::test]
async fn a_database_that_stays_away_for_too_long_ends_the_stream_with_the_reason() {
    let client = server(u32::MAX).await;
    let patience = Patience { server: Duration::from_mins(5), database: Duration::from_millis(300) };
    let mut events = pin!(client.follow_patiently(0, None, patience, |_| {}));
    assert_eq!(events.next().await.unwrap().unwrap().seq, 1);
    assert_eq!(events.next().await.unwrap().unwrap_err().code(), "server.not_ready");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_database_that_is_back_within_a_moment_is_not_told_of() {
    let client = server(1).await;
    let patience = Patience { server: Duration::ZERO, database: Duration::from_mins(5) };
    let mut events = pin!(client.follow_patiently(0, None, patience, |still| panic!("{still:?}")));
    for seq in 1..=2 {
        assert_eq!(events.next().await.unwrap().unwrap().seq, seq);
    }
}

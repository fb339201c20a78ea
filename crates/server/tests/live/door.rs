//! Who comes in.

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    live::socket::{Came, Socket, counts, ticket},
    world::{World, problem},
};

const BY_HAND: [(&str, &str); 4] = [
    ("Connection", "upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Asks for a connection by hand, to read the refusal.
async fn refused(world: &World, path: &str, more: &[(&str, &str)], status: StatusCode) -> String {
    let mut request = world.get(path);
    for (name, value) in BY_HAND.iter().chain(more) {
        request = request.header(*name, *value);
    }
    problem(request.send().await.unwrap(), status).await["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lets_in_once_and_in_its_time_and_a_token_in_the_url_never() {
    let world = World::new().await;
    let plain = |path: String| world.http.get(format!("{}{path}", world.server.url())).send();
    let token = world.server.token().reveal();
    for path in
        ["/api/ws".to_owned(), format!("/api/ws?token={token}"), format!("/api/ws?access_token={token}")]
    {
        let answer = plain(path).await.unwrap();
        assert_eq!(problem(answer, StatusCode::UNAUTHORIZED).await["code"], "request.unauthorised");
    }
    for wrong in [token.to_owned(), String::new(), "0".repeat(64)] {
        let answer = plain(format!("/api/ws?ticket={wrong}")).await.unwrap();
        assert_eq!(problem(answer, StatusCode::UNAUTHORIZED).await["code"], "live.ticket");
    }

    let once = ticket(&world.server).await;
    let path = format!("/api/ws?ticket={once}");
    let mut socket = Socket::at(&world.server, &path, &[]).await.unwrap();
    assert_eq!(socket.next().await["type"], "welcome");
    assert_eq!(Socket::at(&world.server, &path, &[]).await.err(), Some(StatusCode::UNAUTHORIZED));

    let late = ticket(&world.server).await;
    world.database.let_tickets_run_out().await.unwrap();
    let refused = Socket::at(&world.server, &format!("/api/ws?ticket={late}"), &[]).await;
    assert_eq!(refused.err(), Some(StatusCode::UNAUTHORIZED));

    // A ticket is good for nothing else.
    let elsewhere = plain(format!("/api/runs?ticket={}", ticket(&world.server).await)).await.unwrap();
    assert_eq!(problem(elsewhere, StatusCode::UNAUTHORIZED).await["code"], "request.unauthorised");
    // Who can send the header needs none, and the other path is the same door.
    let bearer = format!("Bearer {token}");
    let mut by_token =
        Socket::at(&world.server, "/api/dashboard/ws/dashboard", &[("authorization", &bearer)])
            .await
            .unwrap();
    assert_eq!(by_token.next().await["type"], "welcome");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_refused_before_there_is_a_connection() {
    let world = World::with(|config| config.sockets.max_connections = 1).await;
    world.note(0, 3, None).await;
    assert_eq!(
        problem(world.get("/api/ws").send().await.unwrap(), StatusCode::UPGRADE_REQUIRED).await["code"],
        "live.no_upgrade"
    );
    let evil = [("Origin", "http://evil.example")];
    assert_eq!(refused(&world, "/api/ws", &evil, StatusCode::FORBIDDEN).await, "live.origin");
    let old = [("Sec-WebSocket-Protocol", "swarm.2019-01-01")];
    assert_eq!(refused(&world, "/api/ws", &old, StatusCode::BAD_REQUEST).await, "live.version");
    for path in ["/api/ws?after=x", "/api/ws?aftr=1"] {
        assert_eq!(refused(&world, path, &[], StatusCode::BAD_REQUEST).await, "request.query");
    }
    let beyond = refused(&world, "/api/ws?after=99", &[], StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(beyond, "live.cursor");

    let mut first = Socket::open(&world.server, "").await;
    first.next().await;
    assert_eq!(refused(&world, "/api/ws", &[], StatusCode::SERVICE_UNAVAILABLE).await, "live.full");
    let turned_away = counts(&world).await["turned_away"].clone();
    assert_eq!(turned_away, json!({ "full": 1, "origin": 1, "version": 1 }));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_before_is_spoken_by_subprotocol_and_by_hello() {
    let world = World::new().await;
    world.project().await;
    let old = [("sec-websocket-protocol", "chat, swarm.2026-10-01")];
    let mut by_protocol = Socket::try_open(&world.server, "after=0", &old).await.unwrap();
    assert_eq!(by_protocol.agreed.as_deref(), Some("swarm.2026-10-01"));
    assert!(by_protocol.deprecated);
    let mut by_hello = Socket::open(&world.server, "after=0").await;
    assert!(!by_hello.deprecated && by_hello.agreed.is_none());
    assert_eq!(by_hello.next().await["version"], "2026-11-21");
    by_hello.say(json!({ "type": "hello", "version": "2026-10-01" })).await;
    for socket in [&mut by_protocol, &mut by_hello] {
        let welcome = socket.next().await;
        assert_eq!(
            (&welcome["version"], &welcome["payload"]["deprecated"]),
            (&json!("2026-10-01"), &json!(true))
        );
        socket.say(json!({ "type": "subscribe", "channel": "events" })).await;
        let subscribed = socket.next().await;
        assert_eq!(subscribed["payload"]["channels"], json!(["events"]));
        let event = socket.next_of("project_added").await;
        assert_eq!(event["payload"]["data"]["seq"], event["payload"]["position"]);
        assert!(event["time"].is_null() && event["timestamp"].is_string() && event["data"].is_null());
    }
    by_hello.say(json!({ "type": "hello", "version": "2026-11-21", "id": "h" })).await;
    let late = by_hello.next_of("error").await;
    assert_eq!((&late["payload"]["code"], &late["payload"]["re"]), (&json!("live.late_hello"), &json!("h")));

    let mut unknown = Socket::open(&world.server, "").await;
    unknown.say(json!({ "type": "hello", "version": "2019-01-01" })).await;
    let (last, ended) = unknown.end().await;
    assert_eq!(last.unwrap()["code"], "live.version");
    assert!(matches!(ended, Came::Closed(4406)), "{ended:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_or_too_large_ends_the_connection_with_its_code() {
    let world = World::new().await;
    let large = |bytes: usize| Message::Text(format!("\"{}\"", "x".repeat(bytes)).into());
    for (message, code, close) in [
        (Message::Binary(vec![0; 8].into()), "live.binary", 1003),
        (large(64 << 10), "live.too_large", 1009),
        (Message::Binary(vec![0; (64 << 10) + 1].into()), "live.too_large", 1009),
        // More than is read at all.
        (large(300 << 10), "live.too_large", 1009),
    ] {
        let mut socket = Socket::open(&world.server, "").await;
        let large = message.len() > 256 << 10;
        socket.send(message).await;
        let (last, ended) = socket.end().await;
        let last = last.unwrap();
        assert_eq!((&last["code"], &last["close"]), (&json!(code), &json!(close)));
        // What was not read when the server left may take its last word along.
        let torn = large && matches!(ended, Came::Broken);
        assert!(torn || matches!(ended, Came::Closed(found) if found == close), "{ended:?}");
    }
    let counts = counts(&world).await;
    assert_eq!((&counts["received"]["too_large"], &counts["received"]["binary"]), (&json!(3), &json!(1)));
    assert_eq!(
        (&counts["disconnects"]["too_large"], &counts["disconnects"]["binary"]),
        (&json!(3), &json!(1))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_followed_is_told_and_ends_nothing() {
    let world = World::with(|config| config.sockets.max_subscriptions = 2).await;
    let mut socket = Socket::open(&world.server, "").await;
    socket.next().await;
    for (said, code) in [
        ("not json".to_owned(), "live.malformed"),
        ("[1]".to_owned(), "live.malformed"),
        (json!({ "type": "delete", "id": "q" }).to_string(), "live.malformed"),
        (json!({ "type": "subscribe", "paths": ["evnts"] }).to_string(), "live.path"),
        (json!({ "type": "subscribe", "paths": [] }).to_string(), "live.path"),
        (json!({ "type": "subscribe", "paths": ["events", "runs/.."] }).to_string(), "live.path"),
        (
            json!({ "type": "subscribe", "paths": ["runs/a", "runs/b", "runs/c"] }).to_string(),
            "live.too_many_subscriptions",
        ),
        (json!({ "type": "unsubscribe", "paths": ["?"] }).to_string(), "live.path"),
    ] {
        socket.send(Message::Text(said.clone().into())).await;
        let error = socket.next().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{said}");
        assert!(error["close"].is_null() && !error["next"].as_str().unwrap().is_empty());
    }
    // Of a list with one bad path nothing was subscribed to.
    socket.say(json!({ "type": "ping", "id": "p", "correlation_id": "mine-1" })).await;
    let pong = socket.next().await;
    assert_eq!((&pong["re"], &pong["correlation_id"]), (&json!("p"), &json!("mine-1")));
    world.note(0, 1, None).await;
    socket.subscribe(&["events"]).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_are_served_to_anybody() {
    let world = World::new().await;
    let served = world.http.get(format!("{}/api/asyncapi.json", world.server.url())).send().await.unwrap();
    let served: Value = serde_json::from_str(&served.text().await.unwrap()).unwrap();
    assert_eq!(served, swarm_server::asyncapi());
    world.end().await;
}

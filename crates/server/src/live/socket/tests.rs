//! What needs the inside to be steered: who may follow what changes while somebody does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a connection that is not as it must be stops the test"
)]

use std::sync::Arc;

use axum::{Router, extract::WebSocketUpgrade, routing::get};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use swarm_domain::{Actor, EventBody, IdempotencyKey, NewEvent, Subject, TenantId};
use swarm_store::{Store, SystemClock, testing::TestDatabase};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;

use super::{Arrival, serve};
use crate::{
    config::SocketLimits,
    live::{Live, access::tests::operator, frame::CorrelationId, meter::Ended, path::Path},
};

async fn append(store: &Store, number: u64) {
    let event = NewEvent {
        tenant: TenantId::local(),
        actor: Actor::Person { name: "ada".to_owned() },
        subject: Subject::default(),
        key: IdempotencyKey::of(&["note", &number.to_string()]),
        correlation: None,
        body: EventBody::PersonAsked { what: "note".to_owned(), reason: String::new() },
    };
    store.append(event).await.unwrap();
}

/// Serves connections of Ada's at an address.
async fn served(live: &Arc<Live>) -> String {
    let live = Arc::clone(live);
    let route = get(async move |upgrade: WebSocketUpgrade| {
        let taken = live.seats.take(operator("ada"), &live.limits).unwrap();
        let correlation = CorrelationId::of_request("test");
        let arrival = Arrival { taken, version: None, correlation, position: 0, resumes: true };
        upgrade.on_upgrade(move |socket| serve(live, socket, arrival))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", route)).await });
    url
}

/// The next frame of a type, or the close code.
async fn next(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>, of: &str) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == of {
                    return frame;
                }
            }
            Message::Close(frame) => return json!(u16::from(frame.unwrap().code)),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_taken_away_goes_quiet_and_who_is_revoked_is_closed() {
    let database = TestDatabase::new("live").await.unwrap();
    let store = database.store().await.unwrap();
    let stop = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let policy = Arc::new(crate::policy(None).unwrap());
    let (limits, alone) = (SocketLimits::default(), ("here".to_owned(), None));
    let live = Live::start(store.clone(), &TenantId::local(), clock, policy, limits, alone, stop.clone());
    let (mut socket, _) = connect_async(served(&live).await).await.unwrap();
    next(&mut socket, "welcome").await;
    let subscribe = json!({ "type": "subscribe", "paths": ["events", "approvals"] }).to_string();
    socket.send(Message::Text(subscribe.into())).await.unwrap();
    append(&store, 1).await;
    assert_eq!(next(&mut socket, "event").await["position"], 1);

    live.access.decide_by(Arc::new(|_, path| path != Some(&Path::Events)));
    let quiet = next(&mut socket, "unsubscribed").await;
    assert_eq!((&quiet["paths"], &quiet["why"]["code"]), (&json!(["events"]), &json!("live.forbidden")));

    live.access.decide_by(Arc::new(|_, _| false));
    let last = next(&mut socket, "error").await;
    assert_eq!((&last["code"], &last["close"]), (&json!("live.revoked"), &json!(4401)));
    assert_eq!(next(&mut socket, "nothing more").await, json!(4401));
    assert_eq!(live.meter.ended.of(Ended::Revoked), 1);
    stop.cancel();
    live.feed.ended().await;
    store.close().await;
}

//! A client that does not take what is sent.

use swarm_domain::{Actor, EventBody, IdempotencyKey, NewEvent, Subject};

use crate::{
    live::socket::{Came, Socket, counts},
    world::{World, eventually},
};

/// More than the system's buffers between two programs hold.
const EVENTS: u64 = 600;
const BYTES: usize = 50_000;

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_keep_up_is_told_what_was_left_out_cut_off_and_goes_on_without_a_loss() {
    let world = World::with(|config| config.sockets.send_queue = 8).await;
    let mut socket = Socket::open(&world.server, "").await;
    let base = socket.next().await["position"].as_u64().unwrap();
    socket.subscribe(&["events"]).await;
    for number in 1..=EVENTS {
        let event = NewEvent {
            tenant: world.flows.parts().config.tenant.clone(),
            actor: Actor::Person { name: "ada".to_owned() },
            subject: Subject::default(),
            key: IdempotencyKey::of(&["large", &number.to_string()]),
            correlation: None,
            body: EventBody::PersonAsked { what: "note".to_owned(), reason: "x".repeat(BYTES) },
        };
        world.flows.store().append(event).await.unwrap();
    }
    // It took nothing all the while.
    eventually(async || (counts(&world).await["disconnects"]["slow"] == 1).then_some(())).await;

    let mut seen = Vec::new();
    let mut cursor = base;
    let ended = loop {
        match socket.came().await {
            Came::Frame(frame) if frame["type"] == "event" => {
                seen.push(frame["position"].as_u64().unwrap());
                cursor = *seen.last().unwrap();
            }
            Came::Frame(frame) if frame["type"] == "error" => {
                assert_eq!((&frame["code"], &frame["close"]), (&"live.slow_consumer".into(), &4413.into()));
                assert_eq!(frame["cursor"], cursor);
            }
            Came::Frame(_) => {}
            ended => break ended,
        }
    };
    assert!(matches!(ended, Came::Closed(4413) | Came::Broken), "{ended:?}");
    assert!(cursor < base + EVENTS);
    assert_eq!(seen, (base + 1..=cursor).collect::<Vec<_>>());
    assert_ne!(
        counts(&world).await["dropped"],
        serde_json::json!({ "overflow": 0, "superseded": 0, "unsent": 0 })
    );

    // Now it reads. The pace is its own: nothing is left out of what is from before.
    let mut again = Socket::open(&world.server, &format!("after={cursor}")).await;
    again.next().await;
    again.subscribe(&["events"]).await;
    let rest = again.positions(base + EVENTS).await;
    assert_eq!(rest, (cursor + 1..=base + EVENTS).collect::<Vec<_>>());
    world.end().await;
}

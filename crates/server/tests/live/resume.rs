//! Nothing is lost: over cuts, restarts, other nodes, other transports.

use futures::StreamExt;
use serde_json::{Value, json};
use swarm_domain::{Actor, EventBody, IdempotencyKey, NewEvent, Subject};
use swarm_flows::Flows;
use swarm_server::Server;

use crate::{
    live::socket::{Came, Socket},
    world::{World, config, eventually, parts},
};

/// Appends a note, however often the database goes away meanwhile.
async fn note_anyway(world: &World, number: u64) {
    eventually(async || {
        let event = NewEvent {
            tenant: world.flows.parts().config.tenant.clone(),
            actor: Actor::Person { name: "ada".to_owned() },
            subject: Subject::default(),
            key: IdempotencyKey::of(&["anyway", &number.to_string()]),
            correlation: None,
            body: EventBody::PersonAsked { what: format!("note {number}"), reason: String::new() },
        };
        world.flows.store().append(event).await.ok()
    })
    .await;
}

/// A connection that follows all that happens, and where it begins.
async fn follower(world: &World) -> (Socket, u64) {
    let mut socket = Socket::open(&world.server, "").await;
    let base = socket.next().await["position"].as_u64().unwrap();
    socket.subscribe(&["events"]).await;
    (socket, base)
}

fn behind(position: u64, count: u64) -> Vec<u64> {
    (position + 1..=position + count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_cut_off_resumes_behind_what_was_seen() {
    let world = World::new().await;
    let run = world.idle_run().await;
    let mut first = Socket::open(&world.server, "").await;
    let base = first.next().await["position"].as_u64().unwrap();
    assert_eq!(first.subscribe(&["events"]).await["position"], base);
    world.note(0, 3, None).await;
    assert_eq!(first.positions(base + 3).await, behind(base, 3));
    drop(first);
    world.note(3, 3, Some(&run)).await;

    let mut second = Socket::open(&world.server, &format!("after={}", base + 3)).await;
    second.next().await;
    second.subscribe(&["events"]).await;
    assert_eq!(second.positions(base + 6).await, behind(base + 3, 3));
    // Again from the start, on request; then only a run's own.
    second.say(json!({ "type": "resume", "after": base + 4, "id": "r" })).await;
    assert_eq!(second.next_of("resumed").await["re"], "r");
    assert_eq!(second.positions(base + 6).await, behind(base + 4, 2));
    second.say(json!({ "type": "unsubscribe", "paths": ["events"] })).await;
    assert_eq!(second.next().await["paths"], json!(["events"]));
    second.say(json!({ "type": "subscribe", "paths": ["runs/run_1", "runs//run_1"], "after": 0 })).await;
    assert_eq!(second.next().await["paths"], json!(["runs/run_1"]));
    assert_eq!(second.positions(base + 6).await, [base, base + 4, base + 5, base + 6]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_carry_what_led_to_an_event_and_the_name_that_old_clients_know() {
    let world = World::new().await;
    world.idle_run().await;
    let mut socket = Socket::open(&world.server, "after=0").await;
    socket.next().await;
    socket.subscribe(&["projects/greeter"]).await;
    let mut names = Vec::new();
    while names.len() < 5 {
        let event = socket.next().await;
        names.push((event["name"].as_str().unwrap().to_owned(), event["alias"].clone()));
        assert!(!event["correlation_id"].as_str().unwrap().is_empty());
        assert_eq!(event["data"]["seq"], event["position"]);
    }
    let aliases: Vec<Value> = names.into_iter().map(|(_, alias)| alias).collect();
    assert_eq!(
        Value::from(aliases),
        json!([null, "specGenerated", null, "ticketsGenerated", "sessionUpdate"])
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_is_told_with_a_cursor_and_loses_nothing() {
    let world = World::new().await;
    let (mut socket, base) = follower(&world).await;
    world.note(0, 2, None).await;
    assert_eq!(socket.positions(base + 2).await, behind(base, 2));
    let World { server, flows, database, http } = world;
    let ((), (last, ended)) = tokio::join!(server.shutdown(), socket.end());
    let last = last.unwrap();
    assert_eq!((&last["code"], &last["cursor"]), (&json!("live.restart"), &json!(base + 2)));
    assert!(matches!(ended, Came::Closed(1012)), "{ended:?}");

    let server = Server::start(config(&database), flows.clone()).await.unwrap();
    let world = World { database, flows, server, http };
    world.note(2, 2, None).await;
    let mut socket = Socket::open(&world.server, &format!("after={}", base + 2)).await;
    socket.next().await;
    socket.subscribe(&["events"]).await;
    assert_eq!(socket.positions(base + 4).await, behind(base + 2, 2));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_to_the_database_that_are_killed_cost_no_event() {
    let world = World::new().await;
    let (mut socket, base) = follower(&world).await;
    let work = async {
        for number in 1..=60 {
            if number % 20 == 0 {
                world.database.break_connections().await.unwrap();
            }
            note_anyway(&world, number).await;
        }
    };
    let (positions, ()) = tokio::join!(socket.positions(base + 60), work);
    assert_eq!(positions, behind(base, 60));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_appends_another_tells_and_takes_the_tickets_of() {
    let world = World::new().await;
    let other_data = tempfile::tempdir().unwrap();
    let flows = Flows::launch(parts(&world.database).await, "other").await.unwrap();
    let mut other = config(&world.database);
    other.data_dir = other_data.path().to_path_buf();
    let other = Server::start(other, flows.clone()).await.unwrap();

    let ticket = crate::live::socket::ticket(&world.server).await;
    let mut there = Socket::at(&other, &format!("/api/ws?ticket={ticket}&after=0"), &[]).await.unwrap();
    let mut here = Socket::open(&world.server, "after=0").await;
    for socket in [&mut here, &mut there] {
        socket.next().await;
        socket.subscribe(&["events"]).await;
    }
    let start = world.note(0, 10, None).await;
    let last = start.last().unwrap().seq;
    let (seen_here, seen_there) = tokio::join!(here.positions(last), there.positions(last));
    assert_eq!(seen_here, (1..=last).collect::<Vec<_>>());
    assert_eq!(seen_there, seen_here);
    other.shutdown().await;
    flows.shutdown().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_websocket_to_stream_to_poll_with_one_cursor_nothing_is_lost() {
    let world = World::new().await;
    let (mut socket, base) = follower(&world).await;
    world.note(0, 3, None).await;
    let mut seen = socket.positions(base + 3).await;
    drop(socket);

    world.note(3, 3, None).await;
    let ticket = crate::live::socket::ticket(&world.server).await;
    let url =
        format!("{}/api/events/stream?after={}&ticket={ticket}", world.server.url(), seen.last().unwrap());
    let mut stream = world.http.get(url).send().await.unwrap().bytes_stream();
    let mut text = String::new();
    while !text.contains(&format!("id: {}\n", base + 6)) {
        text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    drop(stream);
    seen.extend(text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse::<u64>().ok()));

    let poll = async |after: u64| {
        let path = format!("/api/events/poll?after={after}&path=events");
        let page: Value =
            serde_json::from_str(&world.get(&path).send().await.unwrap().text().await.unwrap()).unwrap();
        page
    };
    let (page, _) = tokio::join!(poll(*seen.last().unwrap()), world.note(6, 1, None));
    seen.extend(page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
    assert_eq!(seen, behind(base, 7));
    assert_eq!(page["next"], base + 7);
    let none = world.get(&format!("/api/events/poll?after={}&wait=0", base + 7)).send().await.unwrap();
    let none: Value = serde_json::from_str(&none.text().await.unwrap()).unwrap();
    assert_eq!(none, json!({ "events": [], "next": base + 7 }));
    world.end().await;
}

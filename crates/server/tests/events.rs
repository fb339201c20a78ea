//! The log by pages and as it grows: nothing lost, nothing repeated.

use std::pin::pin;

use futures::{Stream, StreamExt};
use reqwest::StatusCode;
use swarm_client::{Client, EventQuery, types};
use swarm_server::Server;

use crate::world::{World, config, problem};

/// The positions of the messages that have come by the time `last` has.
async fn ids(response: reqwest::Response, last: u64) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut text = String::new();
    let mut bytes = response.bytes_stream();
    while ids.last() != Some(&last) {
        text.push_str(std::str::from_utf8(&bytes.next().await.expect("more messages").unwrap()).unwrap());
        ids = text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect();
    }
    ids
}

async fn seqs(
    events: impl Stream<Item = Result<types::Event, swarm_client::ClientError>>,
    count: usize,
) -> Vec<u64> {
    events.take(count).map(|event| event.unwrap().seq).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_cut_off_goes_on_behind_the_last_event_that_was_seen() {
    let world = World::new().await;
    world.note(0, 5, None).await;
    let first = world.get("/api/events/stream").send().await.unwrap();
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    assert_eq!(ids(first, 3).await[..3], [1, 2, 3]);

    world.note(5, 5, None).await;
    let second = world.get("/api/events/stream?after=1").header("Last-Event-ID", "3").send().await.unwrap();
    assert_eq!(ids(second, 10).await, [4, 5, 6, 7, 8, 9, 10]);

    // What is appended while a stream is open comes by itself.
    let third = world.get("/api/events/stream?after=10").send().await.unwrap();
    let (came, _) = tokio::join!(ids(third, 12), world.note(10, 2, None));
    assert_eq!(came, [11, 12]);

    let refused = world.get("/api/events/stream").header("Last-Event-ID", "yesterday").send().await.unwrap();
    assert_eq!(problem(refused, StatusCode::BAD_REQUEST).await["code"], "events.last_event_id");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_a_run_has_its_own() {
    let world = World::new().await;
    let run = world.idle_run().await;
    world.note(0, 1, None).await;
    world.note(1, 2, Some(&run)).await;
    let client = world.client();
    let page = client.events(&EventQuery { limit: Some(2), ..EventQuery::default() }).await.unwrap();
    assert_eq!((page.events.len(), page.next), (2, 2));
    let end = client.events(&EventQuery { after: 9, ..EventQuery::default() }).await.unwrap();
    assert_eq!((end.events.len(), end.next), (0, 9));
    let far = client.events(&EventQuery { after: u64::MAX, ..EventQuery::default() }).await.unwrap();
    assert_eq!(far.events.len(), 0);
    assert_eq!(client.all_events(None).await.unwrap().len(), 9);
    let own = client.all_events(Some("run_1")).await.unwrap();
    assert_eq!(own.iter().map(|event| event.seq).collect::<Vec<_>>(), [6, 8, 9]);
    assert_eq!(seqs(client.follow(6, Some("run_1")), 2).await, [8, 9]);
    let types::EventBody::PersonAsked { reason, .. } = &own[1].body else { panic!("{own:?}") };
    assert_eq!(reason, "two\nlines");

    let shown = client.run("run_1").await.unwrap();
    assert_eq!((shown.tickets.unwrap().waiting, shown.state), (1, types::RunState::Running));
    let trace = client.trace("run_1", None).await.unwrap();
    assert_eq!((trace.head, trace.requirements[0].evidence), (None, types::Evidence::Unproven));
    assert_eq!(client.pull_request("run_1").await.unwrap_err().status(), Some(404));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_lives_through_a_restart_of_the_server() {
    let world = World::new().await;
    world.note(0, 3, None).await;
    let client = Client::discover(world.database.data_dir()).await.unwrap();
    let mut events = pin!(client.follow(0, None));
    assert_eq!(seqs(events.as_mut(), 2).await, [1, 2]);

    let World { server, flows, database, http } = world;
    // Shutting down closes the stream that is open; otherwise this would not come back.
    server.shutdown().await;
    let server = Server::start(config(&database), flows.clone()).await.unwrap();
    let world = World { database, flows, server, http };
    let (rest, _) = tokio::join!(seqs(events.as_mut(), 4), world.note(3, 3, None));
    assert_eq!(rest, [3, 4, 5, 6]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_too_many_is_refused_and_a_closed_one_makes_room() {
    let world = World::with(|config| config.max_streams = 1).await;
    world.note(0, 1, None).await;
    let first = world.get("/api/events/stream").send().await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    let second = world.get("/api/events/stream").send().await.unwrap();
    assert_eq!(problem(second, StatusCode::SERVICE_UNAVAILABLE).await["code"], "events.too_many_streams");
    drop(first);
    // The client comes again by itself until there is room.
    assert_eq!(seqs(world.client().follow(0, None), 1).await, [1]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_a_wrong_token_ends_instead_of_trying_for_ever() {
    let world = World::new().await;
    let client = Client::new(world.server.url(), "wrong").unwrap();
    let came: Vec<_> = client.follow(0, None).collect().await;
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].as_ref().unwrap_err().code(), "request.unauthorised");
    world.end().await;
}

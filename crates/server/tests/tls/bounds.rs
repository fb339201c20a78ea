//! What a connection may cost before a request has come, and how connections end.

use std::time::Duration;

use swarm_server::ConnectionLimits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{NAME, ask, authority::Authority, connect, get, sealed};
use crate::world::World;

fn limits(change: impl FnOnce(&mut ConnectionLimits)) -> ConnectionLimits {
    let mut limits = ConnectionLimits::default();
    change(&mut limits);
    limits
}

async fn local(world: &World) -> TcpStream {
    TcpStream::connect(world.server.url().trim_start_matches("http://")).await.unwrap()
}

/// What comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_given_up() {
    let authority = Authority::new();
    let quick = limits(|limits| limits.handshake_timeout = Duration::from_millis(50));
    let world = sealed(&authority, |config| config.connections = quick).await;
    let mut silent = TcpStream::connect(world.server.public().unwrap()).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    let mut half = TcpStream::connect(world.server.public().unwrap()).await.unwrap();
    half.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    assert_eq!(rest(&mut half).await, "");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_drips_is_given_up() {
    let quick = limits(|limits| limits.head_timeout = Duration::from_millis(50));
    let world = World::with(|config| config.connections = quick).await;
    for start in ["", "G", "GET /health HTTP/1.1\r\nhost: x\r\n", "GET /health HTTP/1.1\r\nx-long: "] {
        let mut stream = local(&world).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{start:?}: {answer}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_or_has_too_many_headers_is_refused() {
    let world = World::new().await;
    let host = world.server.url().trim_start_matches("http://").to_owned();
    let head = |more: &str| format!("GET /livez HTTP/1.1\r\nhost: {host}\r\n{more}\r\n");
    let many = "x: 1\r\n".repeat(200);
    let long = format!("x: {}\r\n", "y".repeat(40 << 10));
    for more in [many, long] {
        let answer = ask(&mut local(&world).await, &head(&more)).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert!(ask(&mut local(&world).await, &head("")).await.starts_with("HTTP/1.1 200"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_place_the_next_one_waits_until_one_is_free() {
    let one = limits(|limits| limits.max_connections = 1);
    let authority = Authority::new();
    let world = sealed(&authority, |config| config.connections = one).await;
    let place = world.server.public().unwrap();
    let mut first = connect(&authority, place, NAME).await.unwrap();
    assert!(ask(&mut first, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    let second = tokio::spawn(async move { connect(&authority, place, NAME).await.unwrap() });
    assert!(ask(&mut first, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    assert!(!second.is_finished());
    drop(first);
    let mut second = second.await.unwrap();
    assert!(ask(&mut second, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_server_stops_idle_connections_end_and_what_is_under_way_is_answered() {
    let authority = Authority::new();
    let world = sealed(&authority, |_| {}).await;
    let place = world.server.public().unwrap();
    let mut idle = connect(&authority, place, NAME).await.unwrap();
    assert!(ask(&mut idle, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    // It waits for events that do not come, and is told when the server stops.
    let made = crate::world::team::read(world.key(None, &["work:read"]).await).await;
    let key = crate::world::team::text(&made, "text").to_owned();
    let mut polling = connect(&authority, place, NAME).await.unwrap();
    let position = world.client().all_events(None).await.unwrap().last().unwrap().seq;
    let path = format!("/api/events/poll?after={position}&wait=25");
    let asked = get(&path, &format!("authorization: Bearer {key}\r\n"));
    let polled = tokio::spawn(async move { ask(&mut polling, &asked).await });
    let mut hung = local(&world).await;
    hung.write_all(b"POST /api/projects HTTP/1.1\r\n").await.unwrap();

    let World { server, flows, .. } = world;
    server.shutdown().await;
    let polled = polled.await.unwrap();
    assert!(polled.starts_with("HTTP/1.1 200") || polled.is_empty(), "{polled}");
    assert_eq!(ask_closed(&mut idle).await, 0);
    assert_eq!(rest(&mut hung).await, "");
    assert!(TcpStream::connect(place).await.is_err());
    flows.shutdown().await;
}

async fn ask_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> usize {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap_or_default()
}

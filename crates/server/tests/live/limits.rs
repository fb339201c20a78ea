//! How much a client may say, how long it may be silent, and what is counted.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    live::socket::{Came, Socket, counts},
    world::{World, eventually, problem},
};

fn ping() -> Message {
    Message::Text(json!({ "type": "ping" }).to_string().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_too_much_is_told_when_to_go_on_and_who_does_not_stop_is_cut_off() {
    let world = World::with(|config| {
        config.sockets.messages_per_second = 1;
        config.sockets.burst = 3;
    })
    .await;
    let mut socket = Socket::open(&world.server, "").await;
    assert_eq!(socket.next().await["limits"]["burst"], 3);
    // However slow this machine is, in the time of one message a second more are sent at once.
    let mut told = None;
    while told.is_none() {
        for _ in 0..20 {
            socket.send(ping()).await;
        }
        for _ in 0..20 {
            let answer = socket.next().await;
            assert!(answer["type"] == "pong" || answer["code"] == "live.rate", "{answer}");
            told = told.or((answer["code"] == "live.rate").then_some(answer));
        }
    }
    let wait = told.unwrap()["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1001).contains(&wait), "{wait}");

    let flood = async {
        let mut other = Socket::open(&world.server, "").await;
        while other.try_send(ping()).await && counts(&world).await["disconnects"]["flood"] == 0 {
            for _ in 0..60 {
                other.try_send(ping()).await;
            }
        }
        other.end().await
    };
    let (last, ended) = flood.await;
    if let Some(last) = last.filter(|_| matches!(ended, Came::Closed(_))) {
        assert_eq!((&last["code"], &last["close"]), (&json!("live.flood"), &json!(4429)));
    }
    assert_eq!(counts(&world).await["disconnects"]["flood"], 1);
    assert!(counts(&world).await["received"]["refused"].as_u64().unwrap() >= 40);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn message_after_message_that_is_no_frame_ends_the_connection() {
    let world = World::with(|config| config.sockets.burst = 100).await;
    let mut socket = Socket::open(&world.server, "").await;
    for _ in 0..40 {
        socket.send(Message::Text("?".into())).await;
    }
    let (last, ended) = socket.end().await;
    assert_eq!(last.unwrap()["code"], "live.not_a_client");
    assert!(matches!(ended, Came::Closed(4400)), "{ended:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_is_let_go_and_who_answers_pings_hears_heartbeats() {
    let world = World::with(|config| config.sockets.heartbeat = Duration::from_secs(1)).await;
    // It reads nothing, so its side of the protocol answers no ping.
    let _silent = Socket::open(&world.server, "").await;
    let mut lively = Socket::open(&world.server, "").await;
    let noted = lively.next().await["position"].as_u64().unwrap() + 1;
    lively.subscribe(&["events"]).await;
    world.note(0, 1, None).await;
    let gone = eventually(async || (counts(&world).await["disconnects"]["silent"] == 1).then_some(()));
    let mut beat = Value::Null;
    // For as long as it is read it answers pings: it is not to become a silent one itself.
    let beats = async {
        loop {
            let one = lively.next_of("heartbeat").await;
            if one["position"] == noted {
                beat = one;
            }
        }
    };
    tokio::select! {
        () = gone => {}
        () = beats => {}
    }
    while beat["position"] != noted {
        beat = lively.next_of("heartbeat").await;
    }
    assert_eq!((&beat["head"], &beat["source"]), (&json!(noted), &json!("live")));
    assert_eq!(beat["watchers"], json!([{ "path": "events", "connections": 1, "people": ["ada"] }]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_say_what_is_left_to_who_asks() {
    let world = World::new().await;
    let mut socket = Socket::open(&world.server, "").await;
    socket.next().await;
    socket.subscribe(&["events", "/Runs/run_1/"]).await;
    let limits = world.get("/api/dashboard/websocket/limits").send().await.unwrap();
    let limits: Value = serde_json::from_str(&limits.text().await.unwrap()).unwrap();
    assert_eq!((&limits["each"]["messages_per_second"], &limits["each"]["burst"]), (&json!(20), &json!(40)));
    assert_eq!((&limits["each"]["max_frame_bytes"], &limits["ticket_seconds"]), (&json!(65_536), &json!(30)));
    assert_eq!(limits["connections_left"], 9_999);
    let yours = &limits["yours"][0];
    assert_eq!(yours["subscriptions_left"], 62);
    assert!((39..=40).contains(&yours["messages_left"].as_u64().unwrap()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_passes_is_counted_and_prometheus_reads_the_same() {
    let world = World::new().await;
    world.idle_run().await;
    let mut socket = Socket::open(&world.server, "after=0").await;
    socket.next().await;
    socket.subscribe(&["events"]).await;
    socket.positions(6).await;
    socket.say(json!({ "type": "ping" })).await;
    socket.next_of("pong").await;
    drop(socket);
    let counts = eventually(async || {
        let counts = counts(&world).await;
        (counts["open"]["websocket"] == 0).then_some(counts)
    })
    .await;
    for (what, kind, count) in [
        ("sent", "welcome", 1),
        ("sent", "subscribed", 1),
        ("sent", "event", 6),
        ("sent", "pong", 1),
        ("received", "subscribe", 1),
        ("received", "ping", 1),
        ("disconnects", "broken", 1),
        ("events", "websocket", 6),
    ] {
        assert_eq!(counts[what][kind], count, "{what} {kind}");
    }
    let refused = world.http.get(format!("{}/metrics", world.server.url())).send().await.unwrap();
    problem(refused, StatusCode::UNAUTHORIZED).await;
    let metrics = world.get("/metrics").send().await.unwrap();
    assert!(metrics.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = metrics.text().await.unwrap();
    for line in [
        "# TYPE swarm_live_frames_sent counter",
        "swarm_live_frames_sent_total{type=\"event\"} 6",
        "swarm_live_messages_received_total{type=\"subscribe\"} 1",
        "swarm_live_disconnects_total{reason=\"broken\"} 1",
        "swarm_live_connections{transport=\"websocket\"} 0",
        "swarm_live_delivery_seconds_count 0",
        "swarm_database_up 1",
        "swarm_runs{state=\"running\"} 1",
        "swarm_tickets{state=\"waiting\"} 1",
        "swarm_tickets_waiting 1",
        "swarm_recent_step_failures{part=\"sandbox\"} 0",
        "# TYPE swarm_guests_unheard counter",
        "swarm_model_calls_total 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    assert!(!text.contains(world.server.token().reveal()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_in_metrics_is_documented() {
    let world = World::new().await;
    let text = world.get("/metrics").send().await.unwrap().text().await.unwrap();
    let page = include_str!("../../../../docs/src/metrics.md");
    let names: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}")), "{name}");
    }
    world.end().await;
}

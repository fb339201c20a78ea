//! A WebSocket client: the one that others use, with every frame held against the schema.

use std::{sync::LazyLock, time::Duration};

use futures::{SinkExt, StreamExt};
use jsonschema::Validator;
use reqwest::StatusCode;
use serde_json::{Value, json};
use swarm_server::Server;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::world::World;

static SCHEMA: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&swarm_server::live_schema()).unwrap());
/// Only keeps a broken build from hanging.
const PATIENCE: Duration = Duration::from_mins(1);

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the server answered to the request.
    pub agreed: Option<String>,
    pub deprecated: bool,
}

/// What came.
#[derive(Debug)]
pub enum Came {
    Frame(Value),
    Closed(u16),
    Broken,
}

impl Socket {
    /// A connection by a ticket; `query` is what else stands behind the `?`.
    pub async fn open(server: &Server, query: &str) -> Self {
        Self::try_open(server, query, &[]).await.unwrap()
    }

    pub async fn try_open(
        server: &Server,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, StatusCode> {
        let ticket = ticket(server).await;
        Self::at(server, &format!("/api/ws?ticket={ticket}&{query}"), headers).await
    }

    pub async fn at(
        server: &Server,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, StatusCode> {
        let url = format!("{}{}", server.url().replace("http://", "ws://"), path.trim_end_matches('&'));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        match connect_async(request).await {
            Ok((stream, response)) => {
                let named = |name: &str| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
                let (agreed, deprecated) = (named("sec-websocket-protocol"), named("deprecation").is_some());
                Ok(Self { stream, agreed, deprecated })
            }
            Err(Error::Http(response)) => Err(StatusCode::from_u16(response.status().as_u16()).unwrap()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn came(&mut self) -> Came {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("something comes") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if let Err(error) = SCHEMA.validate(&frame) {
                        panic!("{error} in {frame}");
                    }
                    assert!(text.len() <= 64 << 10, "{} bytes", text.len());
                    return Came::Frame(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    // Sends the answer, which the other side waits for.
                    let _ = timeout(PATIENCE, self.stream.next()).await;
                    return frame.map_or(Came::Broken, |frame| Came::Closed(frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Broken,
            }
        }
    }

    /// The next frame that is no heartbeat.
    pub async fn next(&mut self) -> Value {
        loop {
            match self.came().await {
                Came::Frame(frame) if frame["type"] == "heartbeat" => {}
                Came::Frame(frame) => return frame,
                ended => panic!("{ended:?}"),
            }
        }
    }

    /// The next frame of a type.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            match self.came().await {
                Came::Frame(frame) if frame["type"] == kind => return frame,
                Came::Frame(_) => {}
                ended => panic!("{ended:?} before any {kind}"),
            }
        }
    }

    /// The last frame before the end, and the close code.
    pub async fn end(&mut self) -> (Option<Value>, Came) {
        let mut last = None;
        loop {
            match self.came().await {
                Came::Frame(frame) => last = Some(frame),
                ended => return (last, ended),
            }
        }
    }

    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Sends where the other side still reads.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.stream.send(message).await.is_ok()
    }

    pub async fn say(&mut self, said: Value) {
        self.send(Message::Text(said.to_string().into())).await;
    }

    /// Subscribes, and gives back the answer.
    pub async fn subscribe(&mut self, paths: &[&str]) -> Value {
        self.say(json!({ "type": "subscribe", "paths": paths, "id": "s" })).await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        assert_eq!(answer["re"], "s");
        answer
    }

    /// The positions of events until `last` has come.
    pub async fn positions(&mut self, last: u64) -> Vec<u64> {
        let mut positions = Vec::new();
        while positions.last() != Some(&last) {
            let frame = self.next().await;
            if frame["type"] == "event" {
                assert_eq!(frame["id"], frame["position"].to_string());
                positions.push(frame["position"].as_u64().unwrap());
            }
        }
        positions
    }
}

/// A ticket.
pub async fn ticket(server: &Server) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/ws/ticket", server.url());
    let given = http.post(url).bearer_auth(server.token().reveal()).send().await.unwrap();
    let ticket: Value = serde_json::from_str(&given.text().await.unwrap()).unwrap();
    ticket["ticket"].as_str().unwrap().to_owned()
}

/// What is counted.
pub async fn counts(world: &World) -> Value {
    let counts = world.get("/api/dashboard/metrics/websockets").send().await.unwrap();
    serde_json::from_str(&counts.text().await.unwrap()).unwrap()
}

//! A real HTTP server that behaves as a provider does, well or badly.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use serde_json::Value;
use swarm_domain::Clock;
use swarm_model::chat::{ChatEvent, ChatModel, ChatReply, ChatRequest, Message, ReplyFormat};
use swarm_model::providers::{CallLimits, Dialect, Endpoint, OpenAiModel, Routing, Served};
use swarm_model::{Capabilities, ModelError, Secret};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const KEY: &str = "sk-a-very-secret-key";

/// What a provider was sent.
#[derive(Debug, Clone)]
pub struct Heard {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A provider on this machine.
pub struct Provider {
    pub url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Provider {
    /// Answers with what `answer` makes of the request and of its number, counted from 1.
    pub async fn start(answer: impl Fn(&Heard, usize) -> Response + Send + Sync + 'static) -> Self {
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let (known, answer) = (Arc::clone(&heard), Arc::new(answer));
        let app = Router::new().fallback(move |request: Request| {
            let (known, answer) = (Arc::clone(&known), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                let heard = Heard { path: parts.uri.path().to_owned(), headers: parts.headers, body };
                let number = {
                    let mut known = known.lock().unwrap();
                    known.push(heard.clone());
                    known.len()
                };
                answer(&heard, number)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, heard, task }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Its model `m` behind the OpenAI protocol.
    pub fn model(&self, provider: &str, dialect: Dialect, limits: CallLimits) -> Arc<dyn ChatModel> {
        let endpoint =
            Endpoint::new(provider, &self.url, Some(Secret::new(KEY)), limits, FixedClock::shared()).unwrap();
        Arc::new(OpenAiModel::new(endpoint, served(), dialect, Routing::default()))
    }

    pub fn plain_model(&self) -> Arc<dyn ChatModel> {
        self.model("p", Dialect::Compatible, CallLimits::default())
    }
}

pub fn served() -> Served {
    Served {
        name: "m".into(),
        id: "vendor/m".into(),
        capabilities: Capabilities { tools: true, json_schema: true, context_tokens: 100_000 },
        temperature: true,
        price: None,
    }
}

pub fn question(text: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::User { text: text.into() }],
        tools: Vec::new(),
        format: ReplyFormat::Text,
        max_tokens: 100,
        temperature_milli: 0,
        seed: None,
    }
}

/// The pieces of text of a call and its reply.
pub async fn ask(
    model: &dyn ChatModel,
    request: &ChatRequest,
) -> Result<(Vec<String>, ChatReply), ModelError> {
    let mut events = model.stream(request, CancellationToken::new()).await?;
    let mut pieces = Vec::new();
    while let Some(event) = events.next().await {
        match event? {
            ChatEvent::Text { delta } => pieces.push(delta),
            ChatEvent::Done { reply } => {
                assert!(events.next().await.is_none(), "nothing comes after the reply");
                return Ok((pieces, reply));
            }
        }
    }
    panic!("the stream ended without a reply or an error");
}

pub fn status(status: u16, body: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_owned()).into_response()
}

pub fn json(body: &str) -> Response {
    ([("content-type", "application/json")], body.to_owned()).into_response()
}

fn events(body: Body) -> Response {
    ([("content-type", "text/event-stream")], body).into_response()
}

/// A whole stream of these events.
pub fn sse(data: &[&str]) -> Response {
    events(Body::from(text_of(data)))
}

/// These events, and then the connection breaks.
pub fn cut(data: &[&str]) -> Response {
    let begun = Bytes::from(text_of(data));
    let broken = stream::once(async {
        // What was written goes out when the body has nothing more at the moment.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("the line was cut"))
    });
    events(Body::from_stream(stream::iter([Ok(begun)]).chain(broken)))
}

/// These events, and then nothing more, for ever.
pub fn stuck(data: &[&str]) -> Response {
    let begun = Bytes::from(text_of(data));
    events(Body::from_stream(stream::iter([Ok::<_, Infallible>(begun)]).chain(stream::pending())))
}

/// The same piece again and again, without end.
pub fn endless(piece: &'static str) -> Response {
    events(Body::from_stream(stream::repeat_with(move || {
        Ok::<_, Infallible>(Bytes::from_static(piece.as_bytes()))
    })))
}

fn text_of(data: &[&str]) -> String {
    use std::fmt::Write;
    data.iter().fold(String::new(), |mut text, data| {
        let _ = write!(text, "data: {data}\n\n");
        text
    })
}

pub fn chunk(text: &str) -> String {
    serde_json::json!({"model": "vendor/m-2", "choices": [{"index": 0, "delta": {"content": text}}]})
        .to_string()
}

/// A well-behaved answer.
pub fn says(text: &str) -> Response {
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":10}}"#;
    let finish = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    sse(&[&chunk(&text[..half]), &chunk(&text[half..]), finish, usage, "[DONE]"])
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    pub fn shared() -> Arc<Self> {
        Arc::new(Self(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap())))
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += TimeDelta::from_std(by).unwrap();
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

//! A language model behind an OpenAI-compatible server on this machine. It plays its part, counts what it is asked, and
//! can be slow, refuse, break off, or be away.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

use crate::world::PATIENCE;

/// What the prompt of whoever writes this file says.
pub const WRITES_GREET: &str = "You may write only: greet.sh";
pub const WRITES_SHOUT: &str = "You may write only: shout.sh";
/// What the planner's prompt says.
pub const PLANS: &str = "Each of these ids must be in exactly one ticket";

const PLAN: &str = r#"{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}, {"title": "Shout", "requirements": ["REQ-2"], "files": ["shout.sh"], "kind": "code"}]}"#;
const SUMMARY: &str = r#"{"title": "feat: greet and shout", "text": "Two scripts that greet."}"#;

/// What the model does with a question.
pub enum Answer {
    /// Says this.
    Say(String),
    /// Calls these tools, each with `name` and `arguments`.
    Act(Vec<Value>),
    /// Refuses with this status and body.
    Refuse(u16, String),
    /// Begins to answer and breaks off.
    BreakOff,
}

/// A file as the plain protocol wants it.
pub fn file(name: &str, content: &str) -> Answer {
    Answer::Say(format!("Here it is, all tests pass.\n\n{name}\n```sh\n{content}```\n"))
}

/// Everybody at their best.
pub fn staff(asked: &str) -> Answer {
    if asked.contains(PLANS) {
        Answer::Say(PLAN.to_owned())
    } else if asked.contains(WRITES_GREET) {
        file("greet.sh", "echo \"Hello, $1!\"\n")
    } else if asked.contains(WRITES_SHOUT) {
        file("shout.sh", "sh greet.sh \"$1\" | tr a-z A-Z\n")
    } else {
        Answer::Say(SUMMARY.to_owned())
    }
}

/// A question, and whether it was answered in full.
#[derive(Clone)]
pub struct Call {
    pub asked: String,
    pub key: String,
    pub answered: bool,
}

type Script = Box<dyn FnMut(&str) -> Answer + Send>;

struct Desk {
    calls: Mutex<Vec<Call>>,
    script: Mutex<Script>,
    /// Questions with any of these in them wait.
    held: watch::Sender<Vec<&'static str>>,
    /// Questions with the first in them wait until one with the second was asked.
    order: Mutex<Vec<(&'static str, &'static str)>>,
    /// How many questions came.
    came: watch::Sender<usize>,
}

impl Desk {
    /// Whether all that must be asked before was asked.
    fn may_answer(&self, asked: &str) -> bool {
        let calls = self.calls.lock().unwrap();
        let was_asked = |first: &str| calls.iter().any(|call| call.asked.contains(first));
        let order = self.order.lock().unwrap();
        order.iter().filter(|(what, _)| asked.contains(what)).all(|(_, first)| was_asked(first))
    }
}

/// The model. Dropping it shuts its server.
pub struct Model {
    desk: Arc<Desk>,
    addr: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Model {
    pub fn start() -> Self {
        let desk = Desk {
            calls: Mutex::default(),
            script: Mutex::new(Box::new(staff)),
            held: watch::Sender::new(Vec::new()),
            order: Mutex::default(),
            came: watch::Sender::new(0),
        };
        let mut model = Self { desk: Arc::new(desk), addr: ([127, 0, 0, 1], 0).into(), runtime: None };
        model.come();
        model
    }

    /// Listens, again on the same port.
    pub fn come(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // Not waited for: some tests are asynchronous themselves.
        let listener = std::net::TcpListener::bind(self.addr).unwrap();
        listener.set_nonblocking(true).unwrap();
        self.addr = listener.local_addr().unwrap();
        let listener = {
            let _runtime = runtime.enter();
            TcpListener::from_std(listener).unwrap()
        };
        let router = Router::new()
            .route("/v1/models", get(|| async { Json(json!({"data": [{"id": "scripted"}]})) }))
            .route("/v1/chat/completions", post(chat))
            .with_state(Arc::clone(&self.desk));
        runtime.spawn(async move { axum::serve(listener, router).await });
        self.runtime = Some(runtime);
    }

    /// Is gone, with whatever it was about to say.
    pub fn leave(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            let ending = std::thread::spawn(|| runtime.shutdown_timeout(Duration::from_secs(10)));
            ending.join().unwrap();
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.addr)
    }

    /// Plays by this script from now on.
    pub fn play(&self, script: impl FnMut(&str) -> Answer + Send + 'static) {
        *self.desk.script.lock().unwrap() = Box::new(script);
    }

    /// Lets questions with any of these in them wait, and all others go on.
    pub fn hold(&self, what: &[&'static str]) {
        self.desk.held.send_replace(what.to_vec());
    }

    /// Lets a question with the first of a pair in it wait until one with the second was asked.
    pub fn order(&self, pairs: &[(&'static str, &'static str)]) {
        *self.desk.order.lock().unwrap() = pairs.to_vec();
    }

    pub fn calls(&self) -> Vec<Call> {
        self.desk.calls.lock().unwrap().clone()
    }

    /// How often a question with this in it was answered in full.
    pub fn answers(&self, what: &str) -> usize {
        let to_it = |call: &&Call| call.answered && call.asked.contains(what);
        self.calls().iter().filter(to_it).count()
    }

    /// Waits until such a question came after the first `known` ones.
    pub fn asked(&self, what: &str, known: usize) {
        let began = Instant::now();
        while !self.calls().iter().skip(known).any(|call| call.asked.contains(what)) {
            assert!(began.elapsed() < PATIENCE, "nobody asked: {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.leave();
    }
}

async fn chat(State(desk): State<Arc<Desk>>, headers: HeaderMap, Json(request): Json<Value>) -> Response {
    let texts = request["messages"].as_array().into_iter().flatten();
    let asked: Vec<_> = texts.filter_map(|message| message["content"].as_str()).collect();
    let asked = asked.join("\n");
    let key = headers.get(header::AUTHORIZATION).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let number = {
        let mut calls = desk.calls.lock().unwrap();
        calls.push(Call { asked: asked.clone(), key: key.to_owned(), answered: false });
        calls.len() - 1
    };
    desk.came.send_modify(|came| *came += 1);
    let _ = desk.came.subscribe().wait_for(|_| desk.may_answer(&asked)).await;
    let free = |held: &Vec<&str>| !held.iter().any(|what| asked.contains(what));
    let _ = desk.held.subscribe().wait_for(free).await;
    let answer = (desk.script.lock().unwrap())(&asked);
    match answer {
        Answer::Say(text) => {
            desk.calls.lock().unwrap()[number].answered = true;
            stream(Body::from(format!("{}{}", piece(&text), end("stop"))))
        }
        Answer::Act(calls) => {
            desk.calls.lock().unwrap()[number].answered = true;
            stream(Body::from(format!("{}{}", acts(number, &calls), end("tool_calls"))))
        }
        Answer::Refuse(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Answer::BreakOff => {
            let parts = [Ok(piece("Here is")), Err(std::io::Error::other("gone"))];
            stream(Body::from_stream(futures::stream::iter(parts)))
        }
    }
}

fn stream(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn piece(text: &str) -> String {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

fn acts(number: usize, calls: &[Value]) -> String {
    let call = |(index, call): (usize, &Value)| {
        let function = json!({"name": call["name"], "arguments": call["arguments"].to_string()});
        json!({"index": index, "id": format!("call_{number}_{index}"), "type": "function", "function": function})
    };
    let calls: Vec<Value> = calls.iter().enumerate().map(call).collect();
    let chunk = json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

fn end(why: &str) -> String {
    let stop = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": why}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 50}});
    format!("data: {stop}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
}

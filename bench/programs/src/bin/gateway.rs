//! What a gateway adds to a call: the same request to a model on this machine, asked directly, through swarm's gateway,
//! and through a proxy that stands before the same model.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use clap::Parser;
use serde_json::{Value, json};
use swarm_bench::{Failure, Sample};
use swarm_model::{
    Call, ChatRequest, Gateway, Message, ModelsConfig, ReplyFormat,
    config::{ModelEntry, ProviderConfig, ProviderKind, Routing},
};
use swarm_store::SystemClock;

#[derive(Parser)]
struct Arguments {
    /// Serves the model on this port.
    #[arg(long)]
    port: u16,
    /// Base URL of a proxy that stands before the model, such as `http://127.0.0.1:4000/v1`.
    #[arg(long)]
    proxy: Option<String>,
    /// Calls each way.
    #[arg(long, default_value_t = 2_000)]
    calls: usize,
    /// Only serves the model, until it is stopped.
    #[arg(long)]
    serve: bool,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    let upstream = Router::new().route("/v1/chat/completions", post(answer));
    if arguments.serve {
        axum::serve(listener, upstream).await?;
        return Ok(());
    }
    let server = tokio::spawn(axum::serve(listener, upstream).into_future());
    let url = format!("http://127.0.0.1:{}/v1", arguments.port);
    // The gateway chooses how this process does TLS; without that there is no other client.
    let gateway = gateway(&url).await?;
    let http = reqwest::Client::new();
    let mut ways = [Vec::new(), Vec::new(), Vec::new()];
    // One after the other in turn, so that what else the machine does meets all of them alike.
    for number in 0..arguments.calls + WARM_UP {
        let measured = [
            Some(over_http(&http, &url).await?),
            Some(through(&gateway).await?),
            match &arguments.proxy {
                Some(proxy) => Some(over_http(&http, proxy).await?),
                None => None,
            },
        ];
        if number >= WARM_UP {
            for (way, took) in ways.iter_mut().zip(measured) {
                way.extend(took);
            }
        }
    }
    server.abort();
    let [direct, swarm, proxy] = ways.map(Sample::of);
    println!("{}", json!({ "calls": arguments.calls, "direct": direct, "swarm": swarm, "proxy": proxy }));
    Ok(())
}

/// Calls before the first that counts.
const WARM_UP: usize = 50;

async fn answer(Json(request): Json<Value>) -> ([(&'static str, &'static str); 1], String) {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 });
    let head = |object: &str| json!({ "id": "chat-1", "object": object, "created": 0, "model": "mock" });
    let with = |object: &str, choice: Value| {
        let mut whole = head(object);
        whole["choices"] = json!([choice]);
        whole["usage"] = usage.clone();
        whole
    };
    if request["stream"] == true {
        let delta = json!({ "index": 0, "delta": { "role": "assistant", "content": "Hello." }, "finish_reason": "stop" });
        let text = format!("data: {}\n\ndata: [DONE]\n\n", with("chat.completion.chunk", delta));
        ([("content-type", "text/event-stream")], text)
    } else {
        let message = json!({ "index": 0, "message": { "role": "assistant", "content": "Hello." }, "finish_reason": "stop" });
        ([("content-type", "application/json")], with("chat.completion", message).to_string())
    }
}

async fn over_http(http: &reqwest::Client, url: &str) -> Result<Duration, Failure> {
    let body = json!({
        "model": "mock", "max_tokens": 16, "stream": true,
        "messages": [{ "role": "user", "content": "Say hello." }],
    });
    let begun = Instant::now();
    let reply = http
        .post(format!("{url}/chat/completions"))
        .bearer_auth("sk-bench")
        .json(&body)
        .send()
        .await?
        .error_for_status()?;
    let text = reply.text().await?;
    let took = begun.elapsed();
    if text.contains("Hello.") { Ok(took) } else { Err(Failure::from(text)) }
}

async fn gateway(url: &str) -> Result<Gateway, Failure> {
    let provider = ProviderConfig {
        name: "mock".to_owned(),
        kind: ProviderKind::Compatible,
        base_url: Some(url.to_owned()),
        key_env: None,
        models: vec![ModelEntry::named("mock")],
        routing: Routing::default(),
    };
    let config = ModelsConfig { providers: vec![provider], ..ModelsConfig::default() };
    Ok(config.open(&|_| None, Arc::new(SystemClock), None).await?.gateway)
}

async fn through(gateway: &Gateway) -> Result<Duration, Failure> {
    let request = ChatRequest {
        messages: vec![Message::User { text: "Say hello.".to_owned() }],
        tools: Vec::new(),
        format: ReplyFormat::Text,
        max_tokens: 16,
        temperature_milli: 0,
        seed: None,
    };
    let begun = Instant::now();
    let answer = gateway.call(Call::new(Vec::new(), request)).await?;
    let took = begun.elapsed();
    if answer.reply.text == "Hello." { Ok(took) } else { Err(Failure::from(answer.reply.text)) }
}

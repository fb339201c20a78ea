//! Anthropic's protocol, spoken with real servers.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::StreamExt;
use swarm_domain::MicroUsd;
use swarm_model::chat::{ChatEvent, ChatModel, Finish, Message, ReplyFormat, ToolSpec};
use swarm_model::providers::{CallLimits, Endpoint, Served};
use swarm_model::{AnthropicModel, ModelError, Price, Secret};
use tokio_util::sync::CancellationToken;

use crate::provider::{FixedClock, KEY, Provider, ask, cut, json, question, served, sse, status, stuck};

const START: &str = r#"{"type":"message_start","message":{"model":"claude-m-20250929","usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":90,"output_tokens":1}}}"#;
const TEXT: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const HELLO: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#;
const END: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn model(provider: &Provider) -> AnthropicModel {
    let clock = FixedClock::shared();
    let endpoint =
        Endpoint::new("anthropic", &provider.url, Some(Secret::new(KEY)), CallLimits::default(), clock)
            .unwrap();
    let price = Price {
        input: MicroUsd(1_000_000),
        output: MicroUsd(2_000_000),
        cached: Some(MicroUsd(100_000)),
        cache_write: None,
    };
    AnthropicModel::new(endpoint, Served { price: Some(price), ..served() })
}

async fn failure(answer: impl Fn() -> axum::response::Response + Send + Sync + 'static) -> ModelError {
    let provider = Provider::start(move |_, _| answer()).await;
    ask(&model(&provider), &question("hi")).await.unwrap_err()
}

#[tokio::test]
async fn each_way_to_fail_is_told_apart() {
    let error =
        failure(|| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3")], "{}").into_response()).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert!(matches!(failure(move || status(529, overloaded)).await, ModelError::Unavailable { .. }));
    assert!(matches!(failure(move || sse(&[START, overloaded])).await, ModelError::Unavailable { .. }));
    assert!(matches!(failure(|| cut(&[START, TEXT, HELLO])).await, ModelError::Unavailable { .. }));
    assert!(matches!(failure(|| sse(&[START, TEXT, HELLO])).await, ModelError::Unavailable { .. }));
    assert!(matches!(failure(|| sse(&[START, "{\"type\":"])).await, ModelError::Malformed { .. }));
    let long = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens"}}"#;
    assert!(matches!(failure(move || status(400, long)).await, ModelError::TooLong { .. }));
    let key = format!("{{\"error\":{{\"message\":\"invalid x-api-key {KEY}\"}}}}");
    let error = failure(move || status(401, &key)).await;
    assert!(matches!(error, ModelError::Refused { status: 401, .. }));
    assert!(!format!("{error:?}").contains("very-secret"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let thief = Provider::start(|_, _| json("{}")).await;
    let elsewhere = thief.url.clone();
    let error = failure(move || {
        (StatusCode::TEMPORARY_REDIRECT, [("location", elsewhere.clone())], "").into_response()
    })
    .await;
    assert!(matches!(error, ModelError::Refused { status: 307, .. }));
    assert!(thief.heard().is_empty());
}

#[tokio::test]
async fn a_call_that_is_cancelled_in_the_middle_ends() {
    let provider = Provider::start(|_, _| stuck(&[START, TEXT, HELLO])).await;
    let cancel = CancellationToken::new();
    let mut events = model(&provider).stream(&question("hi"), cancel.clone()).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), ChatEvent::Text { delta: "Hello".into() });
    cancel.cancel();
    assert_eq!(events.next().await.unwrap().unwrap_err(), ModelError::Cancelled);
}

#[tokio::test]
async fn an_answer_streams_and_what_the_cache_saved_is_not_paid_for() {
    let provider = Provider::start(|_, _| sse(&[START, r#"{"type":"ping"}"#, TEXT, HELLO, END, STOP])).await;
    let mut request = question("hi");
    request.messages.insert(0, Message::System { text: "Be brief.".into() });
    let (pieces, reply) = ask(&model(&provider), &request).await.unwrap();
    assert_eq!(
        (pieces.concat().as_str(), reply.text.as_str(), reply.finish),
        ("Hello", "Hello", Finish::Stop)
    );
    assert_eq!((reply.usage.tokens_in, reply.usage.tokens_cached, reply.usage.tokens_out), (100, 90, 5));
    assert_eq!(reply.usage.cost, Some(MicroUsd(10 + 9 + 10)));
    assert_eq!(reply.model, "anthropic/claude-m-20250929");
    let heard = &provider.heard()[0];
    assert_eq!(heard.path, "/v1/messages");
    assert_eq!(
        (&heard.headers["x-api-key"], &heard.headers["anthropic-version"]),
        (&KEY.parse().unwrap(), &"2023-06-01".parse().unwrap())
    );
    assert_eq!(heard.body["system"][0]["cache_control"]["type"], "ephemeral");
}

#[tokio::test]
async fn json_by_a_schema_comes_as_text_through_a_forced_tool() {
    let provider = Provider::start(|_, _| {
        sse(&[
            START,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"plan","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"title\""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":":\"x\"}"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}"#,
            STOP,
        ])
    })
    .await;
    let mut request = question("plan it");
    request.format = ReplyFormat::Json {
        name: "plan".into(),
        schema: serde_json::json!({"type": "object", "properties": {"title": {"type": "string"}}}),
    };
    let (pieces, reply) = ask(&model(&provider), &request).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.tool_calls.len(), reply.finish),
        (r#"{"title":"x"}"#, 0, Finish::Stop)
    );
    assert_eq!(pieces.concat(), reply.text);
    assert_eq!(provider.heard()[0].body["tool_choice"]["name"], "plan");
}

#[tokio::test]
async fn tools_are_called_in_both_ways_of_answering() {
    let streamed = [
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t1","name":"no_such_tool","input":{}}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t2","name":"list","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"p\":1}"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
        STOP,
    ];
    let whole = r#"{"type":"message","model":"claude-m","content":[{"type":"tool_use","id":"t1","name":"no_such_tool","input":{"p":1}},{"type":"tool_use","id":"t2","name":"list","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}"#;
    let provider =
        Provider::start(move |_, number| if number == 1 { sse(&streamed) } else { json(whole) }).await;
    let model = Arc::new(model(&provider));
    let mut request = question("go");
    request.tools.push(ToolSpec {
        name: "list".into(),
        description: "Lists.".into(),
        parameters: serde_json::json!({"type": "object"}),
    });
    for _ in 0..2 {
        let (_, reply) = ask(model.as_ref(), &request).await.unwrap();
        let calls: Vec<_> =
            reply.tool_calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
        assert_eq!(calls, [("no_such_tool", r#"{"p":1}"#), ("list", "{}")]);
        assert_eq!(reply.finish, Finish::ToolCalls);
    }
}

//! The OpenAI protocol, spoken with real servers that behave well and badly.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::StreamExt;
use swarm_domain::MicroUsd;
use swarm_model::chat::{ChatEvent, ChatModel, Finish, ToolSpec};
use swarm_model::providers::{CallLimits, Dialect, Endpoint, OpenAiModel, Routing};
use swarm_model::{ModelError, Secret};
use tokio_util::sync::CancellationToken;

use crate::provider::{
    FixedClock, KEY, Provider, ask, chunk, cut, endless, json, question, says, served, sse, status, stuck,
};

/// How a call of a server that answers so fails.
async fn failure(answer: impl Fn() -> axum::response::Response + Send + Sync + 'static) -> ModelError {
    let provider = Provider::start(move |_, _| answer()).await;
    ask(provider.plain_model().as_ref(), &question("hi")).await.unwrap_err()
}

#[tokio::test]
async fn a_429_says_how_long_to_wait() {
    let error =
        failure(|| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], "slow down").into_response())
            .await;
    assert_eq!(
        error,
        ModelError::RateLimited { model: "p/m".into(), retry_after: Some(Duration::from_secs(7)) }
    );
    assert!(error.is_retryable());
    let error = failure(|| status(429, "")).await;
    assert_eq!(error.retry_after(), None);
}

#[tokio::test]
async fn a_500_is_worth_a_retry_and_a_401_is_not() {
    let error = failure(|| status(500, r#"{"error":{"message":"out of memory"}}"#)).await;
    assert!(
        matches!(&error, ModelError::Unavailable { detail, .. } if detail == "500 out of memory"),
        "{error:?}"
    );
    let error = failure(|| status(401, "who are you")).await;
    assert!(matches!(error, ModelError::Refused { status: 401, .. }));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_provider_that_quotes_the_key_does_not_make_us_show_it() {
    for code in [400, 401, 500] {
        let error =
            failure(move || status(code, &format!("{{\"error\":{{\"message\":\"bad key {KEY}\"}}}}"))).await;
        let shown = format!("{error} {error:?} {:?}", error.problem());
        assert!(!shown.contains("very-secret"), "{shown}");
    }
    let error = failure(|| sse(&[&format!("{{\"error\":{{\"message\":\"{KEY}\"}}}}")])).await;
    assert!(!format!("{error:?}").contains("very-secret"));
}

#[tokio::test]
async fn neither_a_model_nor_its_endpoint_shows_the_key() {
    let clock = FixedClock::shared();
    let key = Some(Secret::new(KEY));
    let endpoint = Endpoint::new("p", "http://127.0.0.1:1/v1", key, CallLimits::default(), clock).unwrap();
    let model = OpenAiModel::new(Arc::clone(&endpoint), served(), Dialect::OpenAi, Routing::default());
    assert!(!format!("{endpoint:?} {model:?}").contains("very-secret"));
}

#[tokio::test]
async fn a_stream_that_is_cut_is_worth_a_retry_however_it_ends() {
    let error = failure(|| cut(&[&chunk("half an ans")])).await;
    assert!(matches!(error, ModelError::Unavailable { .. }), "{error:?}");
    let error = failure(|| sse(&[&chunk("half an ans")])).await;
    assert!(matches!(error, ModelError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_hangs_up_after_everything_was_said_has_answered() {
    let provider =
        Provider::start(|_, _| cut(&[&chunk("all"), r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]))
            .await;
    let (_, reply) = ask(provider.plain_model().as_ref(), &question("hi")).await.unwrap();
    assert_eq!(reply.text, "all");
}

#[tokio::test]
async fn malformed_json_and_an_empty_answer_cannot_be_read() {
    let broken = failure(|| sse(&[&chunk("a"), "{\"choices\": [", "[DONE]"])).await;
    assert!(matches!(broken, ModelError::Malformed { .. }), "{broken:?}");
    let page = failure(|| json("<html>welcome to the hotel wifi</html>")).await;
    assert!(matches!(page, ModelError::Malformed { .. }), "{page:?}");
    let empty = failure(|| sse(&["[DONE]"])).await;
    assert!(matches!(empty, ModelError::Malformed { .. }), "{empty:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_bounded() {
    let bounded = CallLimits { max_response_bytes: 200_000, ..CallLimits::default() };
    let many =
        Provider::start(|_, _| endless("data: {\"choices\":[{\"delta\":{\"content\":\"more \"}}]}\n\n"))
            .await;
    let model = many.model("p", Dialect::Compatible, bounded);
    let error = ask(model.as_ref(), &question("hi")).await.unwrap_err();
    assert!(error.to_string().contains("larger than 200000 bytes"), "{error}");

    let one_line = failure(|| endless("data: endless without a line end ")).await;
    assert!(matches!(one_line, ModelError::Malformed { .. }), "{one_line:?}");
}

#[tokio::test]
async fn a_server_that_never_begins_or_never_goes_on_is_given_up_at_the_deadline() {
    let stalled = Provider::start(|heard, _| match heard.body["messages"][0]["content"].as_str() {
        Some("begin") => stuck(&[&chunk("Once")]),
        _ => stuck(&[]),
    })
    .await;
    let limits = CallLimits { first_byte_seconds: 1, idle_seconds: 2, ..CallLimits::default() };
    let model = stalled.model("p", Dialect::Compatible, limits);
    let never = ask(model.as_ref(), &question("hi")).await.unwrap_err();
    assert_eq!(never, ModelError::TimedOut { model: "p/m".into(), after: Duration::from_secs(1) });
    let stopped = ask(model.as_ref(), &question("begin")).await.unwrap_err();
    assert_eq!(stopped, ModelError::TimedOut { model: "p/m".into(), after: Duration::from_secs(2) });
}

#[tokio::test]
async fn a_call_ends_where_it_is_cancelled_before_or_in_the_middle() {
    let provider = Provider::start(|_, _| stuck(&[&chunk("Once")])).await;
    let model = provider.plain_model();
    let cancel = CancellationToken::new();
    let mut events = model.stream(&question("hi"), cancel.clone()).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap(), ChatEvent::Text { delta: "Once".into() });
    cancel.cancel();
    assert_eq!(events.next().await.unwrap().unwrap_err(), ModelError::Cancelled);
    assert!(events.next().await.is_none());
    assert_eq!(model.stream(&question("hi"), cancel).await.err(), Some(ModelError::Cancelled));
}

#[tokio::test]
async fn an_unreachable_server_is_named_by_its_cause_and_not_by_its_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/v1");
    let endpoint = Endpoint::new("p", &url, None, CallLimits::default(), FixedClock::shared()).unwrap();
    let model = OpenAiModel::new(endpoint, served(), Dialect::Compatible, Routing::default());
    let error = ask(&model, &question("hi")).await.unwrap_err();
    assert!(
        matches!(&error, ModelError::Unavailable { detail, .. } if detail.contains("refused")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_key_goes_nowhere_else() {
    let thief = Provider::start(|_, _| says("thank you")).await;
    let elsewhere = format!("{}/chat/completions", thief.url);
    for code in [302, 307, 308] {
        let elsewhere = elsewhere.clone();
        let error = failure(move || {
            (StatusCode::from_u16(code).unwrap(), [("location", elsewhere.clone())], "").into_response()
        })
        .await;
        assert!(
            matches!(&error, ModelError::Refused { status, detail, .. } if *status == code && detail.contains("redirect"))
        );
    }
    assert!(thief.heard().is_empty());
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_told_from_other_refusals() {
    let body = r#"{"error":{"code":400,"message":"the request exceeds the available context size"}}"#;
    let error = failure(move || status(400, body)).await;
    assert!(matches!(error, ModelError::TooLong { limit: 100_000, .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_streams_in_pieces_and_comes_whole_at_the_end() {
    let provider = Provider::start(|_, _| says("Grüße aus 東京")).await;
    let (pieces, reply) = ask(provider.plain_model().as_ref(), &question("hi")).await.unwrap();
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces.concat(), reply.text);
    assert_eq!((reply.text.as_str(), reply.finish), ("Grüße aus 東京", Finish::Stop));
    assert_eq!((reply.usage.tokens_in, reply.usage.tokens_out), (1_000, 10));
    assert_eq!(reply.model, "p/m", "a server of one's own is not believed about its name");
    let heard = &provider.heard()[0];
    assert_eq!(heard.path, "/v1/chat/completions");
    assert_eq!(heard.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!((&heard.body["model"], &heard.body["stream"]), (&"vendor/m".into(), &true.into()));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood_too() {
    let body = r#"{"model":"x","choices":[{"message":{"role":"assistant","content":"all at once"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
    let provider = Provider::start(move |_, _| json(body)).await;
    let (pieces, reply) = ask(provider.plain_model().as_ref(), &question("hi")).await.unwrap();
    assert_eq!(pieces, ["all at once"]);
    assert_eq!((reply.finish, reply.usage.tokens_out), (Finish::Length, 4));
}

#[tokio::test]
async fn the_router_is_asked_for_its_cost_and_says_who_answered() {
    let provider = Provider::start(|_, _| {
        sse(&[
            ": OPENROUTER PROCESSING",
            &chunk("hi"),
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1,"cost":0.0000125}}"#,
            "[DONE]",
        ][1..])
    })
    .await;
    let model = provider.model("openrouter", Dialect::OpenRouter, CallLimits::default());
    let (_, reply) = ask(model.as_ref(), &question("hi")).await.unwrap();
    assert_eq!(reply.usage.cost, Some(MicroUsd(13)));
    assert_eq!(reply.model, "openrouter/vendor/m-2");
    assert_eq!(provider.heard()[0].body["usage"]["include"], true);
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_passed_on_as_the_model_wrote_it() {
    let provider = Provider::start(|_, _| {
        sse(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"delete_everything","arguments":"{\"path\""}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            "[DONE]",
        ])
    })
    .await;
    let mut request = question("hi");
    request.tools.push(ToolSpec {
        name: "read".into(),
        description: "Reads a file.".into(),
        parameters: serde_json::json!({"type": "object"}),
    });
    let (_, reply) = ask(provider.plain_model().as_ref(), &request).await.unwrap();
    assert_eq!(reply.finish, Finish::ToolCalls);
    assert_eq!(reply.tool_calls[0].name, "delete_everything");
    assert_eq!(reply.tool_calls[0].arguments, "{\"path\"", "whether it is JSON is for the caller to say");
    assert_eq!(provider.heard()[0].body["tools"][0]["function"]["name"], "read");
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_a_mistake_of_the_configuration() {
    let key = Some(Secret::new("line\nbreak"));
    let endpoint =
        Endpoint::new("p", "http://127.0.0.1:1", key, CallLimits::default(), FixedClock::shared()).unwrap();
    let model = OpenAiModel::new(endpoint, served(), Dialect::OpenAi, Routing::default());
    let error = model.stream(&question("hi"), CancellationToken::new()).await.err().unwrap();
    assert!(matches!(&error, ModelError::Config { detail } if !detail.contains("line")), "{error:?}");
}

//! The gateway before real servers: fallbacks, breakers, budgets, deadlines, prices.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use swarm_domain::MicroUsd;
use swarm_domain::budget::{Budget, Spend};
use swarm_model::breaker::{BreakerConfig, BreakerState};
use swarm_model::providers::{CallLimits, Dialect};
use swarm_model::{
    BudgetScope, Call, ChatModel, Gateway, GatewayConfig, ModelError, ModelsConfig, Price, Progress,
};

use crate::provider::{FixedClock, Provider, chunk, cut, question, says, sse, status, stuck};

fn config() -> GatewayConfig {
    let mut config = ModelsConfig::default().gateway().unwrap();
    for model in ["first/m", "second/m"] {
        let price = Price {
            input: MicroUsd(1_000_000),
            output: MicroUsd(10_000_000),
            cached: None,
            cache_write: None,
        };
        config.prices.set(model, price);
    }
    config
}

async fn server(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> Provider {
    Provider::start(move |_, number| answer(number)).await
}

fn behind(servers: &[(&str, &Provider)]) -> Vec<Arc<dyn ChatModel>> {
    servers
        .iter()
        .map(|(name, server)| server.model(name, Dialect::Compatible, CallLimits::default()))
        .collect()
}

fn call() -> Call {
    Call::new(Vec::new(), question("hi"))
}

#[tokio::test]
async fn models_are_tried_in_order_until_one_answers() {
    let down = server(|_| status(500, "down")).await;
    let cut_off = server(|_| cut(&[&chunk("I think that")])).await;
    let good = server(|_| says("forty-two")).await;
    let models = behind(&[("first", &down), ("second", &cut_off), ("third", &good)]);
    let gateway = Gateway::new(config(), models, FixedClock::shared());
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let listener = Arc::clone(&heard);
    let call = Call {
        on_text: Some(Arc::new(move |progress| {
            listener.lock().unwrap().push(match progress {
                Progress::Started { model } => format!("<{model}>"),
                Progress::Text { delta } => delta.to_owned(),
            });
        })),
        ..call()
    };
    let answer = gateway.call(call).await.unwrap();
    assert_eq!((answer.model.as_str(), answer.reply.text.as_str()), ("third/m", "forty-two"));
    let failed: Vec<_> =
        answer.fallbacks.iter().map(|(model, error)| (model.as_str(), error.kind())).collect();
    assert_eq!(failed, [("first/m", "unavailable"), ("second/m", "unavailable")]);
    assert_eq!(heard.lock().unwrap().concat(), "<first/m><second/m>I think that<third/m>forty-two");
    assert!(!answer.priced, "nobody knows what the third costs");
    assert_eq!(answer.spend.calls, 2, "the one that broke off half-way is paid for too");
    assert!(answer.spend.usd > MicroUsd::ZERO);
}

#[tokio::test]
async fn if_all_fail_the_error_is_the_one_that_is_soonest_over() {
    let refused = server(|_| status(401, "no")).await;
    let busy = server(|_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "9")], "").into_response()).await;
    let gateway =
        Gateway::new(config(), behind(&[("first", &refused), ("second", &busy)]), FixedClock::shared());
    let error = gateway.call(call()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn a_model_that_asked_for_rest_is_not_called_until_it_is_over() {
    let busy = server(|number| match number {
        1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "9")], "").into_response(),
        _ => says("rested"),
    })
    .await;
    let clock = FixedClock::shared();
    let gateway = Gateway::new(config(), behind(&[("first", &busy)]), clock.clone());
    assert!(gateway.call(call()).await.is_err());
    clock.advance(Duration::from_secs(4));
    let error = gateway.call(call()).await.unwrap_err();
    assert_eq!((busy.heard().len(), error.retry_after()), (1, Some(Duration::from_secs(5))));
    assert_eq!(gateway.states()[0].resting_seconds, 5);
    clock.advance(Duration::from_secs(5));
    assert_eq!(gateway.call(call()).await.unwrap().reply.text, "rested");
}

#[tokio::test]
async fn a_failing_model_is_rested_and_then_tried_with_one_probe() {
    let flaky = server(|number| if number <= 3 { status(500, "") } else { says("back") }).await;
    let clock = FixedClock::shared();
    let config = GatewayConfig { breaker: BreakerConfig { failures: 2, open_seconds: 30 }, ..config() };
    let gateway = Gateway::new(config, behind(&[("first", &flaky)]), clock.clone());
    for _ in 0..2 {
        assert_eq!(gateway.call(call()).await.unwrap_err().kind(), "unavailable");
    }
    assert_eq!(gateway.states()[0].breaker, BreakerState::Open);
    let open = gateway.call(call()).await.unwrap_err();
    assert_eq!((open.kind(), open.retry_after()), ("open", Some(Duration::from_secs(30))));
    assert_eq!(flaky.heard().len(), 2, "it was left alone");

    clock.advance(Duration::from_secs(30));
    assert_eq!(gateway.states()[0].breaker, BreakerState::HalfOpen);
    assert_eq!(gateway.call(call()).await.unwrap_err().kind(), "unavailable", "the probe fails");
    assert_eq!(gateway.call(call()).await.unwrap_err().kind(), "open");
    clock.advance(Duration::from_secs(30));
    assert_eq!(gateway.call(call()).await.unwrap().reply.text, "back");
    assert_eq!(gateway.states()[0].breaker, BreakerState::Closed);
    assert_eq!(flaky.heard().len(), 4);
}

#[tokio::test]
async fn a_budget_that_the_call_might_pass_stops_it_before_anything_is_sent() {
    let good = server(|_| says("hi")).await;
    let gateway =
        Gateway::new(config(), behind(&[("first", &good), ("second", &good)]), FixedClock::shared());
    let scope = |usd: u64| BudgetScope {
        name: "run:a".into(),
        limit: Budget { usd: Some(MicroUsd(usd)), tokens: None },
        spent: Spend::default(),
    };
    let (worst, priced) = gateway.worst_case(&[], &question("hi")).unwrap();
    assert!(priced);
    let too_small = Call { budget_scopes: vec![scope(worst.usd.0 - 1)], ..call() };
    let error = gateway.call(too_small).await.unwrap_err();
    assert!(matches!(&error, ModelError::BudgetReached { scope, .. } if scope == "run:a"), "{error:?}");
    assert!(good.heard().is_empty(), "not even the fallback was called");

    let enough = Call { budget_scopes: vec![scope(worst.usd.0)], ..call() };
    let answer = gateway.call(enough).await.unwrap();
    assert_eq!(answer.spend.usd, MicroUsd(1_000 + 100));
    assert_eq!(gateway.ledger().spent("run:a"), answer.spend);
}

#[tokio::test]
async fn a_server_that_does_not_count_is_counted_for() {
    let silent =
        server(|_| sse(&[&chunk("some words"), r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]))
            .await;
    let gateway = Gateway::new(config(), behind(&[("first", &silent)]), FixedClock::shared());
    let answer = gateway.call(call()).await.unwrap();
    assert!(answer.spend.tokens_in > 0 && answer.spend.tokens_out > 0 && answer.spend.usd > MicroUsd::ZERO);
}

#[tokio::test]
async fn a_call_past_its_deadline_falls_over_to_the_next_model() {
    let slow = server(|_| stuck(&[&chunk("wait")])).await;
    let good = server(|_| says("hi")).await;
    let config = GatewayConfig { deadline: Duration::from_secs(1), ..config() };
    let gateway = Gateway::new(config, behind(&[("first", &slow), ("second", &good)]), FixedClock::shared());
    let answer = gateway.call(call()).await.unwrap();
    assert_eq!(
        answer.fallbacks[0].1,
        ModelError::TimedOut { model: "first/m".into(), after: Duration::from_secs(1) }
    );
    assert_eq!(answer.model, "second/m");
}

#[tokio::test]
async fn a_cancelled_call_ends_without_trying_another_model() {
    let stalled = server(|_| stuck(&[&chunk("wait")])).await;
    let good = server(|_| says("hi")).await;
    let gateway =
        Gateway::new(config(), behind(&[("first", &stalled), ("second", &good)]), FixedClock::shared());
    let call = call();
    let cancel = call.cancel.clone();
    let call = Call {
        on_text: Some(Arc::new(move |progress| {
            if matches!(progress, Progress::Text { .. }) {
                cancel.cancel();
            }
        })),
        ..call
    };
    assert_eq!(gateway.call(call).await.unwrap_err(), ModelError::Cancelled);
    assert!(good.heard().is_empty());
    assert_eq!(gateway.states()[0].in_flight, 0);
    assert_eq!(gateway.states()[0].breaker, BreakerState::Closed);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_not_sent_and_a_larger_model_is_asked() {
    let small = server(|_| says("small")).await;
    let gateway = Gateway::new(config(), behind(&[("first", &small)]), FixedClock::shared());
    let long = Call::new(Vec::new(), question(&"word ".repeat(100_000)));
    assert!(matches!(gateway.call(long).await.unwrap_err(), ModelError::TooLong { limit: 100_000, .. }));
    assert!(small.heard().is_empty());
}

#[tokio::test]
async fn names_are_full_or_enough_or_aliases_and_nonsense_is_unknown_before_anything_is_sent() {
    let good = server(|_| says("hi")).await;
    let mut config = config();
    config.aliases.insert("coder".into(), vec!["second/m".into(), "first/m".into()]);
    let gateway = Gateway::new(config, behind(&[("first", &good), ("second", &good)]), FixedClock::shared());
    let names =
        |asked: &[&str]| gateway.names(&asked.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(names(&[]).unwrap(), ["first/m", "second/m"]);
    assert_eq!(names(&["coder", "first/m"]).unwrap(), ["second/m", "first/m"]);
    for unknown in ["m", "third/m", ""] {
        assert!(matches!(names(&[unknown]), Err(ModelError::Unknown { .. })), "{unknown}");
    }
    let call = Call::new(vec!["first/m".into(), "third/m".into()], question("hi"));
    assert!(matches!(gateway.call(call).await, Err(ModelError::Unknown { .. })));
    assert!(good.heard().is_empty());
}

#[tokio::test]
async fn a_gateway_without_models_says_what_to_set() {
    let gateway = Gateway::new(config(), Vec::new(), FixedClock::shared());
    let error = gateway.call(call()).await.unwrap_err();
    assert!(error.to_string().contains("OPENAI_BASE_URL"), "{error}");
}

#[tokio::test]
async fn two_calls_at_once_cannot_both_pass_a_budget_for_one() {
    let good = server(|_| says("hi")).await;
    let gateway = Arc::new(Gateway::new(config(), behind(&[("first", &good)]), FixedClock::shared()));
    let (worst, _) = gateway.worst_case(&[], &question("hi")).unwrap();
    let scope = BudgetScope {
        name: "run:a".into(),
        limit: Budget { usd: Some(worst.usd), tokens: None },
        spent: Spend::default(),
    };
    let asked = || gateway.call(Call { budget_scopes: vec![scope.clone()], ..call() });
    let (one, other) = tokio::join!(asked(), asked());
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
    assert_eq!(good.heard().len(), 1);
}

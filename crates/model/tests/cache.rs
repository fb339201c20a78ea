//! The gateway's cache before real servers: what is given again, to whom, and what never is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::response::Response;
use swarm_domain::MicroUsd;
use swarm_domain::budget::{Budget, Spend};
use swarm_domain::cache::{Agreement, CacheOutcome};
use swarm_model::cache::{CacheConfig, CacheScope, CacheUse, KeptReply, ReplyCache};
use swarm_model::providers::{CallLimits, Dialect};
use swarm_model::{
    Answer, BudgetScope, Call, ChatModel, ChatReply, ChatRequest, Gateway, GatewayConfig, ModelsConfig, Price,
};

use crate::provider::{FixedClock, Provider, chunk, question, says, sse, status};

/// Replies in memory, and comparisons that never go away.
#[derive(Default)]
struct Shelf {
    kept: Mutex<HashMap<String, KeptReply>>,
    agreement: Mutex<Agreement>,
}

impl Shelf {
    fn len(&self) -> usize {
        self.kept.lock().unwrap().len()
    }

    fn learn(&self, outcome: Option<CacheOutcome>) {
        let mut agreement = self.agreement.lock().unwrap();
        let (checked, agreed) = match outcome {
            Some(CacheOutcome::Agreed) => (1, 1),
            Some(CacheOutcome::Differed) => (1, 0),
            _ => (0, 0),
        };
        agreement.checked += checked;
        agreement.agreed += agreed;
    }
}

#[async_trait]
impl ReplyCache for Shelf {
    async fn find(&self, _scope: &CacheScope, key: &str) -> Option<KeptReply> {
        let mut kept = self.kept.lock().unwrap();
        let found = kept.get_mut(key)?;
        found.uses += 1;
        Some(found.clone())
    }

    async fn keep(&self, _scope: &CacheScope, key: &str, _model: &str, reply: &ChatReply, spend: Spend) {
        let kept = KeptReply { reply: reply.clone(), spend, uses: 0 };
        self.kept.lock().unwrap().insert(key.to_owned(), kept);
    }

    async fn forget(&self, _scope: &CacheScope, key: &str) {
        self.kept.lock().unwrap().remove(key);
    }

    async fn agreement(&self, _scope: &CacheScope) -> Agreement {
        *self.agreement.lock().unwrap()
    }
}

fn on() -> CacheConfig {
    CacheConfig { enabled: true, check_percent: 0, ..CacheConfig::default() }
}

fn gateway(cache: CacheConfig, servers: &[(&str, &Provider)]) -> (Gateway, Arc<Shelf>) {
    let mut config = GatewayConfig { cache, ..ModelsConfig::default().gateway().unwrap() };
    let (input, output) = (MicroUsd(1_000_000), MicroUsd(10_000_000));
    config.prices.set("first/m", Price { input, output, cached: None, cache_write: None });
    let models: Vec<Arc<dyn ChatModel>> = servers
        .iter()
        .map(|(name, server)| {
            server.model(name, Dialect::Compatible, CallLimits::default()) as Arc<dyn ChatModel>
        })
        .collect();
    let gateway = Gateway::new(config, models, FixedClock::shared());
    let shelf = Arc::<Shelf>::default();
    gateway.cache_in(Arc::clone(&shelf) as Arc<dyn ReplyCache>);
    (gateway, shelf)
}

async fn server(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> Provider {
    Provider::start(move |_, number| answer(number)).await
}

fn used(caller: &str) -> CacheUse {
    let scope = CacheScope { tenant: "local".to_owned(), project: "p".to_owned(), caller: caller.to_owned() };
    CacheUse { scope, repeatable: false }
}

async fn ask(gateway: &Gateway, used: &CacheUse, request: &ChatRequest) -> Answer {
    let call = Call { cache: Some(used.clone()), ..Call::new(Vec::new(), request.clone()) };
    gateway.call(call).await.unwrap()
}

/// Asks, and keeps what came, as a caller does that could use it.
async fn ask_and_keep(gateway: &Gateway, used: &CacheUse, request: &ChatRequest) -> Answer {
    let answer = ask(gateway, used, request).await;
    gateway.keep(used, request, &answer).await;
    answer
}

#[tokio::test]
async fn the_same_question_of_the_same_caller_is_answered_without_a_model() {
    let server = server(|number| says(&format!("answer {number}"))).await;
    let (gateway, _) = gateway(on(), &[("first", &server)]);
    let first = ask_and_keep(&gateway, &used("a"), &question("hi")).await;
    assert_eq!(first.cache, Some(CacheOutcome::Missed));
    assert!(first.spend.usd > MicroUsd::ZERO);
    let second = ask(&gateway, &used("a"), &question("hi")).await;
    assert_eq!((second.reply.text.as_str(), second.spend), ("answer 1", Spend::default()));
    assert_eq!(second.cache, Some(CacheOutcome::Hit { saved: first.spend }));
    assert_eq!(second.model, "first/m");
    for (other, request) in [(used("b"), question("hi")), (used("a"), question("ho"))] {
        assert_eq!(ask(&gateway, &other, &request).await.cache, Some(CacheOutcome::Missed));
    }
    assert_eq!(server.heard().len(), 3);
    let plain = gateway.call(Call::new(Vec::new(), question("hi"))).await.unwrap();
    assert_eq!(plain.cache, None, "a call that says nothing of the cache is not answered from it");
    assert_eq!(server.heard().len(), 4);
}

#[tokio::test]
async fn a_cache_that_is_off_keeps_and_answers_nothing() {
    let server = server(|_| says("yes")).await;
    let (gateway, shelf) = gateway(CacheConfig::default(), &[("first", &server)]);
    for _ in 0..2 {
        assert_eq!(ask_and_keep(&gateway, &used("a"), &question("hi")).await.cache, None);
    }
    assert_eq!((server.heard().len(), shelf.len()), (2, 0));
}

#[tokio::test]
async fn a_question_that_asks_for_variety_is_cached_only_where_the_caller_says_so() {
    let server = server(|_| says("yes")).await;
    let (gateway, shelf) = gateway(on(), &[("first", &server)]);
    let warm = ChatRequest { temperature_milli: 700, ..question("hi") };
    ask_and_keep(&gateway, &used("a"), &warm).await;
    assert_eq!((ask(&gateway, &used("a"), &warm).await.cache, shelf.len()), (None, 0));
    let repeatable = CacheUse { repeatable: true, ..used("a") };
    ask_and_keep(&gateway, &repeatable, &warm).await;
    assert!(ask(&gateway, &repeatable, &warm).await.cache.unwrap().is_hit());
}

#[tokio::test]
async fn what_was_cut_off_failed_or_came_from_another_model_is_not_given_as_its_own() {
    let cut = r#"{"choices":[{"index":0,"delta":{"content":"I thi"},"finish_reason":"length"}]}"#;
    let short = server(move |_| sse(&[cut, "[DONE]"])).await;
    let (cutting, shelf) = gateway(on(), &[("first", &short)]);
    ask_and_keep(&cutting, &used("a"), &question("hi")).await;
    assert_eq!(shelf.len(), 0, "a reply that was cut off");

    let down = server(|number| if number <= 3 { status(500, "down") } else { says("of the first") }).await;
    let stand_in = server(|_| says("of the second")).await;
    let (falling, shelf) = gateway(on(), &[("first", &down), ("second", &stand_in)]);
    let answer = ask_and_keep(&falling, &used("a"), &question("hi")).await;
    assert_eq!((answer.model.as_str(), shelf.len()), ("second/m", 1));
    let again = ask(&falling, &used("a"), &question("hi")).await;
    assert_eq!(again.cache, Some(CacheOutcome::Missed), "the first one is asked again: it said nothing yet");
}

#[tokio::test]
async fn a_hit_needs_no_budget_and_no_model_that_lives() {
    let server = server(|number| if number == 1 { says("yes") } else { status(500, "down") }).await;
    let (gateway, _) = gateway(on(), &[("first", &server)]);
    ask_and_keep(&gateway, &used("a"), &question("hi")).await;
    let nothing = BudgetScope {
        name: "run".to_owned(),
        limit: Budget { usd: Some(MicroUsd::ZERO), tokens: Some(0) },
        spent: Spend::default(),
    };
    let call = Call {
        cache: Some(used("a")),
        budget_scopes: vec![nothing],
        ..Call::new(Vec::new(), question("hi"))
    };
    assert!(gateway.call(call).await.unwrap().cache.unwrap().is_hit());
}

#[tokio::test]
async fn hits_are_compared_with_the_model_and_a_caller_whose_replies_change_gets_no_more() {
    let server = server(|number| says(&format!("answer {number}"))).await;
    let cache = CacheConfig { check_percent: 100, min_checks: 3, ..on() };
    let (gateway, shelf) = gateway(cache, &[("first", &server)]);
    assert_eq!(ask_and_keep(&gateway, &used("a"), &question("hi")).await.cache, Some(CacheOutcome::Missed));
    for number in 2..=4 {
        let answer = ask_and_keep(&gateway, &used("a"), &question("hi")).await;
        assert_eq!(answer.cache, Some(CacheOutcome::Differed));
        assert_eq!(answer.reply.text, format!("answer {number}"), "what the model says now counts");
        assert!(answer.spend.usd > MicroUsd::ZERO, "and is paid for");
        shelf.learn(answer.cache);
    }
    let kept = shelf.len();
    let answer = ask_and_keep(&gateway, &used("a"), &question("hi")).await;
    assert_eq!((answer.cache, shelf.len()), (None, kept), "it is shut, and learns nothing more");
}

#[tokio::test]
async fn a_reply_that_holds_is_given_on_also_while_the_model_is_away() {
    let server = server(|number| match number {
        1 => says("yes"),
        2 => says(" yes\n"),
        _ => status(500, "down"),
    })
    .await;
    let (gateway, _) = gateway(CacheConfig { check_percent: 100, ..on() }, &[("first", &server)]);
    ask_and_keep(&gateway, &used("a"), &question("hi")).await;
    assert_eq!(ask(&gateway, &used("a"), &question("hi")).await.cache, Some(CacheOutcome::Agreed));
    let away = ask(&gateway, &used("a"), &question("hi")).await;
    assert!(away.cache.unwrap().is_hit(), "{away:?}");
}

#[tokio::test]
async fn a_reply_that_could_not_be_used_is_given_up() {
    let server = server(|number| sse(&[&chunk(&format!("answer {number}")), "[DONE]"])).await;
    let (gateway, shelf) = gateway(on(), &[("first", &server)]);
    ask_and_keep(&gateway, &used("a"), &question("hi")).await;
    assert_eq!(shelf.len(), 1);
    let hit = ask(&gateway, &used("a"), &question("hi")).await;
    gateway.forget(&used("a"), &question("hi"), &hit).await;
    assert_eq!(
        (shelf.len(), ask(&gateway, &used("a"), &question("hi")).await.reply.text.as_str()),
        (0, "answer 2")
    );
}

#[tokio::test]
async fn the_same_name_at_another_address_is_another_model() {
    let (one, other) = (server(|_| says("one")).await, server(|_| says("other")).await);
    let (before, shelf) = gateway(on(), &[("first", &one)]);
    ask_and_keep(&before, &used("a"), &question("hi")).await;
    let config = GatewayConfig { cache: on(), ..ModelsConfig::default().gateway().unwrap() };
    let models: Vec<Arc<dyn ChatModel>> =
        vec![other.model("first", Dialect::Compatible, CallLimits::default())];
    let after = Gateway::new(config, models, FixedClock::shared());
    after.cache_in(shelf as Arc<dyn ReplyCache>);
    assert_eq!(ask(&after, &used("a"), &question("hi")).await.reply.text, "other");
}

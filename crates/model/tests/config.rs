//! From a configuration to models of real servers.

use swarm_domain::MicroUsd;
use swarm_model::{Call, ChatModel, ModelError, ModelsConfig, Recorded, config};

use crate::provider::{FixedClock, KEY, Provider, json, question, says, status};

/// A llama.cpp server with one model.
async fn llama() -> Provider {
    Provider::start(|heard, _| match heard.path.as_str() {
        "/v1/models" => {
            json(r#"{"data":[{"id":"/models/qwen2.5-coder.gguf","meta":{"n_ctx_train":32768}}]}"#)
        }
        "/props" => json(r#"{"default_generation_settings":{"n_ctx":16384}}"#),
        _ => says("hello"),
    })
    .await
}

fn env(pairs: &[(&'static str, String)]) -> impl Fn(&str) -> Option<String> + Sync + use<> {
    let pairs = pairs.to_vec();
    move |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

#[tokio::test]
async fn a_local_server_is_asked_what_it_has_and_used_for_nothing() {
    let server = llama().await;
    let env = env(&[("OPENAI_BASE_URL", server.url.clone()), ("ANTHROPIC_API_KEY", KEY.to_owned())]);
    let chosen =
        ModelsConfig::default().with_environment(&env).open(&env, FixedClock::shared(), None).await.unwrap();
    assert_eq!(chosen.models, ["local/qwen2.5-coder"]);
    assert_eq!(chosen.sentence, format!("Using local/qwen2.5-coder at {}, which costs nothing.", server.url));
    let can = chosen.gateway.capabilities(&[]).unwrap();
    assert_eq!((can.tools, can.json_schema, can.context_tokens), (false, true, 16_384));
    let answer = chosen.gateway.call(Call::new(chosen.models, question("hi"))).await.unwrap();
    assert_eq!(
        (answer.reply.text.as_str(), answer.spend.usd, answer.priced),
        ("hello", MicroUsd::ZERO, true)
    );
    assert_eq!(server.heard().pop().unwrap().body["model"], "/models/qwen2.5-coder.gguf");
    assert!(server.heard().iter().all(|heard| !heard.headers.contains_key("authorization")));
}

#[tokio::test]
async fn a_model_that_is_named_is_used_though_the_server_lists_nothing() {
    let server =
        Provider::start(|heard, _| if heard.path == "/v1/models" { status(404, "") } else { says("hi") })
            .await;
    let env = env(&[
        ("OPENAI_BASE_URL", server.url.clone()),
        ("OPENAI_MODEL", "mine".to_owned()),
        ("OPENAI_API_KEY", KEY.to_owned()),
    ]);
    let chosen =
        ModelsConfig::default().with_environment(&env).open(&env, FixedClock::shared(), None).await.unwrap();
    assert_eq!(chosen.models, ["local/mine"]);
    chosen.gateway.call(Call::new(Vec::new(), question("hi"))).await.unwrap();
    let last = server.heard().pop().unwrap();
    assert_eq!(
        (last.body["model"].as_str(), &last.headers["authorization"]),
        (Some("mine"), &format!("Bearer {KEY}").parse().unwrap())
    );
    let shown = format!("{:?} {}", chosen.gateway, chosen.sentence);
    assert!(!shown.contains("very-secret"), "{shown}");
}

#[tokio::test]
async fn a_server_that_lists_no_model_or_is_not_there_is_told_apart() {
    let empty = Provider::start(|_, _| json(r#"{"data":[]}"#)).await;
    let env_of = |url: &str| env(&[("OPENAI_BASE_URL", url.to_owned())]);
    let open = async |url: &str| {
        let env = env_of(url);
        ModelsConfig::default()
            .with_environment(&env)
            .open(&env, FixedClock::shared(), None)
            .await
            .unwrap_err()
    };
    assert!(open(&empty.url).await.to_string().contains("OPENAI_MODEL"));
    let gone = empty.url.clone();
    drop(empty);
    assert!(matches!(open(&gone).await, ModelError::Unavailable { .. }));
    assert!(matches!(open("not a url").await, ModelError::Config { .. }));
}

#[tokio::test]
async fn a_provider_without_its_key_is_left_out_as_long_as_there_is_another() {
    let server = llama().await;
    let text = format!(
        "policy = ['openrouter/a/b', 'mine/m']\naliases = {{coder = ['openrouter/a/b', 'mine/m']}}\n\
         [[providers]]\nname = 'openrouter'\nkind = 'openrouter'\nmodels = [{{name = 'a/b'}}]\n\
         [[providers]]\nname = 'mine'\nkind = 'compatible'\nbase_url = '{}'\nmodels = [{{name = 'm', context_tokens = 5000}}]",
        server.url
    );
    let configured: ModelsConfig = toml::from_str(&text).unwrap();
    let nothing = env(&[]);
    let chosen = configured.open(&nothing, FixedClock::shared(), None).await.unwrap();
    assert_eq!(chosen.models, ["mine/m"]);
    assert_eq!(chosen.gateway.names(&["coder".to_owned()]).unwrap(), ["mine/m"]);

    let mut alone = configured.clone();
    alone.providers.truncate(1);
    let error = alone.open(&nothing, FixedClock::shared(), None).await.unwrap_err();
    assert!(error.to_string().contains("OPENROUTER_API_KEY"), "{error}");
    assert!(ModelsConfig::default().open(&nothing, FixedClock::shared(), None).await.is_err());
}

#[tokio::test]
async fn opened_to_record_it_records_and_with_faults_it_fails_on_order() {
    let server = llama().await;
    let env = env(&[("OPENAI_BASE_URL", server.url.clone())]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let config =
        ModelsConfig { faults: Some("500@1".into()), ..ModelsConfig::default() }.with_environment(&env);
    let chosen = config.open(&env, FixedClock::shared(), Some(&path)).await.unwrap();
    assert!(chosen.sentence.contains("Recording to"), "{}", chosen.sentence);
    assert!(chosen.gateway.call(Call::new(Vec::new(), question("hi"))).await.is_err());
    chosen.gateway.call(Call::new(Vec::new(), question("hi"))).await.unwrap();
    let recorded = Recorded::load(&path).unwrap();
    assert_eq!((recorded.name(), recorded.len()), ("recorded/local/qwen2.5-coder", 1));
}

#[tokio::test]
async fn the_cheapest_call_shows_whether_a_model_can_be_used() {
    let server =
        Provider::start(|_, number| if number == 1 { status(401, "no such key") } else { says("ok") }).await;
    let model = server.plain_model();
    assert!(matches!(config::check(model.as_ref()).await, Err(ModelError::Refused { status: 401, .. })));
    let report = config::check(model.as_ref()).await.unwrap();
    assert_eq!((report.model.as_str(), report.usage.tokens_out), ("p/m", 10));
}

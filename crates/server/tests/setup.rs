//! What a server is made of, by way of its doors: its agents and their files, its models, its settings.

use std::{fs, sync::Arc};

use reqwest::StatusCode;
use serde_json::json;
use swarm_agents::Catalogue;
use swarm_client::types::{EventBody, ModelBreaker, RepliesFrom};
use swarm_flows::Parts;
use swarm_model::{Gateway, ModelsConfig, Script, Scripted};
use swarm_server::Setting;
use swarm_store::{SystemClock, testing::TestDatabase};

use crate::world::{World, parts, problem};

const READY: &str = r#"
[[rules]]
contains = "single word"
text = " ready "
"#;

/// These parts, with a model that follows the script.
fn asking(script: &str, parts: Parts) -> Parts {
    let script: Script = toml::from_str(script).unwrap();
    let config = ModelsConfig { policy: vec!["scripted/script".to_owned()], ..ModelsConfig::default() };
    let models = vec![Arc::new(Scripted::new(script).unwrap()) as _];
    let gateway = Gateway::new(config.gateway().unwrap(), models, Arc::new(SystemClock));
    Parts { gateway: Arc::new(gateway), ..parts }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed_with_their_files_and_one_that_broke_is_told() {
    let database = TestDatabase::new("server").await.unwrap();
    let folder = database.data_dir().join("agents");
    fs::create_dir_all(&folder).unwrap();
    let own = folder.join("coder.md");
    fs::write(&own, "---\nname: coder\nextends: coder\ndescription: Ours.\n---\n\nKeep it short.\n").unwrap();
    let catalogue = Arc::new(Catalogue::load(&folder).unwrap());
    let parts = Parts { catalogue, ..parts(&database).await };
    let world = World::of(database, parts, |_| {}).await;
    let client = world.client();

    let found = client.agents().await.unwrap();
    assert_eq!(found.faults.len(), 0);
    let names: Vec<_> = found.items.iter().map(|agent| agent.name.as_str()).collect();
    assert!(names.is_sorted() && names.contains(&"planner"), "{names:?}");
    let of = |name: &str| found.items.iter().find(|agent| agent.name == name).unwrap();
    assert_eq!((of("coder").built_in, of("coder").description.as_str()), (false, "Ours."));
    assert_eq!((of("planner").built_in, of("planner").file.as_str()), (true, "planner.md"));
    assert!(of("coder").can.contains(&"code".to_owned()), "{:?}", of("coder").can);

    let coder = client.agent("coder").await.unwrap();
    assert!(coder.prompt.ends_with("Keep it short."), "{}", coder.prompt);
    assert_eq!(coder.agent.version, of("coder").version);
    let unknown = problem(world.get("/api/agents/nobody").send().await.unwrap(), StatusCode::NOT_FOUND).await;
    assert_eq!(unknown["code"], "agent.unknown");

    // What was read last stays, and the fault is told with what to do.
    fs::write(&own, "---\nname: coder\ntools: [teleport]\n---\n").unwrap();
    let found = client.agents().await.unwrap();
    assert_eq!((found.faults.len(), found.faults[0].code.as_str()), (1, "agent.invalid_file"));
    let place = folder.to_str().unwrap();
    assert!(!found.faults[0].detail.contains(place), "{:?}", found.faults);
    assert_eq!(found.items.iter().find(|agent| agent.name == "coder").unwrap().description, "Ours.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_tried_and_the_call_counts_like_any_other() {
    let database = TestDatabase::new("server").await.unwrap();
    let parts = asking(READY, parts(&database).await);
    let world = World::of(database, parts, |_| {}).await;
    let client = world.client();

    let found = client.models().await.unwrap();
    assert_eq!(found.policy, ["scripted/script"]);
    let model = &found.items[0];
    assert_eq!((model.name.as_str(), model.breaker), ("scripted/script", ModelBreaker::Closed));
    assert_eq!((model.replies, model.running), (RepliesFrom::Script, 0));

    // The part behind the provider is enough of a name.
    let checked = client.check_model("script").await.unwrap();
    assert!(checked.answered && checked.problem.is_none(), "{checked:?}");
    assert_eq!((checked.text.as_str(), checked.model.as_str()), ("ready", "scripted/script"));
    assert!(checked.tokens_in > 0 && checked.tokens_out > 0, "{checked:?}");
    client.check_model("script").await.unwrap();
    let events = client.events(&swarm_client::EventQuery::default()).await.unwrap();
    let calls = events.events.iter().filter(
        |event| matches!(&event.body, EventBody::ModelCalled { agent, .. } if agent == "model-check"),
    );
    assert_eq!(calls.count(), 2, "each of them is a call of its own");

    let refused = client.check_model("nobody/none").await.unwrap_err();
    assert_eq!((refused.status(), refused.code()), (Some(404), "model.unknown"));
    let odd = world.post("/api/models/check").json(&json!({"model": "script", "often": 9})).send().await;
    problem(odd.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await;

    let quota = json!({"scope": "tenant", "per": "day", "tokens": 1});
    assert_eq!(world.post("/api/budgets").json(&quota).send().await.unwrap().status(), StatusCode::OK);
    let stopped = client.check_model("script").await.unwrap();
    assert_eq!(stopped.problem.map(|problem| problem.code).as_deref(), Some("budget.reached"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_answer_is_told_with_what_to_do() {
    let database = TestDatabase::new("server").await.unwrap();
    let failing = "[[rules]]\nerror = { kind = \"unavailable\" }\n";
    let parts = asking(failing, parts(&database).await);
    let world = World::of(database, parts, |_| {}).await;
    let checked = world.client().check_model("script").await.unwrap();
    assert!(!checked.answered && checked.text.is_empty(), "{checked:?}");
    let why = checked.problem.unwrap();
    assert_eq!(why.code, "model.unavailable");
    assert!(!why.next.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_with_where_they_are_from() {
    let setting = |key: &str, from: &str| Setting {
        key: key.to_owned(),
        value: "\"block\"".to_owned(),
        from: from.to_owned(),
    };
    let all = vec![setting("flows.gate.rules", "default"), setting("flows.gate.secrets", "swarm.toml")];
    let world = World::with(|config| config.settings.clone_from(&all)).await;
    let shown = world.client().settings().await.unwrap();
    let shown: Vec<_> = shown.into_iter().map(|one| (one.key, one.value, one.from)).collect();
    assert_eq!(shown, all.into_iter().map(|one| (one.key, one.value, one.from)).collect::<Vec<_>>());
    world.end().await;
}

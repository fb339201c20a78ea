//! A real server with all that is behind it: a database of its own, a repository, flows at work. Only the language
//! model plays from a script.

pub mod team;

use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_agents::Catalogue;
use swarm_client::{Client, types::NewProject};
use swarm_domain::{
    Actor, BlobHash, Event, EventBody, IdempotencyKey, NewEvent, PlanId, ProjectId, RunId, SpecId, Subject,
    TenantId, attempt::Rung, estimate::Estimate, plan::Plan, rate::RateLimit, run::RunOptions, skeleton,
    spec,
};
use swarm_flows::{Flows, FlowsConfig, Parts};
use swarm_forge::{Forge, LocalPullRequests};
use swarm_model::{Gateway, ModelsConfig, Script, Scripted};
use swarm_sandbox::{Choice, Ladder};
use swarm_server::{RateLimits, Server, ServerConfig};
use swarm_store::{SystemClock, SystemEntropy, testing::TestDatabase};

/// A shell tool of one part.
pub const GREETER: &str = "\
# Greeter

A shell script that greets.

## REQ-1: Greet by name

`greet.sh` greets the name that it is given.

```console
$ sh greet.sh Ada
Hello, Ada!
```
";

/// A model that knows how to build it.
pub const STAFF: &str = r##"
json_schema = true

[[rules]]
contains = "You may write only: greet.sh"
text = """
Here it is.

greet.sh
```sh
echo "Hello, $1!"
```
"""

[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "Keep it to one line.", "risk": "low"}'

[[rules]]
contains = "merged"
text = '{"title": "feat: greet", "text": "A script that greets."}'
"##;

pub struct World {
    pub database: TestDatabase,
    pub flows: Flows,
    pub server: Server,
    pub http: reqwest::Client,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose server is set up in another way.
    pub async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::on(TestDatabase::new("server").await.unwrap(), change).await
    }

    /// Stops the flows where they stand, and begins anew on what they left.
    pub async fn again(self) -> Self {
        let Self { database, flows, server, .. } = self;
        server.shutdown().await;
        flows.shutdown().await;
        Self::on(database, |_| {}).await
    }

    async fn on(database: TestDatabase, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let parts = parts(&database).await;
        Self::of(database, parts, change).await
    }

    /// A world on these parts.
    pub async fn of(database: TestDatabase, parts: Parts, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let flows = Flows::launch(parts, "test").await.unwrap();
        let mut config = config(&database);
        change(&mut config);
        let server = Server::start(config, flows.clone()).await.unwrap();
        // The client's ring provider serves this one as well.
        let _ = client_of(&server);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { database, flows, server, http }
    }

    pub fn client(&self) -> Client {
        client_of(&self.server)
    }

    /// A request that shows the token.
    pub fn ask(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.url());
        self.http.request(method, url).bearer_auth(self.server.token().reveal())
    }

    pub fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.ask(Method::POST, path)
    }

    /// An empty repository of the user's, known as `greeter`.
    pub async fn project(&self) -> PathBuf {
        let repo = self.database.data_dir().join("repo");
        let made = Command::new("git").args(["init", "-q", "-b", "main"]).arg(&repo).status().unwrap();
        assert!(made.success());
        let new = NewProject { project: "greeter".to_owned(), repo: repo.to_str().unwrap().to_owned() };
        self.client().add_project(&new).await.unwrap();
        repo
    }

    /// A run that nobody works on, by its five events: the last of them is its own.
    pub async fn idle_run(&self) -> RunId {
        let project = ProjectId::parse("greeter").unwrap();
        let run = RunId::parse("run_1").unwrap();
        let (spec, plan) = (SpecId::parse("spec_1").unwrap(), PlanId::parse("plan_1").unwrap());
        let text = BlobHash::of(GREETER.as_bytes());
        let read = spec::parse(GREETER).unwrap();
        let drawn = Plan {
            id: plan.clone(),
            spec: spec.clone(),
            tickets: skeleton::draft(&read, None).tickets,
            estimate: Estimate::default(),
            model: "none".to_owned(),
        };
        for body in [
            EventBody::ProjectAdded { project: project.clone(), repo: "/nowhere".to_owned() },
            EventBody::SpecAdded { id: spec.clone(), text, spec: read, previous: None },
            EventBody::PlanRequested { plan: plan.clone(), spec, models: Vec::new() },
            EventBody::PlanProposed { plan: drawn },
            EventBody::RunStarted { plan, options: RunOptions::default() },
        ] {
            let about = matches!(body, EventBody::RunStarted { .. }).then_some(&run);
            self.append(body.name(), about, body).await;
        }
        run
    }

    /// Appends `count` events that are about nothing, or about a run.
    pub async fn note(&self, from: usize, count: usize, run: Option<&RunId>) -> Vec<Event> {
        let mut events = Vec::new();
        for number in from..from + count {
            let body =
                EventBody::PersonAsked { what: format!("note {number}"), reason: "two\nlines".to_owned() };
            events.push(self.append(&format!("note {number}"), run, body).await);
        }
        events
    }

    pub async fn append(&self, key: &str, run: Option<&RunId>, body: EventBody) -> Event {
        let project = Some(ProjectId::parse("greeter").unwrap());
        let event = NewEvent {
            tenant: self.flows.parts().config.tenant.clone(),
            actor: Actor::Person { name: "ada".to_owned() },
            subject: Subject { project, run: run.cloned(), ..Subject::default() },
            key: IdempotencyKey::of(&["test", key]),
            correlation: None,
            body,
        };
        self.flows.store().append(event).await.unwrap().event
    }

    pub async fn end(self) {
        self.server.shutdown().await;
        self.flows.shutdown().await;
        self.flows.store().close().await;
    }
}

pub fn config(database: &TestDatabase) -> ServerConfig {
    let mut config = ServerConfig::new(([127, 0, 0, 1], 0).into(), database.data_dir().to_path_buf(), "ada");
    // Tests ask far more often than people do; those of the limits set their own.
    let RateLimits { address, key, user, project, tenant, .. } = &mut config.rates;
    for limit in [address, key, user, project, tenant] {
        *limit = RateLimit(None);
    }
    config
}

pub fn client_of(server: &Server) -> Client {
    Client::new(server.url(), server.token().reveal()).unwrap()
}

pub async fn parts(database: &TestDatabase) -> Parts {
    let data = database.data_dir();
    let script: Script = toml::from_str(STAFF).unwrap();
    let config = ModelsConfig { policy: vec!["scripted/script".to_owned()], ..ModelsConfig::default() };
    let models = vec![Arc::new(Scripted::new(script).unwrap()) as _];
    let ladder = Ladder::climb(Choice::Only(Rung::Process), &data.join("sandboxes")).await.unwrap();
    Parts {
        store: database.store().await.unwrap().for_tenant(&TenantId::local()).await.unwrap(),
        gateway: Arc::new(Gateway::new(config.gateway().unwrap(), models, Arc::new(SystemClock))),
        sandboxes: ladder.backend,
        way_out: Arc::default(),
        forge: Forge::open(data, Arc::new(SystemClock)),
        pull_requests: Arc::new(LocalPullRequests::new(data)),
        policy: Arc::new(swarm_server::policy(None).unwrap()),
        catalogue: Arc::new(Catalogue::builtin().unwrap()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        config: Arc::new(FlowsConfig {
            state_dir: data.join("state"),
            poll_ms: 10,
            ..FlowsConfig::default()
        }),
    }
}

/// Checks the form that every error has, and gives back its code.
pub async fn problem(response: reqwest::Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let correlation = response.headers()["x-correlation-id"].to_str().unwrap().to_owned();
    let body = response.text().await.unwrap();
    let problem: Value = serde_json::from_str(&body).unwrap();
    let code = problem["code"].as_str().unwrap();
    assert_eq!(problem["type"], format!("urn:swarm:problem:{code}"));
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["correlation"], correlation);
    for field in ["title", "detail", "next"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {body}");
    }
    problem
}

/// Every operation of the document: method, path with ids that stand for nothing, and the operation itself.
pub fn operations() -> Vec<(Method, String, Value)> {
    let document = serde_json::to_value(swarm_server::document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let parts = path.split('/').map(|part| match part {
            "{step}" => "1",
            part if part.starts_with('{') => "nobody",
            part => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            operations.push((method, path.clone(), operation.clone()));
        }
    }
    operations
}

/// Looks again until there is an answer. The bound only keeps a broken build from hanging: no test passes or fails by
/// how long something took.
pub async fn eventually<T, F, Fut>(mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    for _ in 0..6_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came")
}

pub fn empty() -> Value {
    json!({})
}

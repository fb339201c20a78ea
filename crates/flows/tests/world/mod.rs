//! A whole world for one test: a real database of its own, a real repository, a real sandbox, flows at work. Only the
//! language model plays from a script.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeZone as _, Utc};
use swarm_agents::Catalogue;
use swarm_domain::{
    Clock, Entropy, Event, EventBody, PlanId, ProjectId, RunId, run::RunOptions, run::RunState,
};
use swarm_flows::{Asker, Flows, FlowsConfig, Parts, RetryPolicy};
use swarm_forge::{Forge, LocalPullRequests};
use swarm_model::{ChatModel, Gateway, ModelsConfig, Script, Scripted};
use swarm_sandbox::{Choice, Ladder};
use swarm_store::{EventFilter, PlanRow, PlanState, RunRow, Store, testing::TestDatabase};

/// A shell tool of two parts, the second built on the first.
pub const GREETER: &str = include_str!("../../../../examples/specs/greeter.md");

pub const GREET: &str = "echo \"Hello, $1!\"\n";
pub const SHOUT: &str = "sh greet.sh \"$1\" | tr a-z A-Z\n";

/// The planner, the ticket writer and the summariser of the greeter, as rules of a script. They follow those of the authors.
pub const OFFICE: &str = r##"
[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}, {"title": "Shout", "requirements": ["REQ-2"], "files": ["shout.sh"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "Keep it to one line.", "risk": "low"}'

[[rules]]
contains = "merged"
text = '{"title": "feat: greet and shout", "text": "Two scripts that greet."}'
"##;

/// Time that moves by a second with each look, so that no test depends on the day.
pub struct Ticking(AtomicU64);

impl Ticking {
    /// So many seconds later, at once.
    pub fn jump(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        let seconds = self.0.fetch_add(1, Ordering::Relaxed);
        Utc.timestamp_opt(1_780_000_000 + i64::try_from(seconds).unwrap(), 0).unwrap()
    }
}

/// Bytes that never come twice.
pub struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 10] {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let mut bytes = [0x5a; 10];
        bytes[2..].copy_from_slice(&number);
        bytes
    }
}

pub struct World {
    pub database: TestDatabase,
    pub home: tempfile::TempDir,
    pub clock: Arc<Ticking>,
    pub entropy: Arc<Counting>,
    pub config: FlowsConfig,
}

impl World {
    /// A world, or nothing where this machine has no sandbox that isolates; then it says so.
    pub async fn new() -> Self {
        let database = TestDatabase::new("flows").await.unwrap();
        let home = tempfile::Builder::new().prefix("swarm-flows-").tempdir().unwrap();
        let config = FlowsConfig {
            state_dir: home.path().join("state"),
            retry: RetryPolicy { waits_ms: vec![1, 1, 1], jitter_percent: 0, longest_wait_ms: 1_000 },
            poll_ms: 10,
            ..FlowsConfig::default()
        };
        Self {
            database,
            home,
            clock: Arc::new(Ticking(AtomicU64::new(0))),
            entropy: Arc::new(Counting(AtomicU64::new(0))),
            config,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// An empty repository of the user's.
    pub fn repo(&self) -> PathBuf {
        let repo = self.path("repo");
        if !repo.exists() {
            git(self.home.path(), &["init", "-q", "-b", "main", "repo"]);
        }
        repo
    }

    async fn store(&self, clock: Arc<dyn Clock>) -> Store {
        let store = Store::connect(&self.database.url(), &self.path("data"), clock).await.unwrap();
        store.for_tenant(&self.config.tenant).await.unwrap()
    }

    pub async fn parts(&self, models: Vec<Arc<dyn ChatModel>>) -> Parts {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let config = ModelsConfig {
            policy: models.iter().map(|model| model.name().to_owned()).collect(),
            ..ModelsConfig::default()
        };
        let gateway = Gateway::new(config.gateway().unwrap(), models, clock.clone());
        let ladder = Ladder::climb(Choice::Strongest, &self.path("sandboxes")).await.unwrap();
        Parts {
            store: self.store(clock.clone()).await,
            gateway: Arc::new(gateway),
            sandboxes: ladder.backend,
            way_out: Arc::default(),
            forge: Forge::open(&self.path("data"), clock.clone()),
            pull_requests: Arc::new(LocalPullRequests::new(&self.path("data"))),
            policy: Arc::new(swarm_policy::Policy::load(&[], None).unwrap()),
            catalogue: Arc::new(Catalogue::builtin().unwrap()),
            clock,
            entropy: self.entropy.clone(),
            config: Arc::new(self.config.clone()),
        }
    }

    pub async fn flows(&self, model: impl ChatModel + 'static) -> Flows {
        Flows::launch(self.parts(vec![Arc::new(model)]).await, "test").await.unwrap()
    }
}

/// Asks for a plan for `spec` on `repo` and waits for it.
pub async fn planned(flows: &Flows, repo: &Path, spec: &str) -> PlanRow {
    let project = ProjectId::parse("greeter").unwrap();
    flows.add_project(&ada(), &project, repo.to_str().unwrap()).await.unwrap();
    let spec = flows.add_spec(&ada(), &project, spec.as_bytes()).await.unwrap();
    let plan = flows.request_plan(&ada(), &spec, Vec::new()).await.unwrap();
    plan_settled(flows, &plan).await
}

pub async fn plan_settled(flows: &Flows, plan: &PlanId) -> PlanRow {
    eventually(|| async {
        let row = flows.store().plan(&flows.parts().config.tenant, plan).await.unwrap();
        (row.state != PlanState::Requested).then_some(row)
    })
    .await
}

/// Plans and builds, and waits until the run has settled.
pub async fn built(flows: &Flows, repo: &Path, spec: &str, options: RunOptions) -> RunRow {
    let plan = planned(flows, repo, spec).await;
    assert!(plan.plan.is_some(), "{:?}", plan.problem);
    let run = flows.start_run(&ada(), &plan.id, options).await.unwrap();
    run_settled(flows, &run).await
}

pub async fn run_settled(flows: &Flows, run: &RunId) -> RunRow {
    eventually(|| async {
        let row = flows.store().run(&flows.parts().config.tenant, run).await.unwrap();
        (row.state != RunState::Running).then_some(row)
    })
    .await
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

/// All events of the log, oldest first.
pub async fn events(flows: &Flows) -> Vec<Event> {
    let tenant = &flows.parts().config.tenant;
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |event: &Event| event.seq);
        let page = flows
            .store()
            .events(tenant, &EventFilter { after, limit: 500, ..EventFilter::default() })
            .await
            .unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub fn count(events: &[Event], name: &str) -> usize {
    events.iter().filter(|event| event.body.name() == name).count()
}

pub fn findings(events: &[Event]) -> Vec<swarm_domain::finding::Finding> {
    let found = |event: &Event| match &event.body {
        EventBody::FindingRaised { finding } => Some(finding.clone()),
        _ => None,
    };
    events.iter().filter_map(found).collect()
}

pub fn ada() -> Asker {
    Asker { person: "ada".to_owned(), correlation: Some("test".to_owned()), key: None }
}

pub fn git(folder: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"])
        .args(args)
        .output()
        .unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

pub fn script(text: &str) -> Scripted {
    let script: Script = toml::from_str(text).unwrap();
    Scripted::new(script).unwrap()
}

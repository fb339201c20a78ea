//! A swarm in this process: the real store, engine, git and sandbox, and a model that answers by the clock.

use std::{path::Path, sync::Arc, time::Duration};

use swarm_agents::Catalogue;
use swarm_domain::{Clock, Event, PlanId, ProjectId, RunId, run::RunOptions, run::RunState};
use swarm_flows::{Asker, Flows, FlowsConfig, Parts};
use swarm_forge::{Forge, LocalPullRequests};
use swarm_model::{ChatModel, Gateway, ModelsConfig};
use swarm_policy::Policy;
use swarm_sandbox::{Choice, Ladder};
use swarm_store::{EventFilter, PlanState, Store, SystemClock, SystemEntropy};

/// What the programs fail with: they are read by people.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The flows at work.
pub struct House {
    /// What is measured.
    pub flows: Flows,
}

impl House {
    /// Opens a house on this database and in this folder.
    pub async fn open(
        database: &str,
        folder: &Path,
        max_agents: u32,
        model: Arc<dyn ChatModel>,
    ) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut models = ModelsConfig { policy: vec![model.name().to_owned()], ..ModelsConfig::default() };
        // The limit that a provider would set is not what is measured.
        models.concurrency.initial = max_agents.max(8);
        models.concurrency.max = max_agents.max(32);
        models.concurrency.max_waiting = max_agents.max(1_000);
        let ladder = Ladder::climb(Choice::Strongest, &folder.join("sandboxes")).await?;
        let config = FlowsConfig { state_dir: folder.join("state"), max_agents, ..FlowsConfig::default() };
        let parts = Parts {
            store: Store::connect(database, &folder.join("data"), clock.clone()).await?,
            gateway: Arc::new(Gateway::new(models.gateway()?, vec![model], clock.clone())),
            sandboxes: ladder.backend,
            forge: Forge::open(&folder.join("data"), clock.clone()),
            pull_requests: Arc::new(LocalPullRequests::new(&folder.join("data"))),
            policy: Arc::new(Policy::load(&[], None)?),
            catalogue: Arc::new(Catalogue::builtin()?),
            clock,
            entropy: Arc::new(SystemEntropy),
            way_out: Arc::default(),
            config: Arc::new(config),
        };
        Ok(Self { flows: Flows::launch(parts, "bench").await? })
    }

    /// Plans this spec for a repository and gives back the plan.
    pub async fn plan(&self, repo: &Path, spec: &str) -> Result<PlanId, Failure> {
        let project = ProjectId::parse("bench")?;
        let repo = repo.to_str().ok_or("the repository's path is no text")?;
        self.flows.add_project(&person(), &project, repo).await?;
        let spec = self.flows.add_spec(&person(), &project, spec.as_bytes()).await?;
        let plan = self.flows.request_plan(&person(), &spec, Vec::new()).await?;
        loop {
            let row = self.flows.store().plan(&self.flows.parts().config.tenant, &plan).await?;
            match row.state {
                PlanState::Proposed => return Ok(plan),
                PlanState::Requested => tokio::time::sleep(Duration::from_millis(5)).await,
                PlanState::Failed => return Err(format!("no plan: {:?}", row.problem).into()),
            }
        }
    }

    /// Executes a plan to its end; what is not all merged is a failure.
    pub async fn build(&self, plan: &PlanId, options: RunOptions) -> Result<RunId, Failure> {
        let run = self.flows.start_run(&person(), plan, options).await?;
        loop {
            match self.flows.store().run(&self.flows.parts().config.tenant, &run).await?.state {
                RunState::Done => return Ok(run),
                RunState::Running => tokio::time::sleep(Duration::from_millis(5)).await,
                other => return Err(format!("the build did not come through: {other:?}").into()),
            }
        }
    }

    /// All events of a run, oldest first.
    pub async fn events(&self, run: &RunId) -> Result<Vec<Event>, Failure> {
        let mut all: Vec<Event> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event.seq);
            let filter = EventFilter { after, limit: 500, run: Some(run.clone()), ..EventFilter::default() };
            let page = self.flows.store().events(&self.flows.parts().config.tenant, &filter).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Stops.
    pub async fn close(self) {
        self.flows.shutdown().await;
        self.flows.store().close().await;
    }
}

/// Who asks for what is measured.
#[must_use]
pub fn person() -> Asker {
    Asker { person: "bench".to_owned(), correlation: None, key: None }
}

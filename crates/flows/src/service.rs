//! What can be asked of the flows: by the server's handlers, one call each.

use std::sync::Arc;

use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, PlanId, Problem, ProjectId, RunId, SpecId, Subject, TicketId,
    budget::Budget,
    run::{RunOptions, RunState},
    spec,
    ticket::TicketState,
};
use swarm_store::{HeldName, PlanState, Store};

use crate::{
    build::{self, BuildInput, Children},
    engine::{self, Engine, EngineConfig, Workflow},
    error::FlowError,
    merge,
    parts::{Parts, of_run, of_ticket},
    plan::{self, PlanInput},
    sequence::{self, SequenceRequest},
    sweep, ticket,
};

/// Who asks, and for which request.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person's name.
    pub person: String,
    /// The request's correlation id.
    pub correlation: Option<String>,
}

/// The flows of one process, at work.
#[derive(Clone)]
pub struct Flows {
    parts: Parts,
    engine: Engine,
    plan: Workflow<PlanInput, PlanId>,
    build: Workflow<BuildInput, RunState>,
    sequence: Workflow<SequenceRequest, String>,
    /// The node's name, while it works.
    name: Option<Arc<HeldName>>,
}

impl Flows {
    /// Begins to work: sweeps what a dead process left behind, then takes up what this node left unfinished. Where
    /// another live process is this node, it is refused: each would do the other's work again.
    pub async fn launch(parts: Parts, node: &str) -> Result<Self, FlowError> {
        let name = parts.store.hold_name(node).await?;
        sweep::sweep(&parts).await?;
        let flows = Self { name: Some(Arc::new(name)), ..Self::idle(parts, node)? };
        flows.engine.launch().await?;
        flows.take_up().await?;
        Ok(flows)
    }

    /// Flows that do no work, for a process that only reads: nothing is swept, nothing is taken up, nothing asked of
    /// them begins.
    pub fn idle(parts: Parts, node: &str) -> Result<Self, FlowError> {
        let engine = Engine::new(EngineConfig {
            database_url: parts.store.database_url().to_owned(),
            node: node.to_owned(),
            max_agents: parts.config.max_agents,
            poll: std::time::Duration::from_millis(parts.config.poll_ms.max(5)),
        });
        let with = parts.clone();
        let plan = engine.register("plan", move |input| plan::plan(with.clone(), input))?;
        let with = parts.clone();
        let ticket = engine.register("ticket", move |input| ticket::ticket(with.clone(), input))?;
        let with = parts.clone();
        let merge = engine.register("merge", move |input| merge::merge(with.clone(), input))?;
        let children = Children { ticket, merge };
        let with = parts.clone();
        let build =
            engine.register("build", move |input| build::build(with.clone(), children.clone(), input))?;
        let with = parts.clone();
        let sequence = engine.register("sequence", move |input| sequence::sequence(with.clone(), input))?;
        Ok(Self { parts, engine, plan, build, sequence, name: None })
    }

    /// Starts what was asked for but not yet handed to the engine when the process died. What the engine knows is
    /// joined, not started twice.
    async fn take_up(&self) -> Result<(), FlowError> {
        let tenant = &self.parts.config.tenant;
        for plan in self.parts.store.plans(tenant).await? {
            if plan.state == PlanState::Requested {
                let key = IdempotencyKey::of(&["plan", plan.id.as_str(), "requested"]);
                let asked = self.parts.store.event_by_key(tenant, &key).await?;
                if let Some(EventBody::PlanRequested { models, .. }) = asked.map(|event| event.body) {
                    self.start_plan(&plan.id, &plan.spec, models).await?;
                }
            }
        }
        for run in self.parts.store.runs(tenant).await? {
            if run.state == RunState::Running {
                self.start_build(&run.id, run.generation).await?;
            }
        }
        Ok(())
    }

    /// Stops. What was under way goes on at the next launch.
    pub async fn shutdown(&self) {
        self.engine.shutdown().await;
        if let Some(name) = &self.name {
            name.release().await;
        }
    }

    /// The facts, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The parts that the flows work with.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Makes a repository known under a name. The same name and repository again change nothing.
    pub async fn add_project(&self, by: &Asker, name: &ProjectId, repo: &str) -> Result<(), Problem> {
        let known = self.parts.store.projects(&self.parts.config.tenant).await.map_err(|e| e.problem())?;
        let stored = swarm_forge::without_credentials(repo);
        if let Some(same) = known.iter().find(|project| &project.id == name) {
            if same.repo == stored {
                return Ok(());
            }
            return Err(Problem::new(
                "project.taken",
                format!("the project `{name}` is {}, not {stored}", same.repo),
                "choose another name with --project",
            ));
        }
        // Fails early, with a clear word, where the repository cannot be read.
        self.parts.forge.mirror(name, repo).await.map_err(|error| error.problem())?;
        let subject = Subject { project: Some(name.clone()), ..Subject::default() };
        let body = EventBody::ProjectAdded { project: name.clone(), repo: stored };
        self.record(by, &["project", name.as_str(), "added"], subject, body).await
    }

    /// Reads a spec. The same text again is the same spec.
    pub async fn add_spec(&self, by: &Asker, project: &ProjectId, text: &[u8]) -> Result<SpecId, Problem> {
        self.parts.store.project(&self.parts.config.tenant, project).await.map_err(|e| e.problem())?;
        let spec = spec::read(text).map_err(|error| error.problem())?;
        let source = String::from_utf8_lossy(text);
        let id = SpecId::of_text(&format!("{project}\n{source}"));
        let blob = self.parts.store.blobs().put(text).await.map_err(|e| e.problem())?;
        let subject = Subject { project: Some(project.clone()), ..Subject::default() };
        let body = EventBody::SpecAdded { id: id.clone(), text: blob, spec };
        self.record(by, &["spec", project.as_str(), id.as_str(), "added"], subject, body).await?;
        Ok(id)
    }

    /// Asks for a plan; it is drawn up in the background.
    pub async fn request_plan(
        &self,
        by: &Asker,
        spec: &SpecId,
        models: Vec<String>,
    ) -> Result<PlanId, Problem> {
        let known = self.parts.store.spec(&self.parts.config.tenant, spec).await.map_err(|e| e.problem())?;
        let id = PlanId::mint(&*self.parts.clock, &*self.parts.entropy);
        let subject = Subject { project: Some(known.project), ..Subject::default() };
        let body = EventBody::PlanRequested { plan: id.clone(), spec: spec.clone(), models: models.clone() };
        self.record(by, &["plan", id.as_str(), "requested"], subject, body).await?;
        self.start_plan(&id, spec, models).await.map_err(|error| error.problem())?;
        Ok(id)
    }

    /// Executes a plan; it runs in the background.
    pub async fn start_run(&self, by: &Asker, plan: &PlanId, options: RunOptions) -> Result<RunId, Problem> {
        let tenant = &self.parts.config.tenant;
        let known = self.parts.store.plan(tenant, plan).await.map_err(|e| e.problem())?;
        if known.plan.is_none() {
            return Err(Problem::new(
                "plan.not_ready",
                format!("the plan {plan} has no tickets yet"),
                format!("wait for it, or see `swarm plan show {plan}`"),
            ));
        }
        let run = RunId::mint(&*self.parts.clock, &*self.parts.entropy);
        let body = EventBody::RunStarted { plan: plan.clone(), options };
        self.record(by, &["run", run.as_str(), "started"], of_run(&known.project, &run), body).await?;
        self.start_build(&run, 1).await.map_err(|error| error.problem())?;
        Ok(run)
    }

    /// Runs agents one after another, each on what the one before it said, and gives back what the last one said. The
    /// same name again joins the sequence or gives back its answer; a crash in the middle goes on with the next agent.
    pub async fn run_sequence(&self, by: &Asker, request: SequenceRequest) -> Result<String, Problem> {
        request.check(&self.parts)?;
        let asked = EventBody::PersonAsked {
            what: "run a sequence of agents".to_owned(),
            reason: request.agents.join(", "),
        };
        self.record(by, &["sequence", &request.name, "asked"], Subject::default(), asked).await?;
        let id = format!("sequence/{}", request.name);
        let handle = engine::start(&self.sequence, &id, request).await.map_err(|error| error.problem())?;
        engine::outcome_of(handle).await.map_err(|error| error.problem())
    }

    /// Stops a run: what is merged stays merged, what is under way is given up.
    pub async fn cancel_run(&self, by: &Asker, run: &RunId, reason: &str) -> Result<(), Problem> {
        let tickets =
            self.parts.store.tickets(&self.parts.config.tenant, run).await.map_err(|e| e.problem())?;
        // Those that nobody works on first: the build settles as soon as the last one that works has stopped.
        let (idle, working): (Vec<_>, Vec<_>) = tickets
            .iter()
            .filter(|ticket| !ticket.state.is_settled())
            .partition(|ticket| ticket.state == TicketState::Waiting);
        for ticket in idle.into_iter().chain(working) {
            self.cancel_ticket(by, run, &ticket.id, reason).await?;
        }
        Ok(())
    }

    /// Gives up a ticket. Its worktree is archived, not deleted.
    pub async fn cancel_ticket(
        &self,
        by: &Asker,
        run: &RunId,
        ticket: &TicketId,
        reason: &str,
    ) -> Result<(), Problem> {
        let tenant = &self.parts.config.tenant;
        let known = self.parts.store.ticket(tenant, run, ticket).await.map_err(|e| e.problem())?;
        let next =
            known.state.then(TicketState::Cancelled).map_err(|error| not_allowed(&error.to_string()))?;
        let project = self.parts.store.run(tenant, run).await.map_err(|e| e.problem())?.project;
        let moment = self.parts.clock.now().timestamp_micros().to_string();
        let subject = of_ticket(&project, run, ticket);
        let asked = EventBody::PersonAsked { what: "cancel".to_owned(), reason: reason.to_owned() };
        self.record(
            by,
            &["ticket", run.as_str(), ticket.as_str(), "cancel", &moment],
            subject.clone(),
            asked,
        )
        .await?;
        let body = EventBody::TicketStateChanged { to: next };
        // Written down before the work is stopped: the build reads it as soon as that has ended.
        self.record(by, &["ticket", run.as_str(), ticket.as_str(), "cancelled", &moment], subject, body)
            .await?;
        let prefix = format!("ticket/{run}/{ticket}/");
        for id in self.engine.unfinished(&prefix).await.map_err(|error| error.problem())? {
            self.engine.cancel(&id).await.map_err(|error| error.problem())?;
        }
        Ok(())
    }

    /// Takes a ticket that needs a person or was given up, or that waits in a run that has settled, up again, and the
    /// run with it. A merged ticket stays merged; where the run could not be ended, it is taken up all the same. A limit of `budget` takes the place of the run's own, what was spent before included.
    pub async fn retry_ticket(
        &self,
        by: &Asker,
        run: &RunId,
        ticket: &TicketId,
        budget: Option<Budget>,
    ) -> Result<(), Problem> {
        let tenant = &self.parts.config.tenant;
        let known = self.parts.store.ticket(tenant, run, ticket).await.map_err(|e| e.problem())?;
        let row = self.parts.store.run(tenant, run).await.map_err(|e| e.problem())?;
        if !row.state.is_settled() {
            return Err(not_allowed(
                "the run still works; a ticket is taken up again when the run has settled",
            ));
        }
        let next = match known.state {
            TicketState::Waiting => None,
            // All of it is merged, but the run could not be ended: its pull request is tried again.
            TicketState::Merged if row.state != RunState::Done => None,
            state => Some(state.then(TicketState::Waiting).map_err(|error| not_allowed(&error.to_string()))?),
        };
        let moment = self.parts.clock.now().timestamp_micros().to_string();
        if let Some(Budget { usd, tokens }) = budget {
            let old = row.options.budget;
            let budget = Budget { usd: usd.or(old.usd), tokens: tokens.or(old.tokens) };
            let key = ["run", run.as_str(), "budget", &moment];
            let body = EventBody::RunBudgetChanged { budget };
            self.record(by, &key, of_run(&row.project, run), body).await?;
        }
        if let Some(to) = next {
            let key = ["ticket", run.as_str(), ticket.as_str(), "retry", &moment];
            let body = EventBody::TicketStateChanged { to };
            self.record(by, &key, of_ticket(&row.project, run, ticket), body).await?;
        }
        let key = ["run", run.as_str(), "again", &moment];
        let body = EventBody::RunStateChanged { to: RunState::Running };
        self.record(by, &key, of_run(&row.project, run), body).await?;
        self.start_build(run, row.generation + 1).await.map_err(|error| error.problem())
    }

    async fn start_plan(&self, plan: &PlanId, spec: &SpecId, models: Vec<String>) -> Result<(), FlowError> {
        let input = PlanInput { plan: plan.clone(), spec: spec.clone(), models };
        engine::start(&self.plan, &format!("plan/{plan}"), input).await.map(drop)
    }

    async fn start_build(&self, run: &RunId, generation: u32) -> Result<(), FlowError> {
        let input = BuildInput { run: run.clone(), generation };
        engine::start(&self.build, &build::workflow_id(run, generation), input).await.map(drop)
    }

    async fn record(
        &self,
        by: &Asker,
        key: &[&str],
        subject: Subject,
        body: EventBody,
    ) -> Result<(), Problem> {
        let event = NewEvent {
            tenant: self.parts.config.tenant.clone(),
            actor: Actor::Person { name: by.person.clone() },
            subject,
            key: IdempotencyKey::of(key),
            correlation: by.correlation.clone(),
            body,
        };
        self.parts.store.append(event).await.map(drop).map_err(|error| error.problem())
    }
}

fn not_allowed(why: &str) -> Problem {
    Problem::new("ticket.not_allowed", why, "run `swarm ticket list` to see where each ticket stands")
}

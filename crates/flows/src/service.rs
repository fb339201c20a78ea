//! What can be asked of the flows: by the server's handlers, one call each.

use std::{sync::Arc, time::Duration};

use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, PlanId, Problem, ProjectId, RunId, SpecId, Subject, SurveyId,
    TicketId,
    budget::Budget,
    drafting::Conversation,
    id::KeyId,
    run::{RunOptions, RunState},
    spec,
    survey::{Survey, SurveyOutcome},
    ticket::TicketState,
};
use swarm_store::{CACHE_CLEARED, PlanRow, Store, StoreError};

use crate::{
    cache,
    carry::{self, Continuation},
    error::FlowError,
    node::{self, Node, Worker},
    notary::Notary,
    notify::Courier,
    parts::{Parts, of_run, of_ticket},
    routing,
    sentinel::Sentinel,
    sequence::SequenceRequest,
    survey::{self, Found},
    version,
    warden::{self, Warden},
    works::{Current, Works},
};

/// Who asks, and for which request.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person's name.
    pub person: String,
    /// The request's correlation id.
    pub correlation: Option<String>,
    /// The API key that they came with: what it begins counts against its quota.
    pub key: Option<KeyId>,
}

/// The flows of one process, at work.
#[derive(Clone)]
pub struct Flows {
    parts: Parts,
    works: Current,
    /// The node that this process is, while it works.
    node: Option<Arc<Node>>,
    /// Signs the log, while this process works.
    notary: Option<Arc<Notary>>,
    /// Looks after the sandboxes of this process.
    warden: Arc<Warden>,
    /// Says when a figure passes its bound, while this process works.
    sentinel: Option<Arc<Sentinel>>,
    /// Tells people what waits for them, while this process works.
    courier: Option<Arc<Courier>>,
}

impl Flows {
    /// Begins to work: sweeps what a dead process left behind, then takes up what this node left unfinished. Where
    /// another live process is this node, it is refused: each would do the other's work again.
    pub async fn launch(parts: Parts, node: &str) -> Result<Self, FlowError> {
        parts.store.make_audit_key().await?;
        cache::open(&parts);
        let (parts, fleet) = warden::around(parts).await?;
        let parts = node::join(parts, node).await?;
        let works = Current::new(Works::new(&parts)?);
        match node::begin(&parts, &works.get()).await {
            Ok(()) => {
                let notary = Some(Arc::new(Notary::begin(parts.store.clone(), parts.config.audit)));
                let node = Some(Arc::new(Node::watch(parts.clone(), works.clone())));
                let warden = Arc::new(Warden::begin(parts.clone(), fleet));
                let sentinel = Some(Arc::new(Sentinel::begin(parts.clone())));
                let courier = Some(Arc::new(Courier::begin(parts.clone())));
                Ok(Self { parts, works, node, notary, warden, sentinel, courier })
            }
            Err(error) => {
                node::end(&parts, &works.get()).await;
                Err(error)
            }
        }
    }

    /// Flows that do no work, for a process that only reads: nothing is swept, nothing is taken up, nothing asked of
    /// them begins.
    pub async fn idle(parts: Parts, _node: &str) -> Result<Self, FlowError> {
        let (parts, fleet) = warden::around(parts).await?;
        let works = Current::new(Works::new(&parts)?);
        let warden = Arc::new(Warden::begin(parts.clone(), fleet));
        Ok(Self { parts, works, node: None, notary: None, warden, sentinel: None, courier: None })
    }

    /// Begins nothing more, and waits until each step that is under way has ended, but not for longer than this. What
    /// is left is handed to the others by [`Flows::shutdown`].
    pub async fn drain(&self, patience: Duration) {
        node::drain(&self.parts, patience).await;
    }

    /// Waits until this process can be no node any more, and says why. One that only reads waits for ever.
    pub async fn ended(&self) -> Problem {
        match &self.node {
            Some(node) => node.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Stops. What was under way is handed to the other nodes, or goes on at the next launch.
    pub async fn shutdown(&self) {
        if let Some(courier) = &self.courier {
            courier.stop().await;
        }
        if let Some(sentinel) = &self.sentinel {
            sentinel.stop().await;
        }
        if let Some(node) = &self.node {
            node.stop().await;
            node::end(&self.parts, &self.works.get()).await;
        }
        self.warden.stop().await;
        // Last, so that it covers what the others said when they ended.
        if let Some(notary) = &self.notary {
            notary.stop().await;
        }
    }

    /// Who works on this database, and on what.
    pub async fn workers(&self) -> Result<Vec<Worker>, Problem> {
        node::workers(&self.parts).await.map_err(|error| error.problem())
    }

    /// What keeps a run's tickets waiting that no time will mend.
    pub async fn unserved(&self, run: &RunId) -> Result<Vec<Problem>, Problem> {
        routing::unserved(&self.parts, run).await.map_err(|error| error.problem())
    }

    /// The facts, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Looks after the sandboxes of this process.
    pub(crate) fn warden(&self) -> &Warden {
        &self.warden
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
        match self.parts.store.spec(&self.parts.config.tenant, &id).await {
            Ok(_) => return Ok(id),
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.problem()),
        }
        let previous = version::previous(&self.parts, project, &spec).await;
        let previous = previous.map_err(|error| error.problem())?;
        let blob = self.parts.store.blobs().put(text).await.map_err(|e| e.problem())?;
        let subject = Subject { project: Some(project.clone()), ..Subject::default() };
        let body = EventBody::SpecAdded { id: id.clone(), text: blob, spec, previous };
        match self.record(by, &["spec", project.as_str(), id.as_str(), "added"], subject, body).await {
            // Somebody else added the same text just now.
            Err(problem) if problem.code == "store.key_reused" => Ok(id),
            recorded => recorded.map(|()| id),
        }
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
        self.works.get().start_plan(&id, spec, models).await.map_err(|error| error.problem())?;
        Ok(id)
    }

    /// Executes a plan; it runs in the background.
    pub async fn start_run(&self, by: &Asker, plan: &PlanId, options: RunOptions) -> Result<RunId, Problem> {
        // Only what looked at the origin may name it.
        let tenant = &self.parts.config.tenant;
        let known = self.parts.store.plan(tenant, plan).await.map_err(|e| e.problem())?;
        let options = carry::continued(&self.parts, &known, RunOptions { origin: None, ..options }).await;
        let options = options.map_err(|error| error.problem())?;
        if let Some(earlier) = &options.continues {
            let spec = self.parts.store.spec(tenant, &known.spec).await.map_err(|e| e.problem())?;
            let obsolete = carry::obsolete(&self.parts, earlier, &spec).await;
            for (ticket, reason) in obsolete.map_err(|error| error.problem())? {
                self.cancel_ticket(by, earlier, &ticket, &reason).await?;
            }
        }
        self.start(by, plan, options).await
    }

    /// Executes a plan with these options.
    pub(crate) async fn start(
        &self,
        by: &Asker,
        plan: &PlanId,
        options: RunOptions,
    ) -> Result<RunId, Problem> {
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
        let options = RunOptions { key: by.key.clone(), ..options };
        let body = EventBody::RunStarted { plan: plan.clone(), options: options.clone() };
        self.record(by, &["run", run.as_str(), "started"], of_run(&known.project, &run), body).await?;
        self.works.get().start_build(&run, 1, &options).await.map_err(|error| error.problem())?;
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
        self.works.get().run_sequence(request).await.map_err(|error| error.problem())
    }

    /// Begins a survey, in the background.
    pub async fn start_survey(
        &self,
        by: &Asker,
        project: &ProjectId,
        what: Survey,
    ) -> Result<SurveyId, Problem> {
        let id = SurveyId::mint(&*self.parts.clock, &*self.parts.entropy);
        let subject = Subject { project: Some(project.clone()), ..Subject::default() };
        let body = EventBody::SurveyAsked { survey: id.clone(), what: what.clone() };
        self.record(by, &["survey", id.as_str(), "asked"], subject, body).await?;
        let started = self.works.get().start_survey(&id, project, what).await;
        started.map(|()| id).map_err(|error| error.problem())
    }

    /// Begins to write down what people said of a spec, in the background. Nothing of it is saved as a spec.
    pub async fn start_draft(
        &self,
        by: &Asker,
        project: &ProjectId,
        conversation: &Conversation,
        models: Vec<String>,
    ) -> Result<SurveyId, Problem> {
        conversation.check()?;
        let talk = self.parts.keep(conversation).await.map_err(|error| error.problem())?;
        self.start_survey(by, project, Survey::Draft { talk, models }).await
    }

    /// What a survey found; nothing while it is under way.
    pub async fn survey(&self, id: &SurveyId) -> Result<Option<Found>, Problem> {
        let (store, tenant) = (&self.parts.store, &self.parts.config.tenant);
        let key = IdempotencyKey::of(&survey::ended_key(id));
        let ended = store.event_by_key(tenant, &key).await.map_err(|e| e.problem())?;
        let Some(EventBody::SurveyEnded { outcome, .. }) = ended.map(|event| event.body) else {
            let key = IdempotencyKey::of(&["survey", id.as_str(), "asked"]);
            return match store.event_by_key(tenant, &key).await.map_err(|e| e.problem())? {
                Some(_) => Ok(None),
                None => Err(Problem::new(
                    "survey.unknown",
                    format!("there is no survey {id}"),
                    "run `swarm spec check SPEC` to begin one",
                )),
            };
        };
        let mut found = Found { outcome, tried: Vec::new(), draft: None, drafted: None };
        match &found.outcome {
            SurveyOutcome::Checked { report, .. } => {
                found.tried = self.parts.load(report).await.map_err(|error| error.problem())?;
            }
            SurveyOutcome::Derived { draft, .. } => {
                found.draft = Some(self.parts.load(draft).await.map_err(|error| error.problem())?);
            }
            SurveyOutcome::Drafted { draft, .. } => {
                found.drafted = Some(self.parts.load(draft).await.map_err(|error| error.problem())?);
            }
            SurveyOutcome::Failed { .. } => {}
        }
        Ok(Some(found))
    }

    /// Gives up all replies that may be given again, and says how many there were.
    pub async fn clear_cache(&self, by: &Asker) -> Result<u64, Problem> {
        let moment = self.parts.clock.now().timestamp_micros().to_string();
        let asked = EventBody::PersonAsked { what: CACHE_CLEARED.to_owned(), reason: String::new() };
        // Said first: comparisons from before then count no more.
        self.record(by, &["cache", "cleared", &moment], Subject::default(), asked).await?;
        self.parts.store.forget_replies(&self.parts.config.tenant).await.map_err(|error| error.problem())
    }

    /// What a run of this plan would take over from an earlier one.
    pub async fn continuation(&self, plan: &PlanRow) -> Result<Option<Continuation>, Problem> {
        carry::continuation(&self.parts, plan).await.map_err(|error| error.problem())
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
        self.parts.store.withdraw_claims(tenant, run, ticket).await.map_err(|e| e.problem())?;
        let prefix = format!("ticket/{run}/{ticket}/");
        let works = self.works.get();
        for id in works.engine.unfinished(&prefix).await.map_err(|error| error.problem())? {
            works.engine.cancel(&id).await.map_err(|error| error.problem())?;
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
        self.works
            .get()
            .start_build(run, row.generation + 1, &row.options)
            .await
            .map_err(|error| error.problem())
    }

    pub(crate) async fn record(
        &self,
        by: &Asker,
        key: &[&str],
        subject: Subject,
        body: EventBody,
    ) -> Result<(), Problem> {
        self.record_keeping(by, key, subject, body, Vec::new()).await
    }

    /// Records what a person did, with the blobs that it names.
    pub(crate) async fn record_keeping(
        &self,
        by: &Asker,
        key: &[&str],
        subject: Subject,
        body: EventBody,
        blobs: Vec<Vec<u8>>,
    ) -> Result<(), Problem> {
        let event = NewEvent {
            tenant: self.parts.config.tenant.clone(),
            actor: Actor::Person { name: by.person.clone() },
            subject,
            key: IdempotencyKey::of(key),
            correlation: by.correlation.clone(),
            body,
        };
        self.parts.store.append_keeping(event, blobs).await.map(drop).map_err(|error| error.problem())
    }
}

fn not_allowed(why: &str) -> Problem {
    Problem::new("ticket.not_allowed", why, "run `swarm ticket list` to see where each ticket stands")
}

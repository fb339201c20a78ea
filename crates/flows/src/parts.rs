//! What the flows work with: the rooms below, wired by the binary.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use swarm_agents::{Agent, Catalogue};
use swarm_domain::{
    Actor, AttemptId, BlobHash, Clock, Entropy, Event, EventBody, IdempotencyKey, NewEvent, PlanId,
    ProjectId, RunId, Subject, TenantId, TicketId, choice::ChoicePolicy, gate::GatePolicy,
    interrupt::ApprovalPolicy, node::Takes, plan::Plan, train,
};
use swarm_forge::{Forge, Mirror, PullRequests};
use swarm_model::{Gateway, VaultConfig};
use swarm_policy::Policy;
use swarm_sandbox::{Backend, FleetBounds, Limits, egress::Terms};
use swarm_store::{Store, StoreError};

use crate::{
    claim::ClaimsConfig, error::FlowError, experience::DeadlineConfig, notary::AuditConfig,
    notify::NotificationsConfig, retry::RetryPolicy, sentinel::AlertsConfig,
};

/// How often a database that is away is looked for.
const LOOK: Duration = Duration::from_millis(250);

/// Everything that a flow needs. Cheap to clone.
#[derive(Clone)]
pub struct Parts {
    /// Facts.
    pub store: Store,
    /// Models.
    pub gateway: Arc<Gateway>,
    /// Where code runs.
    pub sandboxes: Arc<dyn Backend>,
    /// The house's part of the way out of sandboxes.
    pub way_out: Arc<Terms>,
    /// Where code goes.
    pub forge: Forge,
    /// Where finished work is offered.
    pub pull_requests: Arc<dyn PullRequests>,
    /// Who may do what.
    pub policy: Arc<Policy>,
    /// Who does it.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Settings.
    pub config: Arc<FlowsConfig>,
}

/// The settings of the flows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct FlowsConfig {
    /// Whose work it is.
    pub tenant: TenantId,
    /// Where worktrees' side records and checkouts are kept.
    #[serde(skip)]
    pub state_dir: PathBuf,
    /// Models in order of preference, where neither the run nor the agent names any.
    pub models: Vec<String>,
    /// Tickets that this process works on at once, at the most.
    pub max_agents: u32,
    /// How often an idle queue is looked at, in milliseconds.
    pub poll_ms: u64,
    /// Which work this process takes.
    #[serde(skip)]
    pub takes: Takes,
    /// How often this process gives a sign of life, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long it counts as alive after one, in milliseconds: then others take over what it works on.
    pub lease_ms: u64,
    /// When checkpoints of the log are signed.
    pub audit: AuditConfig,
    /// When people are told without asking.
    pub alerts: AlertsConfig,
    /// How people are told that something waits for them.
    pub notifications: NotificationsConfig,
    /// How long work waits for a database that is away, in seconds.
    pub database_patience_seconds: u64,
    /// When a model call is tried again.
    pub retry: RetryPolicy,
    /// How attempts are offered to workers elsewhere.
    pub claims: ClaimsConfig,
    /// Where values are looked up that secrets refer to.
    pub vault: VaultConfig,
    /// How long people have sandboxes, and how long those are kept.
    pub vms: FleetBounds,
    /// What an acceptance command may use.
    pub check_limits: Limits,
    /// The longest diff that an attempt may have, in bytes.
    pub max_diff_bytes: usize,
    /// The largest file that an attempt may add, in bytes.
    pub max_file_bytes: u64,
    /// What an attempt's worktree may take on disk, in bytes.
    pub max_attempt_bytes: u64,
    /// Candidates that the merge train stacks at once, at the most.
    pub train_length: usize,
    /// Proofs that the merge train makes at once; 0 for as many as there are cores.
    pub train_proofs: usize,
    /// Whether tickets that would likely clash are worked on one after the other.
    pub hold_clashes: bool,
    /// Whether the proven part of a rejected attempt is merged while its ticket stays open.
    pub checkpoints: bool,
    /// How many times the code of an attempt that brings tests is made wrong on purpose, to see whether they notice; 0
    /// turns that off.
    pub mutants: u32,
    /// The same for attempts without tests, against the spec's commands alone; 0, the default, turns that off. Nobody is
    /// sent back for it; people see what was not noticed.
    pub mutants_for_code: u32,
    /// How many hunks of a change that people are asked about are left out, one at a time, to see which commands miss them;
    /// 0 turns that off.
    pub hunks: u32,
    /// How long the code of an accepted attempt may be measured, in milliseconds; 0 turns that off.
    pub measure_ms: u64,
    /// What it means when a check of a change finds something.
    pub gate: GatePolicy,
    /// When people are asked before the work goes on; nobody is where it has no rule.
    pub approvals: ApprovalPolicy,
    /// Whether tools that know vulnerabilities of dependencies may ask the network.
    pub gate_online: bool,
    /// Whether past work steers who gets an attempt.
    pub choice: ChoicePolicy,
    /// How many trials of one kind of work each of two must have before past work may choose between them.
    pub choice_trials: u32,
    /// How long steps may take, going by similar ones.
    pub deadlines: DeadlineConfig,
    /// Whether a reviewer reads each accepted diff before it is merged.
    pub review: bool,
    /// Who sponsors the work: the author of its commits. The agent is the co-author.
    pub sponsor_name: String,
    /// The sponsor's address.
    pub sponsor_email: String,
}

impl Default for FlowsConfig {
    fn default() -> Self {
        Self {
            tenant: TenantId::local(),
            state_dir: PathBuf::new(),
            models: Vec::new(),
            max_agents: 8,
            poll_ms: 25,
            takes: Takes::default(),
            heartbeat_ms: 1_500,
            lease_ms: 6_000,
            audit: AuditConfig::default(),
            alerts: AlertsConfig::default(),
            notifications: NotificationsConfig::default(),
            database_patience_seconds: 900,
            retry: RetryPolicy::default(),
            claims: ClaimsConfig::default(),
            vault: VaultConfig::default(),
            vms: FleetBounds::default(),
            check_limits: Limits::default(),
            max_diff_bytes: 256 << 10,
            max_file_bytes: 512 << 10,
            max_attempt_bytes: 1 << 30,
            train_length: 8,
            train_proofs: 0,
            hold_clashes: true,
            checkpoints: true,
            mutants: 8,
            mutants_for_code: 0,
            hunks: 12,
            measure_ms: 3_000,
            gate: GatePolicy::default(),
            approvals: ApprovalPolicy::default(),
            gate_online: false,
            choice: ChoicePolicy::default(),
            choice_trials: 10,
            deadlines: DeadlineConfig::default(),
            review: false,
            sponsor_name: "swarm".to_owned(),
            sponsor_email: "swarm@localhost".to_owned(),
        }
    }
}

impl FlowsConfig {
    /// The bounds of the merge train.
    pub(crate) fn train(&self) -> train::Bounds {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let proofs = if self.train_proofs == 0 { cores() } else { self.train_proofs };
        train::Bounds { length: self.train_length.max(1), proofs, ..train::Bounds::default() }
    }

    /// Where it is noted what an attempt's tools wrote, so that a call that was cut off is not done twice.
    pub(crate) fn effects(&self, run: &RunId, attempt: &AttemptId) -> PathBuf {
        self.state_dir.join("effects").join(format!("{run}-{attempt}"))
    }
}

/// An actor that is a part of swarm itself.
pub(crate) fn part(name: &str) -> Actor {
    Actor::System { part: name.to_owned() }
}

/// The subject of what concerns a run as a whole.
pub(crate) fn of_run(project: &ProjectId, run: &RunId) -> Subject {
    Subject { project: Some(project.clone()), run: Some(run.clone()), ..Subject::default() }
}

/// The subject of what concerns one ticket of a run.
pub(crate) fn of_ticket(project: &ProjectId, run: &RunId, ticket: &TicketId) -> Subject {
    Subject { ticket: Some(ticket.clone()), ..of_run(project, run) }
}

/// A value as the bytes of a blob.
pub(crate) fn to_keep<T: Serialize>(value: &T) -> Result<Vec<u8>, FlowError> {
    serde_json::to_vec(value).map_err(|error| FlowError::internal("a value to keep", error))
}

impl Parts {
    /// Appends an event; the same key appends once.
    pub(crate) async fn record(
        &self,
        key: &[&str],
        actor: Actor,
        subject: Subject,
        body: EventBody,
    ) -> Result<Event, FlowError> {
        self.record_keeping(key, actor, subject, body, Vec::new()).await
    }

    /// Appends an event together with the blobs that it names; the same key appends once.
    pub(crate) async fn record_keeping(
        &self,
        key: &[&str],
        actor: Actor,
        subject: Subject,
        body: EventBody,
        blobs: Vec<Vec<u8>>,
    ) -> Result<Event, FlowError> {
        self.append(self.event(key, actor, subject, body), blobs).await
    }

    /// Appends events about the same thing, with the blobs that they name: in one transaction where nothing stands against
    /// any of them, else one after the other; the same key appends once.
    pub(crate) async fn record_all(
        &self,
        actor: &Actor,
        subject: &Subject,
        said: Vec<(Vec<&str>, EventBody)>,
        blobs: Vec<Vec<u8>>,
    ) -> Result<(), FlowError> {
        let event = |(key, body): (Vec<&str>, _)| self.event(&key, actor.clone(), subject.clone(), body);
        let events: Vec<NewEvent> = said.into_iter().map(event).collect();
        let Err(error) = self.store.append_all_keeping(&events, blobs.clone()).await else { return Ok(()) };
        tracing::debug!(%error, "what could not be said at once is said in turn");
        for event in events {
            self.append(event, blobs.clone()).await?;
        }
        Ok(())
    }

    pub(crate) fn event(&self, key: &[&str], actor: Actor, subject: Subject, body: EventBody) -> NewEvent {
        NewEvent {
            tenant: self.config.tenant.clone(),
            actor,
            subject,
            key: IdempotencyKey::of(key),
            correlation: None,
            body,
        }
    }

    async fn append(&self, event: NewEvent, blobs: Vec<Vec<u8>>) -> Result<Event, FlowError> {
        loop {
            return match self.store.append_keeping(event.clone(), blobs.clone()).await {
                Ok(appended) => Ok(appended.event),
                // The same step said it before, in other words: a duration, a reply. What was said first counts.
                Err(error @ StoreError::KeyReused { .. }) => {
                    let first = self.store.event_by_key(&event.tenant, &event.key).await?;
                    first.ok_or_else(|| error.into())
                }
                // What it says has happened, and may have been paid for: it is not thrown away for a moment's outage.
                Err(error) if error.is_transient() && self.database_is_back().await => continue,
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Waits until the database answers. False where it was away for longer than is waited.
    pub(crate) async fn database_is_back(&self) -> bool {
        let patience = Duration::from_secs(self.config.database_patience_seconds);
        let began = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            match self.store.ping().await {
                Ok(()) => return true,
                Err(error) if began.elapsed() > patience => {
                    tracing::error!(%error, "the database was away for too long");
                    return false;
                }
                Err(error) => tracing::debug!(%error, "the database is away"),
            }
        }
    }

    /// Keeps a value as a blob of canonical JSON.
    pub(crate) async fn keep<T: Serialize + Sync>(&self, value: &T) -> Result<BlobHash, FlowError> {
        Ok(self.store.blobs().put(&to_keep(value)?).await?)
    }

    /// Reads back what [`Parts::keep`] kept, once: inside a step, which is tried again where that fails for now. Between
    /// steps it is [`crate::engine::recall`].
    pub(crate) async fn load<T: DeserializeOwned>(&self, hash: &BlobHash) -> Result<T, FlowError> {
        let bytes = self.store.blobs().get(hash).await?;
        serde_json::from_slice(&bytes).map_err(|error| FlowError::internal("a kept value", error))
    }

    /// The mirror of a project's repository, as it is: only a run's beginning fetches.
    pub(crate) async fn mirror(&self, project: &ProjectId) -> Result<Mirror, FlowError> {
        let known = self.forge.known(project).await?;
        known.ok_or_else(|| FlowError::internal("the mirror", format!("of {project} is gone")))
    }

    /// The models for an agent's work, in order of preference: those that were chosen for it, else those of the
    /// configuration, else the agent's own. None of them: the gateway's policy.
    pub(crate) fn models<'a>(&'a self, chosen: &'a [String], agent: &'a Agent) -> &'a [String] {
        [chosen, &self.config.models, &agent.model]
            .into_iter()
            .find(|models| !models.is_empty())
            .unwrap_or_default()
    }

    /// A plan that has its tickets.
    pub(crate) async fn plan(&self, id: &PlanId) -> Result<Plan, FlowError> {
        let row = self.store.plan(&self.config.tenant, id).await?;
        row.plan.ok_or_else(|| FlowError::internal("the plan", format!("{id} has no tickets")))
    }
}

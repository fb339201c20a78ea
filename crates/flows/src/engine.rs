//! The durable engine, DBOS Transact: the one module that names it.
//!
//! A workflow is an `async fn` whose effects all happen in steps. A finished step is journalled and not run again
//! after a crash; a step that was cut off runs again, so each effect carries an idempotency key. The body between
//! steps must be a function of what the steps returned.
//!
//! Choices: no `select!` over steps (the winner would not be journalled), children are started by id (the same id is
//! the same child), and the outcome of a failed step is journalled like any other.

mod ends;
mod journal;
mod patience;

use std::{collections::BTreeSet, future::Future, time::Duration};

use dbos::{
    Config, DBOS, Enqueue, QueueConflict, QueueOptions, StartOptions, WorkflowRef,
    sysdb::types::{WorkflowFilter, WorkflowStatus},
};
use serde::{Serialize, de::DeserializeOwned};
use swarm_domain::{Label, NodeId, Problem, lease::FencingToken, node::Takes};
use swarm_store::{Acting, Store};

use self::ends::Ends;
pub(crate) use self::{
    journal::{begun, hand_over, hand_over_orphans},
    patience::{patiently, recall},
};
use crate::{error::FlowError, parts::Parts, trouble::Failed};

/// The outcome of a workflow body.
pub(crate) type Flow<T> = dbos::Result<T, FlowError>;

/// A registered workflow, by which it is started.
pub(crate) type Workflow<P, R> = WorkflowRef<P, R, FlowError>;

/// A started workflow.
pub(crate) type Handle<R> = dbos::WorkflowHandle<R, FlowError>;

/// Raised when the meaning of journalled steps changes: runs are only resumed by the version that began them.
const FLOWS_VERSION: &str = "3";

/// The application that the journal belongs to.
const APPLICATION: &str = "swarm";

/// The queue that tickets wait on which need no label.
const TICKETS: &str = "tickets";

/// How the engine is set up.
#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    /// Where its journal is kept, and under which lease it works.
    pub store: Store,
    /// Which work it takes.
    pub takes: Takes,
    /// Tickets that this process works on at once, at the most.
    pub max_agents: u32,
    /// How often an idle queue is looked at.
    pub poll: Duration,
}

/// The name under which a node's lease works. Another lease of the same node is another one: what the first has begun
/// is not the second's until it was handed over.
pub(crate) fn executor(node: &NodeId, token: FencingToken) -> String {
    format!("{node}#{token}")
}

/// The queue of tickets that need these labels: a node that has all of them listens to it.
pub(crate) fn queue(needed: &BTreeSet<Label>) -> String {
    needed.iter().fold(TICKETS.to_owned(), |queue, label| format!("{queue}+{label}"))
}

/// The engine of one process.
#[derive(Clone)]
pub(crate) struct Engine {
    dbos: DBOS,
    config: EngineConfig,
    ends: Ends,
}

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let dbos = DBOS::new(Config {
            app_version: Some(FLOWS_VERSION.to_owned()),
            executor_id: config.store.node().map(|(node, token)| executor(&node, token)),
            max_connections: 16,
            outcome_poll_interval: Some(config.poll),
            listen_queues: Some(config.takes.combinations().iter().map(queue).collect()),
            ..Config::new(APPLICATION, config.store.engine_url())
        });
        Self { dbos, config, ends: Ends::new() }
    }

    /// Registers a workflow. Only before [`Engine::launch`]. One that fails because its node lost its lease does not end:
    /// it goes on somewhere else, and what failed here must not be taken for its outcome.
    pub(crate) fn register<P, R, F, Fut>(&self, name: &str, body: F) -> Result<Workflow<P, R>, FlowError>
    where
        F: Fn(P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Flow<R>> + Send + 'static,
        P: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        let store = self.config.store.clone();
        let fenced = move |input| {
            let (run, store) = (body(input), store.clone());
            async move {
                let outcome = run.await;
                if outcome.is_err() && store.act().await.is_err_and(|error| !error.is_transient()) {
                    return std::future::pending().await;
                }
                outcome
            }
        };
        self.dbos.register_workflow(name, fenced).map_err(engine_failed)
    }

    /// Begins to work.
    pub(crate) async fn launch(&self) -> Result<(), FlowError> {
        self.dbos.launch().await.map_err(engine_failed)?;
        self.open_queue(&BTreeSet::new()).await
    }

    /// Makes the queue of these labels known, so that those who listen to it begin to look at it.
    pub(crate) async fn open_queue(&self, needed: &BTreeSet<Label>) -> Result<(), FlowError> {
        let options = QueueOptions {
            worker_concurrency: Some(i32::try_from(self.config.max_agents.max(1)).unwrap_or(i32::MAX)),
            polling_interval: self.config.poll,
            ..QueueOptions::default()
        };
        let opened = self.dbos.register_queue(&queue(needed), options, QueueConflict::AlwaysUpdate).await;
        opened.map(drop).map_err(engine_failed)
    }

    /// Stops. What was under way stays in the journal and goes on at the next launch.
    pub(crate) async fn shutdown(&self) {
        self.dbos.shutdown().await;
        self.ends.stop().await;
    }

    /// The workflows whose id begins so and that have not ended.
    pub(crate) async fn unfinished(&self, prefix: &str) -> Result<Vec<String>, FlowError> {
        let filter = WorkflowFilter {
            workflow_id_prefixes: vec![prefix],
            status: vec![WorkflowStatus::Pending, WorkflowStatus::Enqueued, WorkflowStatus::Delayed],
            ..WorkflowFilter::default()
        };
        let found = self.dbos.list_workflows(&filter).await.map_err(engine_failed)?;
        Ok(found.into_iter().map(|workflow| workflow.workflow_id).collect())
    }

    /// Starts a child under this id on this process, and watches it by the journal as one on a queue is watched: what is
    /// cancelled has ended then, however long its last step still takes. Its own end is heard of at once.
    pub(crate) async fn child<P, R>(&self, workflow: &Workflow<P, R>, id: &str, input: P) -> Flow<Handle<R>>
    where
        P: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        let options = StartOptions { workflow_id: Some(id), ..StartOptions::default() };
        self.ends.listen_to(workflow.start_with(input, options).await?);
        Ok(self.dbos.retrieve_workflow(id).map_err(engine_failed)?)
    }

    /// Waits for the first of these workflows to end; which one is journalled.
    pub(crate) async fn first_to_end(&self, ids: &[&str]) -> Flow<String> {
        self.ends.first_of(ids).await
    }

    /// Stops one workflow for good, children not included.
    pub(crate) async fn cancel(&self, workflow_id: &str) -> Result<(), FlowError> {
        self.dbos.cancel(workflow_id).await.map_err(engine_failed)
    }
}

/// Starts a workflow under this id on this process; joins it where it was started before.
pub(crate) async fn start<P, R>(workflow: &Workflow<P, R>, id: &str, input: P) -> Result<Handle<R>, FlowError>
where
    P: Serialize + DeserializeOwned + Send + 'static,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    let options = StartOptions { workflow_id: Some(id), ..StartOptions::default() };
    workflow.start_with(input, options).await.map_err(outcome)
}

/// Leaves a child under this id on a queue, for any worker.
pub(crate) async fn queued_child<P, R>(
    workflow: &Workflow<P, R>,
    queue: &str,
    id: &str,
    input: P,
) -> Flow<Handle<R>>
where
    P: Serialize + DeserializeOwned + Send + 'static,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    let options =
        StartOptions { workflow_id: Some(id), queue: Some(Enqueue::new(queue)), ..StartOptions::default() };
    workflow.start_with(input, options).await
}

/// The outcome of a child. Its failure is a value here; only what stops this workflow too is an error.
pub(crate) async fn result_of<R>(handle: Handle<R>) -> Flow<Result<R, FlowError>>
where
    R: Serialize + DeserializeOwned + Send + 'static,
{
    match handle.result().await {
        Ok(result) => Ok(Ok(result)),
        Err(error) if stops_us(&error) => Err(error),
        Err(error) => Ok(Err(outcome(error))),
    }
}

/// The outcome of a workflow, for whoever is not a workflow.
pub(crate) async fn outcome_of<R>(handle: Handle<R>) -> Result<R, FlowError>
where
    R: Serialize + DeserializeOwned + Send + 'static,
{
    handle.result().await.map_err(outcome)
}

/// Runs `body` until it succeeds, journals what it returns, and gives that back ever after. What fails for now is tried
/// again as in [`retried`]; a failure for good ends the workflow, unless it is caught.
pub(crate) async fn step<T, F, Fut>(parts: &Parts, name: &str, body: F) -> Flow<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    Ok(retried(parts, name, body).await??)
}

/// The right to act, as soon as there is one. Where the node lost its lease there is none any more: what stands here
/// waits until the engine is stopped, and writes nothing.
async fn acting(parts: &Parts) -> Option<Acting> {
    loop {
        match parts.store.act().await {
            Ok(acting) => return Some(acting),
            Err(error) if error.is_transient() && parts.database_is_back().await => {}
            // The database was away for too long; what is tried next says so.
            Err(error) if error.is_transient() => return None,
            Err(error) => {
                tracing::warn!(%error, "a step is not begun");
                return std::future::pending().await;
            }
        }
    }
}

/// What one try of a retried step came to.
#[derive(Serialize, serde::Deserialize)]
enum Tried<T> {
    Done(T),
    /// The database was away, and is back.
    Away,
    Wait {
        millis: u64,
        why: FlowError,
    },
    Failed(FlowError),
}

/// Runs `body` as a step until it succeeds, fails for good, or the policy has no more tries. Each try and each wait is
/// journalled, so a crash in the middle of a wait goes on with the rest of it.
pub(crate) async fn retried<T, F, Fut>(parts: &Parts, name: &str, body: F) -> Flow<Result<T, FlowError>>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    tried(parts, name, Drain::Waits, body).await
}

/// A step as in [`retried`] that only waits for what others do, however long that takes: a node that drains does not
/// wait for it, and who comes after waits on.
pub(crate) async fn awaited<T, F, Fut>(parts: &Parts, name: &str, body: F) -> Flow<Result<T, FlowError>>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    tried(parts, name, Drain::GoesOn, body).await
}

/// What a drain does about a step that is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drain {
    /// Waits until it is done.
    Waits,
    /// Does not wait: the step changes nothing.
    GoesOn,
}

async fn tried<T, F, Fut>(parts: &Parts, name: &str, drain: Drain, mut body: F) -> Flow<Result<T, FlowError>>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    let mut failed = 0;
    loop {
        let tried = dbos::step(name, || {
            let run = body();
            async move {
                let _acting = acting(parts).await.filter(|_| drain == Drain::Waits);
                let outcome = run.await;
                if parts.store.is_fenced() {
                    // Whatever came of it, somebody else does it again: it is not ours to write down.
                    return std::future::pending().await;
                }
                dbos::Result::<Tried<T>, FlowError>::Ok(match outcome {
                    Ok(value) => Tried::Done(value),
                    Err(error) if error.is_of_the_database() && parts.database_is_back().await => Tried::Away,
                    Err(FlowError::Later { problem, after }) => {
                        let wait = parts.config.retry.wait(failed + 1, after, &*parts.entropy);
                        note(parts, name, &problem, failed + 1, wait).await;
                        match wait {
                            Some(wait) => Tried::Wait {
                                millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                                why: FlowError::Later { problem, after },
                            },
                            None => Tried::Failed(FlowError::Final(problem)),
                        }
                    }
                    Err(error) => {
                        if let FlowError::Final(problem) = &error
                            && problem.code.starts_with("model.")
                        {
                            note(parts, name, problem, failed + 1, None).await;
                        }
                        Tried::Failed(error)
                    }
                })
            }
        })
        .await?;
        match tried {
            Tried::Done(value) => return Ok(Ok(value)),
            Tried::Failed(error) => return Ok(Err(error)),
            Tried::Away => tracing::warn!(step = name, "the database was away: once more"),
            Tried::Wait { millis, why } => {
                failed += 1;
                tracing::warn!(step = name, failed, wait_ms = millis, %why, "will try again");
                dbos::sleep::<FlowError>(Duration::from_millis(millis)).await?;
            }
        }
    }
}

async fn note(parts: &Parts, step: &str, problem: &Problem, times: usize, again: Option<Duration>) {
    let workflow = dbos::workflow_id();
    Failed { workflow: workflow.as_deref(), step, problem, times, again }.note(parts).await;
}

/// Puts the current workflow, which is this node's, on the queue of what needs no label. Whoever takes it from there
/// begins it anew: the caller must do nothing more.
pub(crate) async fn put_back(store: &Store) -> Result<(), FlowError> {
    match dbos::workflow_id() {
        Some(id) => journal::put_back(store, &id, TICKETS).await,
        None => Err(FlowError::internal("the queue", "this is no workflow")),
    }
}

/// Whether the current step was told to stop.
pub(crate) fn cancellation() -> tokio_util::sync::CancellationToken {
    dbos::cancellation_token()
}

/// A failure inside a workflow, of the engine or of ours.
pub(crate) type FlowFailure = dbos::Error<FlowError>;

/// Our own failure as a value; what stops this workflow stays an error.
pub(crate) fn own_failure(error: FlowFailure) -> Flow<FlowError> {
    if stops_us(&error) { Err(error) } else { Ok(outcome(error)) }
}

fn stops_us<E>(error: &dbos::Error<E>) -> bool {
    matches!(
        error,
        dbos::Error::WorkflowCancelled { .. }
            | dbos::Error::Interrupted { .. }
            | dbos::Error::SystemDatabase(_)
    )
}

/// An error of the engine as one of ours.
fn outcome(error: dbos::Error<FlowError>) -> FlowError {
    match error {
        dbos::Error::Application(error) => error,
        dbos::Error::WorkflowCancelled { .. } | dbos::Error::AwaitedWorkflowCancelled { .. } => {
            FlowError::Cancelled
        }
        other => FlowError::internal("the durable engine failed", other),
    }
}

fn engine_failed(error: dbos::Error) -> FlowError {
    FlowError::internal("the durable engine failed", error)
}

//! The durable engine, DBOS Transact: the one module that names it.
//!
//! A workflow is an `async fn` whose effects all happen in steps. A finished step is journalled and not run again
//! after a crash; a step that was cut off runs again, so each effect carries an idempotency key. The body between
//! steps must be a function of what the steps returned.
//!
//! Choices: no `select!` over steps (the winner would not be journalled), children are started by id (the same id is
//! the same child), and the outcome of a failed step is journalled like any other.

use std::{future::Future, time::Duration};

use dbos::{
    Config, DBOS, Enqueue, QueueConflict, QueueOptions, StartOptions, WorkflowRef,
    sysdb::types::{WorkflowFilter, WorkflowStatus},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{error::FlowError, parts::Parts};

/// The outcome of a workflow body.
pub(crate) type Flow<T> = dbos::Result<T, FlowError>;

/// A registered workflow, by which it is started.
pub(crate) type Workflow<P, R> = WorkflowRef<P, R, FlowError>;

/// A started workflow.
pub(crate) type Handle<R> = dbos::WorkflowHandle<R, FlowError>;

/// Raised when the meaning of journalled steps changes: runs are only resumed by the version that began them.
const FLOWS_VERSION: &str = "2";

/// The queue that tickets wait on.
pub(crate) const TICKETS: &str = "tickets";

/// How the engine is set up.
#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    /// Where its journal is kept.
    pub database_url: String,
    /// This node's name: what it left unfinished is taken up again under the same name.
    pub node: String,
    /// Tickets that this process works on at once, at the most.
    pub max_agents: u32,
    /// How often an idle queue is looked at.
    pub poll: Duration,
}

/// The engine of one process.
#[derive(Clone)]
pub(crate) struct Engine {
    dbos: DBOS,
    config: EngineConfig,
}

impl Engine {
    pub(crate) fn new(config: EngineConfig) -> Self {
        let dbos = DBOS::new(Config {
            app_version: Some(FLOWS_VERSION.to_owned()),
            executor_id: Some(config.node.clone()),
            max_connections: 16,
            outcome_poll_interval: Some(config.poll),
            ..Config::new("swarm", config.database_url.clone())
        });
        Self { dbos, config }
    }

    /// Registers a workflow. Only before [`Engine::launch`].
    pub(crate) fn register<P, R, F, Fut>(&self, name: &str, body: F) -> Result<Workflow<P, R>, FlowError>
    where
        F: Fn(P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Flow<R>> + Send + 'static,
        P: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        self.dbos.register_workflow(name, body).map_err(engine_failed)
    }

    /// Begins to work: first takes up what this node left unfinished.
    pub(crate) async fn launch(&self) -> Result<(), FlowError> {
        self.dbos.launch().await.map_err(engine_failed)?;
        let options = QueueOptions {
            worker_concurrency: Some(i32::try_from(self.config.max_agents.max(1)).unwrap_or(i32::MAX)),
            polling_interval: self.config.poll,
            ..QueueOptions::default()
        };
        self.dbos
            .register_queue(TICKETS, options, QueueConflict::AlwaysUpdate)
            .await
            .map_err(engine_failed)?;
        Ok(())
    }

    /// Stops. What was under way stays in the journal and goes on at the next launch.
    pub(crate) async fn shutdown(&self) {
        self.dbos.shutdown().await;
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

/// Starts a child under this id on this process.
pub(crate) async fn child<P, R>(workflow: &Workflow<P, R>, id: &str, input: P) -> Flow<Handle<R>>
where
    P: Serialize + DeserializeOwned + Send + 'static,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    let options = StartOptions { workflow_id: Some(id), ..StartOptions::default() };
    workflow.start_with(input, options).await
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

/// Waits for the first of these workflows to end; which one is journalled.
pub(crate) async fn first_to_end(ids: &[&str]) -> Flow<String> {
    dbos::select_workflow(ids).await
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

/// Reads what never changes, so that it needs no journal, and waits where it cannot be read just now.
pub(crate) async fn patiently<T, F, Fut>(parts: &Parts, mut body: F) -> Result<T, FlowError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    for failed in 1.. {
        match body().await {
            Err(FlowError::Later { problem, after }) => {
                match parts.config.retry.wait(failed, after, &*parts.entropy) {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Err(FlowError::Final(problem)),
                }
            }
            outcome => return outcome,
        }
    }
    Err(FlowError::internal("the retry policy", "did not end"))
}

/// What one try of a retried step came to.
#[derive(Serialize, serde::Deserialize)]
enum Tried<T> {
    Done(T),
    Wait { millis: u64, why: FlowError },
    Failed(FlowError),
}

/// Runs `body` as a step until it succeeds, fails for good, or the policy has no more tries. Each try and each wait is
/// journalled, so a crash in the middle of a wait goes on with the rest of it.
pub(crate) async fn retried<T, F, Fut>(parts: &Parts, name: &str, mut body: F) -> Flow<Result<T, FlowError>>
where
    T: Serialize + DeserializeOwned + Send,
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, FlowError>> + Send,
{
    for failed in 1.. {
        let tried = dbos::step(name, || {
            let run = body();
            async move {
                dbos::Result::<Tried<T>, FlowError>::Ok(match run.await {
                    Ok(value) => Tried::Done(value),
                    Err(FlowError::Later { problem, after }) => {
                        match parts.config.retry.wait(failed, after, &*parts.entropy) {
                            Some(wait) => Tried::Wait {
                                millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                                why: FlowError::Later { problem, after },
                            },
                            None => Tried::Failed(FlowError::Final(problem)),
                        }
                    }
                    Err(error) => Tried::Failed(error),
                })
            }
        })
        .await?;
        match tried {
            Tried::Done(value) => return Ok(Ok(value)),
            Tried::Failed(error) => return Ok(Err(error)),
            Tried::Wait { millis, why } => {
                tracing::warn!(step = name, failed, wait_ms = millis, %why, "will try again");
                dbos::sleep::<FlowError>(Duration::from_millis(millis)).await?;
            }
        }
    }
    Err(dbos::Error::Application(FlowError::internal(name, "the retry policy did not end")))
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

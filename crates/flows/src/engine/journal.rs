//! The engine's journal, asked from outside: for what other engines have begun, and while our own has stopped.

use std::collections::{BTreeMap, BTreeSet};

use dbos::sysdb::{
    self, INTERNAL_QUEUE, SystemDatabase,
    postgres::PostgresSystemDatabase,
    types::{WorkflowFilter, WorkflowStatus},
};
use swarm_store::Store;

use super::{APPLICATION, FLOWS_VERSION, executor};
use crate::error::FlowError;

/// The journal itself, for what is asked about it while no engine runs, or about other engines.
struct Journal(PostgresSystemDatabase);

impl Journal {
    /// Opens it; makes its tables where `new`.
    async fn open(store: &Store, new: bool) -> Result<Self, FlowError> {
        let url = store.engine_url();
        let settings = sysdb::postgres::Settings {
            application_name: Some(APPLICATION),
            ..sysdb::postgres::Settings::default()
        };
        let config = sysdb::postgres::Config {
            max_connections: 1,
            use_listen_notify: false,
            migrate: new,
            settings,
            ..sysdb::postgres::Config::new(&url)
        };
        Ok(Self(PostgresSystemDatabase::connect(&config).await.map_err(journal_failed)?))
    }

    /// What was begun and not ended, by executor.
    async fn begun(&self) -> Result<BTreeMap<String, Vec<String>>, FlowError> {
        let filter = WorkflowFilter {
            status: vec![WorkflowStatus::Pending],
            application_versions: vec![FLOWS_VERSION],
            load_input: false,
            load_output: false,
            ..WorkflowFilter::default()
        };
        let found = self.0.list_workflows(&filter, None).await.map_err(journal_failed)?;
        let mut begun: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for workflow in found {
            begun.entry(workflow.executor_id.unwrap_or_default()).or_default().push(workflow.workflow_id);
        }
        Ok(begun)
    }

    async fn hand_over(&self, executor: &str) -> Result<u64, FlowError> {
        let moved = self.0.reenqueue_for_recovery(&[executor], FLOWS_VERSION, INTERNAL_QUEUE).await;
        Ok(moved.map_err(journal_failed)?.len() as u64)
    }
}

/// What was begun and not ended, by executor.
pub(crate) async fn begun(store: &Store) -> Result<BTreeMap<String, Vec<String>>, FlowError> {
    let journal = Journal::open(store, false).await?;
    let begun = journal.begun().await;
    journal.0.close().await;
    begun
}

/// Gives back to the queues what the node of this store has begun. Its engine must have stopped.
pub(crate) async fn hand_over(store: &Store, executor: &str) -> Result<u64, FlowError> {
    let journal = Journal::open(store, false).await?;
    let moved = journal.hand_over(executor).await;
    journal.0.close().await;
    moved
}

/// Puts what this node has begun on another queue.
pub(super) async fn put_back(store: &Store, id: &str, queue: &str) -> Result<(), FlowError> {
    let journal = Journal::open(store, false).await?;
    let moved = journal.0.resume_workflows(&[id], Some(queue), None).await;
    journal.0.close().await;
    moved.map(drop).map_err(journal_failed)
}

/// Gives back to the queues what was begun under leases that do not count any more; gives back how much of whom.
pub(crate) async fn hand_over_orphans(store: &Store) -> Result<BTreeMap<String, u64>, FlowError> {
    let journal = Journal::open(store, true).await?;
    let moved = orphans(store, &journal).await;
    journal.0.close().await;
    moved
}

async fn orphans(store: &Store, journal: &Journal) -> Result<BTreeMap<String, u64>, FlowError> {
    // In this order: who begins something has joined before, so is among the living that are read after.
    let begun = journal.begun().await?;
    let nodes = store.nodes().await?.into_iter().filter(|node| node.state.holds_work());
    let living: BTreeSet<_> = nodes.map(|node| executor(&node.name, node.token)).collect();
    let mut moved = BTreeMap::new();
    for orphaned in begun.into_keys().filter(|executor| !living.contains(executor)) {
        let number = journal.hand_over(&orphaned).await?;
        moved.insert(orphaned, number);
    }
    Ok(moved)
}

fn journal_failed(error: sysdb::Error) -> FlowError {
    FlowError::internal("the journal", error)
}

//! Workers: the processes that work on this database.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use swarm_domain::{Label, NodeId, lease::FencingToken, node::NodeState};
use utoipa::ToSchema;

use crate::{app::App, refusal::Reply};

/// A process that works on this database.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Worker {
    /// Its name.
    pub name: NodeId,
    /// The token that its writes show; it grows each time that the name joins.
    pub token: FencingToken,
    /// Where it stands.
    pub state: NodeState,
    /// What it offers to work that needs it.
    pub labels: BTreeSet<Label>,
    /// Whether it leaves work that needs no label to others.
    pub only_labelled: bool,
    /// How long ago it gave its last sign of life, in milliseconds.
    pub heartbeat_age_ms: u64,
    /// When it joined.
    pub joined_at: DateTime<Utc>,
    /// The version of swarm that it is.
    pub version: String,
    /// The machine that it is on.
    pub host: String,
    /// Its process there.
    pub pid: u64,
    /// The machine's processors.
    pub cores: u64,
    /// What it has begun and not ended: `ticket/RUN/TICKET/…`, `merge/RUN/ATTEMPT`, `build/RUN/…`, `plan/PLAN`.
    pub works_on: Vec<String>,
}

/// Every worker.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerList {
    /// By name, those that are gone too.
    pub items: Vec<Worker>,
}

impl From<swarm_flows::Worker> for Worker {
    fn from(swarm_flows::Worker { node, works_on }: swarm_flows::Worker) -> Self {
        Self {
            name: node.name,
            token: node.token,
            state: node.state,
            labels: node.labels,
            only_labelled: node.only_labelled,
            heartbeat_age_ms: node.beat_age_ms,
            joined_at: node.joined_at,
            version: node.version,
            host: node.host,
            pid: node.pid,
            cores: node.cores,
            works_on,
        }
    }
}

/// Lists the workers, with what each works on.
#[utoipa::path(get, path = "/api/workers", tag = "workers",
    responses((status = OK, description = "The workers.", body = WorkerList)))]
pub(crate) async fn workers(State(app): State<App>) -> Reply<Json<WorkerList>> {
    let items = app.flows.workers().await?.into_iter().map(Worker::from).collect();
    Ok(Json(WorkerList { items }))
}

//! The node that this process is: it joins, gives signs of life, looks after those that give none any more, and goes.
//!
//! A node that was stopped for longer than its lease lasts finds its token stale: others do its work by then. It stops
//! its engine at once, writes nothing more, and joins again under a new token.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use swarm_domain::{EventBody, NodeId, Problem, Subject};
use swarm_store::{Joining, LostNode, NodeRow, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    background::Background,
    engine,
    error::FlowError,
    parts::{Parts, part},
    sweep,
    works::{Current, Works},
};

/// How long the engine may take to write down what a step came to that has just ended.
const JOURNAL_PATIENCE: Duration = Duration::from_millis(250);
/// How long the last things may take: the work itself is safe without them.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(10);

/// A node, and what it works on.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The node.
    pub node: NodeRow,
    /// The workflows that it has begun and not ended: `ticket/<run>/<ticket>/…`, `merge/…`, `build/…`, `plan/…`.
    pub works_on: Vec<String>,
}

/// The task that keeps this process a node.
pub(crate) struct Node {
    task: Background,
    ended: watch::Receiver<Option<Problem>>,
}

impl Node {
    /// Begins to give signs of life.
    pub(crate) fn watch(parts: Parts, works: Current) -> Self {
        let (end, ended) = watch::channel(None);
        let task = Background::begin(|stop| async move {
            let mut watch = Watch { parts, works, swept: Instant::now(), away: false, stop };
            if let Err(error) = Box::pin(watch.run()).await {
                tracing::error!(%error, "this process can be no node any more");
                let _ = end.send(Some(error.problem()));
            }
        });
        Self { task, ended }
    }

    /// Waits until the process can be no node any more.
    pub(crate) async fn ended(&self) -> Problem {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await.ok().and_then(|problem| problem.clone()) {
            Some(problem) => problem,
            // It was stopped, which is no end that anybody waits for.
            None => std::future::pending().await,
        }
    }

    /// Stops giving signs of life.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

struct Watch {
    parts: Parts,
    works: Current,
    /// When was last looked for work that is nobody's.
    swept: Instant,
    /// Whether the database was away at the last look.
    away: bool,
    stop: CancellationToken,
}

impl Watch {
    async fn run(&mut self) -> Result<(), FlowError> {
        let beat = Duration::from_millis(self.parts.config.heartbeat_ms.max(10));
        let (store, stop) = (self.parts.store.clone(), self.stop.clone());
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = store.fenced() => {
                    self.begin_again().await?;
                    continue;
                }
                () = tokio::time::sleep(beat) => {}
            }
            let Some(looked) = stop.run_until_cancelled(Box::pin(self.look())).await else { return Ok(()) };
            match looked {
                Ok(()) => self.away = false,
                Err(error) if error.problem().code == "worker.name_taken" => {
                    self.stop_works().await;
                    return Err(error);
                }
                Err(error) if !self.away => {
                    self.away = true;
                    tracing::warn!(%error, "no sign of life could be given");
                }
                Err(error) => tracing::debug!(%error, "no sign of life could be given"),
            }
        }
    }

    /// Gives a sign of life, and looks after those that give none.
    async fn look(&mut self) -> Result<(), FlowError> {
        match self.parts.store.heartbeat().await {
            // Seen at the next turn.
            Err(StoreError::Fenced { .. }) => return Ok(()),
            given => given?,
        }
        let lost = self.parts.store.lost().await?;
        let lease = Duration::from_millis(self.parts.config.lease_ms);
        if lost.is_empty() && self.swept.elapsed() < lease {
            return Ok(());
        }
        self.swept = Instant::now();
        let mut moved = engine::hand_over_orphans(&self.parts.store).await?;
        for lost in &lost {
            let moved = moved.remove(&engine::executor(&lost.node, lost.token)).unwrap_or_default();
            self.tell(lost, moved).await?;
            self.parts.store.settled(lost).await?;
        }
        for (executor, moved) in moved.into_iter().filter(|(_, moved)| *moved > 0) {
            tracing::info!(executor, moved, "handed over what was nobody's");
        }
        if !lost.is_empty() {
            // What it was asked for and had not begun yet.
            self.works.get().take_up().await?;
        }
        Ok(())
    }

    async fn tell(&self, lost: &LostNode, moved: u64) -> Result<(), FlowError> {
        let LostNode { node, token } = lost.clone();
        let by = self.parts.store.node().map_or_else(|| node.clone(), |(by, _)| by);
        tracing::warn!(%node, %token, moved, "a node gave no sign of life: its work was handed over");
        let key = ["node", node.as_str(), &token.to_string(), "lost"];
        let body = EventBody::NodeLost { node: node.clone(), token, by, moved };
        self.parts.record(&key, part("nodes"), Subject::default(), body).await.map(drop)
    }

    /// Its token is stale: stops at once, and joins again. Who is told to stop meanwhile ends it first: a node that has a
    /// new token and does not know it could not leave under it.
    async fn begin_again(&mut self) -> Result<(), FlowError> {
        let node = self.parts.store.node().map(|(node, token)| format!("{node} (token {token})"));
        tracing::error!(
            node = node.unwrap_or_default(),
            "this process gave no sign of life for too long, and others do its work now: it stops what it was doing, \
             writes nothing more, and joins again"
        );
        self.stop_works().await;
        loop {
            match self.parts.store.rejoin().await {
                Ok(_) => break,
                Err(error) if error.is_transient() => {
                    if self.stop.run_until_cancelled(self.parts.database_is_back()).await.is_none() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        let works = Works::new(&self.parts)?;
        begin(&self.parts, &works).await?;
        self.works.set(works);
        Ok(())
    }

    async fn stop_works(&self) {
        let works = self.works.get();
        if tokio::time::timeout(GOODBYE_PATIENCE, works.engine.shutdown()).await.is_err() {
            tracing::warn!("the engine takes long to stop");
        }
    }
}

/// Makes this process a node of the database: gives back the parts in its hands.
pub(crate) async fn join(parts: Parts, name: &str) -> Result<Parts, FlowError> {
    let name = NodeId::parse(name).map_err(|error| {
        FlowError::Final(Problem::new(
            "worker.bad_name",
            error.to_string(),
            "give it a name of its own: `swarm worker --name NAME`",
        ))
    })?;
    let joining = Joining {
        name,
        takes: parts.config.takes.clone(),
        ttl: Duration::from_millis(parts.config.lease_ms),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: host().await,
    };
    let store = parts.store.join(joining).await?;
    Ok(Parts { store, ..parts })
}

/// Begins to work under the lease of these parts: says so, sweeps, takes over what is nobody's, and goes on with what
/// was begun.
pub(crate) async fn begin(parts: &Parts, works: &Works) -> Result<(), FlowError> {
    if let Some((node, token)) = parts.store.node() {
        let key = ["node", node.as_str(), &token.to_string(), "joined"];
        let labels = parts.config.takes.labels.iter().cloned().collect();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let body = EventBody::NodeJoined { node: node.clone(), token, labels, version, host: host().await };
        parts.record(&key, part("nodes"), Subject::default(), body).await?;
    }
    sweep::sweep(parts).await?;
    // Before the engine runs: what this node left at its last end goes on at once.
    engine::hand_over_orphans(&parts.store).await?;
    works.engine.launch().await?;
    works.take_up().await
}

/// Begins nothing more, and waits for what is under way.
pub(crate) async fn drain(parts: &Parts, patience: Duration) {
    if let Err(error) = parts.store.drain().await {
        tracing::warn!(%error, "could not say that this node drains");
    }
    if tokio::time::timeout(patience, parts.store.still()).await.is_err() {
        tracing::warn!(?patience, "some steps take longer than is waited: others begin them anew");
    }
    tokio::time::sleep(JOURNAL_PATIENCE).await;
}

/// Stops the works, hands what they had begun to the others, and leaves.
pub(crate) async fn end(parts: &Parts, works: &Works) {
    works.engine.shutdown().await;
    match tokio::time::timeout(GOODBYE_PATIENCE, goodbye(parts)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "could not say goodbye: the others will notice"),
        Err(_) => tracing::warn!("the database is away: the others will notice"),
    }
}

async fn goodbye(parts: &Parts) -> Result<(), FlowError> {
    let Some((node, token)) = parts.store.node() else { return Ok(()) };
    if !parts.store.is_fenced() {
        let moved = engine::hand_over(&parts.store, &engine::executor(&node, token)).await?;
        let key = ["node", node.as_str(), &token.to_string(), "left"];
        let body = EventBody::NodeLeft { node: node.clone(), token, moved };
        parts.record(&key, part("nodes"), Subject::default(), body).await?;
    }
    Ok(parts.store.leave().await?)
}

/// Who works on this database, and on what.
pub(crate) async fn workers(parts: &Parts) -> Result<Vec<Worker>, FlowError> {
    let nodes = parts.store.nodes().await?;
    let mut begun: BTreeMap<_, _> = if nodes.iter().any(|node| node.state.holds_work()) {
        engine::begun(&parts.store).await?
    } else {
        BTreeMap::new()
    };
    let with_work = nodes.into_iter().map(|node| {
        let works_on = begun.remove(&engine::executor(&node.name, node.token)).unwrap_or_default();
        Worker { node, works_on }
    });
    Ok(with_work.collect())
}

/// The machine's name.
async fn host() -> String {
    let name = tokio::fs::read_to_string("/proc/sys/kernel/hostname").await.unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

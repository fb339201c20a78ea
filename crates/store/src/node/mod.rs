//! Nodes: the processes that work on this database, each under a lease with a fencing token.
//!
//! A node holds its name by a session lock: two that live at once cannot be the same node, and the name of one that was
//! killed is free at once. Beside it stands its lease in `swarm.nodes`, renewed by the database's clock. Where that runs
//! out (a machine that hangs, a network that broke), another node declares it dead, and from then on the token that
//! it still holds is refused in every append. A [`Store`] that [joined](Store::join) carries the lease; one that did not
//! (a command that reads, a person's request to it) is not fenced.

mod folder;
mod lease;
mod others;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};
use swarm_domain::{
    Label, NodeId,
    lease::FencingToken,
    node::{NodeState, Takes},
};

pub(crate) use self::lease::NodeLease;
pub use self::{lease::Acting, others::LostNode};
use crate::{
    Result, Store, StoreError,
    column::{Columns, count, to_word},
};

/// How long the name of a process that just died may still be held: until the database notices.
const PATIENCE: &str = "5s";
/// What PostgreSQL answers where a lock was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What a node says of itself when it joins.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Its name.
    pub name: NodeId,
    /// Which work it takes.
    pub takes: Takes,
    /// How long it counts as alive after each sign of life.
    pub ttl: Duration,
    /// The version of swarm that it is.
    pub version: String,
    /// The machine that it is on.
    pub host: String,
}

/// A node, as the others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeRow {
    /// Its name.
    pub name: NodeId,
    /// The token of its last lease.
    pub token: FencingToken,
    /// Where it stands.
    pub state: NodeState,
    /// What it offers: work that needs some of these, and nothing else, goes to it.
    pub labels: BTreeSet<Label>,
    /// Whether it leaves work that needs no label to others.
    pub only_labelled: bool,
    /// The version of swarm that it is.
    pub version: String,
    /// The machine that it is on.
    pub host: String,
    /// Its process there.
    pub pid: u64,
    /// The machine's processors.
    pub cores: u64,
    /// When it joined.
    pub joined_at: DateTime<Utc>,
    /// When it gave its last sign of life.
    pub beat_at: DateTime<Utc>,
    /// How long ago that was, in milliseconds, by the database's clock.
    pub beat_age_ms: u64,
    /// When it counts as lost, unless it gives another one.
    pub expires_at: DateTime<Utc>,
}

impl NodeRow {
    /// Which work it takes.
    #[must_use]
    pub fn takes(&self) -> Takes {
        Takes { labels: self.labels.clone(), only_labelled: self.only_labelled }
    }
}

impl Store {
    /// Begins to work under a name: gives back this store with the node's lease, whose token is higher than any that
    /// this name had. Fails with [`StoreError::NameTaken`] where another live process has the name, and with
    /// [`StoreError::OtherFolder`] where the nodes of this database keep their files somewhere else.
    pub async fn join(&self, joining: Joining) -> Result<Self> {
        let mut session = self.hold_name(&joining.name).await?;
        folder::check(self, &mut session).await?;
        let token = enrol(&mut session, &joining).await?;
        Ok(self.with_node(NodeLease::new(joining, token, session)))
    }

    /// Takes a new token, after the old one became stale. What the old one stood for must have ended.
    pub async fn rejoin(&self) -> Result<FencingToken> {
        let lease = self.lease()?;
        let mut held = lease.session().lock().await;
        if let Some(session) = held.take() {
            // The old session ends with its lock, whatever state it is in.
            let _ = session.close().await;
        }
        let mut session = self.hold_name(lease.name()).await?;
        folder::check(self, &mut session).await?;
        let token = enrol(&mut session, lease.joining()).await?;
        *held = Some(session);
        lease.renewed_with(token);
        Ok(token)
    }

    /// The node's name and the token that its writes show; none where this store is nobody's.
    #[must_use]
    pub fn node(&self) -> Option<(NodeId, FencingToken)> {
        self.node_lease().map(|lease| (lease.name().clone(), lease.token()))
    }

    /// Gives a sign of life. Fails with [`StoreError::Fenced`] where the node was declared dead before, and with
    /// [`StoreError::NameTaken`] where another process took the name while the connection was lost.
    pub async fn heartbeat(&self) -> Result<()> {
        let lease = self.lease()?;
        let sent = Instant::now();
        let mut held = lease.session().lock().await;
        let mut session = match held.take() {
            Some(session) => session,
            None => self.hold_name(lease.name()).await?,
        };
        let token = lease.token();
        let renewed = sqlx::query(
            "UPDATE swarm.nodes SET beat_at = clock_timestamp(),
                 expires_at = greatest(expires_at, clock_timestamp() + $3 * interval '1 millisecond')
             WHERE name = $1 AND token = $2 AND state IN ('live', 'draining')",
        )
        .bind(lease.name().as_str())
        .bind(crate::column::whole(token.get()))
        .bind(lease.ttl_millis())
        .execute(&mut session)
        .await?;
        *held = Some(session);
        if renewed.rows_affected() == 0 {
            return Err(lease.fenced(token));
        }
        lease.confirmed(sent);
        Ok(())
    }

    /// Says that this node begins nothing more; what it has begun stays its own.
    pub async fn drain(&self) -> Result<()> {
        let lease = self.lease()?;
        lease.park();
        self.change_state(NodeState::Draining).await
    }

    /// Says that this node is gone, and gives its name back. What it had begun must have been handed over before.
    pub async fn leave(&self) -> Result<()> {
        let lease = self.lease()?;
        let left = self.change_state(NodeState::Left).await;
        if let Some(session) = lease.session().lock().await.take()
            && let Err(error) = session.close().await
        {
            tracing::debug!(%error, "the connection that holds the name was lost before");
        }
        left
    }

    /// The nodes, by name; those that are long gone too.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>> {
        let rows = sqlx::query(
            "SELECT *, greatest(0, extract(epoch FROM clock_timestamp() - beat_at) * 1000)::bigint AS beat_age_ms
             FROM swarm.nodes ORDER BY name",
        )
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }

    async fn change_state(&self, to: NodeState) -> Result<()> {
        let lease = self.lease()?;
        let token = lease.token();
        let changed = sqlx::query(
            "UPDATE swarm.nodes SET state = $3 WHERE name = $1 AND token = $2 AND state IN ('live', 'draining')",
        )
        .bind(lease.name().as_str())
        .bind(crate::column::whole(token.get()))
        .bind(to_word("nodes.state", &to)?)
        .execute(self.pool())
        .await?;
        if changed.rows_affected() == 0 { Err(lease.fenced(token)) } else { Ok(()) }
    }

    /// Holds a name for as long as the connection that is given back lives: when this process dies, however it does,
    /// the name is free.
    async fn hold_name(&self, name: &NodeId) -> Result<PgConnection> {
        // A connection of its own, out of the pool: the lock lives as long as its session.
        let mut conn = self.pool().acquire().await?.detach();
        sqlx::query("SELECT set_config('lock_timeout', $1, false)").bind(PATIENCE).execute(&mut conn).await?;
        let locked = sqlx::query("SELECT pg_advisory_lock(hashtextextended('swarm/' || $1, 0))")
            .bind(name.as_str())
            .execute(&mut conn)
            .await;
        match locked {
            Ok(_) => Ok(conn),
            Err(sqlx::Error::Database(said)) if said.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
                Err(StoreError::NameTaken { name: name.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes the node down under the next token. The name is held, so whoever had it before is provably gone: no need to
/// wait for the end of its lease.
async fn enrol(session: &mut PgConnection, joining: &Joining) -> Result<FencingToken> {
    let labels: Vec<_> = joining.takes.labels.iter().map(Label::as_str).collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let row = sqlx::query(
        "INSERT INTO swarm.nodes AS n (name, token, state, labels, only_labelled, version, host, pid, cores, joined_at,
             beat_at, expires_at)
         VALUES ($1, 1, 'live', $2, $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp(),
             clock_timestamp() + $8 * interval '1 millisecond')
         ON CONFLICT (name) DO UPDATE SET token = n.token + 1, state = 'live', labels = excluded.labels,
             only_labelled = excluded.only_labelled, version = excluded.version, host = excluded.host,
             pid = excluded.pid, cores = excluded.cores, joined_at = excluded.joined_at, beat_at = excluded.beat_at,
             expires_at = excluded.expires_at, taken_by = NULL, taken_at = NULL, settled = true
         RETURNING token",
    )
    .bind(joining.name.as_str())
    .bind(labels)
    .bind(joining.takes.only_labelled)
    .bind(&joining.version)
    .bind(&joining.host)
    .bind(i64::from(std::process::id()))
    .bind(i64::try_from(cores).unwrap_or(i64::MAX))
    .bind(lease::millis(joining.ttl))
    .fetch_one(session)
    .await?;
    Ok(FencingToken::new(count(row.try_get("token")?)))
}

fn read(row: &PgRow) -> Result<NodeRow> {
    let columns = Columns::of("nodes", row);
    let labels = columns.texts("labels")?.into_iter().map(Label::parse).collect::<Result<_, _>>();
    Ok(NodeRow {
        name: columns.id("name")?,
        token: FencingToken::new(columns.count("token")?),
        state: columns.word("state")?,
        labels: labels.map_err(|error| StoreError::corrupt("nodes.labels", error))?,
        only_labelled: columns.flag("only_labelled")?,
        version: columns.text("version")?,
        host: columns.text("host")?,
        pid: columns.count("pid")?,
        cores: columns.count("cores")?,
        joined_at: columns.time("joined_at")?,
        beat_at: columns.time("beat_at")?,
        beat_age_ms: columns.count("beat_age_ms")?,
        expires_at: columns.time("expires_at")?,
    })
}

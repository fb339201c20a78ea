//! Appending: lock the chain, number, hash, insert, project, and tell the listeners, all in one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgConnection;
use swarm_domain::{Event, IdempotencyKey, NewEvent, TenantId};

use super::{
    CHANNEL,
    read::EventRow,
    sealed::{self, GENESIS, Sealed},
};
use crate::{
    Result, Store, StoreError,
    column::{count, whole},
    guard, projection,
};

/// The longest idempotency key, in bytes: it stands in an index.
const MAX_KEY_BYTES: usize = 1024;

/// What became of an event that was to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The event as it stands in the log.
    pub event: Event,
    /// Whether it was written now. False where its key had been used before: then nothing was done.
    pub fresh: bool,
}

/// A key as it is stored. As in the event's text, NUL has no place in PostgreSQL's text.
pub(super) fn stored_key(key: &IdempotencyKey) -> String {
    key.as_str().replace('\0', "\u{fffd}")
}

/// The end of a tenant's chain, locked.
struct Chain {
    head: String,
    count: u64,
    grown: bool,
}

impl Store {
    /// Appends an event and updates the views, or does nothing at all.
    ///
    /// Appending a key again gives back the event that has it; if that event says something else, the error is
    /// [`StoreError::KeyReused`], which holds it: for callers to whom the first one counts. An event
    /// that cannot follow what was before is [`StoreError::NotAllowed`].
    pub async fn append(&self, event: NewEvent) -> Result<Appended> {
        let appended = self.append_all(&[event]).await?;
        appended.into_iter().next().ok_or_else(|| StoreError::corrupt("the answer of append", "it is empty"))
    }

    /// Appends events in this order: all of them, or none.
    pub async fn append_all(&self, events: &[NewEvent]) -> Result<Vec<Appended>> {
        let mut tx = self.pool().begin().await?;
        let mut chains = lock_chains(&mut tx, events).await?;
        // Taken behind the lock, so that a later number is not an earlier time. PostgreSQL keeps microseconds.
        let at = self.clock().now().trunc_subsecs(6);
        let mut appended = Vec::with_capacity(events.len());
        for new in events {
            let chain = chains.get_mut(&new.tenant).ok_or_else(|| {
                StoreError::corrupt(format!("the chain of {}", new.tenant), "it is not there")
            })?;
            appended.push(append_one(&mut tx, chain, new, at).await?);
        }
        for (tenant, chain) in chains.iter().filter(|(_, chain)| chain.grown) {
            sqlx::query("UPDATE swarm.chains SET head = $2, count = $3 WHERE tenant = $1")
                .bind(tenant.as_str())
                .bind(&chain.head)
                .bind(whole(chain.count))
                .execute(&mut *tx)
                .await?;
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(format!("{tenant}:{}", chain.count))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(appended)
    }
}

/// Locks the chains of all tenants concerned, in the order of their names so that two writers cannot wait for each
/// other.
async fn lock_chains(conn: &mut PgConnection, events: &[NewEvent]) -> Result<BTreeMap<TenantId, Chain>> {
    let mut chains = BTreeMap::new();
    let mut tenants: Vec<_> = events.iter().map(|e| &e.tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    for tenant in tenants {
        sqlx::query(
            "INSERT INTO swarm.chains (tenant, head, count) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(GENESIS)
        .execute(&mut *conn)
        .await?;
        let (head, counted) = sqlx::query_as::<_, (String, i64)>(
            "SELECT head, count FROM swarm.chains WHERE tenant = $1 FOR UPDATE",
        )
        .bind(tenant.as_str())
        .fetch_one(&mut *conn)
        .await?;
        chains.insert(tenant.clone(), Chain { head, count: count(counted), grown: false });
    }
    Ok(chains)
}

async fn append_one(
    conn: &mut PgConnection,
    chain: &mut Chain,
    new: &NewEvent,
    at: DateTime<Utc>,
) -> Result<Appended> {
    let key = stored_key(&new.key);
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let detail = format!("its key has {} bytes, and must have 1 to {MAX_KEY_BYTES}", key.len());
        return Err(StoreError::InvalidEvent { kind: new.body.name(), detail });
    }
    if let Some(event) = with_key(conn, &new.tenant, &key).await? {
        return if sealed::says_the_same(&event, new)? {
            Ok(Appended { event, fresh: false })
        } else {
            Err(StoreError::KeyReused { key, event: Box::new(event) })
        };
    }
    let Sealed { event, text } = sealed::seal(new, chain.count + 1, at, &chain.head)?;
    let subject = &event.subject;
    sqlx::query(
        "INSERT INTO swarm.events (tenant, seq, at, type, key, project, run, ticket, text, prev, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(event.at)
    .bind(event.body.name())
    .bind(key)
    .bind(subject.project.as_ref().map(swarm_domain::ProjectId::as_str))
    .bind(subject.run.as_ref().map(swarm_domain::RunId::as_str))
    .bind(subject.ticket.as_ref().map(swarm_domain::TicketId::as_str))
    .bind(text)
    .bind(&event.prev)
    .bind(&event.hash)
    .execute(&mut *conn)
    .await?;
    guard::may_follow(conn, &event).await?;
    projection::project(conn, &event).await?;
    chain.head.clone_from(&event.hash);
    chain.count = event.seq;
    chain.grown = true;
    Ok(Appended { event, fresh: true })
}

pub(super) async fn with_key(conn: &mut PgConnection, tenant: &TenantId, key: &str) -> Result<Option<Event>> {
    let row: Option<EventRow> =
        sqlx::query_as("SELECT seq, text, prev, hash FROM swarm.events WHERE tenant = $1 AND key = $2")
            .bind(tenant.as_str())
            .bind(key)
            .fetch_optional(conn)
            .await?;
    row.map(|row| row.event(tenant)).transpose()
}

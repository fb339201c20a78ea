//! Appending: lock the chain, number, hash, project, insert, and tell the listeners, all in one transaction.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgConnection;
use swarm_domain::{
    Event, IdempotencyKey, NewEvent, ProjectId, RunId, Subject, TenantId, TicketId, lease::FencingToken,
};

use super::{
    CHANNEL,
    group::Pending,
    read::EventRow,
    sealed::{self, GENESIS, Sealed},
};
use crate::{
    Result, Store, StoreError,
    blob::{self, Blob},
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
    /// The events that have the keys in question.
    known: HashMap<String, Event>,
    /// What is new, to be written at the end.
    grown: Vec<Row>,
}

/// An event on its way into the log.
struct Row {
    key: String,
    text: String,
    event: Event,
}

impl Store {
    /// Appends an event and updates the views, or does nothing at all.
    ///
    /// Appending a key again gives back the event that has it; if that event says something else, the error is
    /// [`StoreError::KeyReused`], which holds it: for callers to whom the first one counts. An event
    /// that cannot follow what was before is [`StoreError::NotAllowed`].
    pub async fn append(&self, event: NewEvent) -> Result<Appended> {
        self.append_keeping(event, Vec::new()).await
    }

    /// Appends what these callers want, in one transaction. A caller whose events the rules refuse gets that as its own
    /// outcome; an error is of all, and then nothing was written.
    pub(super) async fn append_together(&self, callers: &[Pending]) -> Result<Vec<Result<Vec<Appended>>>> {
        let mut tx = self.pool().begin().await?;
        let blobs: Vec<&Blob> = callers.iter().flat_map(|caller| caller.blobs.iter()).collect();
        let events: Vec<&[NewEvent]> = callers.iter().map(|caller| &*caller.events).collect();
        let outcomes = self.append_each(&mut tx, &events, &blobs).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Appends in a transaction of the caller's, who changes something else with it: all of the events, or the error is
    /// a reason to let the transaction go. The caller must lock nothing afterwards that others lock before they append.
    pub(crate) async fn append_within(
        &self,
        tx: &mut PgConnection,
        events: &[NewEvent],
    ) -> Result<Vec<Appended>> {
        let mut outcomes = self.append_each(tx, &[events], &[]).await?;
        outcomes.pop().unwrap_or_else(|| Err(StoreError::corrupt("the answer of append", "it is empty")))
    }

    /// Appends what each caller wants, behind the locks of all chains concerned.
    async fn append_each(
        &self,
        tx: &mut PgConnection,
        callers: &[&[NewEvent]],
        blobs: &[&Blob],
    ) -> Result<Vec<Result<Vec<Appended>>>> {
        let events: Vec<&NewEvent> = callers.iter().flat_map(|events| events.iter()).collect();
        let mut chains = self.lock_chains(tx, &events).await?;
        for (tenant, chain) in &mut chains {
            chain.known = with_keys(tx, tenant, &events).await?;
        }
        // Taken behind the lock, so that a later number is not an earlier time. PostgreSQL keeps microseconds.
        let at = self.clock().now().trunc_subsecs(6);
        blob::insert(tx, blobs).await?;
        let mut outcomes = Vec::with_capacity(callers.len());
        for events in callers {
            outcomes.push(append_one_callers(tx, &mut chains, events, at).await?);
        }
        for (tenant, chain) in chains.iter().filter(|(_, chain)| !chain.grown.is_empty()) {
            grow(tx, tenant, chain).await?;
        }
        Ok(outcomes)
    }

    /// Locks the chains of all tenants concerned, in the order of their names so that two writers cannot wait for each
    /// other. In the same breath a node's token is checked, and held until the end of the transaction: nobody can declare
    /// the node dead between the check and the commit.
    async fn lock_chains(
        &self,
        conn: &mut PgConnection,
        events: &[&NewEvent],
    ) -> Result<BTreeMap<TenantId, Chain>> {
        let lease = self.node_lease();
        let node = lease.map(|lease| lease.name().as_str());
        let mut chains = BTreeMap::new();
        let mut tenants: Vec<_> = events.iter().map(|e| &e.tenant).collect();
        tenants.sort_unstable();
        tenants.dedup();
        for tenant in tenants {
            let mut locked = lock_chain(conn, tenant, node).await?;
            if locked.is_none() {
                begin_chain(conn, tenant).await?;
                locked = lock_chain(conn, tenant, node).await?;
            }
            let (head, counted, token) = locked
                .ok_or_else(|| StoreError::corrupt(format!("the chain of {tenant}"), "it is not there"))?;
            if let Some(lease) = lease {
                lease.check(token.map(|token| FencingToken::new(count(token))))?;
            }
            let chain = Chain { head, count: count(counted), known: HashMap::new(), grown: Vec::new() };
            chains.insert(tenant.clone(), chain);
        }
        Ok(chains)
    }
}

/// Locks a tenant's chain, if it has one: its head, its length, and the token of this node.
async fn lock_chain(
    conn: &mut PgConnection,
    tenant: &TenantId,
    node: Option<&str>,
) -> Result<Option<(String, i64, Option<i64>)>> {
    let locked = sqlx::query_as(
        "SELECT c.head, c.count,
             (SELECT n.token FROM swarm.nodes n
              WHERE n.name = $2 AND n.state IN ('live', 'draining') FOR KEY SHARE)
         FROM swarm.chains c WHERE c.tenant = $1 FOR UPDATE OF c",
    )
    .bind(tenant.as_str())
    .bind(node)
    .fetch_optional(conn)
    .await?;
    Ok(locked)
}

/// Begins a tenant's chain, unless somebody else just did.
async fn begin_chain(conn: &mut PgConnection, tenant: &TenantId) -> Result<()> {
    sqlx::query("INSERT INTO swarm.chains (tenant, head, count) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING")
        .bind(tenant.as_str())
        .bind(GENESIS)
        .execute(conn)
        .await?;
    Ok(())
}

/// Appends one caller's events. What the rules refuse before anything of it was written is its own outcome; later, the
/// whole transaction must go.
async fn append_one_callers(
    conn: &mut PgConnection,
    chains: &mut BTreeMap<TenantId, Chain>,
    events: &[NewEvent],
    at: DateTime<Utc>,
) -> Result<Result<Vec<Appended>>> {
    let mut appended = Vec::with_capacity(events.len());
    for new in events {
        let chain = chains
            .get_mut(&new.tenant)
            .ok_or_else(|| StoreError::corrupt(format!("the chain of {}", new.tenant), "it is not there"))?;
        match append_one(conn, chain, new, at).await? {
            Ok(one) => appended.push(one),
            Err(refusal) if appended.iter().any(|one: &Appended| one.fresh) => return Err(refusal),
            Err(refusal) => return Ok(Err(refusal)),
        }
    }
    Ok(Ok(appended))
}

/// Appends one event. The inner error is the rules' answer and leaves the transaction as it was.
async fn append_one(
    conn: &mut PgConnection,
    chain: &mut Chain,
    new: &NewEvent,
    at: DateTime<Utc>,
) -> Result<Result<Appended>> {
    let key = stored_key(&new.key);
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let detail = format!("its key has {} bytes, and must have 1 to {MAX_KEY_BYTES}", key.len());
        return Ok(Err(StoreError::InvalidEvent { kind: new.body.name(), detail }));
    }
    if let Some(event) = chain.known.get(&key) {
        return Ok(if sealed::says_the_same(event, new)? {
            Ok(Appended { event: event.clone(), fresh: false })
        } else {
            Err(StoreError::KeyReused { key, event: Box::new(event.clone()) })
        });
    }
    let Sealed { event, text } = match sealed::seal(new, chain.count + 1, at, &chain.head) {
        Ok(sealed) => sealed,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match guard::may_follow(conn, &event).await {
        Err(error) if !error.is_refusal() => return Err(error),
        Err(refusal) => return Ok(Err(refusal)),
        Ok(()) => {}
    }
    projection::project(conn, &event).await?;
    chain.head.clone_from(&event.hash);
    chain.count = event.seq;
    chain.known.insert(key.clone(), event.clone());
    chain.grown.push(Row { key, text, event: event.clone() });
    Ok(Ok(Appended { event, fresh: true }))
}

/// Writes a tenant's new events, moves the end of the chain and tells the listeners, in one statement.
async fn grow(conn: &mut PgConnection, tenant: &TenantId, chain: &Chain) -> Result<()> {
    let rows = &chain.grown;
    let of = |pick: fn(&Subject) -> Option<&str>| -> Vec<Option<&str>> {
        rows.iter().map(|row| pick(&row.event.subject)).collect()
    };
    sqlx::query(
        "WITH written AS (
             INSERT INTO swarm.events (tenant, seq, at, type, key, project, run, ticket, text, prev, hash)
             SELECT $1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                                      $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])),
         moved AS (UPDATE swarm.chains SET head = $12, count = $13 WHERE tenant = $1)
         SELECT pg_notify($14, $15)",
    )
    .bind(tenant.as_str())
    .bind(rows.iter().map(|row| whole(row.event.seq)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event.at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event.body.name()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>())
    .bind(of(|subject| subject.project.as_ref().map(ProjectId::as_str)))
    .bind(of(|subject| subject.run.as_ref().map(RunId::as_str)))
    .bind(of(|subject| subject.ticket.as_ref().map(TicketId::as_str)))
    .bind(rows.iter().map(|row| row.text.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event.prev.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.event.hash.as_str()).collect::<Vec<_>>())
    .bind(&chain.head)
    .bind(whole(chain.count))
    .bind(CHANNEL)
    .bind(format!("{tenant}:{}", chain.count))
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of a tenant's keys that are used already, with the events that have them.
async fn with_keys(
    conn: &mut PgConnection,
    tenant: &TenantId,
    events: &[&NewEvent],
) -> Result<HashMap<String, Event>> {
    let keys: Vec<String> =
        events.iter().filter(|event| event.tenant == *tenant).map(|event| stored_key(&event.key)).collect();
    let rows: Vec<KeyedRow> = sqlx::query_as(
        "SELECT key, seq, text, prev, hash FROM swarm.events WHERE tenant = $1 AND key = ANY ($2)",
    )
    .bind(tenant.as_str())
    .bind(keys)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok((row.key, row.row.event(tenant)?))).collect()
}

#[derive(sqlx::FromRow)]
struct KeyedRow {
    key: String,
    #[sqlx(flatten)]
    row: EventRow,
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

//! Signing checkpoints of the chains.
//!
//! Who signs looks first: the chain must go on from the last checkpoint that was signed, event by event. A log that was
//! rewritten below it is never signed again; the refusal says where it parts.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use sqlx::PgConnection;
use swarm_domain::TenantId;

use super::{
    checkpoint::{Checkpoint, log_name},
    folder::Folder,
    handover::Trust,
    note::{self, NoteError, PrivateKey},
};
use crate::{
    Result, Store, StoreError,
    blob::blocking,
    column::{count, whole},
    event_log::{GENESIS, PAGE_BYTES, hash},
};

/// One of a kind, so that two processes do not sign at once.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('swarm.audit', 0))";

/// When a checkpoint is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// As soon as there is an event that none covers.
    Now,
    /// When so many events wait for one, or the first of them has for so long, or a run has ended.
    After {
        /// So many events.
        events: u64,
        /// So long.
        time: Duration,
    },
}

/// A chain, and how far it is signed.
#[derive(sqlx::FromRow)]
struct Chain {
    tenant: String,
    count: i64,
    first: String,
    signed: i64,
    waits_since: Option<DateTime<Utc>>,
    run_changed: bool,
}

impl Store {
    /// Signs a checkpoint of each chain that is due, and gives back how many were signed. One that does not go on from
    /// what was signed is an error, after the others were signed.
    pub async fn sign_checkpoints(&self, due: Due) -> Result<usize> {
        let mut signed = 0;
        let mut refused = Ok(());
        for chain in self.chains().await? {
            if !chain.is_due(due, self.clock().now()) {
                continue;
            }
            match self.sign(&chain).await {
                Ok(new) => signed += usize::from(new),
                Err(error) => refused = Err(error),
            }
        }
        refused.map(|()| signed)
    }

    /// Signs a checkpoint of a tenant's chain, where there is anything that none covers.
    pub(super) async fn sign_checkpoint_of(&self, tenant: &TenantId) -> Result<()> {
        for chain in self.chains().await?.iter().filter(|chain| chain.tenant == tenant.as_str()) {
            self.sign(chain).await?;
        }
        Ok(())
    }

    /// Makes the key that signs, where there is none yet.
    pub async fn make_audit_key(&self) -> Result<()> {
        let folder = self.audit_folder();
        blocking(move || folder.key_or_new().map(drop)).await
    }

    /// Lets a new key take the place of the one that signs.
    pub async fn rotate_audit_key(&self) -> Result<()> {
        // The old key signs what it saw, so that the new one begins behind it.
        self.sign_checkpoints(Due::Now).await?;
        let mut tx = self.pool().begin().await?;
        sqlx::query(LOCK).execute(&mut *tx).await?;
        let (folder, at) = (self.audit_folder(), self.clock().now());
        blocking(move || folder.rotate(at)).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) fn audit_folder(&self) -> Folder {
        Folder::of(self.data_dir())
    }

    async fn chains(&self) -> Result<Vec<Chain>> {
        let rows = sqlx::query_as(
            "SELECT c.tenant, c.count, first.hash AS first, s.signed, next.at AS waits_since,
                    EXISTS (SELECT 1 FROM swarm.events run WHERE run.tenant = c.tenant
                            AND run.type = 'run_state_changed' AND run.seq > s.signed) AS run_changed
             FROM swarm.chains c
             JOIN swarm.events first ON first.tenant = c.tenant AND first.seq = 1
             CROSS JOIN LATERAL (SELECT coalesce(max(size), 0) AS signed FROM swarm.checkpoints
                                 WHERE tenant = c.tenant) s
             LEFT JOIN swarm.events next ON next.tenant = c.tenant AND next.seq = s.signed + 1
             WHERE c.count > 0 ORDER BY c.tenant",
        )
        .fetch_all(self.pool())
        .await?;
        Ok(rows)
    }

    /// Signs a chain's head. False where that is signed already.
    async fn sign(&self, chain: &Chain) -> Result<bool> {
        let tenant = TenantId::parse(&chain.tenant)
            .map_err(|error| StoreError::corrupt("a tenant of swarm.chains", error))?;
        let log = log_name(&tenant, &chain.first);
        let mut tx = self.pool().begin().await?;
        sqlx::query(LOCK).execute(&mut *tx).await?;
        let (head, counted): (String, i64) =
            sqlx::query_as("SELECT head, count FROM swarm.chains WHERE tenant = $1")
                .bind(tenant.as_str())
                .fetch_one(&mut *tx)
                .await?;
        let (folder, named) = (self.audit_folder(), log.clone());
        let (key, trust, kept) = blocking(move || {
            let key = folder.key_or_new()?;
            Ok((key, folder.trust()?, folder.last_checkpoint(&named)?))
        })
        .await?;
        let stored = last_stored(&mut tx, &tenant, &log, &trust).await?;
        let kept = kept.map(|note| open(&note, &log, &trust)).transpose()?.flatten();
        self.mend(&mut tx, &tenant, &log, stored.as_ref(), kept.as_ref()).await?;
        let last = stored.into_iter().chain(kept).max_by_key(|checkpoint| checkpoint.size);
        let (size, seen) = last.as_ref().map_or((0, GENESIS), |last| (last.size, last.head.as_str()));
        goes_on(&mut tx, &tenant, &log, size, seen, (count(counted), &head)).await?;
        if size == count(counted) {
            tx.commit().await?;
            return Ok(false);
        }
        let at = self.clock().now().trunc_subsecs(6);
        self.put_down(&mut tx, &tenant, Checkpoint { log, size: count(counted), head, at }, key).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// First the file, then the table: what was said to somebody else is nowhere missing from the file.
    async fn put_down(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        checkpoint: Checkpoint,
        key: PrivateKey,
    ) -> Result<()> {
        let text = checkpoint.text().map_err(|error| StoreError::corrupt(&checkpoint.log, error))?;
        let note = note::sign(&text, &[&key]);
        let (folder, written, line) = (self.audit_folder(), checkpoint.clone(), note.clone());
        blocking(move || folder.keep(&written, &line)).await?;
        insert(conn, tenant, &checkpoint, &key.public().id(), &note).await
    }

    /// Brings file and table to the same end, where a crash or a lost file left one of them behind.
    async fn mend(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        log: &str,
        stored: Option<&Checkpoint>,
        kept: Option<&Checkpoint>,
    ) -> Result<()> {
        let size = |checkpoint: Option<&Checkpoint>| checkpoint.map_or(0, |checkpoint| checkpoint.size);
        let (stored, kept) = (size(stored), size(kept));
        let (folder, named) = (self.audit_folder(), log.to_owned());
        if kept > stored {
            let (trust, notes) = blocking(move || {
                Ok((folder.trust()?, folder.checkpoints(&named)?.collect::<Result<Vec<_>>>()?))
            })
            .await?;
            for note in notes {
                // What was never signed by us is no checkpoint of ours.
                let Ok((checkpoint, by)) = Checkpoint::open(&note, trust.keys()) else { continue };
                if let Some(key) = by.first()
                    && checkpoint.log == log
                    && checkpoint.size > stored
                {
                    insert(conn, tenant, &checkpoint, &key.id(), &note).await?;
                }
            }
        } else if stored > kept {
            let notes: Vec<String> = sqlx::query_scalar(
                "SELECT note FROM swarm.checkpoints WHERE tenant = $1 AND size > $2 ORDER BY size",
            )
            .bind(tenant.as_str())
            .bind(whole(kept))
            .fetch_all(conn)
            .await?;
            blocking(move || {
                let trust = folder.trust()?;
                for note in notes {
                    if let Ok((checkpoint, _)) = Checkpoint::open(&note, trust.keys())
                        && checkpoint.log == named
                    {
                        folder.keep(&checkpoint, &note)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }
}

impl Chain {
    fn is_due(&self, due: Due, now: DateTime<Utc>) -> bool {
        let waiting = count(self.count).saturating_sub(count(self.signed));
        match due {
            // Also where nothing waits: what is behind the last checkpoint may have been cut off.
            Due::Now => true,
            Due::After { events, time } => {
                let waited =
                    self.waits_since.and_then(|since| (now - since).to_std().ok()).unwrap_or_default();
                waiting > 0 && (waiting >= events || waited >= time || self.run_changed)
            }
        }
    }
}

/// A checkpoint of ours. None where a key signed it that is not known here: where that was lost, a new one begins anew
/// from the first event.
fn open(note: &str, log: &str, trust: &Trust) -> Result<Option<Checkpoint>> {
    let refused = |seq, detail: String| StoreError::Diverged { log: log.to_owned(), seq, detail };
    match Checkpoint::open(note, trust.keys()) {
        Ok((checkpoint, _)) if checkpoint.log == log => Ok(Some(checkpoint)),
        Ok((checkpoint, _)) => {
            Err(refused(checkpoint.size, format!("its last checkpoint is of the log {}", checkpoint.log)))
        }
        Err(NoteError::UnknownKey(_)) => Ok(None),
        Err(error) => Err(refused(0, format!("its last checkpoint cannot be believed: {error}"))),
    }
}

async fn last_stored(
    conn: &mut PgConnection,
    tenant: &TenantId,
    log: &str,
    trust: &Trust,
) -> Result<Option<Checkpoint>> {
    let note: Option<String> = sqlx::query_scalar(
        "SELECT note FROM swarm.checkpoints WHERE tenant = $1 ORDER BY size DESC, at DESC LIMIT 1",
    )
    .bind(tenant.as_str())
    .fetch_optional(conn)
    .await?;
    Ok(note.map(|note| open(&note, log, trust)).transpose()?.flatten())
}

async fn insert(
    conn: &mut PgConnection,
    tenant: &TenantId,
    checkpoint: &Checkpoint,
    key: &str,
    note: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.checkpoints (tenant, size, key, head, at, note) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(whole(checkpoint.size))
    .bind(key)
    .bind(&checkpoint.head)
    .bind(checkpoint.at)
    .bind(note)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Link {
    seq: i64,
    text: String,
    prev: String,
    hash: String,
}

/// Fails where the events behind `size` do not lead from the hash that was signed to the chain's head.
async fn goes_on(
    conn: &mut PgConnection,
    tenant: &TenantId,
    log: &str,
    size: u64,
    signed: &str,
    (counted, head): (u64, &str),
) -> Result<()> {
    let refused =
        |seq, detail: &str| StoreError::Diverged { log: log.to_owned(), seq, detail: detail.to_owned() };
    if counted < size {
        return Err(refused(
            counted + 1,
            &format!("{size} events were signed, and only {counted} are there"),
        ));
    }
    if size > 0 {
        let hash: Option<String> =
            sqlx::query_scalar("SELECT hash FROM swarm.events WHERE tenant = $1 AND seq = $2")
                .bind(tenant.as_str())
                .bind(whole(size))
                .fetch_optional(&mut *conn)
                .await?;
        if hash.as_deref() != Some(signed) {
            return Err(refused(size, "it is not the event that was signed"));
        }
    }
    let (mut seq, mut last) = (size, signed.to_owned());
    while seq < counted {
        let links: Vec<Link> = page(&mut *conn, tenant, seq, counted).await?;
        if links.is_empty() {
            return Err(refused(seq + 1, "it is missing"));
        }
        for link in links {
            seq += 1;
            if count(link.seq) != seq || link.prev != last || hash(&link.prev, &link.text) != link.hash {
                return Err(refused(
                    seq,
                    "it does not follow what was signed: it was changed, moved or removed",
                ));
            }
            last = link.hash;
        }
    }
    if last == head { Ok(()) } else { Err(refused(counted, "it is not the event that was appended last")) }
}

/// A page of events behind a position, bounded in bytes: one event may be large.
pub(super) async fn page<T>(
    conn: &mut PgConnection,
    tenant: &TenantId,
    after: u64,
    until: u64,
) -> Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    let rows = sqlx::query_as(
        "SELECT seq, text, prev, hash FROM (
             SELECT *, sum(octet_length(text)) OVER (ORDER BY seq) - octet_length(text) AS before
             FROM (SELECT seq, text, prev, hash FROM swarm.events
                   WHERE tenant = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT 500) page) sized
         WHERE before < $4::bigint ORDER BY seq",
    )
    .bind(tenant.as_str())
    .bind(whole(after))
    .bind(whole(until))
    .bind(PAGE_BYTES)
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

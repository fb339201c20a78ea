//! Replies of models that may be given again. No facts: an entry may go at any time.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use swarm_domain::{
    BlobHash, MicroUsd, TenantId,
    budget::Spend,
    cache::{Agreement, CacheFacts},
};

use crate::{
    Result, Store, StoreError,
    column::{count, whole},
};

/// What a person asks for who empties the cache: the word in the log.
pub const CACHE_CLEARED: &str = "empty the cache of replies";
/// How many comparisons of a caller count, the latest ones.
const LATEST: i64 = 50;

/// Where a reply belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CachePlace<'a> {
    /// The project; empty for work on none.
    pub project: &'a str,
    /// Who asks.
    pub caller: &'a str,
    /// The name of the question.
    pub key: &'a str,
}

/// A reply that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedReply {
    /// The reply.
    pub reply: BlobHash,
    /// What the call cost that brought it.
    pub spend: Spend,
    /// How often it was looked up, this time included.
    pub uses: u64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheBounds {
    /// Seconds.
    pub age: u64,
    /// Replies.
    pub entries: u64,
    /// Bytes of replies.
    pub bytes: u64,
}

/// What is kept, and what it was good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheReport {
    /// Replies.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What it did for each caller, by name.
    pub callers: Vec<CacheFacts>,
}

#[derive(sqlx::FromRow)]
struct Found {
    reply: String,
    usd: i64,
    tokens_in: i64,
    tokens_out: i64,
    hits: i64,
}

#[derive(sqlx::FromRow)]
struct Told {
    caller: String,
    hits: i64,
    missed: i64,
    usd: i64,
    tokens_in: i64,
    tokens_out: i64,
}

impl Store {
    /// The reply that was kept here, if it is no older than this many seconds.
    pub async fn cached_reply(
        &self,
        tenant: &TenantId,
        place: CachePlace<'_>,
        age: u64,
    ) -> Result<Option<CachedReply>> {
        let now = self.clock().now();
        let found: Option<Found> = sqlx::query_as(
            "UPDATE swarm.cached_replies SET used_at = $5, hits = hits + 1
             WHERE tenant = $1 AND project = $2 AND caller = $3 AND key = $4 AND made_at > $6
             RETURNING reply, usd, tokens_in, tokens_out, hits",
        )
        .bind(tenant.as_str())
        .bind(place.project)
        .bind(place.caller)
        .bind(place.key)
        .bind(now)
        .bind(now - seconds(age))
        .fetch_optional(self.pool())
        .await?;
        let Some(Found { reply, usd, tokens_in, tokens_out, hits }) = found else { return Ok(None) };
        let reply =
            BlobHash::parse(reply).map_err(|error| StoreError::corrupt("cached_replies.reply", error))?;
        let spend = Spend {
            usd: MicroUsd(count(usd)),
            tokens_in: count(tokens_in),
            tokens_out: count(tokens_out),
            calls: 1,
        };
        Ok(Some(CachedReply { reply, spend, uses: count(hits) }))
    }

    /// Keeps a reply, which must be a blob already, and lets go what is too old or too much.
    pub async fn keep_reply(
        &self,
        tenant: &TenantId,
        place: CachePlace<'_>,
        model: &str,
        reply: (&BlobHash, u64),
        spend: Spend,
        bounds: CacheBounds,
    ) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        sqlx::query(
            "INSERT INTO swarm.cached_replies (tenant, project, caller, key, model, reply, bytes, usd, tokens_in,
                                               tokens_out, made_at, used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
             ON CONFLICT (tenant, project, caller, key) DO UPDATE
             SET model = excluded.model, reply = excluded.reply, bytes = excluded.bytes, usd = excluded.usd,
                 tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, made_at = excluded.made_at,
                 used_at = excluded.used_at",
        )
        .bind(tenant.as_str())
        .bind(place.project)
        .bind(place.caller)
        .bind(place.key)
        .bind(model)
        .bind(reply.0.as_str())
        .bind(whole(reply.1))
        .bind(whole(spend.usd.0))
        .bind(whole(spend.tokens_in))
        .bind(whole(spend.tokens_out))
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM swarm.cached_replies kept USING (
                 SELECT project, caller, key, made_at, row_number() OVER latest AS number, sum(bytes) OVER latest AS total
                 FROM swarm.cached_replies WHERE tenant = $1
                 WINDOW latest AS (ORDER BY used_at DESC, key)) ranked
             WHERE kept.tenant = $1 AND kept.project = ranked.project AND kept.caller = ranked.caller
               AND kept.key = ranked.key
               AND (ranked.number > $2 OR ranked.total > $3 OR ranked.made_at <= $4)",
        )
        .bind(tenant.as_str())
        .bind(whole(bounds.entries))
        .bind(whole(bounds.bytes))
        .bind(now - seconds(bounds.age))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a reply up.
    pub async fn forget_reply(&self, tenant: &TenantId, place: CachePlace<'_>) -> Result<()> {
        sqlx::query(
            "DELETE FROM swarm.cached_replies WHERE tenant = $1 AND project = $2 AND caller = $3 AND key = $4",
        )
        .bind(tenant.as_str())
        .bind(place.project)
        .bind(place.caller)
        .bind(place.key)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Gives all replies up, and says how many there were.
    pub async fn forget_replies(&self, tenant: &TenantId) -> Result<u64> {
        let done = sqlx::query("DELETE FROM swarm.cached_replies WHERE tenant = $1")
            .bind(tenant.as_str())
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected())
    }

    /// What the latest comparisons of a caller's replies showed since the cache was emptied last.
    pub async fn cache_agreement(&self, tenant: &TenantId, caller: &str) -> Result<Agreement> {
        let (checked, agreed): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE cache = 'agreed') FROM (
                 SELECT cache FROM swarm.model_calls
                 WHERE tenant = $1 AND agent = $2 AND cache IN ('agreed', 'differed')
                   AND seq > coalesce((SELECT max(seq) FROM swarm.events
                                       WHERE tenant = $1 AND type = 'person_asked'
                                         AND text::jsonb #>> '{body,what}' = $3), 0)
                 ORDER BY seq DESC LIMIT $4) latest",
        )
        .bind(tenant.as_str())
        .bind(caller)
        .bind(CACHE_CLEARED)
        .bind(LATEST)
        .fetch_one(self.pool())
        .await?;
        Ok(Agreement { checked: count(checked), agreed: count(agreed) })
    }

    /// What is kept, and what it was good for.
    pub async fn cache_report(&self, tenant: &TenantId) -> Result<CacheReport> {
        let (entries, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM swarm.cached_replies WHERE tenant = $1",
        )
        .bind(tenant.as_str())
        .fetch_one(self.pool())
        .await?;
        let told: Vec<Told> = sqlx::query_as(
            "SELECT agent AS caller, count(*) FILTER (WHERE cache = 'hit') AS hits,
                    count(*) FILTER (WHERE cache = 'missed') AS missed, sum(saved_usd)::bigint AS usd,
                    sum(saved_in)::bigint AS tokens_in, sum(saved_out)::bigint AS tokens_out
             FROM swarm.model_calls WHERE tenant = $1 AND cache IS NOT NULL GROUP BY agent ORDER BY agent",
        )
        .bind(tenant.as_str())
        .fetch_all(self.pool())
        .await?;
        let mut callers = BTreeMap::new();
        for Told { caller, hits, missed, usd, tokens_in, tokens_out } in told {
            let agreement = self.cache_agreement(tenant, &caller).await?;
            let (usd, tokens_in, tokens_out) = (MicroUsd(count(usd)), count(tokens_in), count(tokens_out));
            let saved = Spend { usd, tokens_in, tokens_out, calls: count(hits) };
            let facts = CacheFacts {
                caller: caller.clone(),
                hits: count(hits),
                missed: count(missed),
                saved,
                agreement,
            };
            callers.insert(caller, facts);
        }
        Ok(CacheReport {
            entries: count(entries),
            bytes: count(bytes),
            callers: callers.into_values().collect(),
        })
    }
}

fn seconds(age: u64) -> TimeDelta {
    // A century is as good as for ever, and can still be taken off a date.
    TimeDelta::seconds(i64::try_from(age).unwrap_or(i64::MAX).min(100 * 365 * 24 * 3_600))
}

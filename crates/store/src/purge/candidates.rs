//! What may go: contents that nothing names but finished, old work that no legal hold keeps.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use swarm_domain::{BlobHash, ProjectId, RunId, TenantId};

use super::{Content, MAX_CONTENTS, PurgedRun};
use crate::{
    Result, Store, StoreError,
    column::{count, whole},
};

/// The kinds of events whose contents go. What a spec or a pull request says is no record of work, and stays.
const KINDS: [&str; 5] = ["attempt_started", "work_returned", "model_called", "tool_called", "check_run"];

/// A run that has been finished for long enough.
pub(super) struct OldRun {
    pub(super) run: PurgedRun,
    /// Whether a legal hold keeps it.
    pub(super) held: bool,
}

#[derive(sqlx::FromRow)]
struct RunRow {
    id: String,
    project: String,
    settled_at: DateTime<Utc>,
    held: bool,
}

#[derive(sqlx::FromRow)]
struct Named {
    hash: String,
    run: String,
    bytes: Option<i32>,
}

/// The runs that were finished before this. One that needs a person is not finished.
pub(super) async fn old_runs(
    conn: &mut PgConnection,
    tenant: &TenantId,
    before: DateTime<Utc>,
) -> Result<Vec<OldRun>> {
    let rows: Vec<RunRow> = sqlx::query_as(
        "SELECT r.id, r.project, r.settled_at, EXISTS (
                SELECT FROM swarm.holds h WHERE h.tenant = r.tenant AND h.lifted_at IS NULL
                AND (h.scope = 'everything' OR (h.scope = 'project' AND h.target = r.project)
                     OR (h.scope = 'run' AND h.target = r.id))) AS held
         FROM swarm.runs r
         WHERE r.tenant = $1 AND r.state IN ('done', 'cancelled') AND r.settled_at < $2
         ORDER BY r.settled_at, r.id",
    )
    .bind(tenant.as_str())
    .bind(before)
    .fetch_all(conn)
    .await?;
    let read = |row: RunRow| {
        let wrong = |error| StoreError::corrupt("a row of swarm.runs", error);
        let run = PurgedRun {
            run: RunId::parse(row.id).map_err(wrong)?,
            project: ProjectId::parse(row.project).map_err(wrong)?,
            settled_at: row.settled_at,
            contents: 0,
            bytes: 0,
        };
        Ok(OldRun { run, held: row.held })
    };
    rows.into_iter().map(read).collect()
}

/// What events behind a position name, of whatever kind.
pub(super) async fn named_since(
    conn: &mut PgConnection,
    tenant: &TenantId,
    after: u64,
) -> Result<HashSet<String>> {
    let named: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT found[1] FROM swarm.events e
         CROSS JOIN LATERAL regexp_matches(e.text, '\"([0-9a-f]{64})\"', 'g') found
         WHERE e.tenant = $1 AND e.seq > $2",
    )
    .bind(tenant.as_str())
    .bind(whole(after))
    .fetch_all(conn)
    .await?;
    Ok(named.into_iter().collect())
}

impl Store {
    pub(super) async fn old_runs(&self, tenant: &TenantId, before: DateTime<Utc>) -> Result<Vec<OldRun>> {
        let mut conn = self.pool().acquire().await?;
        old_runs(&mut conn, tenant, before).await
    }

    /// What these runs name and nothing else does, in any tenant's log: contents are kept once for all. One more than
    /// a purge deletes, where there are so many. Reads every log once.
    pub(super) async fn candidates(
        &self,
        tenant: &TenantId,
        runs: &[PurgedRun],
        grace: Duration,
    ) -> Result<Vec<Content>> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<Named> = sqlx::query_as(
            "WITH named AS (
                 SELECT h.hash, min(e.run) AS run FROM swarm.events e
                 CROSS JOIN LATERAL (SELECT e.text::jsonb -> 'body' AS body) b
                 CROSS JOIN LATERAL unnest(ARRAY[
                     body ->> 'turn', body ->> 'work', body ->> 'request', body ->> 'reply',
                     body ->> 'arguments', body ->> 'result', body ->> 'output']) h(hash)
                 WHERE e.tenant = $1 AND e.type = ANY ($2) AND e.run = ANY ($3) AND h.hash IS NOT NULL
                 GROUP BY h.hash),
             kept AS (
                 SELECT DISTINCT found[1] AS hash FROM swarm.events e
                 CROSS JOIN LATERAL regexp_matches(e.text, '\"([0-9a-f]{64})\"', 'g') found
                 WHERE e.tenant <> $1 OR e.type <> ALL ($2) OR e.run IS NULL OR e.run <> ALL ($3))
             SELECT n.hash, n.run, octet_length(b.bytes) AS bytes
             FROM named n LEFT JOIN swarm.blobs b ON b.hash = n.hash
             WHERE NOT EXISTS (SELECT FROM kept k WHERE k.hash = n.hash)
               AND CASE WHEN b.hash IS NULL
                   THEN NOT EXISTS (SELECT FROM swarm.purged_blobs p WHERE p.hash = n.hash)
                        OR EXISTS (SELECT FROM swarm.purged_blobs p WHERE p.hash = n.hash AND p.file)
                   ELSE b.put_at <= now() - make_interval(secs => $4) END
             ORDER BY n.run, n.hash LIMIT $5",
        )
        .bind(tenant.as_str())
        .bind(&KINDS[..])
        .bind(runs.iter().map(|run| run.run.as_str().to_owned()).collect::<Vec<_>>())
        .bind(grace.as_secs_f64())
        .bind(MAX_CONTENTS + 1)
        .fetch_all(self.everyones())
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for Named { hash, run, bytes } in rows {
            let run = RunId::parse(run).map_err(|error| StoreError::corrupt("events.run", error))?;
            // What stands in that place of an event was a hash when it was appended.
            let hash = BlobHash::parse(hash).map_err(|error| StoreError::corrupt("events.text", error))?;
            match bytes {
                Some(bytes) => {
                    let bytes = count(i64::from(bytes));
                    found.push(Content { hash, run, bytes, file: false });
                }
                None => {
                    if let Some(bytes) = self.blobs().old_file(&hash, grace).await? {
                        found.push(Content { hash, run, bytes, file: true });
                    }
                }
            }
        }
        Ok(found)
    }
}

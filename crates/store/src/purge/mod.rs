//! Retention: contents of finished work go when their time has come, and their hashes stay.
//!
//! Events are never changed. What is long, prompts, replies, what tools were given and what they and commands answered,
//! stands in blobs that events name by hash; a purge deletes blobs that nothing names but finished, old work that no legal
//! hold keeps. The chain verifies as before, since what it hashes is all there.

mod candidates;
mod files;

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use serde_json::json;
use swarm_domain::{
    Actor, BlobHash, EventBody, IdempotencyKey, NewEvent, ProjectId, RunId, Subject, TenantId,
    audit::Retention,
};

use crate::{
    Result, Store, StoreError,
    blob::{self, Blob},
    column::{count, whole},
};

/// How many contents one purge deletes at most; what is left goes with the next one.
const MAX_CONTENTS: i64 = 100_000;
/// What was put in so lately may be about to be named by an event.
const GRACE: Duration = Duration::from_hours(24);

/// A run whose contents' time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PurgedRun {
    /// Which.
    pub run: RunId,
    /// Of which project.
    pub project: ProjectId,
    /// When it settled.
    pub settled_at: DateTime<Utc>,
    /// How many contents go with it; what two runs name is counted with one of them.
    pub contents: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// What a purge deletes, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PurgeReport {
    /// Work counts that had settled before this.
    pub before: DateTime<Utc>,
    /// How many contents.
    pub contents: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// The runs that they are of.
    pub runs: Vec<PurgedRun>,
    /// How many runs are old enough and kept by a legal hold.
    pub held: u64,
    /// Whether there is more than one purge deletes: purge again.
    pub more: bool,
    /// The position of the event that says so; absent where nothing was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
}

/// Something that may go.
struct Content {
    hash: BlobHash,
    run: RunId,
    bytes: u64,
    /// Whether it is a file of the data folder.
    file: bool,
}

impl Store {
    /// What a purge would delete now.
    pub async fn purgeable(&self, tenant: &TenantId, keep: Retention) -> Result<PurgeReport> {
        Ok(self.look(tenant, keep, GRACE).await?.0)
    }

    /// Deletes contents whose time has come, and says so in an event, in one transaction. Files of the data folder go
    /// behind it; those that a kill left over go with the next purge.
    pub async fn purge(
        &self,
        tenant: &TenantId,
        by: &Actor,
        correlation: Option<String>,
        keep: Retention,
    ) -> Result<PurgeReport> {
        self.purge_sparing(tenant, by, correlation, keep, GRACE).await
    }

    /// As [`Store::purge`], with contents spared that were put in within `grace`.
    #[cfg(feature = "testing")]
    pub async fn purge_at_once(&self, tenant: &TenantId, by: &Actor, keep: Retention) -> Result<PurgeReport> {
        self.purge_sparing(tenant, by, None, keep, Duration::ZERO).await
    }

    async fn purge_sparing(
        &self,
        tenant: &TenantId,
        by: &Actor,
        correlation: Option<String>,
        keep: Retention,
        grace: Duration,
    ) -> Result<PurgeReport> {
        self.sweep_files(grace).await?;
        let seen = self.last_position(tenant).await?;
        let (looked, found) = self.look(tenant, keep, grace).await?;
        if found.is_empty() {
            return Ok(looked);
        }
        let report = self.delete(tenant, by, correlation, &looked, found, (seen, grace)).await?;
        self.sweep_files(grace).await?;
        Ok(report)
    }

    async fn look(
        &self,
        tenant: &TenantId,
        keep: Retention,
        grace: Duration,
    ) -> Result<(PurgeReport, Vec<Content>)> {
        let before = (self.clock().now() - chrono::TimeDelta::days(i64::from(keep.days))).trunc_subsecs(6);
        let runs = self.old_runs(tenant, before).await?;
        let held = runs.iter().filter(|run| run.held).count() as u64;
        let free: Vec<_> = runs.into_iter().filter(|run| !run.held).map(|run| run.run).collect();
        let mut found = self.candidates(tenant, &free, grace).await?;
        let more = found.len() > usize::try_from(MAX_CONTENTS).unwrap_or(usize::MAX);
        found.truncate(usize::try_from(MAX_CONTENTS).unwrap_or(usize::MAX));
        let mut report = PurgeReport { before, contents: 0, bytes: 0, runs: free, held, more, event: None };
        report.tally(&found);
        Ok((report, found))
    }

    /// Deletes and says so, or does nothing at all.
    async fn delete(
        &self,
        tenant: &TenantId,
        by: &Actor,
        correlation: Option<String>,
        looked: &PurgeReport,
        found: Vec<Content>,
        (seen, grace): (u64, Duration),
    ) -> Result<PurgeReport> {
        let mut tx = self.pool().begin().await?;
        // Before any blob is locked, as those do who append.
        sqlx::query("SELECT FROM swarm.chains WHERE tenant = $1 FOR UPDATE")
            .bind(tenant.as_str())
            .execute(&mut *tx)
            .await?;
        // A hold that was set, or a run that was taken up again, since we looked.
        let still: Vec<_> = candidates::old_runs(&mut tx, tenant, looked.before).await?;
        let named = candidates::named_since(&mut tx, tenant, seen).await?;
        let found: Vec<_> = found
            .into_iter()
            .filter(|one| still.iter().any(|run| !run.held && run.run.run == one.run))
            .filter(|one| !named.contains(one.hash.as_str()))
            .collect();
        let (files, rows): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.file);
        let gone: Vec<String> = sqlx::query_scalar(
            "DELETE FROM swarm.blobs WHERE hash = ANY ($1) AND put_at <= now() - make_interval(secs => $2)
             RETURNING hash",
        )
        .bind(rows.iter().map(|one| one.hash.as_str().to_owned()).collect::<Vec<_>>())
        .bind(grace.as_secs_f64())
        .fetch_all(&mut *tx)
        .await?;
        let gone: std::collections::HashSet<String> = gone.into_iter().collect();
        let mut deleted: Vec<_> = rows.into_iter().filter(|one| gone.contains(one.hash.as_str())).collect();
        deleted.extend(files);
        let mut report = PurgeReport { runs: looked.runs.clone(), event: None, ..looked.clone() };
        report.tally(&deleted);
        if deleted.is_empty() {
            return Ok(report);
        }
        let hashes: Vec<String> = deleted.iter().map(|one| one.hash.to_string()).collect();
        sqlx::query("DELETE FROM swarm.cached_replies WHERE tenant = $1 AND reply = ANY ($2)")
            .bind(tenant.as_str())
            .bind(&hashes)
            .execute(&mut *tx)
            .await?;
        let event = self.say(&mut tx, tenant, by, correlation, &report, &hashes).await?;
        sqlx::query(
            "INSERT INTO swarm.purged_blobs (hash, tenant, seq, file)
             SELECT hash, $1, $2, file FROM unnest($3::text[], $4::boolean[]) gone(hash, file)
             ON CONFLICT (hash) DO UPDATE SET tenant = $1, seq = $2, file = excluded.file",
        )
        .bind(tenant.as_str())
        .bind(whole(event))
        .bind(&hashes)
        .bind(deleted.iter().map(|one| one.file).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        report.event = Some(event);
        Ok(report)
    }

    /// Appends the event, with the list of what went as a blob of its own, and gives back its position.
    async fn say(
        &self,
        tx: &mut sqlx::PgConnection,
        tenant: &TenantId,
        by: &Actor,
        correlation: Option<String>,
        report: &PurgeReport,
        hashes: &[String],
    ) -> Result<u64> {
        let runs: Vec<_> = report.runs.iter().map(|run| run.run.as_str()).collect();
        let list = json!({ "before": report.before, "runs": runs, "contents": hashes }).to_string();
        let list = Blob::new(list.into_bytes());
        if list.is_small() {
            blob::insert(tx, &[&list]).await?;
        } else {
            self.blobs().put_file(&list).await?;
        }
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: by.clone(),
            subject: Subject::default(),
            key: IdempotencyKey::of(&["purge", list.hash().as_str(), &self.clock().now().to_rfc3339()]),
            correlation,
            body: EventBody::ContentsPurged {
                before: report.before,
                runs: report.runs.len() as u64,
                contents: report.contents,
                bytes: report.bytes,
                list: list.hash().clone(),
            },
        };
        let appended = self.append_within(tx, &[event]).await?;
        let appended = appended.into_iter().next();
        Ok(appended.ok_or_else(|| StoreError::corrupt("the answer of append", "it is empty"))?.event.seq)
    }

    /// The event that says that a content was purged.
    pub(crate) async fn purged_by(pool: &sqlx::PgPool, hash: &BlobHash) -> Result<Option<u64>> {
        let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM swarm.purged_blobs WHERE hash = $1")
            .bind(hash.as_str())
            .fetch_optional(pool)
            .await?;
        Ok(seq.map(count))
    }
}

impl PurgeReport {
    /// Counts what goes, run by run; a run of which nothing goes is not named.
    fn tally(&mut self, contents: &[Content]) {
        for run in &mut self.runs {
            (run.contents, run.bytes) = (0, 0);
        }
        (self.contents, self.bytes) = (0, 0);
        for content in contents {
            self.contents += 1;
            self.bytes += content.bytes;
            if let Some(run) = self.runs.iter_mut().find(|run| run.run == content.run) {
                run.contents += 1;
                run.bytes += content.bytes;
            }
        }
        self.runs.retain(|run| run.contents > 0);
    }
}

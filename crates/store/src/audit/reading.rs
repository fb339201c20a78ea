//! Reading the record is itself in the record.

use chrono::Timelike;
use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, Subject, TenantId,
    audit::{AuditFilter, Reading, who},
};

use crate::{Result, Store, StoreError, column::count};

/// How many different readings one person has an hour. Pages of one reading, and the same one again, are one.
pub const MAX_READINGS_AN_HOUR: u64 = 200;

impl Store {
    /// Writes down that somebody reads the record: to be called before they get to see any of it. The same reading by the
    /// same person is one event an hour, so that following the record does not fill it; beyond
    /// [`MAX_READINGS_AN_HOUR`] different ones they are refused, so that nothing is read without being written down.
    pub async fn record_reading(
        &self,
        tenant: &TenantId,
        reader: &Actor,
        correlation: Option<String>,
        how: Reading,
        filter: &AuditFilter,
    ) -> Result<()> {
        let now = self.clock().now();
        let hour = now.with_minute(0).and_then(|at| at.with_second(0)).unwrap_or(now).timestamp() / 3_600;
        let (reader_name, words) = (who(reader), filter.to_string());
        let key = IdempotencyKey::of(&[
            "audit-read",
            &reader_name,
            how.name(),
            // A filter may be longer than a key.
            swarm_domain::BlobHash::of(words.as_bytes()).as_str(),
            &hour.to_string(),
        ]);
        if self.event_by_key(tenant, &key).await?.is_some() {
            return Ok(());
        }
        let read: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM swarm.events
             WHERE tenant = $1 AND type = 'audit_read' AND actor = $2 AND at > $3",
        )
        .bind(tenant.as_str())
        .bind(&reader_name)
        .bind(now - chrono::TimeDelta::hours(1))
        .fetch_one(self.pool())
        .await?;
        if count(read) >= MAX_READINGS_AN_HOUR {
            return Err(StoreError::TooManyReadings { reader: reader_name });
        }
        let matching = self.count_audit(tenant, filter).await?;
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: reader.clone(),
            subject: Subject::default(),
            key,
            correlation,
            body: EventBody::AuditRead { how, filter: words, count: matching },
        };
        match self.append(event).await {
            // Two at once counted differently: one of them is written down.
            Ok(_) | Err(StoreError::KeyReused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

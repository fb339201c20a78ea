//! Reading events by position.

use swarm_domain::{Event, IdempotencyKey, RunId, TenantId, TicketId};

use super::{
    append::{stored_key, with_key},
    sealed::read_event,
};
use crate::{Result, Store, StoreError, column::whole};

/// How many events one read gives at most.
pub const MAX_EVENTS_READ: u32 = 1000;

/// Which events to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those behind this position; 0 reads from the start.
    pub after: u64,
    /// At most this many; never more than [`MAX_EVENTS_READ`].
    pub limit: u32,
    /// Only those of this run.
    pub run: Option<RunId>,
    /// Only those of this ticket.
    pub ticket: Option<TicketId>,
    /// Only those of these types, as [`EventBody::name`](swarm_domain::EventBody::name) has them; of any if empty.
    pub types: Vec<String>,
}

impl Default for EventFilter {
    fn default() -> Self {
        Self { after: 0, limit: 100, run: None, ticket: None, types: Vec::new() }
    }
}

/// An event as it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct EventRow {
    seq: i64,
    text: String,
    prev: String,
    hash: String,
}

impl EventRow {
    /// Its text, as it was hashed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub(crate) fn event(self, tenant: &TenantId) -> Result<Event> {
        read_event(&self.text, self.prev, self.hash)
            .map_err(|e| StoreError::corrupt(format!("event {} of {tenant}", self.seq), e))
    }
}

impl Store {
    /// The events that the filter lets through, oldest first.
    pub async fn events(&self, tenant: &TenantId, filter: &EventFilter) -> Result<Vec<Event>> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT seq, text, prev, hash FROM swarm.events
             WHERE tenant = $1 AND seq > $2
               AND ($3::text IS NULL OR run = $3)
               AND ($4::text IS NULL OR ticket = $4)
               AND (cardinality($5::text[]) = 0 OR type = ANY ($5))
             ORDER BY seq LIMIT $6",
        )
        .bind(tenant.as_str())
        .bind(whole(filter.after))
        .bind(filter.run.as_ref().map(RunId::as_str))
        .bind(filter.ticket.as_ref().map(TicketId::as_str))
        .bind(&filter.types)
        .bind(i64::from(filter.limit.min(MAX_EVENTS_READ)))
        .fetch_all(self.pool())
        .await?;
        rows.into_iter().map(|row| row.event(tenant)).collect()
    }

    /// The event that was appended under this key.
    pub async fn event_by_key(&self, tenant: &TenantId, key: &IdempotencyKey) -> Result<Option<Event>> {
        let mut conn = self.pool().acquire().await?;
        with_key(&mut conn, tenant, &stored_key(key)).await
    }

    /// The surveys that were asked for and have not ended, oldest first.
    pub async fn surveys_under_way(&self, tenant: &TenantId) -> Result<Vec<Event>> {
        let rows: Vec<EventRow> = sqlx::query_as(
            "SELECT seq, text, prev, hash FROM swarm.events
             WHERE tenant = $1 AND type = 'survey_asked'
               AND text::jsonb #>> '{body,survey}' NOT IN (
                   SELECT ended.text::jsonb #>> '{body,survey}' FROM swarm.events ended
                   WHERE ended.tenant = $1 AND ended.type = 'survey_ended')
             ORDER BY seq",
        )
        .bind(tenant.as_str())
        .fetch_all(self.pool())
        .await?;
        rows.into_iter().map(|row| row.event(tenant)).collect()
    }

    /// The position of the newest event; 0 where there is none.
    pub async fn last_position(&self, tenant: &TenantId) -> Result<u64> {
        let count = sqlx::query_scalar::<_, i64>("SELECT count FROM swarm.chains WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_optional(self.pool())
            .await?;
        Ok(count.map_or(0, crate::column::count))
    }
}

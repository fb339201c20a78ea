//! Reading the record by a filter, page by page.
//!
//! The database comes near the filter by its indices; what it lets through is decided by the filter itself.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};
use swarm_domain::{
    Event, RunId, TenantId,
    audit::{AuditFilter, AuditOutcome, who},
};

use crate::{
    Result, Store, StoreError,
    column::{count, whole},
    event_log::{EventRow, MAX_EVENTS_READ},
};

/// How many events are read at once, before the filter has looked at them.
const CHUNK: u32 = 500;
/// How many events one page looks through at most. One that found less than was asked for then says where to go on.
const MAX_LOOKED_THROUGH: u32 = 10_000;
/// How far matching events are counted.
pub const MAX_COUNTED: u64 = 10_000;
/// How many kinds and actors a pattern is tried on.
const MAX_NAMES: i64 = 10_000;

/// From which end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuditOrder {
    /// The oldest first.
    Oldest,
    /// The newest first.
    #[default]
    Newest,
}

/// Which part of the record.
#[derive(Debug, Clone, Default)]
pub struct AuditSearch {
    /// Which events.
    pub filter: AuditFilter,
    /// From which end.
    pub order: AuditOrder,
    /// Where the page before this one ended; from the end itself where there is none.
    pub cursor: Option<u64>,
    /// At most this many; never more than [`MAX_EVENTS_READ`].
    pub limit: u32,
}

/// An event of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The event.
    pub event: Event,
    /// On whose behalf: by a person for themself, by anybody else for the person who started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<String>,
    /// How it came out; absent where it tells of nothing that could come out in one way or another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AuditOutcome>,
}

/// A page of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// In the order that was asked for. May be fewer than were asked for, even none, where there is more.
    pub items: Vec<AuditEntry>,
    /// Where to go on: the cursor of the next page.
    pub cursor: u64,
    /// Whether there is more to look through now.
    pub more: bool,
}

/// What a filter comes to in the database: the names that its patterns stand for.
struct Narrowed<'a> {
    filter: &'a AuditFilter,
    actors: Option<Vec<String>>,
    kinds: Option<Vec<String>>,
}

impl Store {
    /// A page of a tenant's record.
    pub async fn audit(&self, tenant: &TenantId, search: &AuditSearch) -> Result<AuditPage> {
        let (found, page) = self.search(tenant, search).await?;
        Ok(AuditPage { items: found.into_iter().map(|(entry, _)| entry).collect(), ..page })
    }

    /// A page with the text of each event, as it was hashed; the page itself holds no events.
    pub(super) async fn search(
        &self,
        tenant: &TenantId,
        search: &AuditSearch,
    ) -> Result<(Vec<(AuditEntry, String)>, AuditPage)> {
        let limit = search.limit.clamp(1, MAX_EVENTS_READ) as usize;
        let narrowed = self.narrowed(tenant, &search.filter).await?;
        let mut page = AuditPage { items: Vec::new(), cursor: search.cursor.unwrap_or_default(), more: true };
        let mut found = Vec::new();
        let mut at = search.cursor;
        let mut looked = 0;
        while page.more && found.len() < limit && looked < MAX_LOOKED_THROUGH {
            let mut query = QueryBuilder::new("SELECT seq, text, prev, hash");
            narrowed.put(&mut query, tenant);
            match (search.order, at) {
                (AuditOrder::Oldest, Some(at)) => query.push(" AND seq > ").push_bind(whole(at)),
                (AuditOrder::Newest, Some(at)) => query.push(" AND seq < ").push_bind(whole(at)),
                (_, None) => &mut query,
            };
            query.push(match search.order {
                AuditOrder::Oldest => " ORDER BY seq",
                AuditOrder::Newest => " ORDER BY seq DESC",
            });
            query.push(" LIMIT ").push_bind(i64::from(CHUNK));
            let rows: Vec<EventRow> = query.build_query_as().fetch_all(self.pool()).await?;
            page.more = rows.len() == CHUNK as usize;
            looked += CHUNK;
            let texts: Vec<String> = rows.iter().map(|row| row.text().to_owned()).collect();
            let events: Vec<Event> = rows.into_iter().map(|row| row.event(tenant)).collect::<Result<_>>()?;
            let starters = self.starters(tenant, &events).await?;
            for (event, text) in events.into_iter().zip(texts) {
                if found.len() == limit {
                    page.more = true;
                    break;
                }
                page.cursor = event.seq;
                at = Some(event.seq);
                let starter = event.subject.run.as_ref().and_then(|run| starters.get(run));
                let starter = starter.map(String::as_str);
                if search.filter.takes(&event, starter) {
                    found.push((entry(event, starter), text));
                }
            }
        }
        Ok((found, page))
    }

    /// How many events a filter lets through, as far as they are counted: up to [`MAX_COUNTED`]. Where it asks how
    /// something came out, those are counted too that came out otherwise.
    pub(super) async fn count_audit(&self, tenant: &TenantId, filter: &AuditFilter) -> Result<u64> {
        let narrowed = self.narrowed(tenant, filter).await?;
        let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT 1");
        narrowed.put(&mut query, tenant);
        query.push(" LIMIT ").push_bind(whole(MAX_COUNTED)).push(") matching");
        let matching: i64 = query.build_query_scalar().fetch_one(self.pool()).await?;
        Ok(count(matching))
    }

    /// How the database would find the newest events that a filter lets through.
    #[cfg(feature = "testing")]
    pub async fn explain_audit(&self, tenant: &TenantId, filter: &AuditFilter) -> Result<String> {
        let narrowed = self.narrowed(tenant, filter).await?;
        let mut query = QueryBuilder::new("EXPLAIN SELECT seq, text, prev, hash");
        narrowed.put(&mut query, tenant);
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(CHUNK));
        let lines: Vec<String> = query.build_query_scalar().fetch_all(self.pool()).await?;
        Ok(lines.join("\n"))
    }

    async fn narrowed<'a>(&self, tenant: &TenantId, filter: &'a AuditFilter) -> Result<Narrowed<'a>> {
        let actors = match &filter.who {
            None => None,
            Some(wanted) if wanted.is_exact() && wanted.as_str().contains(':') => {
                Some(vec![wanted.as_str().to_owned()])
            }
            Some(_) => {
                let all = self.distinct(tenant, "actor").await?;
                Some(all.into_iter().filter(|actor| filter.takes_who(actor)).collect())
            }
        };
        let kinds = match &filter.what[..] {
            [] => None,
            exact if exact.iter().all(swarm_domain::audit::Wildcard::is_exact) => {
                Some(exact.iter().map(|kind| kind.as_str().to_owned()).collect())
            }
            _ => {
                let all = self.distinct(tenant, "type").await?;
                Some(all.into_iter().filter(|kind| filter.takes_kind(kind)).collect())
            }
        };
        Ok(Narrowed { filter, actors, kinds })
    }

    /// The names in a column, by as many steps down its index as there are names.
    async fn distinct(&self, tenant: &TenantId, column: &'static str) -> Result<Vec<String>> {
        let mut query = QueryBuilder::<Postgres>::new("WITH RECURSIVE names AS ((SELECT ");
        query.push(column).push(" AS name FROM swarm.events WHERE tenant = ").push_bind(tenant.as_str());
        query.push(" ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ").push(column);
        query.push(" FROM swarm.events WHERE tenant = ").push_bind(tenant.as_str());
        query.push(" AND ").push(column).push(" > names.name ORDER BY 1 LIMIT 1)");
        query.push(" FROM names WHERE names.name IS NOT NULL)");
        query.push(" SELECT name FROM names WHERE name IS NOT NULL LIMIT ").push_bind(MAX_NAMES);
        Ok(query.build_query_scalar().fetch_all(self.pool()).await?)
    }

    /// The people who started the runs that these events are about.
    async fn starters(&self, tenant: &TenantId, events: &[Event]) -> Result<BTreeMap<RunId, String>> {
        let runs: HashSet<&str> =
            events.iter().filter_map(|event| event.subject.run.as_ref().map(RunId::as_str)).collect();
        if runs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT run, actor FROM swarm.events
             WHERE tenant = $1 AND type = 'run_started' AND run = ANY ($2) AND actor LIKE 'person:%'",
        )
        .bind(tenant.as_str())
        .bind(runs.into_iter().map(str::to_owned).collect::<Vec<_>>())
        .fetch_all(self.pool())
        .await?;
        let read = |(run, actor): (String, String)| {
            let run = RunId::parse(run).map_err(|error| StoreError::corrupt("events.run", error))?;
            Ok((run, actor.trim_start_matches("person:").to_owned()))
        };
        rows.into_iter().map(read).collect()
    }
}

fn entry(event: Event, starter: Option<&str>) -> AuditEntry {
    AuditEntry { on_behalf: event.on_behalf(starter).map(str::to_owned), outcome: event.outcome(), event }
}

impl AuditEntry {
    /// Who did it: `person:ada`, `agent:coder`, `system:scheduler`.
    #[must_use]
    pub fn who(&self) -> String {
        who(&self.event.actor)
    }
}

impl Narrowed<'_> {
    fn put(&self, query: &mut QueryBuilder<Postgres>, tenant: &TenantId) {
        let filter = self.filter;
        query.push(" FROM swarm.events WHERE tenant = ").push_bind(tenant.as_str().to_owned());
        if let Some(run) = &filter.run {
            query.push(" AND run = ").push_bind(run.as_str().to_owned());
        }
        if let Some(ticket) = &filter.ticket {
            query.push(" AND ticket = ").push_bind(ticket.as_str().to_owned());
        }
        if let Some(project) = &filter.project {
            query.push(" AND project = ").push_bind(project.as_str().to_owned());
        }
        match self.actors.as_deref() {
            Some([one]) => {
                query.push(" AND actor = ").push_bind(one.clone());
            }
            Some(some) => {
                query.push(" AND actor = ANY (").push_bind(some.to_vec()).push(")");
            }
            None => {}
        }
        match self.kinds.as_deref() {
            Some([one]) => {
                query.push(" AND type = ").push_bind(one.clone());
            }
            Some(some) => {
                query.push(" AND type = ANY (").push_bind(some.to_vec()).push(")");
            }
            None => {}
        }
        if let Some(from) = filter.from {
            query.push(" AND at >= ").push_bind(from);
        }
        if let Some(to) = filter.to {
            query.push(" AND at < ").push_bind(to);
        }
        if let Some(person) = &filter.on_behalf {
            let person = format!("person:{person}");
            query.push(" AND (actor = ").push_bind(person.clone());
            query.push(" OR run IN (SELECT run FROM swarm.events WHERE type = 'run_started' AND tenant = ");
            query.push_bind(tenant.as_str().to_owned()).push(" AND actor = ").push_bind(person).push("))");
        }
    }
}

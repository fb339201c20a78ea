//! The record by a filter: page by page, as it grows, as files. Whoever reads it is written down first.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::time::Duration;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use swarm_domain::{
    Actor,
    audit::{Asked, AuditFilter, AuditOutcome, Reading},
};
use swarm_store::{AuditOrder, AuditPage, AuditSearch, MAX_EVENTS_READ};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{App, By},
    extract::InQuery,
    refusal::{Refusal, Reply},
    report::{csv, pdf},
};

/// The longest that one request waits for what is not there yet, in seconds.
const MAX_WAIT: u32 = 30;

/// From which end.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The oldest first.
    Oldest,
    /// The newest first.
    #[default]
    Newest,
}

/// Which part of the record.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Who did it: `person:ada`, `agent:*`; without a kind, of any kind. `*` stands for any letters.
    who: Option<String>,
    /// The person on whose behalf it was done, themself or by a run that they started.
    on_behalf: Option<String>,
    /// The kinds of events with commas between them; `*` stands for any letters: `run_*,merged`.
    what: Option<String>,
    /// Not before this.
    from: Option<DateTime<Utc>>,
    /// Before this.
    to: Option<DateTime<Utc>>,
    /// About this project.
    project: Option<String>,
    /// About this run.
    run: Option<String>,
    /// About this ticket.
    ticket: Option<String>,
    /// How it came out.
    #[param(inline)]
    outcome: Option<AuditOutcome>,
    /// From which end; the newest first where absent.
    #[param(inline)]
    order: Option<Order>,
    /// Where the page before this one ended: its `cursor`. From the end itself where absent.
    cursor: Option<u64>,
    /// At most this many, from 1 to 1000; 100 where absent.
    limit: Option<u32>,
    /// With the oldest first and nothing there yet: wait so many seconds for it, 30 at the most.
    wait: Option<u32>,
}

/// A form of the record as a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Lines of JSON that are checked elsewhere.
    #[default]
    Jsonl,
    /// A table for spreadsheets.
    Csv,
    /// A document for people.
    Pdf,
}

/// Which part of the record, and as what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// As what; lines of JSON where absent.
    #[param(inline)]
    form: Option<Form>,
    /// As in `/api/audit`.
    who: Option<String>,
    /// As in `/api/audit`.
    on_behalf: Option<String>,
    /// As in `/api/audit`.
    what: Option<String>,
    /// As in `/api/audit`.
    from: Option<DateTime<Utc>>,
    /// As in `/api/audit`.
    to: Option<DateTime<Utc>>,
    /// As in `/api/audit`.
    project: Option<String>,
    /// As in `/api/audit`.
    run: Option<String>,
    /// As in `/api/audit`.
    ticket: Option<String>,
    /// As in `/api/audit`.
    #[param(inline)]
    outcome: Option<AuditOutcome>,
}

/// A page of the record by a filter, the newest first or, with `order=oldest`, from the start. With `wait` it follows the
/// record: ask again with the `cursor` of the answer. That somebody read it is an event of the record, one an hour for
/// the same reading.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(AuditQuery),
    responses((status = OK, description = "The page. Where `more` is true the next one begins at `cursor`.",
        body = AuditPage)))]
pub(crate) async fn audit(
    State(app): State<App>,
    by: By,
    InQuery(query): InQuery<AuditQuery>,
) -> Reply<Json<AuditPage>> {
    let wait = query.wait.map(|wait| Duration::from_secs(u64::from(wait.min(MAX_WAIT))));
    let order = match query.order.unwrap_or_default() {
        Order::Oldest => AuditOrder::Oldest,
        Order::Newest => AuditOrder::Newest,
    };
    let search = AuditSearch {
        order,
        cursor: query.cursor,
        limit: query.limit.unwrap_or(100).clamp(1, MAX_EVENTS_READ),
        filter: query.filter()?,
    };
    let how = if wait.is_some() { Reading::Tail } else { Reading::List };
    write_down(&app, by, how, &search.filter).await?;
    let (store, tenant) = (app.store(), app.tenant());
    let Some(wait) = wait.filter(|_| order == AuditOrder::Oldest) else {
        return Ok(Json(store.audit(tenant, &search).await?));
    };
    let _permit = app.stream_permit()?;
    let end = Instant::now() + wait;
    let mut growth = store.growth();
    loop {
        let page = store.audit(tenant, &search).await?;
        let left = end.saturating_duration_since(Instant::now());
        if !page.items.is_empty() || page.more || left.is_zero() || app.stop.is_cancelled() {
            return Ok(Json(page));
        }
        tokio::select! {
            _ = growth.wait(left) => {}
            () = app.stop.cancelled() => {}
        }
    }
}

/// The record as a file, the oldest first: all of it as JSON Lines with the checkpoints between the events, which is
/// checked without a database, with nothing but the public key; a part of it with a signed statement at its end, which
/// is checked in the same way; a table for spreadsheets; or a document for people, which names the checkpoint that it goes
/// up to and how that is checked. It is sent as it is read; one that breaks off is cut off
/// without its last chunk.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(ExportQuery),
    responses((status = OK, description = "A line of JSON for each handover of keys, event and checkpoint; or a table; or a document.",
        content((String = "application/jsonl"), (String = "text/csv"), (Vec<u8> = "application/pdf")))))]
pub(crate) async fn export_log(
    State(app): State<App>,
    by: By,
    InQuery(query): InQuery<ExportQuery>,
) -> Reply<Response> {
    let form = query.form.unwrap_or_default();
    let filter = query.filter()?;
    let permit = app.stream_permit()?;
    let how = match form {
        Form::Jsonl => Reading::Jsonl,
        Form::Csv => Reading::Csv,
        Form::Pdf => Reading::Pdf,
    };
    write_down(&app, by, how, &filter).await?;
    let (store, tenant) = (app.store(), app.tenant());
    let (kind, parts) = match form {
        Form::Csv => {
            let rows = csv::table(store, tenant, filter);
            ("text/csv; charset=utf-8; header=present", rows.map_ok(Bytes::from).boxed())
        }
        Form::Pdf => {
            let signed = store.signed_log(tenant).await?;
            (
                "application/pdf",
                pdf::document(store, tenant, filter, signed, app.flows.parts().clock.now()).boxed(),
            )
        }
        Form::Jsonl if filter.is_all() => {
            ("application/jsonl", store.export(tenant).await?.map_ok(Bytes::from).boxed())
        }
        Form::Jsonl => {
            ("application/jsonl", store.excerpt(tenant, &filter).await?.map_ok(Bytes::from).boxed())
        }
    };
    let parts = parts.inspect(move |_| {
        let _held = &permit;
    });
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response())
}

async fn write_down(app: &App, By(asker): By, how: Reading, filter: &AuditFilter) -> Reply<()> {
    let reader = Actor::Person { name: asker.person };
    Ok(app.store().record_reading(app.tenant(), &reader, asker.correlation, how, filter).await?)
}

fn read(asked: Asked) -> Reply<AuditFilter> {
    asked.filter().map_err(|error| {
        Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "audit.filter",
            error.to_string(),
            "see /api/docs, or `swarm audit list --help`, for what can be asked for",
        )
    })
}

impl AuditQuery {
    fn filter(self) -> Reply<AuditFilter> {
        let Self { who, on_behalf, what, from, to, project, run, ticket, outcome, .. } = self;
        read(Asked { who, on_behalf, what, from, to, project, run, ticket, outcome })
    }
}

impl ExportQuery {
    fn filter(self) -> Reply<AuditFilter> {
        let Self { who, on_behalf, what, from, to, project, run, ticket, outcome, .. } = self;
        read(Asked { who, on_behalf, what, from, to, project, run, ticket, outcome })
    }
}

//! The log: by pages, and as it grows.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::convert::Infallible;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use swarm_domain::{Event, RunId};
use swarm_store::{EventFilter, MAX_EVENTS_READ, StoreError};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    extract::InQuery,
    refusal::{Refusal, Reply},
};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only those behind this position; 0 reads from the start.
    #[serde(default)]
    after: u64,
    /// Only those of this run.
    run: Option<RunId>,
    /// At most this many, from 1 to 1000; 100 where absent.
    limit: Option<u32>,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Only those behind this position; 0 reads from the start. The header `Last-Event-ID` goes before it.
    #[serde(default)]
    after: u64,
    /// Only those of this run.
    run: Option<RunId>,
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The oldest first.
    pub events: Vec<Event>,
    /// The position to go on from: `?after=` of the next page.
    pub next: u64,
}

/// Reads a page of the log.
#[utoipa::path(get, path = "/api/events", tag = "events", params(EventQuery),
    responses((status = OK, description = "The events; none where the log has no more yet.", body = EventPage)))]
pub(crate) async fn events(
    State(app): State<App>,
    InQuery(query): InQuery<EventQuery>,
) -> Reply<Json<EventPage>> {
    let limit = query.limit.unwrap_or(100).clamp(1, MAX_EVENTS_READ);
    let filter = EventFilter { after: query.after, limit, run: query.run, ..EventFilter::default() };
    let events = app.store().events(app.tenant(), &filter).await?;
    let next = events.last().map_or(query.after, |event| event.seq);
    Ok(Json(EventPage { events, next }))
}

/// Follows the log. Each message has the event's position as its id and the event as its data; a client that was cut
/// off sends the last id that it saw as `Last-Event-ID` and misses nothing. A message named `problem` says why the
/// stream ends. Events are read from the database as the reader takes them: a slow reader holds none in memory.
#[utoipa::path(get, path = "/api/events/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last position that was seen.")),
    responses((status = OK, description = "Server-sent events, each holding an event as JSON.",
        body = Event, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(app): State<App>,
    InQuery(query): InQuery<StreamQuery>,
    headers: HeaderMap,
) -> Reply<Response> {
    let after = last_seen(&headers)?.unwrap_or(query.after);
    let permit = app.streams.clone().try_acquire_owned().map_err(|_| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "events.too_many_streams",
            format!("{} streams are served already", app.config.max_streams),
            "close one, or read /api/events by pages",
        )
    })?;
    let events = app.store().tail(app.tenant(), after);
    let messages = messages(events, query.run, permit).take_until(app.stop.clone().cancelled_owned());
    let keep_alive = KeepAlive::new().interval(app.config.keep_alive).text("still here");
    Ok(Sse::new(messages).keep_alive(keep_alive).into_response())
}

fn last_seen(headers: &HeaderMap) -> Reply<Option<u64>> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let seen = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    seen.map(Some).ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "events.last_event_id",
            "the header `Last-Event-ID` holds no position",
            "send the id of the last message that was seen, or leave the header out",
        )
    })
}

fn messages(
    events: impl Stream<Item = Result<Event, StoreError>> + Send,
    run: Option<RunId>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
    events.filter_map(move |event| {
        let _held = &permit;
        let message = match event {
            Ok(event) if run.is_some() && event.subject.run != run => None,
            Ok(event) => Some(message(&event)),
            Err(error) => {
                tracing::warn!(%error, "an event stream ends");
                let problem = serde_json::to_string(&error.problem()).unwrap_or_default();
                Some(sse::Event::default().event("problem").data(problem))
            }
        };
        std::future::ready(message.map(Ok))
    })
}

fn message(event: &Event) -> sse::Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().id(event.seq.to_string()).data(data)
}

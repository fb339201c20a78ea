//! The log: by pages, and as it grows.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use swarm_domain::{Event, RunId, identity::Principal};
use swarm_store::{EventFilter, MAX_EVENTS_READ};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    door::Asking,
    extract::InQuery,
    live::{
        Happened, Live,
        meter::{self, Transport},
        path::Path,
        reader::Reader,
        socket,
    },
    refusal::{Refusal, Reply},
};

/// How long to wait for an event, in seconds: where nothing was said, and at the most.
const POLL: (u64, u64) = (25, 30);

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
    /// Only those that are told on this path, such as `projects/app` or `runs/RUN/tickets/T-1`.
    path: Option<String>,
    /// Lets in once, in place of the token.
    #[serde(rename = "ticket")]
    #[param(rename = "ticket")]
    _ticket: Option<String>,
}

/// Which events, and how long to wait for them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PollQuery {
    /// Only those behind this position; 0 reads from the start.
    #[serde(default)]
    after: u64,
    /// Only those of this run.
    run: Option<RunId>,
    /// Only those that are told on this path, such as `projects/app` or `runs/RUN/tickets/T-1`.
    path: Option<String>,
    /// How long to wait where there is none yet, in seconds: 25 where absent, 30 at the most.
    wait: Option<u64>,
    /// Lets in once, in place of the token.
    #[serde(rename = "ticket")]
    #[param(rename = "ticket")]
    _ticket: Option<String>,
}

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The oldest first.
    pub events: Vec<Event>,
    /// The position to go on from: `?after=` of the next page.
    pub next: u64,
}

/// Reads a page of the log. Who may not see who has an account is not shown who came and went: a page may then hold fewer
/// events than there are.
#[utoipa::path(get, path = "/api/events", tag = "events", params(EventQuery),
    responses((status = OK, description = "The events; none where the log has no more yet.", body = EventPage)))]
pub(crate) async fn events(
    State(app): State<App>,
    Asking(principal): Asking,
    InQuery(query): InQuery<EventQuery>,
) -> Reply<Json<EventPage>> {
    let limit = query.limit.unwrap_or(100).clamp(1, MAX_EVENTS_READ);
    let filter = EventFilter { after: query.after, limit, run: query.run, ..EventFilter::default() };
    let mut events = app.store().events(app.tenant(), &filter).await?;
    let next = events.last().map_or(query.after, |event| event.seq);
    events.retain(|event| app.live.access.may_see(&principal, event));
    Ok(Json(EventPage { events, next }))
}

/// Follows the log. Each message has the event's position as its id and the event as its data; a client that was cut
/// off sends the last id that it saw as `Last-Event-ID` and misses nothing. A message named `problem` says why the
/// stream ends. It ends too when the session or key behind it does, or may less than before. Events are handed over as
/// the reader takes them: a slow reader holds none in memory.
#[utoipa::path(get, path = "/api/events/stream", tag = "events",
    params(StreamQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The last position that was seen.")),
    responses((status = OK, description = "Server-sent events, each holding an event as JSON.",
        body = Event, content_type = "text/event-stream")))]
pub(crate) async fn stream(
    State(app): State<App>,
    Asking(who): Asking,
    InQuery(query): InQuery<StreamQuery>,
    headers: HeaderMap,
) -> Reply<Response> {
    let after = last_seen(&headers)?.unwrap_or(query.after);
    let wanted = Wanted::of(&app, &who, query.run, query.path.as_deref())?;
    let open = Open { _permit: app.stream_permit()?, _counted: app.live.meter.open(Transport::Sse) };
    let reader = Reader::behind(&app.live, who, after);
    let stop = app.stop.clone().cancelled_owned();
    let keep_alive = KeepAlive::new().interval(app.config.keep_alive).text("still here");
    let messages = messages(app.live.clone(), reader, wanted, open).take_until(stop);
    Ok(Sse::new(messages).keep_alive(keep_alive).into_response())
}

/// Waits for events, for who can follow the log in no other way. `next` is where to go on, also where nothing came. It
/// may take half a minute.
#[utoipa::path(get, path = "/api/events/poll", tag = "events", params(PollQuery),
    responses((status = OK, description = "The events; none where none came in time.", body = EventPage)))]
pub(crate) async fn poll(
    State(app): State<App>,
    Asking(who): Asking,
    InQuery(query): InQuery<PollQuery>,
) -> Reply<Json<EventPage>> {
    let wanted = Wanted::of(&app, &who, query.run, query.path.as_deref())?;
    let _open = Open { _permit: app.stream_permit()?, _counted: app.live.meter.open(Transport::Poll) };
    let end = Instant::now() + Duration::from_secs(query.wait.unwrap_or(POLL.0).min(POLL.1));
    let mut reader = Reader::behind(&app.live, who, query.after);
    let mut events = Vec::new();
    while events.is_empty() {
        let waited = timeout_at(end, reader.next());
        let came = tokio::select! {
            came = waited => came,
            () = app.stop.cancelled() => break,
        };
        let Ok(came) = came else { break };
        // Who was shut out meanwhile is told so when they ask again.
        let Some(came) = came? else { break };
        for happened in came.iter().filter(|happened| wanted.is(&app.live, happened)) {
            app.live.sent(Transport::Poll, happened, false);
            events.push(happened.event().clone());
        }
    }
    Ok(Json(EventPage { events, next: reader.position() }))
}

/// Which events a reader wants.
struct Wanted {
    who: Principal,
    run: Option<RunId>,
    path: Option<Path>,
}

impl Wanted {
    fn of(app: &App, who: &Principal, run: Option<RunId>, path: Option<&str>) -> Reply<Self> {
        let path = path
            .map(Path::parse)
            .transpose()
            .map_err(|error| Refusal::of(StatusCode::BAD_REQUEST, socket::not_a_path(&error)))?;
        let asked = path.clone().or_else(|| run.clone().map(Path::Run)).unwrap_or(Path::Events);
        if !app.live.access.may_subscribe(who, &asked) {
            return Err(Refusal::of(StatusCode::FORBIDDEN, socket::forbidden(&asked)));
        }
        Ok(Self { who: who.clone(), run, path })
    }

    fn is(&self, live: &Live, happened: &Happened) -> bool {
        happened.is_told(self.run.as_ref(), self.path.as_ref())
            && live.access.may_see(&self.who, happened.event())
    }
}

/// A stream that is open: one of as many as there may be, and counted.
struct Open {
    _permit: OwnedSemaphorePermit,
    _counted: meter::Open,
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
    live: Arc<Live>,
    reader: Reader,
    wanted: Wanted,
    open: Open,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
    let pages = stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        match reader.next().await {
            Ok(events) => Some((Ok(events?), Some(reader))),
            Err(problem) => Some((Err(problem), None)),
        }
    });
    pages.flat_map(move |page| {
        let _held = &open;
        let messages: Vec<_> = match page {
            Ok(events) => events
                .iter()
                .filter(|happened| wanted.is(&live, happened))
                .map(|one| message(&live, one))
                .collect(),
            Err(problem) => {
                tracing::warn!(%problem, "an event stream ends");
                let problem = serde_json::to_string(&problem).unwrap_or_default();
                vec![sse::Event::default().event("problem").data(problem)]
            }
        };
        stream::iter(messages.into_iter().map(Ok))
    })
}

fn message(live: &Live, happened: &Happened) -> sse::Event {
    live.sent(Transport::Sse, happened, false);
    sse::Event::default().id(happened.position().to_string()).data(happened.json().as_str())
}

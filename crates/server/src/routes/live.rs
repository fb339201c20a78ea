//! Live connections: the ticket that lets in, the connection itself, what it may do and what was counted.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{FromRequestParts, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::Problem;
use utoipa::ToSchema;

use crate::{
    app::App,
    door::{self, Asking, Correlation, Page},
    extract::InQuery,
    live::{
        Live,
        frame::{CorrelationId, Limits},
        meter::{TurnedAway, WebSocketMetrics},
        socket::{self, Arrival, unserved_version},
        version::Version,
    },
    refusal::{Refusal, Reply},
};

/// What a connection's buffers hold while nothing waits: many connections are idle most of the time.
const BUFFER: usize = 4 << 10;
/// A message up to four times too large is read, so that its sender can be told.
const READ_ANYWAY: usize = 4;

/// What lets a client in once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveTicket {
    /// For `?ticket=` of `/api/ws`, `/api/events/stream` and `/api/events/poll`.
    pub ticket: String,
    /// When it runs out.
    pub expires_at: DateTime<Utc>,
}

/// What live connections may do, and what is left to who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveLimits {
    /// What each connection may do.
    pub each: Limits,
    /// How many connections there may be.
    pub max_connections: u64,
    /// How many more there may be now.
    pub connections_left: u64,
    /// How long a ticket is good, in seconds.
    pub ticket_seconds: u64,
    /// The connections of who asks.
    pub yours: Vec<LiveBudget>,
}

/// What is left to a connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LiveBudget {
    /// Its name.
    pub connection: String,
    /// Messages that it may send at once now.
    pub messages_left: u32,
    /// Paths that it may still follow.
    pub subscriptions_left: u64,
    /// Frames that wait for it.
    pub waiting: u64,
}

/// How a connection begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectQuery {
    /// Events behind this position are sent; what comes from now on where it is absent.
    after: Option<u64>,
    /// Was taken at the door.
    #[serde(rename = "ticket")]
    _ticket: Option<String>,
}

/// The request to be connected.
pub(crate) struct Upgrade(WebSocketUpgrade);

impl FromRequestParts<App> for Upgrade {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Reply<Self> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await;
        upgrade.map(Self).map_err(|rejection: WebSocketUpgradeRejection| {
            let next = "connect with a WebSocket client; /api/events/stream and /api/events/poll need none";
            Refusal::new(StatusCode::UPGRADE_REQUIRED, "live.no_upgrade", rejection.body_text(), next)
        })
    }
}

/// Gives out a ticket: it lets a live connection in once, within thirty seconds, in place of the token.
#[utoipa::path(post, path = "/api/ws/ticket", tag = "live",
    responses((status = OK, description = "The ticket.", body = LiveTicket)))]
pub(crate) async fn live_ticket(State(app): State<App>, Asking(who): Asking) -> Reply<Json<LiveTicket>> {
    let ticket = door::issue(&app, &who).await?.reveal().to_owned();
    let life = TimeDelta::from_std(app.config.sockets.ticket_life).unwrap_or_default();
    Ok(Json(LiveTicket { ticket, expires_at: app.flows.parts().clock.now() + life }))
}

/// What live connections may do, and what is left to who asks.
#[utoipa::path(get, path = "/api/dashboard/websocket/limits", tag = "live",
    responses((status = OK, description = "The limits.", body = LiveLimits)))]
pub(crate) async fn live_limits(State(app): State<App>, Asking(who): Asking) -> Json<LiveLimits> {
    let limits = &app.live.limits;
    let budget = |seat: &crate::live::seats::Seat| {
        let left = seat.left();
        LiveBudget {
            connection: format!("c{}", seat.number),
            messages_left: left.messages,
            subscriptions_left: whole(limits.max_subscriptions.saturating_sub(left.subscriptions)),
            waiting: whole(left.waiting),
        }
    };
    Json(LiveLimits {
        each: limits.shown(),
        max_connections: whole(limits.max_connections),
        connections_left: whole(limits.max_connections.saturating_sub(app.live.seats.len())),
        ticket_seconds: limits.ticket_life.as_secs(),
        yours: app.live.seats.of(&who).iter().map(|seat| budget(seat)).collect(),
    })
}

/// What was counted of live connections since this server started.
#[utoipa::path(get, path = "/api/dashboard/metrics/websockets", tag = "live",
    responses((status = OK, description = "The counts.", body = WebSocketMetrics)))]
pub(crate) async fn live_counts(State(app): State<App>) -> Json<WebSocketMetrics> {
    Json(WebSocketMetrics::of(&app.live.meter))
}

/// Makes a live connection.
pub(crate) async fn connect(
    State(app): State<App>,
    Asking(who): Asking,
    Extension(Correlation(correlation)): Extension<Correlation>,
    InQuery(query): InQuery<ConnectQuery>,
    headers: HeaderMap,
    Upgrade(mut upgrade): Upgrade,
) -> Reply<Response> {
    let live = Arc::clone(&app.live);
    if Page::of(&app.door, &headers) == Page::Stranger {
        return Err(turned_away(&live, TurnedAway::Origin, StatusCode::FORBIDDEN, origin()));
    }
    let version = negotiate(&mut upgrade).map_err(|asked| {
        turned_away(&live, TurnedAway::Version, StatusCode::BAD_REQUEST, unserved_version(&asked))
    })?;
    let position = position(&live, query.after).await?;
    let Some(taken) = live.seats.take(who, &live.limits) else {
        return Err(turned_away(&live, TurnedAway::Full, StatusCode::SERVICE_UNAVAILABLE, full(&live)));
    };
    let correlation = CorrelationId::of_request(&correlation);
    let arrival = Arrival { taken, version, correlation, position, resumes: query.after.is_some() };
    let max = live.limits.max_frame_bytes;
    let mut response = upgrade
        .max_message_size(max * READ_ANYWAY)
        .max_frame_size(max * READ_ANYWAY)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(max * READ_ANYWAY)
        .on_upgrade(move |socket| async move {
            let connection = socket::serve(Arc::clone(&live), socket, arrival);
            live.track(connection).await;
        });
    if version == Some(Version::PREVIOUS) {
        let name = HeaderName::from_static("deprecation");
        response.headers_mut().insert(name, HeaderValue::from_static(Version::SUPERSEDED));
    }
    Ok(response)
}

/// The version that a client asked for by a subprotocol, where it did.
fn negotiate(upgrade: &mut WebSocketUpgrade) -> Result<Option<Version>, String> {
    let offered: Vec<String> = upgrade
        .requested_protocols()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    let version = Version::negotiate(offered.iter().map(String::as_str))?;
    if let Some(value) = version.and_then(|version| HeaderValue::from_str(&version.subprotocol()).ok()) {
        upgrade.set_selected_protocol(value);
    }
    Ok(version)
}

/// Where a connection begins. A cursor that the log does not reach is of another log: nothing would ever come.
async fn position(live: &Live, after: Option<u64>) -> Reply<u64> {
    let now = live.feed.now().await?;
    match after {
        Some(after) if after > now && after > live.feed.last_position().await? => {
            let detail = format!("the log ends at {now}, before position {after}");
            let next = "connect without `after`; the cursor is from another log, or from before a restore";
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "live.cursor", detail, next))
        }
        after => Ok(after.unwrap_or(now)),
    }
}

fn turned_away(live: &Live, why: TurnedAway, status: StatusCode, problem: Problem) -> Refusal {
    live.meter.turned_away.one(why);
    Refusal::of(status, problem)
}

fn origin() -> Problem {
    let detail = "the page that opens the connection is not one of this server's";
    Problem::new("live.origin", detail, "open it from a page that this server serves")
}

fn full(live: &Live) -> Problem {
    let detail = format!("{} live connections are served already", live.limits.max_connections);
    Problem::new("live.full", detail, "come again, or follow /api/events/poll")
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

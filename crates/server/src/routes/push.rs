//! Browsers that are told what waits: web push.

use axum::{Json, extract::State, http::StatusCode};
use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    BrowserId, Problem,
    identity::{SessionId, UserId, Who},
};
use swarm_notify::PushTarget;
use swarm_store::{BrowserRow, StoreError};
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    door::Asking,
    extract::{Body, InPath},
    refusal::{Refusal, Reply},
};

/// Browsers leave padding out or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One's own browsers that are told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Browsers {
    /// What a browser subscribes with (`applicationServerKey`): a point on P-256, in base64url. Absent where browsers
    /// are not told.
    pub key: Option<String>,
    /// The newest first.
    pub items: Vec<BrowserRow>,
    /// The session that asks, so that a browser finds itself in the list.
    pub session: Option<SessionId>,
}

/// A browser, as it tells of itself: what `PushSubscription.toJSON()` gives.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPush {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// By what they are sealed for it.
    pub keys: PushKeys,
}

/// The keys of a browser, in base64url.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushKeys {
    /// Its public key.
    pub p256dh: String,
    /// The secret that it shares.
    pub auth: String,
}

/// What was tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushTry {
    /// How many push services took the message.
    pub taken: usize,
}

/// Lists one's own browsers that are told, and gives the key by which another one is.
#[utoipa::path(get, path = "/api/notifications/push", tag = "notifications",
    responses((status = OK, description = "The browsers; none but for accounts.", body = Browsers)))]
pub(crate) async fn browsers(State(app): State<App>, Asking(who): Asking) -> Reply<Json<Browsers>> {
    let items = match who.user() {
        Some(user) => app.store().browsers(app.tenant(), user).await?,
        None => Vec::new(),
    };
    let session = match who.who {
        Who::User { session, .. } => Some(session),
        _ => None,
    };
    Ok(Json(Browsers { key: app.flows.push_key().await?, items, session }))
}

/// Lets this browser be told, for as long as its session goes on. One that is known takes its own place.
#[utoipa::path(post, path = "/api/notifications/push", tag = "notifications", request_body = NewPush,
    responses((status = CREATED, description = "It is told.", body = BrowserRow)))]
pub(crate) async fn add_browser(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    Body(NewPush { endpoint, keys }): Body<NewPush>,
) -> Reply<(StatusCode, Json<BrowserRow>)> {
    let session = session(who.who)?;
    let decode = |text: &str| BASE64.decode(text).unwrap_or_default();
    let target = PushTarget { endpoint, p256dh: decode(&keys.p256dh), auth: decode(&keys.auth) };
    let made = app.flows.add_browser(&asker, session, target).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Lets a browser of one's own be told no more.
#[utoipa::path(delete, path = "/api/notifications/push/{browser}", tag = "notifications",
    params(("browser" = BrowserId, Path, description = "Its id.")),
    responses((status = NO_CONTENT, description = "It is not told any more.")))]
pub(crate) async fn remove_browser(
    State(app): State<App>,
    Asking(who): Asking,
    By(asker): By,
    InPath(id): InPath<BrowserId>,
) -> Reply<StatusCode> {
    // Another's is not there, and the operator has none.
    let Some(user) = who.user() else {
        return Err(StoreError::NotFound { kind: "browser", id: id.to_string() }.into());
    };
    app.flows.remove_browser(&asker, user, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a message to one's own browsers, to see whether it comes.
#[utoipa::path(post, path = "/api/notifications/push/test", tag = "notifications",
    responses((status = OK, description = "Push services took it.", body = PushTry)))]
pub(crate) async fn try_browsers(State(app): State<App>, By(asker): By) -> Reply<Json<PushTry>> {
    Ok(Json(PushTry { taken: app.flows.try_browsers(&asker).await? }))
}

/// Who is told is who is signed in in the browser: no key, and not the operator.
fn session(who: Who) -> Reply<(UserId, SessionId)> {
    match who {
        Who::User { user, session, .. } => Ok((user, session)),
        Who::Operator { .. } | Who::Key { .. } => Err(Refusal::of(
            StatusCode::FORBIDDEN,
            Problem::new(
                "push.no_session",
                "only a browser in which somebody is signed in is told",
                "sign in to the web app and turn it on in its settings",
            ),
        )),
    }
}

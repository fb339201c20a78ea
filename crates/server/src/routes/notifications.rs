//! What somebody was told, and what could not be sent.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use swarm_domain::{InterruptId, NotificationId};
use swarm_flows::Told;
use swarm_store::NotificationRow;
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{App, By},
    extract::{Body, InPath, InQuery},
    refusal::Reply,
};

/// Which of one's own messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichNotifications {
    /// Only those that were not read.
    unread: Option<bool>,
}

/// A message in the app.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notification {
    /// What is kept of it.
    #[serde(rename = "notification")]
    pub row: NotificationRow,
    /// One line that says what it is.
    pub title: String,
    /// The question that it is about.
    pub interrupt: Option<InterruptId>,
}

/// One's own messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationList {
    /// The newest first.
    pub items: Vec<Notification>,
    /// How many of all were not read.
    pub unread: u64,
}

/// What could not be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    /// The newest first.
    pub items: Vec<NotificationRow>,
}

/// What was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadNotifications {
    /// This message; all of one's own where absent.
    pub id: Option<NotificationId>,
}

/// A channel that is to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelTry {
    /// What it is called.
    pub channel: String,
}

impl From<Told> for Notification {
    fn from(told: Told) -> Self {
        Self { row: told.row, title: told.title, interrupt: told.interrupt }
    }
}

/// Lists what one was told, the newest first.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", params(WhichNotifications),
    responses((status = OK, description = "The messages.", body = NotificationList)))]
pub(crate) async fn notifications(
    State(app): State<App>,
    By(asker): By,
    InQuery(which): InQuery<WhichNotifications>,
) -> Reply<Json<NotificationList>> {
    let (told, unread) = app.flows.told(&asker.person, which.unread.unwrap_or_default()).await?;
    Ok(Json(NotificationList { items: told.into_iter().map(Notification::from).collect(), unread }))
}

/// Marks one's own messages as read.
#[utoipa::path(post, path = "/api/notifications/read", tag = "notifications", request_body = ReadNotifications,
    responses((status = NO_CONTENT, description = "They are.")))]
pub(crate) async fn read_notifications(
    State(app): State<App>,
    By(asker): By,
    Body(ReadNotifications { id }): Body<ReadNotifications>,
) -> Reply<StatusCode> {
    app.flows.mark_read(&asker.person, id.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what could not be sent, to whomever.
#[utoipa::path(get, path = "/api/notifications/dead", tag = "notifications",
    responses((status = OK, description = "The messages.", body = DeadLetters)))]
pub(crate) async fn dead_letters(State(app): State<App>) -> Reply<Json<DeadLetters>> {
    Ok(Json(DeadLetters { items: app.flows.dead_letters().await? }))
}

/// Sends again what could not be sent, with all its tries.
#[utoipa::path(post, path = "/api/notifications/{notification}/replay", tag = "notifications",
    params(("notification" = NotificationId, Path, description = "Its id.")),
    responses((status = OK, description = "It is to be sent.", body = NotificationRow)))]
pub(crate) async fn replay_notification(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<NotificationId>,
) -> Reply<Json<NotificationRow>> {
    Ok(Json(app.flows.replay_notification(&asker, &id).await?))
}

/// Sends oneself a message by a channel, to see whether it works.
#[utoipa::path(post, path = "/api/notifications/test", tag = "notifications", request_body = ChannelTry,
    responses((status = NO_CONTENT, description = "The other side took it.")))]
pub(crate) async fn try_channel(
    State(app): State<App>,
    By(asker): By,
    Body(ChannelTry { channel }): Body<ChannelTry>,
) -> Reply<StatusCode> {
    app.flows.try_channel(&asker, &channel).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Accounts, for those who manage them.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    EventBody, IdempotencyKey, NewEvent, Subject,
    identity::{LinkPurpose, LinkText, Proof, Role, UserId},
};
use swarm_store::{IdentityChange, UserRow};
use utoipa::ToSchema;

use crate::{
    app::App,
    door::{Asking, Changing, decide::allow_grant},
    extract::{Body, InPath},
    refusal::{Refusal, Reply},
    token::hex,
};

/// Accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserList {
    /// The oldest first.
    pub items: Vec<UserRow>,
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// The role.
    pub role: Role,
}

/// A link that is to be made for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLink {
    /// What it is for: `verify` or `reset`.
    pub purpose: LinkPurpose,
}

/// A link that counts once. swarm sends no mail yet: hand it to whom it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeLink {
    /// The link. It is not shown again.
    pub link: String,
    /// Until when it counts.
    pub expires: DateTime<Utc>,
}

/// Lists the accounts.
#[utoipa::path(get, path = "/api/users", tag = "users",
    responses((status = OK, description = "The accounts.", body = UserList)))]
pub(crate) async fn users(State(app): State<App>) -> Reply<Json<UserList>> {
    Ok(Json(UserList { items: app.store().users(app.tenant()).await? }))
}

/// Shows an account.
#[utoipa::path(get, path = "/api/users/{user}", tag = "users",
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = OK, description = "The account.", body = UserRow)))]
pub(crate) async fn user(State(app): State<App>, InPath(user): InPath<UserId>) -> Reply<Json<UserRow>> {
    Ok(Json(app.store().user(app.tenant(), &user).await?))
}

/// Makes somebody another thing in the team. Counts from their next request on.
#[utoipa::path(post, path = "/api/users/{user}/role", tag = "users", request_body = NewRole,
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = OK, description = "The account.", body = UserRow)))]
pub(crate) async fn change_role(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(user): InPath<UserId>,
    Body(new): Body<NewRole>,
) -> Reply<Json<UserRow>> {
    let row = app.store().user(app.tenant(), &user).await?;
    allow_grant(&app, &principal, Some(row.role), Some(new.role))?;
    Ok(Json(app.store().change_role(app.tenant(), &by, &user, new.role).await?))
}

/// Lets somebody sign in no more. Their sessions and keys count no more at once.
#[utoipa::path(post, path = "/api/users/{user}/disable", tag = "users",
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = OK, description = "The account.", body = UserRow)))]
pub(crate) async fn disable_user(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(user): InPath<UserId>,
) -> Reply<Json<UserRow>> {
    let row = app.store().user(app.tenant(), &user).await?;
    allow_grant(&app, &principal, Some(row.role), None)?;
    Ok(Json(app.store().disable_user(app.tenant(), &by, &user, true).await?))
}

/// Lets somebody sign in again.
#[utoipa::path(post, path = "/api/users/{user}/enable", tag = "users",
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = OK, description = "The account.", body = UserRow)))]
pub(crate) async fn enable_user(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(user): InPath<UserId>,
) -> Reply<Json<UserRow>> {
    let row = app.store().user(app.tenant(), &user).await?;
    allow_grant(&app, &principal, None, Some(row.role))?;
    Ok(Json(app.store().disable_user(app.tenant(), &by, &user, false).await?))
}

/// Makes a link by which somebody verifies their address or chooses another password. It counts once, and takes the place
/// of the one before it.
#[utoipa::path(post, path = "/api/users/{user}/link", tag = "users", request_body = NewLink,
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = CREATED, description = "The link.", body = MadeLink)))]
pub(crate) async fn make_link(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(user): InPath<UserId>,
    Body(new): Body<NewLink>,
) -> Reply<(StatusCode, Json<MadeLink>)> {
    let row = app.store().user(app.tenant(), &user).await?;
    // Who has it can act as that person: nobody gets more by it than they have.
    allow_grant(&app, &principal, Some(row.role), None)?;
    if !matches!(new.purpose, LinkPurpose::Verify | LinkPurpose::Reset) {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "auth.link_purpose",
            "such a link is not made for an account that is there",
            "ask for `verify` or `reset`; an invitation makes a link of its own",
        ));
    }
    note(&app, &by, format!("make a link to {} for {user}", new.purpose.as_str())).await?;
    let link = LinkText { proof: Proof::mint(&*app.flows.parts().entropy) };
    let expires = app.store().make_user_link(app.tenant(), &user, new.purpose, &link).await?;
    Ok((StatusCode::CREATED, Json(MadeLink { link: link.reveal().to_string(), expires })))
}

/// Writes down who asked for what no event of its own tells, before it is done.
pub(crate) async fn note(app: &App, by: &IdentityChange, what: String) -> Reply<()> {
    let once = hex(&app.flows.parts().entropy.bytes());
    let event = NewEvent {
        tenant: app.tenant().clone(),
        actor: by.actor.clone(),
        subject: Subject::default(),
        key: IdempotencyKey::of(&["identity", "asked", &once]),
        correlation: by.correlation.clone(),
        body: EventBody::PersonAsked { what, reason: String::new() },
    };
    app.store().append(event).await?;
    Ok(())
}

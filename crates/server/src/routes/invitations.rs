//! Invitations.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use swarm_domain::identity::{
    EmailAddress, IdentityError, InvitationId, LinkText, Proof, Registration, Role,
};
use swarm_store::InvitationRow;
use utoipa::ToSchema;

use crate::{
    app::App,
    door::{Asking, Changing, decide::allow_grant},
    extract::{Body, InPath},
    refusal::Reply,
};

/// Somebody who is to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Their email address.
    pub email: EmailAddress,
    /// What they will be in the team.
    pub role: Role,
}

/// An invitation, with its link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeInvitation {
    /// What is known of it.
    pub invitation: InvitationRow,
    /// The link by which they make their account, once. swarm sends no mail yet: hand it to them. It is not shown again.
    pub link: String,
}

/// Invitations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// The newest first.
    pub items: Vec<InvitationRow>,
}

/// Invites somebody to the team.
#[utoipa::path(post, path = "/api/invitations", tag = "users", request_body = NewInvitation,
    responses((status = CREATED, description = "The invitation, with its link.", body = MadeInvitation)))]
pub(crate) async fn invite(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    Body(new): Body<NewInvitation>,
) -> Reply<(StatusCode, Json<MadeInvitation>)> {
    if app.config.sign_in.registration == Registration::Closed {
        return Err(IdentityError::Registration.into());
    }
    allow_grant(&app, &principal, None, Some(new.role))?;
    let parts = app.flows.parts();
    let id = InvitationId::mint(&*parts.clock, &*parts.entropy);
    let link = LinkText { proof: Proof::mint(&*parts.entropy) };
    let whom = (new.email, new.role);
    let invitation = app.store().invite(app.tenant(), &by, id, whom, &link).await?;
    Ok((StatusCode::CREATED, Json(MadeInvitation { invitation, link: link.reveal().to_string() })))
}

/// Lists the invitations, those that are over too.
#[utoipa::path(get, path = "/api/invitations", tag = "users",
    responses((status = OK, description = "The invitations.", body = InvitationList)))]
pub(crate) async fn invitations(State(app): State<App>) -> Reply<Json<InvitationList>> {
    Ok(Json(InvitationList { items: app.store().invitations(app.tenant()).await? }))
}

/// Takes an invitation back: its link counts no more.
#[utoipa::path(delete, path = "/api/invitations/{invitation}", tag = "users",
    params(("invitation" = InvitationId, Path, description = "The invitation.")),
    responses((status = NO_CONTENT, description = "It counts no more.")))]
pub(crate) async fn withdraw_invitation(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(id): InPath<InvitationId>,
) -> Reply<StatusCode> {
    let row = app.store().invitation(app.tenant(), &id).await?;
    allow_grant(&app, &principal, Some(row.role), None)?;
    app.store().withdraw_invitation(app.tenant(), &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

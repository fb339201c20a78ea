//! Who one is, where one is signed in, and by which keys anybody can prove an access token.

use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;
use swarm_domain::identity::{KeyId, Role, Scope, SessionEnd, SessionId, Who};
use swarm_store::{SessionRow, StoreError, UserRow};
use utoipa::ToSchema;

use super::{auth::not_signed_in, users::note};
use crate::{
    app::App,
    door::{Asking, Changing},
    extract::InPath,
    refusal::Reply,
};

/// Who asks, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// The name that stands in events.
    pub person: String,
    /// What they are in the team.
    pub role: Role,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Their account; absent for the operator.
    pub user: Option<UserRow>,
    /// The session that asks.
    pub session: Option<SessionId>,
    /// The key that asks.
    pub key: Option<KeyId>,
}

/// The sessions by which somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The newest first.
    pub items: Vec<SessionRow>,
}

/// A public key (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningKey {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// `EdDSA`.
    pub alg: String,
    /// The name by which a token says which key signed it.
    pub kid: String,
    /// The key.
    pub x: String,
}

/// The public keys (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningKeys {
    /// The one that signs first, then those that still prove what they signed.
    pub keys: Vec<SigningKey>,
}

/// Tells who asks, and what they may do.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = OK, description = "Who it is.", body = Me)))]
pub(crate) async fn me(State(app): State<App>, Asking(principal): Asking) -> Reply<Json<Me>> {
    let user = match principal.user() {
        Some(user) => Some(app.store().user(app.tenant(), user).await?),
        None => None,
    };
    let (session, key) = match &principal.who {
        Who::Operator { .. } => (None, None),
        Who::User { session, .. } => (Some(session.clone()), None),
        Who::Key { key, .. } => (None, Some(key.clone())),
    };
    let scopes = app.policy().scopes(&principal).into_iter().collect();
    let person = principal.person().to_owned();
    Ok(Json(Me { person, role: principal.role, scopes, user, session, key }))
}

/// Lists where one is signed in.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth",
    responses((status = OK, description = "One's own sessions; none for the operator.", body = SessionList)))]
pub(crate) async fn sessions(State(app): State<App>, Asking(principal): Asking) -> Reply<Json<SessionList>> {
    let items = match principal.user() {
        Some(user) => app.store().sessions(app.tenant(), user).await?,
        None => Vec::new(),
    };
    Ok(Json(SessionList { items }))
}

/// Ends a session of one's own. It counts no more at once.
#[utoipa::path(delete, path = "/api/auth/sessions/{session}", tag = "auth",
    params(("session" = SessionId, Path, description = "The session.")),
    responses((status = NO_CONTENT, description = "It is over.")))]
pub(crate) async fn end_session(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(session): InPath<SessionId>,
) -> Reply<StatusCode> {
    let row = app.store().session(app.tenant(), &session).await?;
    // Another's is not there: nobody is told which ids there are.
    if principal.user() != Some(&row.user) {
        return Err(StoreError::NotFound { kind: "session", id: session.to_string() }.into());
    }
    if !matches!(principal.who, Who::User { .. } | Who::Key { .. }) {
        return Err(not_signed_in());
    }
    app.store().end_session(app.tenant(), &by, &session, SessionEnd::Revoked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public keys of access tokens, as a JSON Web Key Set. Asks for no token.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth",
    responses((status = OK, description = "The keys.", body = SigningKeys)))]
pub(crate) async fn signing_keys(State(app): State<App>) -> Reply<Json<SigningKeys>> {
    let keys = app.door.token_keys.public(app.store()).await?;
    Ok(Json(SigningKeys { keys: keys.into_iter().map(of_public).collect() }))
}

/// Lets a new key sign access tokens. Those that the old one signed count until they are over.
#[utoipa::path(post, path = "/api/auth/signing-key/rotate", tag = "auth",
    responses((status = OK, description = "The keys, the new one first.", body = SigningKeys)))]
pub(crate) async fn rotate_signing_key(
    State(app): State<App>,
    Changing(by): Changing,
) -> Reply<Json<SigningKeys>> {
    note(&app, &by, "let a new key sign access tokens".to_owned()).await?;
    app.door.token_keys.rotate(app.store()).await?;
    signing_keys(State(app)).await
}

fn of_public((kid, public): (String, Vec<u8>)) -> SigningKey {
    SigningKey {
        kty: "OKP".to_owned(),
        crv: "Ed25519".to_owned(),
        alg: "EdDSA".to_owned(),
        kid,
        x: BASE64_URL_SAFE_NO_PAD.encode(public),
    }
}

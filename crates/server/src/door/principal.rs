//! Who asks: by the token of this start, an API key, or an access token; the last also in a browser's cookie.

use std::collections::BTreeSet;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
};
use swarm_domain::identity::{KeyText, Principal, Role, Scope, SessionId, Who};
use swarm_domain::rate::Rate;
use swarm_flows::Asker;
use swarm_store::{IdentityChange, KeyHolder, LetInBy, UserRow};

use super::{Caller, Correlation, cookie};
use crate::{
    app::App,
    refusal::{Refusal, Reply},
};

/// Somebody, and how often they may ask where that was said of their key.
pub(super) type LetIn = (Principal, Option<Rate>);

/// Who asks, by what the request shows; none where that is nothing, or counts no more.
pub(super) async fn of(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    caller: Caller,
) -> Reply<Option<LetIn>> {
    if headers.contains_key(header::AUTHORIZATION) {
        return match bearer(headers) {
            Some(token) => of_token(app, token, caller).await,
            None => Ok(None),
        };
    }
    match cookie::access(headers) {
        Some(token) => {
            cookie::same_site(app, method, headers)?;
            Ok(of_access_token(app, token).await?.map(|who| (who, None)))
        }
        None => Ok(None),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn of_token(app: &App, token: &str, caller: Caller) -> Reply<Option<LetIn>> {
    // What opens everything is for who can read the data folder, and does not go over a network.
    if app.door.token.is(token) && caller.is_local {
        return Ok(Some((of_operator(app), None)));
    }
    if token.starts_with(KeyText::PREFIX) {
        return of_key(app, token).await;
    }
    Ok(of_access_token(app, token).await?.map(|who| (who, None)))
}

/// The operator of this machine.
pub(crate) fn of_operator(app: &App) -> Principal {
    let who = Who::Operator { name: app.config.operator.clone() };
    Principal { tenant: app.tenant().clone(), who, role: Role::Owner, scopes: None }
}

async fn of_key(app: &App, token: &str) -> Reply<Option<LetIn>> {
    let Some(shown) = KeyText::parse(token) else { return Ok(None) };
    Ok(app.store().shown_key(app.tenant(), &shown).await?.map(|holder| of_holder(app, holder)))
}

/// A key does what its owner may just now, and of that only what it was given.
fn of_holder(app: &App, holder: KeyHolder) -> LetIn {
    let (role, owner, name) = match holder.owner {
        Some(user) => (user.role, Some(user.id), user.email.to_string()),
        None => (Role::Owner, None, app.config.operator.clone()),
    };
    let record = holder.key.record;
    let who = Who::Key { key: record.id, owner, name };
    let principal = Principal { tenant: app.tenant().clone(), who, role, scopes: Some(record.scopes) };
    (principal, record.rate)
}

async fn of_access_token(app: &App, token: &str) -> Reply<Option<Principal>> {
    let now = app.flows.parts().clock.now();
    let Some(claims) = app.door.token_keys.read(app.store(), app.tenant(), token, now).await? else {
        return Ok(None);
    };
    let signed_in = of_session(app, claims.sid).await?;
    Ok(signed_in.filter(|principal| principal.user() == Some(&claims.sub)))
}

async fn of_session(app: &App, session: SessionId) -> Reply<Option<Principal>> {
    let Some(signed_in) = app.store().signed_in(app.tenant(), &session).await? else { return Ok(None) };
    Ok(Some(of_user(app, signed_in.user, session)))
}

/// Who has this account, in a session of theirs.
pub(crate) fn of_user(app: &App, user: UserRow, session: SessionId) -> Principal {
    let lacks = user.second_factor_at.is_none() && app.config.sign_in.second_factor.wants(user.role);
    // Who must have a second factor and has none can set one up, and nothing else.
    let scopes = lacks.then(|| BTreeSet::from([Scope::AccountWrite]));
    let who = Who::User { user: user.id, email: user.email.to_string(), session };
    Principal { tenant: app.tenant().clone(), who, role: user.role, scopes }
}

/// Who was let in by this before, as what they are by now.
pub(crate) async fn again(app: &App, by: LetInBy) -> Reply<Option<LetIn>> {
    match by {
        LetInBy::Operator => Ok(Some((of_operator(app), None))),
        LetInBy::Session(session) => Ok(of_session(app, session).await?.map(|who| (who, None))),
        LetInBy::Key(key) => {
            Ok(app.store().held_key(app.tenant(), &key).await?.map(|holder| of_holder(app, holder)))
        }
    }
}

/// By what this principal was let in.
pub(super) fn let_in_by(principal: &Principal) -> LetInBy {
    match &principal.who {
        Who::Operator { .. } => LetInBy::Operator,
        Who::User { session, .. } => LetInBy::Session(session.clone()),
        Who::Key { key, .. } => LetInBy::Key(key.clone()),
    }
}

/// Who asks, for a handler that must know more than their name.
pub(crate) struct Asking(pub(crate) Principal);

/// Who asks, by name, with the correlation id of this request: what stands in events.
pub(crate) struct By(pub(crate) Asker);

/// The same, for what the store writes by itself.
pub(crate) struct Changing(pub(crate) IdentityChange);

/// Put there by the door. Where it is not, nobody was let in.
fn found(parts: &Parts) -> Reply<&Principal> {
    parts.extensions.get().ok_or_else(|| Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR))
}

impl FromRequestParts<App> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Reply<Self> {
        found(parts).map(|principal| Self(principal.clone()))
    }
}

impl FromRequestParts<App> for By {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Reply<Self> {
        let Some(Correlation(id)) = parts.extensions.get() else {
            return Err(Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR));
        };
        let principal = found(parts)?;
        let key = match &principal.who {
            Who::Key { key, .. } => Some(key.clone()),
            Who::Operator { .. } | Who::User { .. } => None,
        };
        Ok(Self(Asker { person: principal.person().to_owned(), correlation: Some(id.clone()), key }))
    }
}

impl FromRequestParts<App> for Changing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Reply<Self> {
        let By(asker) = By::from_request_parts(parts, app).await?;
        let actor = swarm_domain::Actor::Person { name: asker.person };
        Ok(Self(IdentityChange { actor, correlation: asker.correlation }))
    }
}

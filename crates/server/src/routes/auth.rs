//! Signing in and out, and what somebody does before they are known. No answer says whether an account is there.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor,
    identity::{
        EmailAddress, FRESH_SECONDS, IdentityError, LinkText, Password, Proof, RefreshText, Registration,
        SessionEnd, SessionId, UserId, Who,
    },
    notification::Stage,
};
use swarm_store::{Arrival, IdentityChange, NewSession, NewUser, StoreError, UserRow};
use utoipa::ToSchema;

use super::{
    account_link,
    second_factor::{self, SecondStepWanted},
};
use crate::{
    app::App,
    config::Tries,
    door::{Asking, Caller, Changing, Claims, Correlation, cookie},
    extract::Unquoted,
    refusal::{Refusal, Reply},
};

/// The longest name of a device that is kept, in characters.
const MAX_DEVICE: usize = 80;

/// Somebody who makes an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// Their email address.
    pub email: EmailAddress,
    /// Their password: 12 characters or more.
    pub password: Password,
    /// The link that they were given: of an invitation, or the one that a server without an account prints.
    pub link: Option<String>,
}

/// Somebody who signs in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Their email address.
    pub email: EmailAddress,
    /// Their password.
    pub password: Password,
    /// What they sign in with, for their list of sessions; the `User-Agent` where absent.
    pub device: Option<String>,
    /// Whether a browser asks, which gets its tokens as cookies that no script can read.
    #[serde(default)]
    pub cookies: bool,
}

/// A session that goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refresh {
    /// The refresh token; the cookie where absent.
    #[schema(value_type = Option<String>, format = Password)]
    pub refresh_token: Option<Password>,
}

/// A link that was sent to an address, with what only who made the account knows: somebody else may have made it in the
/// name of this address before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyAddress {
    /// The email address.
    pub email: EmailAddress,
    /// The password of the account.
    pub password: Password,
    /// The link.
    pub link: String,
}

/// Another password, by a link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// The link.
    pub link: String,
    /// The new password.
    pub password: Password,
}

/// Another password, by who knows the old one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The password until now.
    pub old: Password,
    /// The new one.
    pub new: Password,
}

/// A session, with what is shown to be it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionTokens {
    /// Its id.
    pub session: SessionId,
    /// Who is signed in.
    pub user: UserRow,
    /// The access token: `Authorization: Bearer`. Absent where it is a cookie.
    pub access_token: Option<String>,
    /// How long it counts, in seconds.
    pub expires_in: u32,
    /// What another access token is had for, once. Absent where it is a cookie.
    pub refresh_token: Option<String>,
}

/// Makes an account. Where registration is open the answer is the same whether the address had one before.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = NewAccount,
    responses((status = NO_CONTENT, description = "Sign in now, if the address is yours.")))]
pub(crate) async fn register(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    Unquoted(new): Unquoted<NewAccount>,
) -> Reply<StatusCode> {
    tried(&app, from, None).await?;
    new.password.check(&new.email)?;
    let arrival = arrival(&app, new.link.as_deref()).await?;
    let is_open = matches!(arrival, Arrival::Open);
    let entropy = &*app.flows.parts().entropy;
    let password_hash = app.door.passwords.hash(&new.password, entropy).await?;
    let id = UserId::mint(&*app.flows.parts().clock, entropy);
    let (email, correlation) = (new.email, Some(correlation.0.0));
    let user = NewUser { id, email: email.clone(), password_hash, arrival, correlation };
    match app.store().add_user(app.tenant(), user).await {
        Ok(_) => {}
        Err(StoreError::Exists { .. }) if is_open => {}
        Err(StoreError::Exists { .. }) => return Err(IdentityError::Link.into()),
        Err(error) => return Err(error.into()),
    }
    // Whose address it is is shown by a mail, which who had an account before does not get. The answer waits for neither.
    if is_open
        && app.flows.mails_accounts()
        && let Err(refusal) = account_link::mail(&app, &email, Stage::Verify).await
    {
        tracing::warn!(code = refusal.problem.code, "an address could not be sent its link");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn arrival(app: &App, link: Option<&str>) -> Reply<Arrival> {
    let registration = app.config.sign_in.registration;
    let Some(link) = link else {
        let is_open = registration == Registration::Open && app.store().has_users(app.tenant()).await?;
        return if is_open { Ok(Arrival::Open) } else { Err(IdentityError::Registration.into()) };
    };
    let link = LinkText::parse(link).ok_or(IdentityError::Link)?;
    if !app.store().has_users(app.tenant()).await? {
        return Ok(Arrival::First(link));
    }
    match registration {
        Registration::Closed => Err(IdentityError::Registration.into()),
        Registration::Invite | Registration::Open => Ok(Arrival::Invited(link)),
    }
}

/// Signs in.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = SignIn,
    responses((status = OK, description = "The session.", body = SessionTokens),
        (status = ACCEPTED, description = "The password is right, and a code is asked for.", body = SecondStepWanted)))]
pub(crate) async fn login(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    headers: HeaderMap,
    Unquoted(asked): Unquoted<SignIn>,
) -> Reply<Response> {
    if asked.cookies {
        cookie::same_site(&app, &Method::POST, &headers)?;
    }
    tried(&app, from, Some(&asked.email)).await?;
    let user = authenticated(&app, &asked.email, &asked.password).await?;
    if user.verified_at.is_none() {
        return Err(IdentityError::Unverified.into());
    }
    let device = device(asked.device, &headers);
    if user.second_factor_at.is_some() {
        let wanted = second_factor::wanted(&app, &user, device, asked.cookies).await?;
        return Ok((StatusCode::ACCEPTED, Json(wanted)).into_response());
    }
    let actor = Actor::Person { name: user.email.to_string() };
    let by = IdentityChange { actor, correlation: Some(correlation.0.0) };
    let cookies = asked.cookies.then(|| app.door.is_sealed(&headers));
    begin(&app, &by, user, &device, cookies).await
}

/// Whose password this is. Where there is no such account, or it is disabled, the same is done and the same is said.
async fn authenticated(app: &App, email: &EmailAddress, password: &Password) -> Reply<UserRow> {
    if !password.is_bounded() {
        return Err(IdentityError::Password("it is longer than the 256 bytes that are taken").into());
    }
    let known = app.store().user_by_email(app.tenant(), email).await?;
    let hash = known.as_ref().map(|(_, hash)| hash.as_str());
    let right = app.door.passwords.is(password, hash).await?;
    match known {
        Some((user, _)) if right && user.is_enabled() => Ok(user),
        _ => Err(IdentityError::Credentials.into()),
    }
}

/// What they sign in with, by its own word.
pub(super) fn device(said: Option<String>, headers: &HeaderMap) -> String {
    let agent = || headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    said.or_else(agent).unwrap_or_default()
}

/// Begins a session, and answers with its tokens.
pub(super) async fn begin(
    app: &App,
    by: &IdentityChange,
    user: UserRow,
    device: &str,
    cookies: Option<bool>,
) -> Reply<Response> {
    let parts = app.flows.parts();
    let (now, bounds) = (parts.clock.now(), &app.config.sign_in);
    let session = SessionId::mint(&*parts.clock, &*parts.entropy);
    let refresh = RefreshText { session: session.clone(), proof: Proof::mint(&*parts.entropy) };
    let device: String = device.chars().filter(|c| !c.is_control()).take(MAX_DEVICE).collect();
    let new = NewSession {
        id: session,
        user: user.id.clone(),
        device,
        expires: now + delta(bounds.session),
        proof: refresh.proof.hash(),
        idle: now + delta(bounds.idle),
    };
    app.store().begin_session(app.tenant(), by, new).await?;
    app.store().forget_throttles().await?;
    answer(app, user, &refresh, cookies).await
}

/// Gives another access token, and another refresh token in the place of the one that is shown. One that is shown a second
/// time ends its session: somebody has a copy.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", request_body = Option<Refresh>,
    responses((status = OK, description = "The session.", body = SessionTokens)))]
pub(crate) async fn refresh(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    headers: HeaderMap,
    body: Option<Unquoted<Refresh>>,
) -> Reply<Response> {
    let given = body.and_then(|Unquoted(asked)| asked.refresh_token);
    let cookies = given.is_none().then(|| app.door.is_sealed(&headers));
    if cookies.is_some() {
        cookie::same_site(&app, &Method::POST, &headers)?;
    }
    let shown = given.as_ref().map(Password::expose).or_else(|| cookie::refresh(&headers));
    let Some(shown) = shown.and_then(RefreshText::parse) else {
        tried(&app, from, None).await?;
        return Err(IdentityError::SessionOver.into());
    };
    let next = RefreshText { proof: Proof::mint(&*app.flows.parts().entropy), ..shown.clone() };
    let idle = delta(app.config.sign_in.idle);
    let done = app
        .store()
        .refresh_session(app.tenant(), &shown, &next.proof.hash(), idle, Some(&correlation.0.0))
        .await?;
    answer(&app, done.user, &next, cookies).await
}

/// With cookies where it says so, and then whether they go over TLS.
async fn answer(app: &App, user: UserRow, refresh: &RefreshText, cookies: Option<bool>) -> Reply<Response> {
    let bounds = &app.config.sign_in;
    let seconds = bounds.access.as_secs().min(swarm_store::KEPT_SECONDS.unsigned_abs());
    let expires_in = u32::try_from(seconds).unwrap_or(u32::MAX);
    let who = (user.id.clone(), refresh.session.clone());
    let claims = Claims::new(app.tenant(), who, app.flows.parts().clock.now(), i64::from(expires_in));
    let access = app.door.token_keys.sign(app.store(), &claims).await?;
    let shown = refresh.reveal();
    let mut session = SessionTokens {
        session: refresh.session.clone(),
        user,
        access_token: None,
        expires_in,
        refresh_token: None,
    };
    if let Some(sealed) = cookies {
        let idle = i64::try_from(bounds.idle.as_secs()).unwrap_or(i64::MAX);
        let set = cookie::set((&access, i64::from(expires_in)), (&shown, idle), sealed);
        return Ok(with_cookies(set, Json(session)));
    }
    session.access_token = Some(access);
    session.refresh_token = Some(shown.to_string());
    Ok(Json(session).into_response())
}

fn with_cookies(cookies: Vec<HeaderValue>, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Ends the session that asks, and takes its cookies away.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth",
    responses((status = NO_CONTENT, description = "Signed out.")))]
pub(crate) async fn logout(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    headers: HeaderMap,
) -> Reply<Response> {
    if let Who::User { session, .. } = &principal.who {
        app.store().end_session(app.tenant(), &by, session, SessionEnd::SignedOut).await?;
    }
    let gone = cookie::set(("", 0), ("", 0), app.door.is_sealed(&headers));
    Ok(with_cookies(gone, StatusCode::NO_CONTENT))
}

/// Shows that an address is one's own, by a link that was sent there and the password of the account.
#[utoipa::path(post, path = "/api/auth/verify", tag = "auth", request_body = VerifyAddress,
    responses((status = NO_CONTENT, description = "It is verified.")))]
pub(crate) async fn verify_address(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    Unquoted(shown): Unquoted<VerifyAddress>,
) -> Reply<StatusCode> {
    verify(&app, from, &correlation.0.0, shown).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn verify(app: &App, from: Caller, correlation: &String, shown: VerifyAddress) -> Reply<()> {
    tried(app, from, Some(&shown.email)).await?;
    let link = LinkText::parse(&shown.link).ok_or(IdentityError::Link)?;
    authenticated(app, &shown.email, &shown.password).await?;
    app.store().verify_user(app.tenant(), &link, Some(correlation)).await?;
    Ok(())
}

/// Chooses another password by a link. Every session of the account ends, and its address is verified.
#[utoipa::path(post, path = "/api/auth/reset", tag = "auth", request_body = Reset,
    responses((status = NO_CONTENT, description = "Sign in with it now.")))]
pub(crate) async fn reset_password(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    Unquoted(asked): Unquoted<Reset>,
) -> Reply<StatusCode> {
    reset(&app, from, &correlation.0.0, asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn reset(app: &App, from: Caller, correlation: &String, asked: Reset) -> Reply<()> {
    tried(app, from, None).await?;
    let link = LinkText::parse(&asked.link).ok_or(IdentityError::Link)?;
    let user = app.store().user_of_reset_link(app.tenant(), &link).await?;
    // A password that is not taken does not use the link up.
    asked.password.check(&user.email)?;
    let hash = app.door.passwords.hash(&asked.password, &*app.flows.parts().entropy).await?;
    app.store().reset_password(app.tenant(), &link, &hash, Some(correlation)).await?;
    Ok(())
}

/// Chooses another password, by who knows the old one. The other sessions of the account end.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", request_body = ChangePassword,
    responses((status = NO_CONTENT, description = "It is the new one from now on.")))]
pub(crate) async fn change_password(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    Changing(by): Changing,
    Unquoted(asked): Unquoted<ChangePassword>,
) -> Reply<StatusCode> {
    let Who::User { user, session, .. } = &principal.who else {
        return Err(not_signed_in());
    };
    let email = app.store().user(app.tenant(), user).await?.email;
    tried(&app, from, Some(&email)).await?;
    authenticated(&app, &email, &asked.old).await?;
    asked.new.check(&email)?;
    let hash = app.door.passwords.hash(&asked.new, &*app.flows.parts().entropy).await?;
    app.store().change_password(app.tenant(), &by, user, &hash, Some(session)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who adds something by which they are let in, and their address: somebody who signed in a moment ago. Who finds a session
/// open shall not be able to stay (OWASP ASVS 5, 7.5.1).
pub(super) async fn just_signed_in<'a>(app: &App, who: &'a Who) -> Reply<(&'a UserId, &'a str)> {
    let Who::User { user, session, email, .. } = who else {
        return Err(not_signed_in());
    };
    let begun = app.store().session(app.tenant(), session).await?.begun_at;
    if app.flows.parts().clock.now() - begun > TimeDelta::seconds(FRESH_SECONDS) {
        return Err(IdentityError::SessionOld.into());
    }
    Ok((user, email))
}

/// What is of a person in a session, and of nobody else.
pub(crate) fn not_signed_in() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "auth.not_signed_in",
        "only somebody who is signed in has this: not a key, and not the operator",
        "sign in with POST /api/auth/login",
    )
}

/// Counts a try, before any work is done for it.
pub(crate) async fn tried(app: &App, from: Caller, email: Option<&EmailAddress>) -> Reply<()> {
    let bounds = &app.config.sign_in;
    let address = format!("address/{}", from.network());
    let account = email.map(|email| format!("account/{email}"));
    let subjects = [Some((address, bounds.by_address)), account.map(|account| (account, bounds.by_account))];
    for (subject, Tries { burst, every }) in subjects.into_iter().flatten() {
        // Counted whether there is such an account or not.
        if let Some(wait) = app.store().throttle(&subject, delta(every), i32::from(burst)).await? {
            return Err(throttled(wait));
        }
    }
    Ok(())
}

pub(crate) fn throttled(wait: TimeDelta) -> Refusal {
    let seconds = u32::try_from(wait.num_seconds()).unwrap_or(1).max(1);
    let next = format!("try again in {seconds} s");
    let detail = "this was tried too often lately";
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "auth.throttled", detail, next).after(seconds)
}

fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

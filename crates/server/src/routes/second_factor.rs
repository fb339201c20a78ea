//! A second factor: an app that shows codes by time, and recovery codes for who lost it.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor,
    identity::{IdentityError, Proof, RecoveryCode, SecondStepText, UserId, Who},
};
use swarm_notify::html::escaped;
use swarm_store::{IdentityChange, NewSecondStep, SECOND_STEP_SECONDS, UserRow};
use utoipa::ToSchema;

use super::{
    auth::{SessionTokens, begin, just_signed_in, not_signed_in, tried},
    federation::page,
    plain_page::{BACK, page_of, refused},
};
use crate::{
    app::App,
    door::{Asking, Caller, Changing, Correlation, cookie, decide::allow_grant},
    extract::{InPath, Unquoted},
    refusal::{Refusal, Reply},
    web::wants_page,
};

/// The longest code that is looked at, in bytes.
const MAX_CODE: usize = 64;

/// A second factor that is to be confirmed by a code. It is not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewSecondFactor {
    /// The secret, to be typed into an app.
    pub secret: String,
    /// The same as an address that apps open.
    pub uri: String,
    /// The same as a picture that apps read: SVG.
    pub qr: String,
}

/// A code of the app; where a sign-in or a removal asks for it, a recovery code as well.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    /// Six digits, or a recovery code.
    pub code: String,
}

/// Codes that each take the place of one of the app, once. They are not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// The codes.
    pub codes: Vec<String>,
}

/// A sign-in whose password was right, and which goes on with a code: `POST /api/auth/login/second`.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondStepWanted {
    /// What is shown with the code.
    pub pending: String,
    /// How long that may take, in seconds.
    pub expires_in: u32,
}

/// The second step of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondStepShown {
    /// What the first step gave.
    pub pending: String,
    /// A code of the app, or a recovery code.
    pub code: String,
}

/// Begins to set a second factor up, within ten minutes of signing in. It is asked for once a code of it was shown.
#[utoipa::path(post, path = "/api/auth/second-factor", tag = "auth",
    responses((status = OK, description = "What the app needs.", body = NewSecondFactor)))]
pub(crate) async fn begin_second_factor(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
) -> Reply<Json<NewSecondFactor>> {
    let (user, email) = just_signed_in(&app, &principal.who).await?;
    tried(&app, from, None).await?;
    let secret = app.store().begin_second_factor(app.tenant(), user).await?;
    let label = email.replace('@', "%40").replace('+', "%2B");
    let uri = format!("otpauth://totp/swarm:{label}?secret={}&issuer=swarm", secret.expose());
    // Some 90 letters always fit.
    let code = QrCode::with_error_correction_level(&uri, EcLevel::M).ok();
    let qr = code.map(|code| code.render::<svg::Color<'_>>().min_dimensions(240, 240).build());
    Ok(Json(NewSecondFactor { secret: secret.expose().to_owned(), uri, qr: qr.unwrap_or_default() }))
}

/// Confirms a second factor by a code of the app. From now on every sign-in asks for one.
#[utoipa::path(post, path = "/api/auth/second-factor/confirm", tag = "auth", request_body = Code,
    responses((status = OK, description = "Recovery codes: keep them in a safe place.", body = RecoveryCodes)))]
pub(crate) async fn confirm_second_factor(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    Changing(by): Changing,
    Unquoted(shown): Unquoted<Code>,
) -> Reply<Json<RecoveryCodes>> {
    let user = owner(&app, from, &principal.who).await?;
    let code = bounded(&shown.code)?;
    let entropy = &*app.flows.parts().entropy;
    let codes = app.store().confirm_second_factor(app.tenant(), &by, (&user, code), entropy).await?;
    Ok(Json(revealed(&codes)))
}

/// Makes other recovery codes, by a code of the app. Those of before count no more.
#[utoipa::path(post, path = "/api/auth/second-factor/recovery-codes", tag = "auth", request_body = Code,
    responses((status = OK, description = "Recovery codes: keep them in a safe place.", body = RecoveryCodes)))]
pub(crate) async fn renew_recovery_codes(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    Changing(by): Changing,
    Unquoted(shown): Unquoted<Code>,
) -> Reply<Json<RecoveryCodes>> {
    let user = owner(&app, from, &principal.who).await?;
    let code = bounded(&shown.code)?;
    let entropy = &*app.flows.parts().entropy;
    let codes = app.store().renew_recovery_codes(app.tenant(), &by, (&user, code), entropy).await?;
    Ok(Json(revealed(&codes)))
}

/// Removes one's second factor, by a code of the app or a recovery code.
#[utoipa::path(post, path = "/api/auth/second-factor/remove", tag = "auth", request_body = Code,
    responses((status = NO_CONTENT, description = "It is asked for no more.")))]
pub(crate) async fn remove_second_factor(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    Changing(by): Changing,
    Unquoted(shown): Unquoted<Code>,
) -> Reply<StatusCode> {
    let user = owner(&app, from, &principal.who).await?;
    let code = bounded(&shown.code)?;
    app.store().remove_second_factor(app.tenant(), &by, &user, Some(code)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes somebody's second factor, who lost the app and the recovery codes. Be sure that it is they who ask.
#[utoipa::path(post, path = "/api/users/{user}/second-factor/remove", tag = "users",
    params(("user" = UserId, Path, description = "The account.")),
    responses((status = OK, description = "The account.", body = UserRow)))]
pub(crate) async fn remove_users_second_factor(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(user): InPath<UserId>,
) -> Reply<Json<UserRow>> {
    let row = app.store().user(app.tenant(), &user).await?;
    allow_grant(&app, &principal, Some(row.role), None)?;
    app.store().remove_second_factor(app.tenant(), &by, &user, None).await?;
    Ok(Json(app.store().user(app.tenant(), &user).await?))
}

/// Takes the second step of a sign-in.
#[utoipa::path(post, path = "/api/auth/login/second", tag = "auth", request_body = SecondStepShown,
    responses((status = OK, description = "The session.", body = SessionTokens)))]
pub(crate) async fn second_step(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    headers: HeaderMap,
    Unquoted(shown): Unquoted<SecondStepShown>,
) -> Reply<Response> {
    taken(&app, from, &correlation.0.0, &headers, shown).await
}

/// The same, from the page on which a sign-in by a provider ends.
pub(crate) async fn second_step_page(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    headers: HeaderMap,
    body: String,
) -> Reply<Response> {
    cookie::same_site(&app, &Method::POST, &headers)?;
    let shown = fields(&body).ok_or(IdentityError::SecondStep)?;
    let pending = shown.pending.clone();
    match taken(&app, from, &correlation.0.0, &headers, shown).await {
        Ok(begun) => Ok(page(&app, None, begun.headers().clone())),
        Err(refusal) if !wants_page(&headers) => Err(refusal),
        // The step still counts: another code may be typed.
        Err(refusal) if refusal.problem.code == "auth.second_factor_code" => {
            Ok(asking_page(&app, &pending, Some(&refusal)))
        }
        Err(refusal) => Ok(refused(&app, &refusal, BACK)),
    }
}

/// What the form of that page sends.
fn fields(body: &str) -> Option<SecondStepShown> {
    let form = reqwest::Url::parse(&format!("form:?{body}")).ok()?;
    let of =
        |name: &str| form.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    Some(SecondStepShown { pending: of("pending")?, code: of("code")? })
}

async fn taken(
    app: &App,
    from: Caller,
    correlation: &str,
    headers: &HeaderMap,
    shown: SecondStepShown,
) -> Reply<Response> {
    tried(app, from, None).await?;
    let code = bounded(&shown.code)?;
    let text = SecondStepText::parse(&shown.pending).ok_or(IdentityError::SecondStep)?;
    let user = app.store().user_of_second_step(app.tenant(), &text).await?;
    // Who knows a password shall not try codes without an end by beginning again and again.
    tried(app, from, Some(&user.email)).await?;
    let actor = Actor::Person { name: user.email.to_string() };
    let by = IdentityChange { actor, correlation: Some(correlation.to_owned()) };
    let step = app.store().take_second_step(app.tenant(), &by, &text, code).await?;
    if step.cookies {
        cookie::same_site(app, &Method::POST, headers)?;
    }
    let cookies = step.cookies.then(|| app.door.is_sealed(headers));
    begin(app, &by, step.user, &step.device, cookies).await
}

/// Notes that the first step was right: the answer asks for the second.
pub(super) async fn wanted(
    app: &App,
    user: &UserRow,
    device: String,
    cookies: bool,
) -> Reply<SecondStepWanted> {
    let text = SecondStepText { proof: Proof::mint(&*app.flows.parts().entropy) };
    let pending = text.reveal().to_string();
    let new = NewSecondStep { text, user: user.id.clone(), device, cookies };
    app.store().begin_second_step(app.tenant(), new).await?;
    Ok(SecondStepWanted { pending, expires_in: u32::try_from(SECOND_STEP_SECONDS).unwrap_or(u32::MAX) })
}

/// A page that asks for the code, after a sign-in by a provider; after a wrong one it says so.
pub(super) fn asking_page(app: &App, pending: &str, wrong: Option<&Refusal>) -> Response {
    let words =
        wrong.map(|refusal| format!("<p>{}.</p>", escaped(&refusal.problem.detail))).unwrap_or_default();
    let body = format!(
        "<h1>Your second factor</h1>{words}<form method=\"post\" action=\"/api/auth/oidc/second\">\
         <input type=\"hidden\" name=\"pending\" value=\"{}\">\
         <label for=\"code\">Code of your app, or a recovery code</label>\
         <input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" required autofocus>\
         <button class=\"yes\">Sign in</button></form>",
        escaped(pending)
    );
    page_of(app, wrong.map_or(StatusCode::OK, |refusal| refusal.status), &body)
}

/// Who changes their own second factor. Each try is counted for the account: codes are short.
async fn owner(app: &App, from: Caller, who: &Who) -> Reply<UserId> {
    let Who::User { user, .. } = who else {
        return Err(not_signed_in());
    };
    let email = app.store().user(app.tenant(), user).await?.email;
    tried(app, from, Some(&email)).await?;
    Ok(user.clone())
}

fn bounded(code: &str) -> Reply<&str> {
    let code = code.trim();
    if code.len() > MAX_CODE { Err(IdentityError::SecondFactorCode.into()) } else { Ok(code) }
}

fn revealed(codes: &[RecoveryCode]) -> RecoveryCodes {
    RecoveryCodes { codes: codes.iter().map(|code| code.reveal().to_string()).collect() }
}

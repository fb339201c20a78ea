//! Signing in by a provider, and which providers somebody can sign in by. The two pages on the way are opened by a browser
//! and stand in no document; the rest is asked by programs.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor,
    identity::{
        Admission, EmailAddress, ExternalId, IdentityError, InvitationId, LinkText, Met, Proof, ProviderName,
        Role, SessionId, UserId, Who,
    },
    secret::Secret,
};
use swarm_store::{
    FLOW_SECONDS, IdentityChange, LinkRow, NewFederated, NewFlow, ProviderFlow, ShownLink, StoreError,
    TakenFlow, UserRow,
};
use utoipa::ToSchema;

use super::{
    auth::{begin, device, just_signed_in, not_signed_in, tried},
    plain_page::{BACK, page_of, refused},
    second_factor,
};
use crate::{
    app::App,
    door::{Asking, Caller, Changing, Correlation, cookie},
    extract::{InPath, InQuery, Unquoted},
    federation::{Fault, Provider, ProviderKind, Returned, Vouched},
    refusal::{Refusal, Reply},
    web::wants_page,
};

/// The longest that a provider may send back in one field.
const MAX_FIELD: usize = 4096;

/// A way to sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderRow {
    /// Its name, which stands in paths.
    pub name: ProviderName,
    /// What people read.
    pub label: String,
    /// What it speaks: `oidc` or `github`.
    pub kind: String,
    /// The page that a browser opens to sign in.
    pub start: String,
}

/// The ways to sign in that are not a password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderList {
    /// By name.
    pub items: Vec<ProviderRow>,
}

/// The providers by which somebody can sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkList {
    /// The oldest first.
    pub items: Vec<LinkRow>,
}

/// The page of the web app that shows with which providers one signs in.
const LINKS_PAGE: &str = "/settings";

/// A sign-in that begins.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSignIn {
    /// The link of an invitation, for who has no account yet.
    pub link: Option<String>,
    /// The page of this server to end on: a path such as `/runs`.
    pub return_to: Option<String>,
}

/// Where a browser goes on. It must be the one that asked: what it was given as a cookie is looked for when it comes back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignInAt {
    /// The address at the provider.
    pub url: String,
}

/// Where a browser ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartQuery {
    return_to: Option<String>,
}

/// What a browser comes back with. Providers add fields of their own.
#[derive(Debug, Deserialize)]
pub(crate) struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Lists the ways to sign in that are not a password. Asks for no token.
#[utoipa::path(get, path = "/api/auth/providers", tag = "auth",
    responses((status = OK, description = "The providers.", body = ProviderList)))]
pub(crate) async fn providers(State(app): State<App>) -> Json<ProviderList> {
    let row = |(name, provider): (&ProviderName, &Provider)| ProviderRow {
        name: name.clone(),
        label: Some(&provider.config.label)
            .filter(|label| !label.is_empty())
            .map_or_else(|| name.to_string(), String::clone),
        kind: match provider.config.kind {
            ProviderKind::Oidc => "oidc".to_owned(),
            ProviderKind::Github => "github".to_owned(),
        },
        start: format!("/api/auth/oidc/{name}/start"),
    };
    Json(ProviderList { items: app.providers.iter().map(row).collect() })
}

/// Begins a sign-in: the page that a browser opens.
pub(crate) async fn start_page(
    State(app): State<App>,
    from: Caller,
    InPath(name): InPath<ProviderName>,
    InQuery(query): InQuery<StartQuery>,
    headers: HeaderMap,
) -> Reply<Response> {
    tried(&app, from, None).await?;
    let asked = NewSignIn { link: None, return_to: query.return_to };
    let (at, cookie) = leave(&app, &name, asked, None, &headers).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, at.url), (header::SET_COOKIE, cookie)]).into_response())
}

/// Begins a sign-in from a page of this server, also for who was invited: the answer says where the browser goes on.
#[utoipa::path(post, path = "/api/auth/oidc/{provider}/start", tag = "auth", request_body = NewSignIn,
    params(("provider" = ProviderName, Path, description = "The provider.")),
    responses((status = OK, description = "Where to go on.", body = SignInAt)))]
pub(crate) async fn start_sign_in(
    State(app): State<App>,
    from: Caller,
    InPath(provider): InPath<ProviderName>,
    headers: HeaderMap,
    Unquoted(asked): Unquoted<NewSignIn>,
) -> Reply<Response> {
    tried(&app, from, None).await?;
    let (at, cookie) = leave(&app, &provider, asked, None, &headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(at)).into_response())
}

/// Lists the providers by which one can sign in.
#[utoipa::path(get, path = "/api/auth/links", tag = "auth",
    responses((status = OK, description = "One's own; none for the operator.", body = LinkList)))]
pub(crate) async fn links(State(app): State<App>, Asking(principal): Asking) -> Reply<Json<LinkList>> {
    let items = match principal.user() {
        Some(user) => app.store().links(app.tenant(), user).await?,
        None => Vec::new(),
    };
    Ok(Json(LinkList { items }))
}

/// Begins to link a provider with one's account, within ten minutes of signing in, so that one can sign in by it: the answer says where the browser goes on.
#[utoipa::path(post, path = "/api/auth/links/{provider}", tag = "auth",
    params(("provider" = ProviderName, Path, description = "The provider.")),
    responses((status = OK, description = "Where to go on.", body = SignInAt)))]
pub(crate) async fn link_provider(
    State(app): State<App>,
    from: Caller,
    Asking(principal): Asking,
    InPath(provider): InPath<ProviderName>,
    headers: HeaderMap,
) -> Reply<Response> {
    app.providers.of(&provider).map_err(|fault| fault.refusal(&provider))?;
    just_signed_in(&app, &principal.who).await?;
    let Who::User { session, .. } = principal.who else {
        return Err(not_signed_in());
    };
    tried(&app, from, None).await?;
    let asked = NewSignIn { return_to: Some(LINKS_PAGE.to_owned()), ..NewSignIn::default() };
    let (at, cookie) = leave(&app, &provider, asked, Some(session), &headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(at)).into_response())
}

/// Lets oneself sign in by a provider no more. The last way in stays.
#[utoipa::path(delete, path = "/api/auth/links/{provider}", tag = "auth",
    params(("provider" = ProviderName, Path, description = "The provider.")),
    responses((status = NO_CONTENT, description = "It opens nothing any more.")))]
pub(crate) async fn unlink_provider(
    State(app): State<App>,
    Asking(principal): Asking,
    Changing(by): Changing,
    InPath(provider): InPath<ProviderName>,
) -> Reply<StatusCode> {
    let Some(user) = principal.user() else {
        return Err(StoreError::NotFound { kind: "link", id: provider.to_string() }.into());
    };
    if !matches!(principal.who, Who::User { .. }) {
        return Err(not_signed_in());
    }
    app.store().unlink_identity(app.tenant(), &by, user, &provider).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes what must come back, and says where the browser goes and what it keeps.
async fn leave(
    app: &App,
    name: &ProviderName,
    asked: NewSignIn,
    session: Option<SessionId>,
    headers: &HeaderMap,
) -> Reply<(SignInAt, String)> {
    let provider = app.providers.of(name).map_err(|fault| fault.refusal(name))?;
    let return_to = asked.return_to.map(|path| if is_path(&path) { Ok(path) } else { Err(elsewhere()) });
    let return_to = return_to.transpose()?;
    let link = asked.link.map(|link| LinkText::parse(&link).ok_or(IdentityError::Link)).transpose()?;
    // The door let in no name but our own.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let sealed = app.door.is_sealed(headers);
    let scheme = if sealed { "https" } else { "http" };
    let redirect = format!("{scheme}://{host}/api/auth/oidc/{name}/callback");
    let entropy = &*app.flows.parts().entropy;
    let (state, browser) = (Proof::mint(entropy), Proof::mint(entropy));
    let url = provider.authorize(&redirect, &state, &browser).await.map_err(|fault| fault.refusal(name))?;
    let flow = ProviderFlow { provider: name.clone(), redirect, session, return_to };
    let new = NewFlow { state: &state, browser: &browser, flow, invitation: link };
    app.store().begin_flow(app.tenant(), new).await?;
    Ok((SignInAt { url: url.into() }, cookie::flow(browser.reveal(), FLOW_SECONDS, sealed)))
}

/// Ends a sign-in: the page to which the provider sends the browser back.
pub(crate) async fn callback_page(
    State(app): State<App>,
    from: Caller,
    correlation: axum::Extension<Correlation>,
    InPath(name): InPath<ProviderName>,
    InQuery(query): InQuery<CallbackQuery>,
    headers: HeaderMap,
) -> Reply<Response> {
    match came_back(&app, from, &correlation.0, &name, &query, &headers).await {
        // Somebody looks at it, and came from elsewhere: what a program reads would leave them there.
        Err(refusal) if wants_page(&headers) => Ok(refused(&app, &refusal, BACK)),
        answer => answer,
    }
}

async fn came_back(
    app: &App,
    from: Caller,
    correlation: &Correlation,
    name: &ProviderName,
    query: &CallbackQuery,
    headers: &HeaderMap,
) -> Reply<Response> {
    tried(app, from, None).await?;
    let provider = app.providers.of(name).map_err(|fault| fault.refusal(name))?;
    let fields = [&query.state, &query.code, &query.iss, &query.error];
    if fields.into_iter().flatten().any(|field| field.len() > MAX_FIELD) {
        return Err(not_ours());
    }
    let state = query.state.as_deref().and_then(Proof::parse).ok_or_else(not_ours)?;
    let browser = cookie::flow_of(headers).and_then(Proof::parse).ok_or_else(not_ours)?;
    let hashes = (&state.hash(), &browser.hash());
    let taken = app.store().take_flow(app.tenant(), hashes, name).await?.ok_or_else(not_ours)?;
    if let Some(error) = &query.error {
        return Err(Fault::refused(error).refusal(name));
    }
    let code = query.code.as_deref().ok_or_else(not_ours)?;
    let secret = secret(app, provider).await.map_err(|fault| fault.refusal(name))?;
    let redirect = &taken.flow.redirect;
    let returned = Returned { code, issuer: query.iss.as_deref(), redirect, browser: &browser };
    let now = app.flows.parts().clock.now();
    let vouched =
        provider.vouch(returned, secret.as_ref(), now).await.map_err(|fault| fault.refusal(name))?;
    if let Some(session) = &taken.flow.session {
        let Some(signed_in) = app.store().signed_in(app.tenant(), session).await? else {
            return Err(IdentityError::SessionOver.into());
        };
        let by = named(&signed_in.user, correlation);
        let link = (name.clone(), vouched.external);
        app.store().link_identity(app.tenant(), &by, &signed_in.user.id, link).await?;
        return Ok(page(app, taken.flow.return_to.as_deref(), HeaderMap::new()));
    }
    let user = admitted(app, provider, name, vouched, &taken, correlation).await?;
    if user.second_factor_at.is_some() {
        // Whoever says who they are: the account asks for both.
        let wanted = second_factor::wanted(app, &user, device(None, headers), true).await?;
        return Ok(second_factor::asking_page(app, &wanted.pending, None));
    }
    let by = named(&user, correlation);
    let begun = begin(app, &by, user, &device(None, headers), Some(app.door.is_sealed(headers))).await?;
    Ok(page(app, taken.flow.return_to.as_deref(), begun.headers().clone()))
}

/// Who it is here: by a link, or for the first time by the rules for that.
async fn admitted(
    app: &App,
    provider: &Provider,
    name: &ProviderName,
    vouched: Vouched,
    taken: &TakenFlow,
    correlation: &Correlation,
) -> Reply<UserRow> {
    let (store, tenant) = (app.store(), app.tenant());
    if let Some(user) = store.user_of_link(tenant, &vouched.external).await? {
        return if user.is_enabled() { Ok(user) } else { Err(IdentityError::Credentials.into()) };
    }
    let Some(email) = vouched.email else {
        return Err(IdentityError::ProviderAddress.into());
    };
    let shown = taken.invitation.as_ref();
    let (met, account, invitation) = store.met(tenant, &email, shown).await?;
    // The first account is the owner's, and is made by the link that the server prints.
    let registration = app.config.sign_in.registration;
    if account.is_none() && !store.has_users(tenant).await? {
        return Err(IdentityError::Registration.into());
    }
    let admission = provider.trust().admit(Some(&email), met, registration)?;
    match (admission, account) {
        (Admission::Link, Some(user)) if user.is_enabled() => {
            let link = (name.clone(), vouched.external);
            store.link_identity(tenant, &named(&user, correlation), &user.id, link).await?;
            Ok(user)
        }
        (Admission::Link, _) => Err(IdentityError::Credentials.into()),
        (Admission::Accept(role), _) => {
            let is_shown = matches!(met, Met::Invitation { shown: true, .. });
            join(
                app,
                name,
                vouched.external,
                (email, role),
                (invitation, shown.filter(|_| is_shown)),
                correlation,
            )
            .await
        }
        (Admission::Join, _) => {
            join(app, name, vouched.external, (email, Role::Viewer), (None, None), correlation).await
        }
    }
}

async fn join(
    app: &App,
    name: &ProviderName,
    external: ExternalId,
    (email, role): (EmailAddress, Role),
    (invitation, shown): (Option<InvitationId>, Option<&ShownLink>),
    correlation: &Correlation,
) -> Reply<UserRow> {
    let id = UserId::mint(&*app.flows.parts().clock, &*app.flows.parts().entropy);
    let new = NewFederated { id, email, role, invitation, shown, provider: name.clone(), external };
    match app.store().add_federated_user(app.tenant(), new, Some(&correlation.0)).await {
        // Somebody made an account of the address meanwhile.
        Err(StoreError::Exists { .. }) => Err(IdentityError::LinkNeeded.into()),
        done => Ok(done?),
    }
}

fn named(user: &UserRow, Correlation(id): &Correlation) -> IdentityChange {
    let actor = Actor::Person { name: user.email.to_string() };
    IdentityChange { actor, correlation: Some(id.clone()) }
}

async fn secret(app: &App, provider: &Provider) -> Result<Option<Secret>, Fault> {
    match &provider.config.client_secret {
        Some(reference) => Ok(Some(app.flows.look_up(reference).await.map_err(Fault::Secret)?)),
        None => Ok(None),
    }
}

/// A page that goes on by itself, or says that it is done. Cookies for our own pages alone are not sent on a way that began
/// at another site, so the browser must begin a new one from here.
pub(super) fn page(app: &App, return_to: Option<&str>, mut headers: HeaderMap) -> Response {
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
    if let Ok(gone) = HeaderValue::from_str(&cookie::flow("", 0, false)) {
        headers.append(header::SET_COOKIE, gone);
    }
    let onward = return_to.map_or_else(String::new, |path| {
        let path = path.replace('&', "&amp;");
        format!("<meta http-equiv=\"refresh\" content=\"0;url={path}\"><p><a href=\"{path}\">Go on</a></p>")
    });
    let body = format!("<h1>It is done</h1><p>This page can be closed.</p>{onward}");
    let mut response = page_of(app, StatusCode::OK, &body);
    response.headers_mut().extend(headers);
    response
}

/// Whether it leads to a page of ours, and holds nothing that a page would read as its own.
fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~?=&%".contains(&byte);
    path.len() <= 512 && path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain)
}

fn elsewhere() -> Refusal {
    Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "auth.return_to",
        "a sign-in ends on a page of this server",
        "name it by its path, such as `/runs`",
    )
}

fn not_ours() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "auth.flow",
        "this sign-in did not begin in this browser, has ended, or took too long",
        "begin again, and come back within ten minutes in the same browser",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_ends_on_a_page_of_ours() {
        for good in ["/", "/runs", "/runs/run_1?tab=log&x=%20"] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "",
            "runs",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\"><script>",
            "/a b",
            "/a\n",
            "javascript:alert(1)",
            "/'",
            &format!("/{}", "x".repeat(512)),
        ] {
            assert!(!is_path(bad), "{bad}");
        }
    }
}

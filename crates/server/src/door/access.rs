//! What each route asks for, and the one place that lets requests in: by what the policies decide. A route that does not
//! stand in the table is refused to everybody.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use swarm_domain::identity::{Principal, Scope};
pub(crate) use swarm_policy::Need;
use swarm_policy::{Operation, PAGE, Resource};

use super::{
    Caller, Correlation, Counted, decide,
    principal::{self, LetIn},
    rate, ticket,
};
use crate::{
    app::App,
    refusal::{Refusal, Reply},
    web,
};

/// Every route, with what it asks for.
#[rustfmt::skip]
pub(crate) const TABLE: &[(Method, &str, Need)] = &[
    (Method::GET, "/health", Need::Nothing),
    (Method::GET, "/livez", Need::Nothing),
    (Method::GET, "/readyz", Need::Nothing),

    (Method::GET, "/api/limits", Need::Somebody),

    (Method::GET, "/.well-known/jwks.json", Need::Nothing),
    (Method::POST, "/api/auth/register", Need::Nothing),
    (Method::POST, "/api/auth/login", Need::Nothing),
    (Method::POST, "/api/auth/refresh", Need::Nothing),
    (Method::POST, "/api/auth/verify", Need::Nothing),
    (Method::POST, "/api/auth/reset", Need::Nothing),
    (Method::POST, "/api/auth/login/second", Need::Nothing),
    (Method::POST, "/api/auth/oidc/second", Need::Nothing),
    (Method::POST, "/api/auth/second-factor", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/second-factor/confirm", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/second-factor/recovery-codes", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/second-factor/remove", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/users/{user}/second-factor/remove", Need::Scope(Scope::UsersWrite)),
    (Method::GET, "/api/auth/passkeys", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/passkeys", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/passkeys/begin", Need::Scope(Scope::AccountWrite)),
    (Method::DELETE, "/api/auth/passkeys/{passkey}", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/login/passkey/begin", Need::Nothing),
    (Method::POST, "/api/auth/login/passkey", Need::Nothing),
    (Method::GET, "/api/auth/providers", Need::Nothing),
    (Method::GET, "/api/auth/oidc/{provider}/start", Need::Nothing),
    (Method::POST, "/api/auth/oidc/{provider}/start", Need::Nothing),
    (Method::GET, "/api/auth/oidc/{provider}/callback", Need::Nothing),
    (Method::GET, "/api/auth/links", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/links/{provider}", Need::Scope(Scope::AccountWrite)),
    (Method::DELETE, "/api/auth/links/{provider}", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/forgot", Need::Nothing),
    (Method::GET, "/api/auth/link", Need::Nothing),
    (Method::POST, "/api/auth/link", Need::Nothing),
    (Method::POST, "/api/auth/logout", Need::Somebody),
    (Method::GET, "/api/auth/me", Need::Somebody),
    (Method::POST, "/api/auth/password", Need::Scope(Scope::AccountWrite)),
    (Method::GET, "/api/auth/sessions", Need::Scope(Scope::AccountWrite)),
    (Method::DELETE, "/api/auth/sessions/{session}", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/auth/signing-key/rotate", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/keys", Need::Scope(Scope::AccountWrite)),
    (Method::GET, "/api/keys", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/keys/{key}/rotate", Need::Scope(Scope::AccountWrite)),
    (Method::DELETE, "/api/keys/{key}", Need::Scope(Scope::AccountWrite)),
    (Method::GET, "/api/auth/explain", Need::Scope(Scope::UsersWrite)),
    (Method::GET, "/api/policies", Need::Scope(Scope::AuditRead)),
    (Method::GET, "/api/users", Need::Scope(Scope::UsersRead)),
    (Method::GET, "/api/users/{user}", Need::Scope(Scope::UsersRead)),
    (Method::POST, "/api/users/{user}/role", Need::Scope(Scope::UsersWrite)),
    (Method::POST, "/api/users/{user}/disable", Need::Scope(Scope::UsersWrite)),
    (Method::POST, "/api/users/{user}/enable", Need::Scope(Scope::UsersWrite)),
    (Method::POST, "/api/users/{user}/link", Need::Scope(Scope::UsersWrite)),
    (Method::GET, "/api/invitations", Need::Scope(Scope::UsersRead)),
    (Method::POST, "/api/invitations", Need::Scope(Scope::UsersWrite)),
    (Method::DELETE, "/api/invitations/{invitation}", Need::Scope(Scope::UsersWrite)),

    (Method::GET, "/api/projects", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/projects", Need::Scope(Scope::ProjectsWrite)),
    (Method::GET, "/api/projects/{project}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/specs", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/specs", Need::Scope(Scope::SpecsWrite)),
    (Method::POST, "/api/specs/derive", Need::Scope(Scope::SpecsWrite)),
    (Method::POST, "/api/specs/draft", Need::Scope(Scope::SpecsWrite)),
    (Method::GET, "/api/specs/{spec}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/specs/{spec}/delta", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/specs/{spec}/check", Need::Scope(Scope::SpecsWrite)),
    (Method::GET, "/api/surveys/{survey}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/plans", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/plans", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/plans/{plan}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/runs", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/runs", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/runs/{run}", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/runs/{run}/cancel", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/runs/{run}/replay", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/runs/{run}/fork", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/runs/{run}/steps/{step}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/runs/{run}/diff/{other}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/runs/{run}/tickets", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/runs/{run}/tickets/{ticket}", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/runs/{run}/tickets/{ticket}/retry", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/runs/{run}/tickets/{ticket}/cancel", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/runs/{run}/trace", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/runs/{run}/pull-request", Need::Scope(Scope::WorkRead)),

    (Method::POST, "/claim", Need::Scope(Scope::ClaimsWork)),
    (Method::POST, "/claim/{claim}/heartbeat", Need::Scope(Scope::ClaimsWork)),
    (Method::POST, "/claim/{claim}/release", Need::Scope(Scope::ClaimsWork)),
    (Method::POST, "/complete", Need::Scope(Scope::ClaimsWork)),
    (Method::GET, "/api/claims", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/workers", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/workers/demand", Need::Scope(Scope::WorkRead)),

    (Method::GET, "/api/secrets", Need::Scope(Scope::SecretsRead)),
    (Method::POST, "/api/secrets", Need::Scope(Scope::SecretsWrite)),
    (Method::GET, "/api/secrets/{secret}", Need::Scope(Scope::SecretsRead)),
    (Method::DELETE, "/api/secrets/{secret}", Need::Scope(Scope::SecretsWrite)),
    (Method::POST, "/api/secrets/{secret}/rotate", Need::Scope(Scope::SecretsWrite)),
    // Opens each of them, and asks elsewhere for some.
    (Method::POST, "/api/secrets/all/check", Need::Scope(Scope::SecretsWrite)),
    (Method::POST, "/api/secrets/all/rekey", Need::Scope(Scope::SystemWrite)),

    (Method::GET, "/api/stats/fleet", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/alerts", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/stats", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/stats/calibration", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/stats/choice", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/stats/deadlines", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/failures", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/quality", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/agents", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/agents/{agent}", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/models", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/models/check", Need::Scope(Scope::SystemWrite)),
    (Method::GET, "/api/settings", Need::Scope(Scope::SystemWrite)),
    (Method::GET, "/api/cache", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/cache/clear", Need::Scope(Scope::SystemWrite)),

    (Method::GET, "/api/hitl", Need::Scope(Scope::WorkRead)),
    // Who holds a link shows it.
    (Method::GET, "/api/hitl/answer", Need::Nothing),
    (Method::POST, "/api/hitl/answer", Need::Nothing),
    (Method::GET, "/api/hitl/{interrupt}", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/hitl/{interrupt}/respond", Need::Scope(Scope::GatesApprove)),
    (Method::POST, "/api/hitl/{interrupt}/delegate", Need::Scope(Scope::GatesApprove)),

    (Method::GET, "/api/notifications", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/notifications/read", Need::Scope(Scope::AccountWrite)),
    (Method::GET, "/api/notifications/dead", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/notifications/{notification}/replay", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/notifications/test", Need::Scope(Scope::SystemWrite)),
    (Method::GET, "/api/notifications/push", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/notifications/push", Need::Scope(Scope::AccountWrite)),
    (Method::DELETE, "/api/notifications/push/{browser}", Need::Scope(Scope::AccountWrite)),
    (Method::POST, "/api/notifications/push/test", Need::Scope(Scope::AccountWrite)),

    (Method::GET, "/api/vms", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/vms/{vm}", Need::Scope(Scope::WorkRead)),
    (Method::DELETE, "/api/vms/{vm}", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/vms/{vm}/console", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/vms/{vm}/exec", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/vms/{vm}/takeover", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/vms/{vm}/takeover/renew", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/vms/{vm}/takeover/end", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/vms/{vm}/snapshot", Need::Scope(Scope::RunsWrite)),
    (Method::POST, "/api/vms/{vm}/fork", Need::Scope(Scope::RunsWrite)),
    (Method::GET, "/api/snapshots", Need::Scope(Scope::WorkRead)),

    (Method::GET, "/metrics", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/events/poll", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/ws", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/ws/ticket", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/dashboard/ws/dashboard", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/dashboard/websocket/limits", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/dashboard/metrics/websockets", Need::Scope(Scope::WorkRead)),

    (Method::GET, "/api/events", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/events/stream", Need::Scope(Scope::WorkRead)),
    (Method::GET, "/api/audit", Need::Scope(Scope::AuditRead)),
    (Method::GET, "/api/budgets", Need::Scope(Scope::WorkRead)),
    (Method::POST, "/api/budgets", Need::Scope(Scope::SystemWrite)),
    (Method::DELETE, "/api/budgets/{scope}", Need::Scope(Scope::SystemWrite)),
    (Method::GET, "/api/holds", Need::Scope(Scope::AuditRead)),
    (Method::POST, "/api/holds", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/holds/{hold}/lift", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/purge", Need::Scope(Scope::SystemWrite)),
    (Method::GET, "/api/audit/verify", Need::Scope(Scope::AuditRead)),
    (Method::GET, "/api/audit/checkpoints", Need::Scope(Scope::AuditRead)),
    (Method::GET, "/api/audit/key", Need::Scope(Scope::AuditRead)),
    (Method::GET, "/api/audit/export", Need::Scope(Scope::AuditRead)),
    (Method::POST, "/api/audit/key/rotate", Need::Scope(Scope::SystemWrite)),
    (Method::POST, "/api/views/rebuild", Need::Scope(Scope::SystemWrite)),
];

/// What a route asks for; none where it was forgotten.
pub(crate) fn need(method: &Method, path: &str) -> Option<Need> {
    // What answers GET answers HEAD.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    TABLE.iter().find(|(of, at, _)| of == method && *at == path).map(|(.., need)| *need)
}

pub(super) async fn check(
    State(app): State<App>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Reply<Response> {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let known = matched.as_deref().and_then(|path| need(request.method(), path));
    let is_app = matched.is_none() && web::is_ours(request.method(), request.uri().path());
    if is_page(request.uri().path()) || is_app {
        decide::open(&app, PAGE, Resource::tenant(app.tenant()))?;
        return Ok(next.run(request).await);
    }
    if is_probe(request.uri().path()) {
        return Ok(next.run(request).await);
    }
    if let (Some(Need::Nothing), Some(path)) = (known, &matched) {
        let counted = rate::of_nobody(&app, caller);
        if let Some(refused) = counted.refused() {
            return Ok(refused);
        }
        let about = decide::about(&app, path, &mut request).await?;
        decide::open(&app, &action(request.method(), path), about)?;
        let mut response = next.run(request).await;
        counted.write(&mut response);
        return Ok(response);
    }
    let asked = (request.method(), request.headers(), request.uri());
    let (principal, own) = match shown(&app, asked, caller).await {
        Ok(Some(let_in)) => let_in,
        // Who it is could not be found out.
        Err(fault) if fault.status.is_server_error() => return Err(fault),
        nobody => {
            let counted = rate::of_nobody(&app, caller);
            let answer = nobody.map_or_else(IntoResponse::into_response, |_| unknown());
            let mut response = counted.refused().unwrap_or(answer);
            counted.write(&mut response);
            return Ok(response);
        }
    };
    let counted = rate::of_somebody(&app, &principal, own, (matched.as_deref(), request.uri())).await;
    if let Some(refused) = counted.refused() {
        return Ok(refused);
    }
    let answer = let_through(&app, (known, matched), principal, (request, counted.clone()), next).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    counted.write(&mut response);
    Ok(response)
}

/// Who asks. Where a browser can send no header a ticket lets in, to what it may follow.
async fn shown(
    app: &App,
    (method, headers, uri): (&Method, &HeaderMap, &Uri),
    caller: Caller,
) -> Reply<Option<LetIn>> {
    if let Some(let_in) = principal::of(app, method, headers, caller).await? {
        return Ok(Some(let_in));
    }
    match ticket::shown(uri) {
        Some(shown) => ticket::redeem(app, &shown).await.map(Some),
        None => Ok(None),
    }
}

async fn let_through(
    app: &App,
    asked: (Option<Need>, Option<String>),
    principal: Principal,
    (mut request, counted): (Request, Counted),
    next: Next,
) -> Reply<Response> {
    match asked {
        (Some(_), Some(path)) => {
            let about = decide::about(app, &path, &mut request).await?;
            let correlation = request.extensions().get::<Correlation>().map(|Correlation(id)| id.clone());
            decide::known(app, &principal, &action(request.method(), &path), about, correlation).await?;
        }
        (None, Some(path)) if TABLE.iter().all(|(_, at, _)| *at != path) => return Err(undeclared(&path)),
        // Nothing is there, or not by this method, which is said to somebody alone.
        _ => {}
    }
    request.extensions_mut().insert(principal);
    request.extensions_mut().insert(counted);
    Ok(next.run(request).await)
}

/// What policies call a route: what answers GET answers HEAD.
fn action(method: &Method, path: &str) -> String {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    format!("{method} {path}")
}

/// Every route as policies know it.
pub(crate) fn operations() -> Vec<Operation> {
    TABLE.iter().map(|(method, path, need)| Operation::new(method.as_str(), path, *need)).collect()
}

fn undeclared(path: &str) -> Refusal {
    tracing::error!(path, "a route stands in no table, and is refused");
    Refusal::new(
        StatusCode::FORBIDDEN,
        "auth.undeclared",
        "nothing says who may ask this",
        "this is a fault in swarm: please report it with the path",
    )
}

fn unknown() -> Response {
    let refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "request.unauthorised",
        "the request shows no token, or one that does not count",
        "send `Authorization: Bearer` with an API key, an access token of a session that lives, or the token from \
         `server.json` in the data folder, which changes at every start",
    );
    let mut response = refusal.into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"swarm\""));
    response
}

/// The document and the page that shows it. Nothing there shows anyone's work.
fn is_page(path: &str) -> bool {
    matches!(path, "/api/openapi.json" | "/api/asyncapi.json" | "/api/docs") || path.starts_with("/api/docs/")
}

/// What is asked again and again to see whether the server lives. It costs next to nothing, and must never be refused.
fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What no document of requests and answers can describe; the AsyncAPI document and the page on metrics do. And pages
    /// that a browser opens: on the way over a provider, and those to which links in mails lead.
    const BESIDE_THE_DOCUMENT: [&str; 8] = [
        "/metrics",
        "/api/ws",
        "/api/dashboard/ws/dashboard",
        "/api/auth/oidc/second",
        "/api/auth/oidc/{provider}/start",
        "/api/auth/oidc/{provider}/callback",
        "/api/hitl/answer",
        "/api/auth/link",
    ];

    #[test]
    fn every_route_says_what_it_asks_for_and_nothing_else_stands_in_the_table() {
        let document = serde_json::to_value(crate::document()).unwrap();
        let mut routes = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                routes.insert((method.to_uppercase(), path.clone()));
            }
        }
        let declared: Vec<_> =
            TABLE.iter().map(|(method, path, _)| (method.to_string(), (*path).to_owned())).collect();
        let once: BTreeSet<_> = declared.iter().cloned().collect();
        assert_eq!(once.len(), declared.len(), "a route stands in the table twice");
        let forgotten: Vec<_> = routes.difference(&once).collect();
        let gone: Vec<_> = once
            .difference(&routes)
            .filter(|(_, path)| !BESIDE_THE_DOCUMENT.contains(&path.as_str()))
            .collect();
        assert!(forgotten.is_empty(), "add what they ask for to TABLE: {forgotten:?}");
        assert!(gone.is_empty(), "there are no such routes: {gone:?}");
    }

    #[test]
    fn what_changes_something_asks_for_more_than_to_read() {
        // A ticket lets in to read, as whoever asks for it: it changes nothing.
        let changes = |method: &Method, path: &str| !method.is_safe() && path != "/api/ws/ticket";
        for (method, path, need) in TABLE.iter().filter(|(method, path, _)| changes(method, path)) {
            let reads = [Scope::WorkRead, Scope::SecretsRead, Scope::UsersRead, Scope::AuditRead];
            assert!(!reads.iter().any(|scope| *need == Need::Scope(*scope)), "{method} {path}");
            let before_known = path.starts_with("/api/auth/") || *path == "/api/hitl/answer";
            assert!(matches!(need, Need::Scope(_)) || before_known, "{method} {path}");
        }
    }

    #[test]
    fn no_path_to_data_is_a_page() {
        for path in
            ["/", "/api/runs", "/api/docsx", "/api/openapi.json/x", "/health/../api/runs", "/API/docs"]
        {
            assert!(!is_page(path), "{path}");
        }
        assert_eq!(need(&Method::GET, "/api/nothing"), None);
        assert_eq!(need(&Method::HEAD, "/api/runs"), Some(Need::Scope(Scope::WorkRead)));
        assert_eq!(need(&Method::DELETE, "/api/runs"), None);
    }
}

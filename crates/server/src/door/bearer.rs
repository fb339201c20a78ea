//! The token that every request for data must show.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::ticket;
use crate::{app::App, live::access::Subscriber, refusal::Refusal};

pub(crate) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if is_open(request.uri().path()) {
        return next.run(request).await;
    }
    if shown(request.headers()).is_some_and(|token| app.door.token.is(token)) {
        let who = Subscriber { tenant: app.tenant().clone(), name: app.config.operator.clone() };
        request.extensions_mut().insert(who);
        return next.run(request).await;
    }
    if let Some(shown) = ticket::shown(request.uri()) {
        return match ticket::redeem(&app, &shown).await {
            Ok(who) => {
                request.extensions_mut().insert(who);
                next.run(request).await
            }
            Err(refusal) => refusal.into_response(),
        };
    }
    let refusal = Refusal::new(
        StatusCode::UNAUTHORIZED,
        "request.unauthorised",
        "the request shows no token, or a wrong one",
        "send `Authorization: Bearer` with the token from `server.json` in the data folder; it changes at every start",
    );
    let mut response = refusal.into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"swarm\""));
    response
}

/// What probes and browsers ask without a token. Nothing here shows anyone's work.
pub(crate) fn is_open(path: &str) -> bool {
    matches!(
        path,
        "/health" | "/livez" | "/readyz" | "/api/openapi.json" | "/api/asyncapi.json" | "/api/docs"
    ) || path.starts_with("/api/docs/")
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_to_data_is_open() {
        for path in
            ["/", "/api/runs", "/api/docsx", "/api/openapi.json/x", "/health/../api/runs", "/API/docs"]
        {
            assert!(!is_open(path), "{path}");
        }
    }
}

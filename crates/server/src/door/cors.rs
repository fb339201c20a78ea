//! What pages of other servers may read. None, unless the operator names where they are from; those ask with a token of
//! their own, and never with our cookies.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Page;
use crate::app::App;

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ASKED_WITH: &str = "authorization, content-type, last-event-id, x-correlation-id, traceparent";
const READ: &str =
    "x-correlation-id, retry-after, ratelimit, ratelimit-policy, www-authenticate, location, deprecation";
/// How long a browser keeps the answer, in seconds.
const KEPT: &str = "600";

/// Answers what a browser asks before it lets a page ask, and says who may read the answer.
pub(super) async fn share(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.door.friends.is_empty() {
        return next.run(request).await;
    }
    let friend = match Page::of(&app.door, request.headers()) {
        Page::Friend => request.headers().get(header::ORIGIN).cloned(),
        _ => None,
    };
    let mut response = match &friend {
        Some(_) if is_preflight(&request) => preflight(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    // What is kept for one page must not be given to another.
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = friend {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ASKED_WITH),
        (header::ACCESS_CONTROL_MAX_AGE, KEPT),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    (StatusCode::NO_CONTENT, headers).into_response()
}

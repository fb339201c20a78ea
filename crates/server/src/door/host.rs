//! The name by which the server was called. A page on the internet whose name is made to point at this machine (DNS
//! rebinding) calls it by a name that is not ours.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::Response,
};

use crate::{
    app::App,
    refusal::{Refusal, Reply},
};

pub(crate) async fn check(State(app): State<App>, request: Request, next: Next) -> Reply<Response> {
    let ours = |name: &str| app.door.named(name).is_some();
    let mut named = request.headers().get_all(header::HOST).iter();
    let by_header = named.next().is_some_and(|host| host.to_str().is_ok_and(ours)) && named.next().is_none();
    let by_uri = request.uri().authority().is_none_or(|authority| ours(authority.as_str()));
    if by_header && by_uri {
        return Ok(next.run(request).await);
    }
    Err(Refusal::new(
        StatusCode::MISDIRECTED_REQUEST,
        "request.host",
        "the request names a host that is not this server",
        format!(
            "call it as {}; more names are `server.urls`",
            app.door.origins.last().map_or_else(String::new, ToString::to_string)
        ),
    ))
}

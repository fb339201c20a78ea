//! What every request passes on its way in and every response on its way out, outermost first: the correlation id and
//! the form of problems, panics, the host, where a request comes from, who asks, whether they may and not too often, the time
//! limit.

pub(crate) mod access;
mod access_token;
mod body;
mod caller;
pub(crate) mod cookie;
mod correlation;
mod cors;
pub(crate) mod decide;
mod denials;
mod harden;
mod host;
mod limits;
mod origin;
mod passwords;
mod principal;
mod rate;
mod standing;
mod ticket;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, Method, StatusCode, Uri},
    middleware::from_fn_with_state,
    response::Response,
};
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use access_token::{Claims, TokenKeys};
pub(crate) use body::is_too_slow;
pub(crate) use caller::{Caller, network};
pub(crate) use correlation::{Correlation, HtmlPage};
pub(crate) use denials::Denials;
pub(crate) use origin::Page;
pub(crate) use passwords::Passwords;
pub(crate) use principal::{Asking, By, Changing, again, of_operator, of_user};
pub(crate) use rate::{Counted, RunProjects};
pub(crate) use standing::Standing;
pub(crate) use ticket::issue;

use crate::{
    app::App,
    refusal::{Refusal, Reply},
    web,
};

/// Puts the door in front of the routes.
pub(crate) fn guard(routes: Router<App>, app: &App) -> Router<App> {
    routes
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), body::in_time))
        .layer(DefaultBodyLimit::max(app.config.max_body_bytes))
        .layer(from_fn_with_state(app.clone(), limits::time))
        .layer(from_fn_with_state(app.clone(), access::check))
        .layer(from_fn_with_state(app.clone(), caller::find))
        .layer(from_fn_with_state(app.clone(), host::check))
        .layer(CatchPanicLayer::custom(limits::Panicked))
        .layer(from_fn_with_state(app.clone(), correlation::carry))
        .layer(from_fn_with_state(app.clone(), cors::share))
        .layer(from_fn_with_state(app.clone(), harden::harden))
}

/// Where no route is there may be a page of the web app.
async fn no_such_route(method: Method, uri: Uri, headers: HeaderMap) -> Reply<Response> {
    let page = if web::is_ours(&method, uri.path()) { web::answer(&uri, &headers) } else { None };
    page.ok_or_else(|| {
        let detail = format!("there is nothing at {}", uri.path());
        Refusal::new(StatusCode::NOT_FOUND, "request.no_route", detail, "see /api/docs for what there is")
    })
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let detail = format!("{} does not take {method}", uri.path());
    let next = "see the `Allow` header for the methods that it takes";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "request.method", detail, next)
}

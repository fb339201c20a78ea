//! The OpenAPI document, and the page that shows it.

use std::{panic, thread};

use axum::{
    Json, Router,
    http::{Method, header},
    response::IntoResponse,
    routing::{get, post},
};
use utoipa::{
    OpenApi as _,
    openapi::{
        Content, OpenApi, Ref, ResponseBuilder, SecurityRequirement,
        path::{Operation, PathItem},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    app::App,
    door::access::{Need, need},
    live::contract::asyncapi,
    refusal::ProblemDocument,
    routes,
};

const BEARER: &str = "token";
/// For what writes schemas: that of an enum is one function, whose frame grows with it, and events are a large one. Far
/// more than it takes, and only touched where it is used.
const STACK: usize = 32 << 20;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "swarm",
        description = "Runs teams of AI agents on real work and can prove what they did.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    components(schemas(ProblemDocument))
)]
struct Front;

/// The OpenAPI 3.1 document of every route, as it is served at `/api/openapi.json`.
#[must_use]
pub fn document() -> OpenApi {
    with_room(split).1
}

/// The routes, the document and the page.
pub(crate) fn router() -> Router<App> {
    let ((routes, document), live) = with_room(|| (split(), asyncapi()));
    let page = Config::from("/api/openapi.json").validator_url("none").try_it_out_enabled(true);
    let json = get(async move || ([(header::CACHE_CONTROL, "no-store")], Json(document)).into_response());
    let live = get(async move || ([(header::CACHE_CONTROL, "no-store")], Json(live)).into_response());
    routes
        .route("/api/openapi.json", json)
        .route("/api/asyncapi.json", live)
        .route("/api/ws", get(routes::live::connect))
        .route("/api/dashboard/ws/dashboard", get(routes::live::connect))
        .route("/api/auth/oidc/second", post(routes::second_factor::second_step_page))
        .route("/api/auth/oidc/{provider}/start", get(routes::federation::start_page))
        .route("/api/auth/oidc/{provider}/callback", get(routes::federation::callback_page))
        .route("/metrics", get(routes::metrics::metrics))
        .route("/api/hitl/answer", get(routes::answer::answer_page).post(routes::answer::answer_by_link))
        .route(
            "/api/auth/link",
            get(routes::account_link::account_link_page).post(routes::account_link::use_account_link),
        )
        .merge(SwaggerUi::new("/api/docs").config(page))
}

/// Runs something on a stack that is large enough for it, whatever thread asks.
fn with_room<T: Send>(write: fn() -> T) -> T {
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, write) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)),
        // Where there is no thread to be had this one may do.
        Err(_) => write(),
    })
}

fn split() -> (Router<App>, OpenApi) {
    let (routes, mut document) = routes::all().split_for_parts();
    let mut front = Front::openapi();
    front.merge(std::mem::take(&mut document));
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    front.components.get_or_insert_default().add_security_scheme(BEARER, scheme);
    front.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    for (path, item) in &mut front.paths.paths {
        for (method, operation) in operations(item) {
            answers_problems(operation);
            asks_for(operation, need(&method, path));
        }
    }
    (routes, front)
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Says in the document what the door asks for: nothing, a token, or a token that has a scope.
fn asks_for(operation: &mut Operation, need: Option<Need>) {
    let one = match need {
        Some(Need::Nothing) => SecurityRequirement::default(),
        Some(Need::Scope(scope)) => SecurityRequirement::new(BEARER, [scope.as_str()]),
        Some(Need::Somebody) | None => SecurityRequirement::new(BEARER, Vec::<String>::new()),
    };
    operation.security = Some(vec![one]);
}

/// Whatever goes wrong, the answer has one form.
fn answers_problems(operation: &mut Operation) {
    let problem = Content::new(Some(Ref::from_schema_name("ProblemDocument")));
    let response = ResponseBuilder::new()
        .description("What went wrong and what to do next.")
        .content("application/problem+json", problem)
        .build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}

//! The time that a request may take, and what happens when a handler panics.

use std::any::Any;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::ResponseForPanic;

use crate::{
    app::App,
    refusal::{Refusal, Reply},
};

/// Gives up a request that takes too long. A stream answers at once and goes on afterwards; reading the whole log
/// takes as long as the log is; a command in a sandbox, and writing one down, have bounds of their own.
pub(crate) async fn time(State(app): State<App>, request: Request, next: Next) -> Reply<Response> {
    let path = request.uri().path();
    let is_long = matches!(
        path,
        "/api/audit/verify" | "/api/audit/export" | "/api/audit/key/rotate" | "/api/views/rebuild"
    );
    if is_long || path.starts_with("/api/vms/") {
        return Ok(next.run(request).await);
    }
    tokio::time::timeout(app.config.request_timeout, next.run(request)).await.map_err(|_| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "request.timed_out",
            format!(
                "the request took longer than {} s and was given up",
                app.config.request_timeout.as_secs()
            ),
            "try again; if it stays so, run `swarm doctor`",
        )
    })
}

/// Turns a panic into a problem. The message stays in the log: it may hold anything.
#[derive(Clone, Copy)]
pub(crate) struct Panicked;

impl ResponseForPanic for Panicked {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, panic: Box<dyn Any + Send + 'static>) -> Response {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::error!(message, "a handler panicked");
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server.internal",
            "a fault in swarm stopped this request",
            "report it with the server's log lines of this correlation id",
        )
        .into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_that_does_not_tell_what_the_message_held() {
        async fn fails() {
            panic!("the secret is 42");
        }
        let router: Router = Router::new().route("/", get(fails)).layer(CatchPanicLayer::custom(Panicked));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = response.extensions().get::<Refusal>().unwrap();
        assert_eq!(refusal.problem.code, "server.internal");
        assert!(!format!("{refusal:?}").contains("42"));
    }
}

//! One id for a request and all that follows from it, and one form for every error.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use swarm_domain::Entropy;
use tracing::Instrument;

use crate::{app::App, live::frame::CorrelationId, rates::fields, refusal::Refusal, token::hex};

/// The correlation id of a request.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(pub(crate) String);

/// Marks a page for people, which is shown as it is, whatever its status.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HtmlPage;

const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Takes the correlation id over or makes one, and writes every error as a problem that holds it.
pub(crate) async fn carry(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| fresh(&*app.flows.parts().entropy));
    let span = tracing::info_span!(
        "request",
        correlation = id,
        method = %request.method(),
        path = request.uri().path(),
        tenant = %app.tenant(),
    );
    request.extensions_mut().insert(Correlation(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if failed && response.extensions().get::<HtmlPage>().is_none() {
        response = as_problem(response, &id);
    }
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn as_problem(response: Response, id: &str) -> Response {
    let status = response.status();
    let (mut parts, _) = response.into_parts();
    let refusal = parts.extensions.remove::<Refusal>().unwrap_or_else(|| Refusal::of_status(status));
    if status.is_server_error() {
        tracing::warn!(
            code = refusal.problem.code,
            detail = refusal.problem.detail,
            correlation = id,
            "refused"
        );
    }
    let mut rendered = refusal.render(id);
    for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER, fields::POLICY, fields::LEFT] {
        if let Some(value) = parts.headers.remove(&name) {
            rendered.headers_mut().insert(name, value);
        }
    }
    rendered
}

/// The id that the client gave: its own, or the trace that it stands in (W3C `traceparent`). What could break a log
/// line, a header or a query is not taken over.
fn given(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(id) = text(HEADER.as_str()).and_then(CorrelationId::parse) {
        return Some(id.as_str().to_owned());
    }
    let mut fields = text("traceparent")?.split('-');
    let (_, trace) = (fields.next()?, fields.next()?);
    let hex = trace.len() == 32 && trace.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    (hex && trace.bytes().any(|c| c != b'0')).then(|| trace.to_owned())
}

fn fresh(entropy: &dyn Entropy) -> String {
    hex(&entropy.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        headers
    }

    #[test]
    fn an_id_that_could_break_a_log_line_is_not_taken_over() {
        for bad in ["", "a b", "a\tb", "a\"b", "é", "<x>", &"x".repeat(129)] {
            assert_eq!(given(&with("x-correlation-id", bad)), None, "{bad:?}");
        }
        assert_eq!(given(&with("x-correlation-id", "job-7:a.b_c")).as_deref(), Some("job-7:a.b_c"));
    }

    #[test]
    fn the_trace_that_a_request_stands_in_is_its_id() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(given(&with("traceparent", &parent)).as_deref(), Some(trace));
        for bad in ["00", "00-xyz-1-01", &format!("00-{}-1-01", "0".repeat(32)), "--"] {
            assert_eq!(given(&with("traceparent", bad)), None, "{bad:?}");
        }
    }
}

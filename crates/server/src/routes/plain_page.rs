//! Pages that are plain HTML without scripts: behind the links in mails, and on the way of a sign-in by a provider. Their
//! policy lets nothing be loaded or run.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use swarm_notify::html::escaped;

use crate::{app::App, door::HtmlPage, refusal::Refusal, token::hex};

/// Leads back to where signing in begins.
pub(crate) const BACK: &str = "<p><a href=\"/sign-in\">Sign in another way</a></p>";

/// What stands in the place of a page that is refused: what happened, and what to do next. `onward` is HTML that leads on.
pub(crate) fn refused(app: &App, refusal: &Refusal, onward: &str) -> Response {
    let problem = &refusal.problem;
    if refusal.status.is_server_error() {
        tracing::warn!(code = problem.code, detail = problem.detail, "refused");
    }
    let body = format!(
        "<h1>That did not work</h1><p>{}.</p><p>{}.</p><p class=\"small\">{}</p>{onward}",
        escaped(&problem.detail),
        escaped(&problem.next.replace('`', "")),
        escaped(&problem.code)
    );
    let mut response = page_of(app, refusal.status, &body);
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A whole page, of which the browser loads and runs nothing but these styles.
pub(crate) fn page_of(app: &App, status: StatusCode, body: &str) -> Response {
    let nonce = hex(&app.flows.parts().entropy.bytes());
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>swarm</title><style nonce=\"{nonce}\">{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    let mut response = (status, Html(page)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.extensions_mut().insert(HtmlPage);
    response
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif}\
main{max-width:44rem;margin:0 auto}\
h1{font-size:1.35rem;line-height:1.3;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:auto 1fr;gap:4px 16px}\
dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #8886;border-radius:8px;padding:12px;font-size:14px}\
form{margin:16px 0}label{display:block;margin:12px 0 4px}\
button,input,textarea{font:inherit;width:100%;box-sizing:border-box;padding:12px;border-radius:8px;border:1px solid #888a}\
button{min-height:48px;margin-top:8px;font-weight:600;cursor:pointer}\
button.yes{background:#0b57d0;border-color:#0b57d0;color:#fff}\
.small{font-size:14px;opacity:.75}";

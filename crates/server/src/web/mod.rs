//! The web app: files that were built beforehand, and its page for every path that is none of the API's. Nothing here
//! shows anyone's work, and nobody is asked who they are for it.

mod coding;
mod files;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use coding::accepted;
use files::{File, find};

/// The page that a path begins with that has none of its own.
const PAGE: &str = "index.html";
/// The page of `/`, among those that are built for a path's first part: they name the files of that part of the app, and
/// show its frame before any script has run.
const HOME: &str = "home";
/// Files here have their hash in their name and never change.
const HASHED: &str = "assets/";
/// First parts of paths that are not the app's.
const OTHERS: [&str; 9] =
    ["api", "claim", "complete", "health", "livez", "readyz", "metrics", ".well-known", "mcp"];
/// The page runs, loads and looks like nothing but files of this server. Pictures may stand in it as data.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";
/// What is said where the app was not built.
const NOT_BUILT: &str = include_str!("not_built.html");

/// Whether a path that no route took may be the app's.
pub(crate) fn is_ours(method: &Method, path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    method.is_safe() && !OTHERS.contains(&first)
}

/// The file of a path, or the page where a browser asks for one; none where there is nothing for it.
pub(crate) fn answer(uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let path = uri.path().trim_start_matches('/');
    let coding = accepted(headers);
    if let Some(file) = find(path, coding) {
        return Some(sent(&file, headers, path.starts_with(HASHED)));
    }
    // A script that is gone must not be answered with a page.
    let is_page = path.is_empty() || (!path.starts_with(HASHED) && wants_page(headers));
    if !is_page {
        return None;
    }
    let page = find(&page_of(path), coding).or_else(|| find(PAGE, coding));
    Some(page.map_or_else(not_built, |page| sent(&page, headers, false)))
}

fn page_of(path: &str) -> String {
    let first = path.split('/').next().filter(|first| !first.is_empty()).unwrap_or(HOME);
    format!("pages/{first}.html")
}

/// Whether somebody looks at what is answered.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.split(',').any(|one| one.trim().starts_with("text/html"))
}

fn sent(file: &File, asked: &HeaderMap, for_ever: bool) -> Response {
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known =
        known.flat_map(|tags| tags.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == file.tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.bytes.clone()).into_response()
    };
    let keep = if for_ever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        headers.insert(header::ETAG, tag);
    }
    if let Some(coding) = file.coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    response
}

fn not_built() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (headers, NOT_BUILT).into_response()
}

#[cfg(test)]
mod tests {
    use super::{coding::Coding, *};

    #[test]
    fn no_path_of_the_api_is_the_apps() {
        for path in [
            "/api",
            "/api/",
            "/api/nothing",
            "//api/runs",
            "/metrics",
            "/health/x",
            "/.well-known/x",
            "/claim/1",
        ] {
            assert!(!is_ours(&Method::GET, path), "{path}");
        }
        for path in ["/", "/runs/run_1", "/approvals", "/assets/a.js", "/apiary"] {
            assert!(is_ours(&Method::GET, path), "{path}");
            assert!(!is_ours(&Method::POST, path), "{path}");
        }
    }

    #[test]
    fn a_page_is_for_who_asks_for_one_and_a_file_that_is_gone_is_not_answered_with_it() {
        let mut browser = HeaderMap::new();
        browser.insert(header::ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml"));
        let kind = |path: &str, headers: &HeaderMap| {
            let uri: Uri = path.parse().unwrap();
            answer(&uri, headers).map(|response| response.headers()[header::CONTENT_TYPE].clone())
        };
        let page = HeaderValue::from_static("text/html; charset=utf-8");
        assert_eq!(kind("/runs/run_1", &browser), Some(page.clone()));
        assert_eq!(kind("/", &HeaderMap::new()), Some(page));
        assert_eq!(kind("/runs/run_1", &HeaderMap::new()), None);
        assert_eq!(kind("/assets/gone-1234.js", &browser), None);
    }

    #[test]
    fn the_first_part_of_a_path_says_with_which_page_it_begins() {
        for (path, page) in
            [("", "home"), ("board", "board"), ("runs/run_1/steps", "runs"), ("sign-in", "sign-in")]
        {
            assert_eq!(page_of(path), format!("pages/{page}.html"));
        }
    }

    #[test]
    fn a_file_that_is_known_is_not_sent_again() {
        let file = File {
            bytes: "body".into(),
            kind: "text/css; charset=utf-8",
            coding: Some(Coding::Brotli),
            tag: "\"abc\"".to_owned(),
        };
        let mut asked = HeaderMap::new();
        let first = sent(&file, &asked, true);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CONTENT_ENCODING], "br");
        assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        asked.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\", W/\"abc\""));
        assert_eq!(sent(&file, &asked, false).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(sent(&file, &asked, false).headers()[header::CACHE_CONTROL], "no-cache");
    }
}

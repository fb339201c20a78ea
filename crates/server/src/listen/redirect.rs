//! Plain HTTP, led to TLS. Nothing is answered here but the way: what came in the clear was read by others already.

use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

/// Leads every request to the same place under this origin, whatever `Host` says.
pub(super) fn router(origin: String) -> Router {
    Router::new().fallback(move |method: Method, uri: Uri| {
        let answer = lead(&origin, &method, &uri);
        async move { answer }
    })
}

fn lead(origin: &str, method: &Method, uri: &Uri) -> Response {
    // A program that sends what changes something must be told: following would hide that it was sent in the clear.
    if !method.is_safe() {
        return (StatusCode::FORBIDDEN, format!("this is plain HTTP: use {origin}\n")).into_response();
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // A path that begins with two slashes would be another host's.
    let path = format!("/{}", path.trim_start_matches('/'));
    match HeaderValue::from_str(&format!("{origin}{path}")) {
        Ok(place) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_led_to_our_own_name_and_to_no_other() {
        let lead = |method: Method, uri: &str| {
            let answer = lead("https://swarm.example.org", &method, &uri.parse().unwrap());
            let place =
                answer.headers().get(header::LOCATION).map(|place| place.to_str().unwrap().to_owned());
            (answer.status().as_u16(), place.unwrap_or_default())
        };
        let to = |path: &str| (308, format!("https://swarm.example.org{path}"));
        assert_eq!(lead(Method::GET, "/runs?a=b"), to("/runs?a=b"));
        assert_eq!(lead(Method::HEAD, "/"), to("/"));
        assert_eq!(lead(Method::GET, "//evil.example/x"), to("/evil.example/x"));
        assert_eq!(lead(Method::GET, "http://evil.example/x"), to("/x"));
        assert_eq!(lead(Method::POST, "/api/auth/login"), (403, String::new()));
    }
}

//! Browsers keep their tokens in cookies that no script can read, and a request that another site made them send is
//! refused.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::Page;
use crate::{app::App, refusal::Refusal};

/// The cookie of the access token.
const ACCESS: &str = "swarm_access";
/// The cookie of the refresh token, which goes to the routes of sign-in alone.
const REFRESH: &str = "swarm_refresh";
/// The cookie of a sign-in that is on its way over a provider.
const FLOW: &str = "swarm_flow";
/// Where that goes.
const FLOW_PATH: &str = "/api/auth/oidc";
/// Where the refresh token goes.
const REFRESH_PATH: &str = "/api/auth";

pub(crate) fn access(headers: &HeaderMap) -> Option<&str> {
    of_name(headers, ACCESS)
}

pub(crate) fn refresh(headers: &HeaderMap) -> Option<&str> {
    of_name(headers, REFRESH)
}

/// The headers that set both, or take them away where they are empty.
pub(crate) fn set(access: (&str, i64), refresh: (&str, i64), sealed: bool) -> Vec<HeaderValue> {
    // `Lax` would let another site's links open pages as somebody; nothing here is opened that way. Without TLS,
    // which is on loopback, some browsers would not keep what is `Secure`.
    let secure = if sealed { "; Secure" } else { "" };
    let cookie = |name: &str, (value, seconds): (&str, i64), path: &str| {
        HeaderValue::from_str(&format!(
            "{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
        ))
    };
    let both = [cookie(ACCESS, access, "/"), cookie(REFRESH, refresh, REFRESH_PATH)];
    both.into_iter().filter_map(Result::ok).collect()
}

/// What ties a sign-in by a provider to the browser that it began in.
pub(crate) fn flow_of(headers: &HeaderMap) -> Option<&str> {
    of_name(headers, FLOW)
}

/// The header that sets it, or takes it away where it is empty. It comes back on a way that begins at the provider's page, so
/// it is `Lax`; by itself it opens nothing.
pub(crate) fn flow(value: &str, seconds: i64, sealed: bool) -> String {
    let secure = if sealed { "; Secure" } else { "" };
    format!("{FLOW}={value}; Path={FLOW_PATH}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn of_name<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(key, value)| (key == name && !value.is_empty()).then_some(value));
    // Two of one name: a neighbour on the same host has put one there, and nobody can say which is ours.
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Refuses what another site may have made a browser send: a browser says where a request comes from in
/// `Sec-Fetch-Site`, older ones in `Origin`. A request that says neither was not sent by a browser of ours, or was made
/// to look so.
pub(crate) fn same_site(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method.is_safe() {
        return Ok(());
    }
    let by_origin = Page::of(&app.door, headers).is_ours();
    let by_fetch = headers.get("sec-fetch-site").map(|site| site == "same-origin");
    // Where both are there, both must say so.
    let ours =
        by_origin.unwrap_or(true) && by_fetch.unwrap_or(true) && (by_origin.is_some() || by_fetch.is_some());
    if ours {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "auth.cross_site",
        "a request with a cookie must come from a page of this server",
        "programs send `Authorization: Bearer` instead of a cookie",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::COOKIE, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_where_there_are_two_none_is() {
        assert_eq!(access(&with(&["a=b; swarm_access=x.y; c=d"])), Some("x.y"));
        assert_eq!(refresh(&with(&["a=b", "swarm_refresh=r"])), Some("r"));
        for none in
            [&["swarm_access="][..], &["xswarm_access=1"], &["swarm_access"], &[], &["a=swarm_access=1"]]
        {
            assert_eq!(access(&with(none)), None, "{none:?}");
        }
        assert_eq!(access(&with(&["swarm_access=1; swarm_access=2"])), None);
        assert_eq!(access(&with(&["swarm_access=1", "swarm_access=2"])), None);
    }

    #[test]
    fn no_script_can_read_them_and_no_other_site_sends_them() {
        let sealed = set(("a", 600), ("r", 1000), true);
        assert!(sealed.iter().all(|value| value.to_str().unwrap().ends_with("; SameSite=Strict; Secure")));
        let set = set(("a", 600), ("r", 1000), false);
        let text: Vec<_> = set.iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(text[0], "swarm_access=a; Path=/; Max-Age=600; HttpOnly; SameSite=Strict");
        assert_eq!(text[1], "swarm_refresh=r; Path=/api/auth; Max-Age=1000; HttpOnly; SameSite=Strict");
    }
}

//! The page that a WebSocket is opened from. Browsers let any page open one to anywhere; only our own may.

use axum::http::{HeaderMap, header};

/// Whether a request comes from a page of ours, by the names that this server has, or from no page.
pub(crate) fn is_ours(hosts: &[String], headers: &HeaderMap) -> bool {
    let mut named = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = named.next() else {
        return true;
    };
    let host = origin.to_str().ok().and_then(|text| text.strip_prefix("http://"));
    named.next().is_none()
        && host.is_some_and(|host| hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host)))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_page_of_ours_or_no_page_opens_a_connection() {
        let hosts = ["127.0.0.1:4180".to_owned()];
        let from =
            |origin: &'static str| HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        assert!(is_ours(&hosts, &HeaderMap::new()) && is_ours(&hosts, &from("http://127.0.0.1:4180")));
        for other in ["null", "http://evil.example", "https://127.0.0.1:4180", "http://127.0.0.1:4181", ""] {
            assert!(!is_ours(&hosts, &from(other)), "{other}");
        }
        let mut two = from("http://127.0.0.1:4180");
        two.append(header::ORIGIN, HeaderValue::from_static("http://evil.example"));
        assert!(!is_ours(&hosts, &two));
    }
}

//! What is left, as header fields: `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10, with
//! `Retry-After` where a request was one too many.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Standing;

/// What holds.
pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it.
pub(crate) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Writes both fields; nothing where nothing was counted.
pub(crate) fn write(standings: &[Standing], headers: &mut HeaderMap) {
    if standings.is_empty() {
        return;
    }
    let policy = |standing: &Standing| {
        let (name, rate) = (standing.policy.as_str(), standing.rate);
        format!("\"{name}\";q={};w={}", rate.burst(), rate.window_seconds())
    };
    // `t` never lies behind `Retry-After`, as the draft wants it.
    let left = |standing: &Standing| {
        let until = standing.wait.unwrap_or(standing.full_in);
        format!("\"{}\";r={};t={until}", standing.policy.as_str(), standing.left)
    };
    for (name, value) in
        [(POLICY, listed(standings.iter().map(policy))), (LEFT, listed(standings.iter().map(left)))]
    {
        // Names and numbers of ours: always a header's value.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

fn listed(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{super::Policy, *};

    fn standing(policy: Policy, rate: &str, left: u32, full_in: u64, wait: Option<u64>) -> Standing {
        Standing { policy, rate: rate.parse().unwrap(), left, full_in, wait }
    }

    #[test]
    fn every_limit_that_counted_is_written_with_what_is_left() {
        let mut headers = HeaderMap::new();
        write(&[], &mut headers);
        assert!(headers.is_empty());
        let standings = [
            standing(Policy::User, "100/min burst 300", 299, 1, None),
            standing(Policy::Tenant, "1000/min", 0, 60, Some(2)),
        ];
        write(&standings, &mut headers);
        assert_eq!(headers[POLICY], "\"user\";q=300;w=180, \"tenant\";q=1000;w=60");
        assert_eq!(headers[LEFT], "\"user\";r=299;t=1, \"tenant\";r=0;t=2");
    }
}

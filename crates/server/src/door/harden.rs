//! Headers that tell a browser what it must not do with what it was sent.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::app::App;

/// For what is no page: nothing may be loaded, run or framed, should a browser take it for one.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// For our pages: scripts, styles, fonts and data from this server alone, live connections among it; no script or style
/// inside a page. `data:` is for small images in styles.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// What pages are made of. A script that runs beside its page (a worker) has the policy that it came with.
const OF_PAGES: [&[u8]; 5] =
    [b"text/html", b"text/css", b"text/javascript", b"application/javascript", b"image/svg+xml"];
/// What no page of ours needs.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), bluetooth=(), camera=(), display-capture=(), \
    encrypted-media=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// For a year a browser comes to this name over TLS only.
const SEALED_FROM_NOW_ON: &str = "max-age=31536000";

/// Puts them on every answer.
pub(super) async fn harden(State(app): State<App>, request: Request, next: Next) -> Response {
    let sealed = app.door.is_sealed(request.headers());
    let mut response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let policy = if OF_PAGES.iter().any(|of| kind.starts_with(of)) { PAGE } else { NO_PAGE };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if sealed {
        let kept = HeaderValue::from_static(SEALED_FROM_NOW_ON);
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, kept);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_policy_lets_anything_inline_or_from_elsewhere_run() {
        for policy in [NO_PAGE, PAGE] {
            assert!(policy.starts_with("default-src 'none'; "), "{policy}");
            for never in ["unsafe", "http:", "https:", "*", "nonce", "  "] {
                assert!(!policy.contains(never), "{never} in {policy}");
            }
            for always in ["frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(always), "{always} not in {policy}");
            }
        }
        assert!(!PERMISSIONS.contains("  "));
    }
}

//! What a provider's failure means for the caller.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use crate::Secret;
use crate::error::ModelError;

/// Characters of a provider's words that are passed on.
const MAX_DETAIL: usize = 500;
/// A provider that asks for a longer wait is taken to mean this.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

/// How providers say that a request does not fit the context.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "available context size",
    "context window",
    "prompt is too long",
    "input is too long",
    "request_too_large",
];

/// Who makes a call: what its errors need to know.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) model: String,
    pub(crate) key: Option<Secret>,
    /// Tokens that the request probably needs, and that fit.
    pub(crate) needed: u64,
    pub(crate) limit: u64,
}

impl Caller {
    /// The provider said no with `status`; `body` is what it said.
    pub(crate) fn failed(&self, status: u16, body: &str, retry_after: Option<Duration>) -> ModelError {
        let said = Said::read(body);
        let model = self.model.clone();
        let lower = said.to_string().to_lowercase();
        match status {
            // No money left is reported as 429, but waiting does not bring any.
            429 if lower.contains("insufficient_quota") => self.refused(status, &said.text),
            429 => ModelError::RateLimited { model, retry_after },
            408 | 409 | 425 | 500.. => {
                ModelError::Unavailable { model, detail: self.clean(&format!("{status} {}", said.text)) }
            }
            413 => self.too_long(),
            400 | 422 if TOO_LONG.iter().any(|words| lower.contains(words)) => self.too_long(),
            _ => self.refused(status, &said.text),
        }
    }

    /// A failure in the middle of a stream, where the HTTP status said success. `code` is the provider's.
    pub(crate) fn failed_midway(&self, code: Option<u16>, body: &str) -> ModelError {
        self.failed(code.unwrap_or(500), body, None)
    }

    pub(crate) fn unreachable(&self, error: reqwest::Error) -> ModelError {
        // The outermost words ("error sending request") say little; the cause says which.
        let error = error.without_url();
        let mut detail = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            detail = format!("{detail}: {inner}");
            cause = inner.source();
        }
        self.unavailable(&detail)
    }

    pub(crate) fn unavailable(&self, detail: &str) -> ModelError {
        ModelError::Unavailable { model: self.model.clone(), detail: self.clean(detail) }
    }

    pub(crate) fn malformed(&self, detail: &str) -> ModelError {
        ModelError::Malformed { model: self.model.clone(), detail: self.clean(detail) }
    }

    fn refused(&self, status: u16, detail: &str) -> ModelError {
        ModelError::Refused { model: self.model.clone(), status, detail: self.clean(detail) }
    }

    fn too_long(&self) -> ModelError {
        ModelError::TooLong { model: self.model.clone(), needed: self.needed, limit: self.limit }
    }

    /// A provider's words, fit to be shown: without the key (before they are cut, so that no half of it is left),
    /// without control characters, short.
    fn clean(&self, text: &str) -> String {
        let scrubbed = self.key.as_ref().map_or_else(|| text.to_owned(), |key| key.scrub(text));
        let plain: String = scrubbed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let joined = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        joined.chars().take(MAX_DETAIL).collect()
    }
}

/// What a provider says of an error: `{"error": {"message", "code", "type"}}` in most dialects.
struct Said {
    text: String,
    code: String,
}

impl Said {
    fn read(body: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return Self { text: body.to_owned(), code: String::new() };
        };
        let error = value.get("error").unwrap_or(&value);
        let word = |name: &str| error.get(name).and_then(Value::as_str);
        let mut text = word("message")
            .or(word("detail"))
            .or(error.as_str())
            .map_or_else(|| body.to_owned(), str::to_owned);
        // Routers say "provider returned error" and put the provider's words here.
        if let Some(raw) = error.get("metadata").and_then(|meta| meta.get("raw")).and_then(Value::as_str) {
            text = format!("{text}: {raw}");
        }
        let code = format!("{} {}", word("code").unwrap_or_default(), word("type").unwrap_or_default());
        Self { text, code }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

/// `Retry-After` as seconds or as a date (RFC 9110), or OpenAI's `retry-after-ms`.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let seconds = |count: f64| Duration::try_from_secs_f64(count).ok();
    let millis = text("retry-after-ms").and_then(|count| seconds(count.parse::<f64>().ok()? / 1_000.0));
    let after = millis.or_else(|| {
        let value = text(RETRY_AFTER.as_str())?;
        if let Ok(count) = value.parse::<f64>() {
            return seconds(count);
        }
        let date = DateTime::parse_from_rfc2822(value).ok()?;
        Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
    });
    after.map(|wait| wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller { model: "p/m".into(), key: Some(Secret::new("sk-secret-key")), needed: 10, limit: 5 }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date_and_nonsense_is_left_out() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap();
        let read = |value: &str| retry_after(&headers("retry-after", value), now);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:57 GMT"), Some(Duration::from_secs(20)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("1e300"), None);
        assert_eq!(read("999999999"), Some(MAX_RETRY_AFTER));
        for nonsense in ["-1", "soon", "", "NaN"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&headers("retry-after-ms", "250"), now), Some(Duration::from_millis(250)));
    }

    #[test]
    fn what_a_provider_says_is_cut_and_shows_neither_the_key_nor_control_characters() {
        let body = format!("{{\"error\": \"{} sk-secret-key \\u001b[31m\"}}", "x".repeat(490));
        let ModelError::Refused { detail, .. } = caller().failed(401, &body, None) else { panic!() };
        assert!(detail.chars().count() <= MAX_DETAIL);
        assert!(!detail.contains("sk-s") && !detail.contains('\u{1b}'), "{detail}");
    }

    #[test]
    fn a_request_that_does_not_fit_is_told_from_other_refusals() {
        let openai = r#"{"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}}"#;
        let llama = r#"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size","type":"exceed_context_size_error"}}"#;
        let anthropic = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 5"}}"#;
        for body in [openai, llama, anthropic] {
            assert!(matches!(caller().failed(400, body, None), ModelError::TooLong { .. }), "{body}");
        }
        assert!(matches!(caller().failed(400, "{}", None), ModelError::Refused { status: 400, .. }));
    }

    #[test]
    fn no_money_left_is_no_reason_to_wait() {
        let body = r#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota"}}"#;
        assert!(matches!(caller().failed(429, body, None), ModelError::Refused { status: 429, .. }));
        assert!(matches!(caller().failed(429, "", None), ModelError::RateLimited { .. }));
    }
}

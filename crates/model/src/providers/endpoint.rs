//! Where a provider is reached, and a request sent to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use swarm_domain::Clock;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::failure::{self, Caller};
use crate::Secret;
use crate::chat::Capabilities;
use crate::error::ModelError;
use crate::http;
use crate::price::Price;

/// Bytes of an error's body that are read.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// An error's body that takes longer is done without.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(5);
/// Bytes of a list of models, or of a server's properties.
const MAX_METADATA: usize = 8 * 1024 * 1024;

/// How long one call may take and how large its answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallLimits {
    /// Seconds until the first byte of the answer. A small machine reads a long prompt slowly.
    pub first_byte_seconds: u32,
    /// Seconds between two pieces of the answer.
    pub idle_seconds: u32,
    /// Seconds for the whole call.
    pub total_seconds: u32,
    /// Bytes of the whole answer.
    pub max_response_bytes: u64,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            first_byte_seconds: 180,
            idle_seconds: 90,
            total_seconds: 900,
            max_response_bytes: 16 * 1024 * 1024,
        }
    }
}

impl CallLimits {
    pub(crate) fn first_byte(&self) -> Duration {
        Duration::from_secs(u64::from(self.first_byte_seconds))
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.idle_seconds))
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_secs(u64::from(self.total_seconds))
    }
}

/// One model as an endpoint serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its name after `provider/`.
    pub name: String,
    /// What the provider calls it in requests.
    pub id: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether it takes a sampling temperature: reasoning models refuse one.
    pub temperature: bool,
    /// What it costs, where the provider's protocol needs it to count cache writes.
    pub price: Option<Price>,
}

/// Where a provider is reached.
pub struct Endpoint {
    provider: String,
    base: Url,
    key: Option<Secret>,
    client: Client,
    limits: CallLimits,
    clock: Arc<dyn Clock>,
}

impl Endpoint {
    /// An endpoint at `base_url`, such as `https://openrouter.ai/api/v1`. A URL that is none, or that holds a password,
    /// is [`ModelError::Config`].
    pub fn new(
        provider: &str,
        base_url: &str,
        key: Option<Secret>,
        limits: CallLimits,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, ModelError> {
        let base = parse_base(provider, base_url)?;
        let client = http::http_client(&base)?;
        let key = key.filter(|key| !key.expose().is_empty());
        Ok(Arc::new(Self { provider: provider.to_owned(), base, key, client, limits, clock }))
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The base URL.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) fn limits(&self) -> CallLimits {
        self.limits
    }

    pub(crate) fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// Who calls, for errors.
    pub(crate) fn caller(&self, model: &str, needed: u64, limit: u32) -> Caller {
        Caller { model: model.to_owned(), key: self.key.clone(), needed, limit: u64::from(limit) }
    }

    /// The URL of `path` below the base.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }

    /// Sends `body` and gives the answer back once its head is there and says success.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: &Value,
        caller: &Caller,
        begun: Instant,
        cancel: &CancellationToken,
    ) -> Result<Response, ModelError> {
        let sending = self.client.post(self.url(path)).headers(headers).json(body).send();
        let first_byte = self.limits.first_byte().min(self.limits.total());
        let response = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ModelError::Cancelled),
            sent = timeout_at(begun + first_byte, sending) => match sent {
                Err(_) => return Err(ModelError::TimedOut { model: caller.model.clone(), after: first_byte }),
                Ok(sent) => sent.map_err(|error| caller.unreachable(error))?,
            },
        };
        if response.status().is_success() {
            return Ok(response);
        }
        if response.status().is_redirection() {
            // Following it would hand the key to whoever is named there.
            let detail = r#"{"error": "it redirects elsewhere, which is not followed: mend the base URL"}"#;
            return Err(caller.failed(response.status().as_u16(), detail, None));
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ModelError::Cancelled),
            body = timeout(ERROR_BODY_WAIT, read_up_to(response, MAX_ERROR_BODY)) => body.unwrap_or_default(),
        };
        let retry_after = failure::retry_after(&headers, self.clock.now());
        Err(caller.failed(status, &String::from_utf8_lossy(&body), retry_after))
    }

    /// Gets a small JSON document, such as the list of models.
    pub(crate) async fn get(
        &self,
        url: &str,
        headers: HeaderMap,
        wait: Duration,
    ) -> Result<Value, ModelError> {
        let caller = self.caller(&self.provider, 0, 0);
        let reading = async {
            let response = self
                .client
                .get(url)
                .headers(headers)
                .send()
                .await
                .map_err(|error| caller.unreachable(error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = read_up_to(response, MAX_METADATA).await;
            if status.is_success() {
                serde_json::from_slice(&body).map_err(|error| caller.malformed(&format!("no JSON: {error}")))
            } else {
                let retry_after = failure::retry_after(&headers, self.clock.now());
                Err(caller.failed(status.as_u16(), &String::from_utf8_lossy(&body), retry_after))
            }
        };
        timeout(wait, reading)
            .await
            .unwrap_or_else(|_| Err(ModelError::TimedOut { model: self.provider.clone(), after: wait }))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("provider", &self.provider)
            .field("base", &self.base.as_str())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Checks a base URL. `http://host:port` without a path gets `/v1`, which compatible servers listen under.
pub(crate) fn parse_base(provider: &str, base_url: &str) -> Result<Url, ModelError> {
    let wrong = |what: &str| ModelError::Config { detail: format!("the base URL of {provider} {what}") };
    let mut base = Url::parse(base_url.trim()).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(wrong("must begin with http:// or https://"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(wrong(
            "must not hold a user or password: put the key into a variable and name it as `key_env`",
        ));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(wrong("must not have a query"));
    }
    if base.path() == "/" {
        base.set_path("/v1");
    }
    Ok(base)
}

/// A header that no log shows. A key with characters that a header cannot hold is [`ModelError::Config`].
pub(crate) fn secret_header(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: &str,
) -> Result<(), ModelError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| ModelError::Config {
        detail: "the API key has characters that no key has".to_owned(),
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

async fn read_up_to(mut response: Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= limit {
            body.truncate(limit);
            break;
        }
    }
    body
}

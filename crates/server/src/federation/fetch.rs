//! Asking a provider: bounded in time and size, never led elsewhere, sealed on the way.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, Url, header, redirect::Policy};
use serde::de::DeserializeOwned;

use super::{
    config::is_sealed,
    fault::{Fault, word},
};

/// The longest that one question takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer: Google's keys have 2 KB, Microsoft's description 2 KB.
const MAX_BYTES: usize = 512 << 10;

/// The way to one provider.
#[derive(Debug)]
pub(super) struct Fetch {
    client: Client,
    /// Whether it is on this machine. One that is not cannot send us to what is.
    is_here: bool,
}

impl Fetch {
    pub(super) fn new(issuer: &Url) -> Result<Self, Fault> {
        // Fails if one is installed already, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_here = issuer.scheme() == "http";
        let client = Client::builder()
            .user_agent(concat!("swarm/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            // A redirect could lead anywhere, with our secret.
            .redirect(Policy::none());
        let client = if is_here { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| Fault::Down(format!("no HTTP client: {error}")))?;
        Ok(Self { client, is_here })
    }

    /// An address that may be asked.
    pub(super) fn url(&self, text: &str) -> Result<Url, Fault> {
        let url = Url::parse(text).map_err(|_| Fault::Answer("an address of its own is none"))?;
        if is_sealed(&url, self.is_here) {
            return Ok(url);
        }
        Err(Fault::Answer("an address of its own does not begin with https://"))
    }

    /// Gets a document.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url, token: Option<&str>) -> Result<T, Fault> {
        let request = self.client.get(url);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        match send(request).await? {
            (status, body) if status.is_success() => read(&body),
            (status, _) => Err(Fault::Down(format!("it answers {}", status.as_u16()))),
        }
    }

    /// Sends a form, with a name and a secret in the header where there are any. An error of OAuth is told apart.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        url: Url,
        form: &[(&str, &str)],
        basic: Option<(&str, &str)>,
    ) -> Result<T, Fault> {
        let mut body = Url::parse("form:").map_err(|_| Fault::Answer("an address of its own is none"))?;
        body.query_pairs_mut().extend_pairs(form);
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.query().unwrap_or_default().to_owned());
        let request = match basic {
            Some((name, secret)) => request.basic_auth(name, Some(secret)),
            None => request,
        };
        let (status, body) = send(request).await?;
        if status.is_server_error() {
            return Err(Fault::Down(format!("it answers {}", status.as_u16())));
        }
        // GitHub says 200 with it, others 400 or 401 (RFC 6749, 5.2).
        if let Ok(Failed { error }) = serde_json::from_slice(&body) {
            return Err(Fault::Refused(word(&error)));
        }
        if status.is_success() {
            read(&body)
        } else {
            Err(Fault::Refused(format!("it answers {}", status.as_u16())))
        }
    }
}

#[derive(serde::Deserialize)]
struct Failed {
    error: String,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| Fault::Answer("it has another form"))
}

async fn send(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Fault> {
    let down = |error: reqwest::Error| Fault::Down(error.without_url().to_string());
    let mut response = request.header(header::ACCEPT, "application/json").send().await.map_err(down)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(down)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(Fault::Answer("it is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}

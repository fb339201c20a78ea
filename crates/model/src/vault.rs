//! HashiCorp Vault's key-value store, version 2, as far as one value is read from it. It lives in this room because this
//! is the one that calls out over HTTP; what a value is for is not known here.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use reqwest::{Client, Response, StatusCode, Url, header::HeaderValue};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use swarm_domain::{Problem, secret::Secret};

use crate::http;

/// The largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;
/// The largest token that is read from a file.
const MAX_TOKEN: usize = 8 << 10;

/// Where Vault is. What is absent is taken from the variables that Vault's own program reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaultConfig {
    /// Its address; empty for that of VAULT_ADDR.
    pub address: String,
    /// The namespace; empty for that of VAULT_NAMESPACE, or none.
    pub namespace: String,
    /// The file with the token; empty for VAULT_TOKEN, then for `~/.vault-token`.
    pub token_file: PathBuf,
    /// How long an answer may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for VaultConfig {
    fn default() -> Self {
        Self {
            address: String::new(),
            namespace: String::new(),
            token_file: PathBuf::new(),
            timeout_ms: 10_000,
        }
    }
}

/// Why a value was not read. None of it quotes what Vault said: that may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Nobody said where it is.
    #[error("it is not known where Vault is")]
    NoAddress,
    /// The address is none, or one over which the token would be readable on the way.
    #[error("the address of Vault cannot be used: {0}")]
    Address(&'static str),
    /// There is no token to show.
    #[error("there is no token to show to Vault: {0}")]
    NoToken(String),
    /// It does not answer.
    #[error("Vault does not answer: {0}")]
    Unreachable(String),
    /// It refuses the token.
    #[error("Vault does not let this token read {0}")]
    Denied(String),
    /// Nothing is there.
    #[error("Vault has nothing at {0}")]
    NotFound(String),
    /// The field is not there, or no text.
    #[error("what Vault has at {0} has no such field with a text")]
    NoField(String),
    /// It cannot be used just now.
    #[error("Vault is sealed or not ready")]
    Sealed,
    /// It answered something else than was asked.
    #[error("Vault's answer cannot be read: {0}")]
    Unreadable(String),
}

impl VaultError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::NoAddress => ("vault.no_address", "set VAULT_ADDR, or `address` under `[flows.vault]`"),
            Self::Address(_) => ("vault.address", "give it as `https://vault.example.org:8200`"),
            Self::NoToken(_) => {
                ("vault.no_token", "set VAULT_TOKEN, or name a file as `token_file` under `[flows.vault]`")
            }
            Self::Unreachable(_) => {
                ("vault.unreachable", "check that it runs and that VAULT_ADDR is right: `vault status`")
            }
            Self::Denied(_) => (
                "vault.denied",
                "give the token a policy that may `read` that path; see `vault token lookup`",
            ),
            Self::NotFound(_) => {
                ("vault.not_found", "run `vault kv get MOUNT/PATH`; the mount must be of version 2")
            }
            Self::NoField(_) => ("vault.no_field", "run `vault kv get MOUNT/PATH` to see its fields"),
            Self::Sealed => ("vault.sealed", "run `vault status`, then unseal it"),
            Self::Unreadable(_) => {
                ("vault.unreadable", "check that VAULT_ADDR is Vault itself, and its active node")
            }
        };
        Problem::new(code, self.to_string(), next)
    }
}

/// A Vault, ready to be asked.
#[derive(Debug)]
pub struct Vault {
    http: Client,
    base: Url,
    namespace: String,
    token: Secret,
    timeout: Duration,
}

/// What Vault answers, as far as it is looked at.
#[derive(Deserialize)]
struct Answer {
    data: Version,
}

#[derive(Deserialize)]
struct Version {
    data: Option<BTreeMap<String, Field>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(Secret),
    Other(IgnoredAny),
}

impl Vault {
    /// The Vault of this configuration. Asks nothing yet.
    pub fn open(config: &VaultConfig, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, VaultError> {
        let or_env = |given: &str, name: &str| {
            let given = Some(given.to_owned()).filter(|given| !given.is_empty());
            given.or_else(|| env(name)).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let address = or_env(&config.address, "VAULT_ADDR").ok_or(VaultError::NoAddress)?;
        let base = Url::parse(&address).map_err(|_| VaultError::Address("it is no URL"))?;
        match base.scheme() {
            "https" => {}
            "http" if is_this_machine(&base) => {}
            "http" => return Err(VaultError::Address("over http the token could be read on the way")),
            _ => return Err(VaultError::Address("it is neither https nor http")),
        }
        if base.cannot_be_a_base() || !base.username().is_empty() || base.password().is_some() {
            return Err(VaultError::Address("it holds more than a place"));
        }
        let token = token(config, env)?;
        let http = http::http_client(&base).map_err(|error| VaultError::Unreachable(error.to_string()))?;
        let namespace = or_env(&config.namespace, "VAULT_NAMESPACE").unwrap_or_default();
        Ok(Self { http, base, namespace, token, timeout: Duration::from_millis(config.timeout_ms) })
    }

    /// One field of the newest version of what stands at a path.
    pub async fn read(&self, mount: &str, path: &str, field: &str) -> Result<Secret, VaultError> {
        let place = format!("{mount}/{path}");
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| VaultError::Address("it holds no path"))?
            .pop_if_empty()
            .extend(["v1", mount, "data"])
            .extend(path.split('/'));
        let mut shown = HeaderValue::from_str(self.token.expose())
            .map_err(|_| VaultError::NoToken("it has characters that no header holds".to_owned()))?;
        shown.set_sensitive(true);
        let mut request = self
            .http
            .get(url)
            .timeout(self.timeout)
            .header("X-Vault-Token", shown)
            .header("X-Vault-Request", "true");
        if !self.namespace.is_empty() {
            request = request.header("X-Vault-Namespace", &self.namespace);
        }
        let response = request.send().await.map_err(|error| VaultError::Unreachable(why(error)))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => return Err(VaultError::Denied(place)),
            StatusCode::NOT_FOUND => return Err(VaultError::NotFound(place)),
            StatusCode::SERVICE_UNAVAILABLE => return Err(VaultError::Sealed),
            status => return Err(VaultError::Unreadable(format!("status {status}"))),
        }
        let body = bounded(response).await?;
        // What serde says of a wrong form may quote it.
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| VaultError::Unreadable("it has another form than version 2 gives".to_owned()))?;
        let mut fields = answer.data.data.ok_or_else(|| VaultError::NotFound(place.clone()))?;
        match fields.remove(field) {
            Some(Field::Text(value)) => Ok(value),
            Some(Field::Other(_)) | None => Err(VaultError::NoField(place)),
        }
    }
}

fn token(config: &VaultConfig, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, VaultError> {
    let from_env = || env("VAULT_TOKEN").map(Secret::new).filter(|token| !token.expose().is_empty());
    let given = Some(config.token_file.clone()).filter(|file| !file.as_os_str().is_empty());
    if given.is_none()
        && let Some(token) = from_env()
    {
        return Ok(token);
    }
    let usual = || env("HOME").map(|home| PathBuf::from(home).join(".vault-token"));
    let unset = || VaultError::NoToken("VAULT_TOKEN is not set, and there is no ~/.vault-token".to_owned());
    let named = given.is_some();
    let file = given.or_else(usual).ok_or_else(unset)?;
    match std::fs::read_to_string(&file) {
        Ok(text) if text.len() > MAX_TOKEN || text.trim().is_empty() => {
            Err(VaultError::NoToken(format!("{} holds none", file.display())))
        }
        Ok(text) => Ok(Secret::new(text)),
        Err(_) if !named => Err(unset()),
        Err(error) => Err(VaultError::NoToken(format!("{}: {error}", file.display()))),
    }
}

/// Whether nothing of a request leaves this machine.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>().map_or(host == "localhost", |address| address.is_loopback())
}

async fn bounded(mut response: Response) -> Result<zeroize::Zeroizing<Vec<u8>>, VaultError> {
    let mut body = zeroize::Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| VaultError::Unreachable(why(error)))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(VaultError::Unreadable("it is larger than 1 MiB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause: the outer ones say only that sending failed.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

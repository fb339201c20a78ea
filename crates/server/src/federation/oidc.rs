//! OpenID Connect: a provider describes itself, gives an ID token for a code, and its keys prove it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use swarm_domain::secret::Secret;
use tokio::sync::Mutex;

use super::{
    Claimed, Exchange,
    fault::Fault,
    fetch::Fetch,
    id_token::{Address, Claims, Expected, Sealed},
    keys::KeySet,
};

/// How long a provider's description and keys are taken as they were read. A key that is not there is looked for at once;
/// one that was withdrawn counts no longer than this.
const FRESH: Duration = Duration::from_hours(1);

/// A provider's description of itself (OpenID Connect Discovery, 3).
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What is known of a provider by its own word.
#[derive(Debug, Default)]
pub(super) struct Known {
    description: Mutex<Option<(Instant, Arc<Description>)>>,
    keys: Mutex<Option<(Instant, Arc<KeySet>)>>,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    address: Address,
}

impl Known {
    /// The description. Whoever asks meanwhile waits for the same answer.
    pub(super) async fn description(&self, fetch: &Fetch, issuer: &str) -> Result<Arc<Description>, Fault> {
        let mut held = self.description.lock().await;
        if let Some((_, known)) = held.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        let url = fetch.url(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))?;
        let read: Description = fetch.get(url, None).await?;
        if read.issuer != issuer {
            return Err(Fault::Answer("it describes itself as another issuer"));
        }
        let read = Arc::new(read);
        *held = Some((Instant::now(), Arc::clone(&read)));
        Ok(read)
    }

    /// The keys, with the one that signed this token if the provider has it.
    async fn keys(&self, fetch: &Fetch, from: &str, token: &Sealed<'_>) -> Result<Arc<KeySet>, Fault> {
        let mut held = self.keys.lock().await;
        if let Some((_, known)) = held.as_ref().filter(|(at, keys)| at.elapsed() < FRESH && token.is_of(keys))
        {
            return Ok(Arc::clone(known));
        }
        let read: Arc<KeySet> = Arc::new(fetch.get(fetch.url(from)?, None).await?);
        *held = Some((Instant::now(), Arc::clone(&read)));
        Ok(read)
    }

    /// Who a code is for.
    pub(super) async fn claimed(
        &self,
        fetch: &Fetch,
        exchange: Exchange<'_>,
        now: DateTime<Utc>,
    ) -> Result<Claimed, Fault> {
        let description = self.description(fetch, exchange.issuer).await?;
        // Another provider may have sent the browser back here (RFC 9207).
        let wanted = description.authorization_response_iss_parameter_supported;
        if exchange.said_issuer.map_or(wanted, |said| said != exchange.issuer) {
            return Err(Fault::Answer("the answer came from another issuer"));
        }
        let tokens: Tokens = redeem(fetch, &description, exchange).await?;
        let sealed = Sealed::parse(&tokens.id_token)?;
        let keys = self.keys(fetch, &description.jwks_uri, &sealed).await?;
        let Exchange { issuer, client, nonce, .. } = exchange;
        let claims = sealed.open(&keys, Expected { issuer, client, nonce }, now)?;
        let email = match (claims.address.verified(), &description.userinfo_endpoint, tokens.access_token) {
            (Some(email), ..) => Some(email.to_owned()),
            (None, Some(endpoint), Some(token)) => asked(fetch, endpoint, &token, &claims).await?,
            _ => None,
        };
        Ok(Claimed { subject: claims.sub, email })
    }
}

async fn redeem(fetch: &Fetch, description: &Description, exchange: Exchange<'_>) -> Result<Tokens, Fault> {
    let Exchange { client, secret, code, redirect, verifier, .. } = exchange;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect),
        ("code_verifier", verifier),
    ];
    // The header is what every provider takes unless it says otherwise.
    let methods = &description.token_endpoint_auth_methods_supported;
    let takes = |method: &str| methods.iter().any(|one| one == method);
    let in_body = takes("client_secret_post") && !takes("client_secret_basic");
    let quoted = secret.map(|secret| (quoted(client), quoted(secret.expose())));
    let basic = match (&quoted, secret.map(Secret::expose)) {
        (Some((name, quoted)), Some(_)) if !in_body => Some((name.as_str(), quoted.as_str())),
        (_, secret) => {
            form.push(("client_id", client));
            form.extend(secret.map(|secret| ("client_secret", secret)));
            None
        }
    };
    fetch.post(fetch.url(&description.token_endpoint)?, &form, basic).await
}

/// As a form has it, before it is put into the header (RFC 6749, 2.3.1).
fn quoted(text: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse("form:") else { return text.to_owned() };
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}

/// The address that the provider tells beside the token, if it is of the same person (OpenID Connect Core, 5.3.2).
async fn asked(fetch: &Fetch, endpoint: &str, token: &str, claims: &Claims) -> Result<Option<String>, Fault> {
    let info: UserInfo = fetch.get(fetch.url(endpoint)?, Some(token)).await?;
    if info.sub != claims.sub {
        return Err(Fault::Answer("it tells of somebody else than the ID token"));
    }
    Ok(info.address.verified().map(str::to_owned))
}

//! GitHub: OAuth 2 without ID tokens. Who somebody is stands behind two questions to its API.

use reqwest::Url;
use serde::Deserialize;
use swarm_domain::secret::Secret;

use super::{Claimed, Exchange, fault::Fault, fetch::Fetch};

/// Where GitHub's own API is; a server of one's own has it below its address.
const HOSTED: (&str, &str) = ("https://github.com", "https://api.github.com");

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Deserialize)]
struct User {
    /// Never given to another account, as the login name is.
    id: u64,
}

#[derive(Deserialize)]
struct Listed {
    email: String,
    primary: bool,
    verified: bool,
}

/// Where somebody signs in.
pub(super) fn authorize(issuer: &str) -> String {
    format!("{}/login/oauth/authorize", issuer.trim_end_matches('/'))
}

/// Who a code is for.
pub(super) async fn claimed(fetch: &Fetch, exchange: Exchange<'_>) -> Result<Claimed, Fault> {
    let Exchange { issuer, client, secret, code, redirect, verifier, .. } = exchange;
    let mut form =
        vec![("client_id", client), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)];
    form.extend(secret.map(Secret::expose).map(|secret| ("client_secret", secret)));
    let base = issuer.trim_end_matches('/');
    let Tokens { access_token } =
        fetch.post(fetch.url(&format!("{base}/login/oauth/access_token"))?, &form, None).await?;
    let api = if base == HOSTED.0 { HOSTED.1.to_owned() } else { format!("{base}/api/v3") };
    let at = |path: &str| -> Result<Url, Fault> { fetch.url(&format!("{api}{path}")) };
    let User { id } = fetch.get(at("/user")?, Some(&access_token)).await?;
    let emails: Vec<Listed> = fetch.get(at("/user/emails")?, Some(&access_token)).await?;
    let email =
        emails.into_iter().find(|listed| listed.primary && listed.verified).map(|listed| listed.email);
    Ok(Claimed { subject: id.to_string(), email })
}

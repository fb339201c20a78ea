//! Signing in by a provider that says who somebody is: OpenID Connect, or GitHub's OAuth 2.
//!
//! The authorization code flow with PKCE, state and nonce (RFC 9700). Only addresses from the configuration, and those that
//! such a provider names as its own, are asked; what comes back is bounded and checked before it is read. Who somebody
//! becomes here is decided by [`ProviderTrust`], not in this folder.

mod config;
mod fault;
mod fetch;
mod github;
mod id_token;
#[cfg(test)]
mod id_token_tests;
mod keys;
mod oidc;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use reqwest::Url;
use ring::digest::{SHA256, digest};
use swarm_domain::{
    identity::{EmailAddress, ExternalId, Proof, ProviderName, ProviderTrust},
    secret::Secret,
};

pub use config::{ProviderConfig, ProviderKind};
pub(crate) use fault::Fault;

use self::{fetch::Fetch, oidc::Known};

/// What the browser keeps becomes what proves the exchange (RFC 7636)…
const VERIFIER: &str = "swarm 2026-11-22 pkce verifier";
/// …and what ties an ID token to it.
const NONCE: &str = "swarm 2026-11-22 oidc nonce";

/// The providers that are set up.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    all: BTreeMap<ProviderName, Provider>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) config: ProviderConfig,
    fetch: Fetch,
    known: Known,
}

/// Who a provider says somebody is.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) external: ExternalId,
    /// An address that the provider has verified, of a form that is taken here.
    pub(crate) email: Option<EmailAddress>,
}

/// What a browser came back with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Returned<'a> {
    pub(crate) code: &'a str,
    /// Who it says it comes from.
    pub(crate) issuer: Option<&'a str>,
    /// Where it came back to, exactly as the provider was told.
    pub(crate) redirect: &'a str,
    /// What the browser kept.
    pub(crate) browser: &'a Proof,
}

/// A code that is exchanged for who it is of.
#[derive(Debug, Clone, Copy)]
struct Exchange<'a> {
    issuer: &'a str,
    client: &'a str,
    secret: Option<&'a Secret>,
    code: &'a str,
    said_issuer: Option<&'a str>,
    redirect: &'a str,
    verifier: &'a str,
    nonce: &'a str,
}

/// What a provider claims of somebody, in its own words.
#[derive(Debug)]
struct Claimed {
    subject: String,
    email: Option<String>,
}

impl Providers {
    /// Those of the configuration; or the name of one that cannot be, and why.
    pub(crate) fn new(all: &BTreeMap<ProviderName, ProviderConfig>) -> Result<Self, (ProviderName, String)> {
        let open = |(name, config): (&ProviderName, &ProviderConfig)| match Provider::new(config.clone()) {
            Ok(provider) => Ok((name.clone(), provider)),
            Err(what) => Err((name.clone(), what)),
        };
        all.iter().map(open).collect::<Result<_, _>>().map(|all| Self { all })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ProviderName, &Provider)> {
        self.all.iter()
    }

    pub(crate) fn of(&self, name: &ProviderName) -> Result<&Provider, Fault> {
        self.all.get(name).ok_or(Fault::Unknown)
    }
}

impl Provider {
    fn new(config: ProviderConfig) -> Result<Self, String> {
        if let Some((key, what)) = config.fault() {
            return Err(format!("{key} {what}"));
        }
        let url = Url::parse(config.issuer()).map_err(|error| error.to_string())?;
        let fetch = Fetch::new(&url).map_err(|fault| format!("{fault:?}"))?;
        Ok(Self { config, fetch, known: Known::default() })
    }

    pub(crate) fn trust(&self) -> ProviderTrust {
        self.config.trust()
    }

    /// Where the browser goes.
    pub(crate) async fn authorize(
        &self,
        redirect: &str,
        state: &Proof,
        browser: &Proof,
    ) -> Result<Url, Fault> {
        let issuer = self.config.issuer();
        let endpoint = match self.config.kind {
            ProviderKind::Github => github::authorize(issuer),
            ProviderKind::Oidc => {
                self.known.description(&self.fetch, issuer).await?.authorization_endpoint.clone()
            }
        };
        let mut url = self.fetch.url(&endpoint)?;
        let challenge = digest(&SHA256, browser.derived(VERIFIER).as_bytes());
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &self.config.scope())
            .append_pair("state", state.reveal())
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        if self.config.kind == ProviderKind::Oidc {
            url.query_pairs_mut().append_pair("nonce", &browser.derived(NONCE));
        }
        Ok(url)
    }

    /// Who came back.
    pub(crate) async fn vouch(
        &self,
        returned: Returned<'_>,
        secret: Option<&Secret>,
        now: DateTime<Utc>,
    ) -> Result<Vouched, Fault> {
        let (verifier, nonce) = (returned.browser.derived(VERIFIER), returned.browser.derived(NONCE));
        let exchange = Exchange {
            issuer: self.config.issuer(),
            client: &self.config.client_id,
            secret,
            code: returned.code,
            said_issuer: returned.issuer,
            redirect: returned.redirect,
            verifier: &verifier,
            nonce: &nonce,
        };
        let claimed = match self.config.kind {
            ProviderKind::Oidc => self.known.claimed(&self.fetch, exchange, now).await?,
            ProviderKind::Github => github::claimed(&self.fetch, exchange).await?,
        };
        let external = ExternalId::of(exchange.issuer, &claimed.subject);
        Ok(Vouched {
            external: external.ok_or(Fault::Answer("its name for the person cannot be kept"))?,
            email: claimed.email.and_then(|email| EmailAddress::parse(&email).ok()),
        })
    }
}

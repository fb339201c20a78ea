//! What is set of a provider.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    identity::ProviderTrust,
    secret::{Reference, SecretHost},
};

/// GitHub, where nothing else is said.
const GITHUB: &str = "https://github.com";

/// What a provider speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenID Connect: Google, Microsoft, GitLab, Keycloak and the like.
    #[default]
    Oidc,
    /// GitHub's own OAuth 2, here or on a server of one's own.
    Github,
}

/// A provider that says who somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderConfig {
    /// What it speaks.
    pub kind: ProviderKind,
    /// Where it is, letter by letter as it names itself: `https://accounts.google.com`. GitHub's own address if empty.
    pub issuer: String,
    /// Who we are there.
    pub client_id: String,
    /// Where the secret is kept that proves it: `env:NAME`, `file:/PATH` or `vault:MOUNT/PATH#FIELD`. None for a client
    /// without one, which PKCE alone protects.
    pub client_secret: Option<Reference>,
    /// What people read: `Company account`. Its name if empty.
    pub label: String,
    /// What is asked for, if not the usual: `openid email`, for GitHub `read:user user:email`.
    pub scopes: Vec<String>,
    /// Who comes in by it for the first time: people with addresses of these domains. Everybody if empty.
    pub allowed_domains: Vec<SecretHost>,
    /// The domains whose addresses this provider manages. Its word counts there: accounts with such an address are linked
    /// without being asked.
    pub trusted_domains: Vec<SecretHost>,
}

impl ProviderConfig {
    /// What is wrong with it, by the name of the setting.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.client_id.is_empty() || self.client_id.chars().any(char::is_control) {
            return Some(("client_id", "is empty, or holds what is no letter"));
        }
        if self.scopes.iter().any(|scope| scope.is_empty() || scope.contains(|c: char| !c.is_ascii_graphic()))
        {
            return Some(("scopes", "each is a word without spaces"));
        }
        let Ok(url) = Url::parse(self.issuer()) else { return Some(("issuer", "is no address")) };
        if !is_sealed(&url, true) {
            return Some(("issuer", "begins with https://, or is on this machine"));
        }
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (!plain).then_some(("issuer", "has a name, password, `?` or `#`"))
    }

    /// Where it is.
    pub(super) fn issuer(&self) -> &str {
        match self.kind {
            ProviderKind::Github if self.issuer.is_empty() => GITHUB,
            _ => &self.issuer,
        }
    }

    pub(super) fn scope(&self) -> String {
        match (self.kind, self.scopes.is_empty()) {
            (_, false) => self.scopes.join(" "),
            (ProviderKind::Oidc, true) => "openid email".to_owned(),
            (ProviderKind::Github, true) => "read:user user:email".to_owned(),
        }
    }

    pub(super) fn trust(&self) -> ProviderTrust {
        ProviderTrust {
            allowed_domains: self.allowed_domains.clone(),
            trusted_domains: self.trusted_domains.clone(),
        }
    }
}

/// Whether what is sent there is sealed, or stays on this machine where that may be.
pub(super) fn is_sealed(url: &Url, may_be_here: bool) -> bool {
    let here = match url.host() {
        Some(host) => match host.to_string().trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host.to_string() == "localhost",
        },
        None => false,
    };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => here && may_be_here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(issuer: &str) -> ProviderConfig {
        let (issuer, client_id) = (issuer.to_owned(), "swarm".to_owned());
        ProviderConfig { issuer, client_id, ..ProviderConfig::default() }
    }

    #[test]
    fn a_provider_is_reached_sealed_or_is_on_this_machine() {
        for good in [
            "https://accounts.google.com",
            "https://id.example.org/realms/a",
            "http://127.0.0.1:3000",
            "http://[::1]:1",
        ] {
            assert_eq!(at(good).fault(), None, "{good}");
        }
        for bad in [
            "",
            "accounts.google.com",
            "http://id.example.org",
            "http://127.0.0.1.example.org",
            "http://10.0.0.1",
            "ftp://id.example.org",
            "file:///etc/passwd",
            "https://a:b@id.example.org",
            "https://id.example.org/?a",
            "https://id.example.org/#a",
            "http://169.254.169.254/",
        ] {
            assert_eq!(at(bad).fault().map(|(key, _)| key), Some("issuer"), "{bad}");
        }
    }

    #[test]
    fn github_needs_no_address() {
        let github = ProviderConfig { kind: ProviderKind::Github, ..at("") };
        assert_eq!((github.fault(), github.issuer()), (None, GITHUB));
        assert_eq!(ProviderConfig { client_id: String::new(), ..github }.fault().unwrap().0, "client_id");
    }
}

//! What swarm adds to requests for hosts that want to know who asks. The sandbox never sees it.

use std::fmt;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};

/// Who knows which hosts need a credential, and has it.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Whether there is one for this host. What is sent there is then read and changed by swarm: its TLS ends here.
    fn cover(&self, host: &str, port: u16) -> bool;

    /// What is added to a request that is made now.
    async fn credentials(&self, host: &str, port: u16) -> Result<Vec<Credential>, NoCredential>;
}

/// There was one, and now it cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the credential cannot be had")]
pub struct NoCredential;

/// Adds nothing anywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct WithoutCredentials;

#[async_trait]
impl Credentials for WithoutCredentials {
    fn cover(&self, _host: &str, _port: u16) -> bool {
        false
    }

    async fn credentials(&self, _host: &str, _port: u16) -> Result<Vec<Credential>, NoCredential> {
        Err(NoCredential)
    }
}

/// A header with a secret value, which `Debug` does not show and nothing serializes.
#[derive(Clone)]
pub struct Credential {
    name: HeaderName,
    value: HeaderValue,
}

impl Credential {
    /// Such as `Authorization` and `Bearer …`. Nothing for a name that frames a message, or a value that no header can
    /// have.
    #[must_use]
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let name: HeaderName = name.parse().ok()?;
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        (!super::head::frames(&name)).then_some(Self { name, value })
    }

    /// `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(token: &str) -> Option<Self> {
        Self::new("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn name(&self) -> &HeaderName {
        &self.name
    }

    pub(super) fn value(&self) -> &HeaderValue {
        &self.value
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_shown() {
        let credential = Credential::bearer("canary-123").unwrap();
        let shown = format!("{credential:?} {:?} {:#?}", credential.value, credential);
        assert!(!shown.contains("canary") && shown.contains("authorization"), "{shown}");
    }

    #[test]
    fn what_would_change_the_framing_of_a_request_is_no_credential() {
        assert!(Credential::new("X-Api-Key", "a").is_some());
        for (name, value) in [
            ("host", "a"),
            ("Content-Length", "1"),
            ("transfer-encoding", "chunked"),
            ("a b", "c"),
            ("X", "a\r\nY: b"),
        ] {
            assert!(Credential::new(name, value).is_none(), "{name}");
        }
    }
}

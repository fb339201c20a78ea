//! A host that a secret may be sent to.

use serde::{Deserialize, Serialize};

use super::SecretError;

/// The longest name that DNS knows.
const MAX_BYTES: usize = 253;
/// The longest part of one.
const MAX_LABEL: usize = 63;

/// The name of a host, in lower case and without a final dot: no address, no port, no wildcard. A secret goes to those
/// that are named and to no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct SecretHost(String);

impl SecretHost {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.is_empty() || name.len() > MAX_BYTES {
            return Err(SecretError::Host("a name has 1 to 253 characters"));
        }
        if name.contains('*') {
            return Err(SecretError::Host("each host is named by itself, without a wildcard"));
        }
        if name.contains([':', '/']) {
            return Err(SecretError::Host("a host is a name alone, without scheme, port or path"));
        }
        let is_label = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !name.split('.').all(is_label) {
            return Err(SecretError::Host("a name has letters, digits and `-`; write others as punycode"));
        }
        // What ends in digits is read as an address by some: `127.1`, `0x7f.1`.
        let last = name.rsplit('.').next().unwrap_or_default();
        if !last.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(SecretError::Host("an address is no name: whose it is can change"));
        }
        Ok(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the host, however it is written.
    #[must_use]
    pub fn is(&self, host: &str) -> bool {
        host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case(&self.0)
    }
}

impl std::fmt::Display for SecretHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for SecretHost {
    type Err = SecretError;
    fn from_str(text: &str) -> Result<Self, SecretError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for SecretHost {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<SecretHost> for String {
    fn from(host: SecretHost) -> Self {
        host.0
    }
}

//! An email address, as the name of an account.

use serde::{Deserialize, Serialize};

use super::IdentityError;
use crate::secret::SecretHost;

/// The longest address that mail servers take (RFC 5321, 4.5.3.1.3).
const MAX_BYTES: usize = 254;
/// The longest part before the `@`.
const MAX_LOCAL: usize = 64;

/// An email address in one form: trimmed and in lower case, so that two spellings are not two accounts. Quoted local
/// parts, comments, addresses of machines and letters beyond ASCII are refused: two of those that look alike are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let text = text.trim().to_ascii_lowercase();
        if text.len() > MAX_BYTES {
            return Err(IdentityError::Email("it is longer than 254 characters"));
        }
        let Some((local, domain)) = text.split_once('@') else {
            return Err(IdentityError::Email("it has no `@`"));
        };
        let is_atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&c);
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        if local.is_empty() || local.len() > MAX_LOCAL || dots || !local.bytes().all(is_atom) {
            return Err(IdentityError::Email("the part before the `@` is none that is taken"));
        }
        match SecretHost::parse(domain) {
            Ok(host) if host.as_str() == domain => Ok(Self(text)),
            _ => Err(IdentityError::Email("the part behind the `@` is no host's name")),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(local, _)| local)
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = IdentityError;
    fn from_str(text: &str) -> Result<Self, IdentityError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = IdentityError;
    fn try_from(text: String) -> Result<Self, IdentityError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

//! Where a channel's key is looked up. A setting says where, never what.

use serde::{Deserialize, Serialize};
use swarm_domain::{SecretName, secret::Reference};

/// How the name of a sealed secret is written.
const SEALED: &str = "secret:";

/// Where a channel's key is looked up each time that it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KeySource {
    /// In the environment, a file or Vault.
    Reference(Reference),
    /// Among swarm's own secrets: one for all projects, for the channel's host.
    Sealed(SecretName),
}

/// Why it cannot be read. What was given is not quoted: somebody may have written the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key is named by `env:NAME`, `file:/PATH`, `vault:MOUNT/PATH#FIELD` or `secret:NAME`, and never written here"
)]
pub struct InvalidKeySource;

impl TryFrom<String> for KeySource {
    type Error = InvalidKeySource;
    fn try_from(text: String) -> Result<Self, InvalidKeySource> {
        match text.strip_prefix(SEALED) {
            Some(name) => SecretName::parse(name).map(Self::Sealed).map_err(|_| InvalidKeySource),
            None => Reference::parse(&text).map(Self::Reference).map_err(|_| InvalidKeySource),
        }
    }
}

impl From<KeySource> for String {
    fn from(source: KeySource) -> Self {
        match source {
            KeySource::Reference(reference) => reference.to_string(),
            KeySource::Sealed(name) => format!("{SEALED}{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_written_in_place_of_its_name_is_refused_and_not_repeated() {
        for bad in ["xoxb-123", "whsec_MfKQ9r8G", "secret:?", "secret:../x", "env:1", "file:relative"] {
            let refused = KeySource::try_from(bad.to_owned()).unwrap_err().to_string();
            assert!(!refused.contains(bad), "{bad}");
        }
        for good in ["env:SLACK", "file:/run/keys/slack", "vault:kv/slack#url", "secret:slack"] {
            assert_eq!(String::from(KeySource::try_from(good.to_owned()).unwrap()), good);
        }
    }
}

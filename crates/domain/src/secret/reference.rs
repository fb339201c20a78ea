//! Where a value is kept that swarm does not keep itself.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::SecretError;

/// The longest reference.
const MAX_BYTES: usize = 512;

/// Where a value is looked up each time that it is used. It says where, never what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Reference {
    /// A field of a secret in HashiCorp Vault's key-value store, version 2: `vault:MOUNT/PATH#FIELD`, as in
    /// `vault kv get -field FIELD MOUNT/PATH`.
    Vault {
        /// Where the store is mounted.
        mount: String,
        /// The path below.
        path: String,
        /// The field.
        field: String,
    },
    /// A variable of swarm's environment: `env:NAME`.
    Env(String),
    /// A file on swarm's machine: `file:/PATH`.
    File(String),
}

impl Reference {
    /// Reads a reference.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        if text.len() > MAX_BYTES || text.chars().any(char::is_control) {
            return Err(SecretError::Reference(
                "it is longer than 512 characters, or has a control character",
            ));
        }
        match text.split_once(':') {
            Some(("vault", place)) => vault(place),
            Some(("env", name)) => {
                let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
                if name.is_empty()
                    || name.starts_with(|c: char| c.is_ascii_digit())
                    || !name.bytes().all(plain)
                {
                    return Err(SecretError::Reference("a variable has letters, digits and `_`"));
                }
                Ok(Self::Env(name.to_owned()))
            }
            Some(("file", path)) => {
                let known = |part| matches!(part, Component::RootDir | Component::Normal(_));
                let path = Path::new(path);
                if !path.is_absolute() || !path.components().all(known) || path.file_name().is_none() {
                    return Err(SecretError::Reference("a file is named from the root, without `..`"));
                }
                Ok(Self::File(path.to_string_lossy().into_owned()))
            }
            _ => Err(SecretError::Reference("it begins with none of `vault:`, `env:` and `file:`")),
        }
    }
}

fn vault(place: &str) -> Result<Reference, SecretError> {
    let plain = |text: &str| {
        !text.is_empty()
            && text != "."
            && text != ".."
            && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.@+ ".contains(&c))
    };
    let form = SecretError::Reference("for Vault it is `vault:MOUNT/PATH#FIELD`");
    let (place, field) = place.split_once('#').ok_or(form)?;
    let (mount, path) = place.split_once('/').ok_or(form)?;
    if !plain(mount) || !path.split('/').all(plain) || !plain(field) {
        return Err(form);
    }
    Ok(Reference::Vault { mount: mount.to_owned(), path: path.to_owned(), field: field.to_owned() })
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vault { mount, path, field } => write!(f, "vault:{mount}/{path}#{field}"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl std::str::FromStr for Reference {
    type Err = SecretError;
    fn from_str(text: &str) -> Result<Self, SecretError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Reference {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

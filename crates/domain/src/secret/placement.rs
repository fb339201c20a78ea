//! How a secret is put into a request.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Secret, SecretError};

/// The longest name of a header.
const MAX_HEADER: usize = 64;

/// Headers that say where a request ends or goes, or that are between two neighbours: no secret, and a way to break the
/// connection open.
const NOT_OURS: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// How a secret is put into a request. Never into its address: that stands in logs, caches and `Referer` headers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Placement {
    /// `Authorization: Bearer VALUE`.
    Bearer,
    /// `Authorization: Basic …` of a value `USER:PASSWORD`.
    Basic,
    /// The value alone in a header of this name, in lower case.
    Header(String),
}

impl Placement {
    /// Reads `bearer`, `basic` or `header:NAME`.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let (form, name) =
            text.split_once([':', ' ']).map_or((text, None), |(form, name)| (form, Some(name)));
        match (form.to_ascii_lowercase().as_str(), name) {
            ("bearer", None) => Ok(Self::Bearer),
            ("basic", None) => Ok(Self::Basic),
            ("header", Some(name)) => header(name.trim()).map(Self::Header),
            ("header", None) => Err(SecretError::Placement("a header needs its name")),
            ("query", _) => Err(SecretError::Placement(
                "what stands in an address is kept by logs, caches and histories on the way",
            )),
            _ => Err(SecretError::Placement("there is bearer, basic and header:NAME")),
        }
    }

    /// The name of the header, in lower case.
    #[must_use]
    pub fn header(&self) -> &str {
        match self {
            Self::Bearer | Self::Basic => "authorization",
            Self::Header(name) => name,
        }
    }

    /// Whether a value can be sent this way: nothing of it may end the line or begin another.
    pub fn check(&self, value: &Secret) -> Result<(), SecretError> {
        value.check()?;
        match self {
            Self::Basic if !value.expose().contains(':') => {
                Err(SecretError::Value("for basic it is the user's name, a colon and the password"))
            }
            Self::Basic => Ok(()),
            Self::Bearer | Self::Header(_) => {
                if value.expose().bytes().all(|c| c == b' ' || c.is_ascii_graphic()) {
                    Ok(())
                } else {
                    Err(SecretError::Value("a header holds ASCII only"))
                }
            }
        }
    }

    /// The value of the header.
    pub fn written(&self, value: &Secret) -> Result<Secret, SecretError> {
        self.check(value)?;
        Ok(match self {
            Self::Bearer => Secret::new(format!("Bearer {}", value.expose())),
            Self::Basic => {
                let coded = Zeroizing::new(BASE64_STANDARD.encode(value.expose()));
                Secret::new(format!("Basic {}", *coded))
            }
            Self::Header(_) => value.clone(),
        })
    }
}

fn header(name: &str) -> Result<String, SecretError> {
    let is_token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    if name.is_empty() || name.len() > MAX_HEADER || !name.bytes().all(is_token) {
        return Err(SecretError::Placement("that is no name of a header"));
    }
    let name = name.to_ascii_lowercase();
    if NOT_OURS.contains(&name.as_str()) {
        return Err(SecretError::Placement("that header is of the connection, not of the request"));
    }
    Ok(name)
}

impl std::fmt::Display for Placement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic => f.write_str("basic"),
            Self::Header(name) => write!(f, "header:{name}"),
        }
    }
}

impl std::str::FromStr for Placement {
    type Err = SecretError;
    fn from_str(text: &str) -> Result<Self, SecretError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Placement {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}

impl From<Placement> for String {
    fn from(placement: Placement) -> Self {
        placement.to_string()
    }
}

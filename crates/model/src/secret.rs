//! An API key that cannot be shown by accident.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// What stands in the place of a key wherever one would be shown.
const MASK: &str = "***";

/// A shorter "key" is no secret, and replacing it would mangle every message.
const SHORTEST_SCRUBBED: usize = 4;

/// An API key. `Debug`, `Display` and `Serialize` show `***`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A secret with this value; the white space that a copied key often ends with is dropped.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into().trim().to_owned())
    }

    /// The value itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with each occurrence of the secret masked: providers like to quote the key that they refuse.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        if self.0.len() < SHORTEST_SCRUBBED { text.to_owned() } else { text.replace(&self.0, MASK) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let key = Secret::new("sk-very-secret\n");
        assert_eq!(format!("{key} {key:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"***\"");
        assert_eq!(key.scrub("bad key sk-very-secret!"), "bad key ***!");
        assert_eq!(key.expose(), "sk-very-secret");
    }

    #[test]
    fn an_empty_secret_does_not_mangle_text() {
        assert_eq!(Secret::new("").scrub("text"), "text");
    }
}

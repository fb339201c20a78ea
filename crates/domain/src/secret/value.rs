//! A value that cannot be shown by accident.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::{Zeroize, Zeroizing};

use super::SecretError;

/// What stands in the place of a secret wherever one would be shown.
const MASK: &str = "***";

/// A shorter value is no secret, and replacing it would mangle every message.
pub const MIN_VALUE_BYTES: usize = 4;
/// The longest value: what the servers of this world take as one header line.
pub const MAX_VALUE_BYTES: usize = 8 << 10;

/// A key, token or password. `Debug`, `Display` and `Serialize` show `***`; its memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret with this value; the white space that a copied key often ends with is dropped.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        let mut given = value.into();
        let trimmed = Zeroizing::new(given.trim().to_owned());
        given.zeroize();
        Self(trimmed)
    }

    /// The value itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with each occurrence of the secret masked: servers like to quote the key that they refuse.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        if self.0.len() < MIN_VALUE_BYTES { text.to_owned() } else { text.replace(self.expose(), MASK) }
    }

    /// Whether it has the length of a value and nothing that would end a line.
    pub fn check(&self) -> Result<(), SecretError> {
        match self.0.len() {
            0 => Err(SecretError::Value("it is empty")),
            1..MIN_VALUE_BYTES => Err(SecretError::Value("it is too short to be told from other text")),
            MIN_VALUE_BYTES..=MAX_VALUE_BYTES if self.0.chars().any(char::is_control) => {
                Err(SecretError::Value("it has a line break or another control character"))
            }
            MIN_VALUE_BYTES..=MAX_VALUE_BYTES => Ok(()),
            _ => Err(SecretError::Value("it is longer than the 8192 bytes that are taken")),
        }
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

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

/// Reads a text, and quotes nothing of what is none.
struct Reader;

impl de::Visitor<'_> for Reader {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret as text")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Secret, E> {
        Ok(Secret::new(value))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Secret, E> {
        Ok(Secret::new(value))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        Err(no_text())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        Err(no_text())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        Err(no_text())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        Err(no_text())
    }
}

fn no_text<E: de::Error>() -> E {
    E::custom("a secret must be a text")
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

    #[test]
    fn what_is_no_text_is_refused_without_being_quoted() {
        for wrong in ["4711471147114711", "true", "4711.5", "-4711", "[4711]", "{\"4711\":4711}", "null"] {
            let error = serde_json::from_str::<Secret>(wrong).unwrap_err().to_string();
            assert!(!error.contains("4711") && !error.contains("true"), "{error}");
        }
        assert_eq!(serde_json::from_str::<Secret>("\" abcd\\n\"").unwrap().expose(), "abcd");
    }
}

//! A password, and which one is taken.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{EmailAddress, IdentityError};

/// The shortest password, in characters. There is no second factor yet, so it is more than the usual eight.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// The longest password, in bytes: hashing is made to be dear, and nobody shall choose how dear.
pub const MAX_PASSWORD_BYTES: usize = 256;

/// A password as it was typed: nothing is cut off or trimmed. `Debug` shows `***`; its memory is overwritten when it is
/// dropped.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password itself, for the one place that hashes it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is short enough to be hashed at all.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.0.len() <= MAX_PASSWORD_BYTES
    }

    /// Whether it may become the password of this account. No classes of characters are asked for: they make passwords
    /// worse (NIST SP 800-63B).
    pub fn check(&self, email: &EmailAddress) -> Result<(), IdentityError> {
        if !self.is_bounded() {
            return Err(IdentityError::Password("it is longer than the 256 bytes that are taken"));
        }
        if self.0.chars().count() < MIN_PASSWORD_CHARS {
            return Err(IdentityError::Password("it has fewer than 12 characters"));
        }
        let folded = self.0.to_lowercase();
        if folded.contains(email.as_str())
            || (folded.starts_with(email.local_part()) && email_is_most(&folded, email))
        {
            return Err(IdentityError::Password("it is the email address, or little more"));
        }
        let mut kinds: Vec<char> = folded.chars().collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() < 4 {
            return Err(IdentityError::Password("it has fewer than four different characters"));
        }
        Ok(())
    }
}

/// Whether what stands beside the account's name is too short to be a password.
fn email_is_most(folded: &str, email: &EmailAddress) -> bool {
    folded.len() - email.local_part().len() < MIN_PASSWORD_CHARS / 2
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Password {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        let format = SchemaFormat::KnownFormat(KnownFormat::Password);
        let text = ObjectBuilder::new().schema_type(Type::String).format(Some(format)).write_only(true);
        text.description(Some("A password, which is taken and never given back.")).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Password {}

//! The secret that a client shows: made at every start, known to whoever can read the data folder.

use std::fmt;

use swarm_domain::Entropy;

/// 32 random bytes as hex. Never shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

const BYTES: usize = 32;

impl Token {
    /// A fresh token.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut text = String::with_capacity(BYTES * 2);
        while text.len() < BYTES * 2 {
            text.push_str(&hex(&entropy.bytes()));
        }
        text.truncate(BYTES * 2);
        Self(text)
    }

    /// Whether a text has the form of a token.
    pub(crate) fn is_form(text: &str) -> bool {
        text.len() == BYTES * 2 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// Whether `given` is this token. Takes as long for a near miss as for a far one, so that time says nothing.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differ = own
            .iter()
            .enumerate()
            .fold(0_u8, |differ, (at, byte)| differ | (byte ^ given.get(at).copied().unwrap_or_default()));
        std::hint::black_box(differ) == 0 && own.len() == given.len()
    }

    /// The token itself, to hand to a client.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn bytes(&self) -> [u8; 10] {
            [self.0.fetch_add(1, Ordering::Relaxed); 10]
        }
    }

    #[test]
    fn a_token_has_32_bytes_and_uses_fresh_randomness_for_all_of_them() {
        let token = Token::generate(&Counting(AtomicU8::new(0xa0)));
        assert_eq!(token.reveal().len(), 64);
        assert!(token.reveal().starts_with("a0a0") && token.reveal().ends_with("a3a3"));
    }

    #[test]
    fn only_the_whole_token_is_accepted() {
        let token = Token::generate(&Counting(AtomicU8::new(1)));
        assert!(token.is(token.reveal()));
        for wrong in ["", "0", &token.reveal()[1..], &format!("{}0", token.reveal()), &"0".repeat(64)] {
            assert!(!token.is(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown_by_debug() {
        let token = Token::generate(&Counting(AtomicU8::new(1)));
        assert!(!format!("{token:?}").contains(token.reveal()));
    }
}

//! What somebody shows to prove who they are, where it is no password: a key, a refresh token, a link.
//!
//! Each is a word that says what it is, an id by which it is found, and 256 random bits. Only a hash of these is kept;
//! a slow hash would protect nothing, for nobody can try them all.

use std::fmt;

use zeroize::Zeroizing;

use crate::id::{Entropy, KeyId, SessionId};

/// Random bits, as hex digits.
const DIGITS: usize = 64;
/// So that the hash is of no use for anything else.
const CONTEXT: &str = "swarm 2026-11-22 proof of identity";

/// 256 random bits that only who they were given to knows. Shown nowhere; overwritten when dropped.
#[derive(Clone)]
pub struct Proof(Zeroizing<String>);

/// What is kept of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofHash([u8; 32]);

impl Proof {
    /// A fresh one.
    #[must_use]
    pub fn mint(entropy: &dyn Entropy) -> Self {
        use fmt::Write;
        let mut text = Zeroizing::new(String::with_capacity(DIGITS + 20));
        while text.len() < DIGITS {
            for byte in entropy.bytes() {
                let _ = write!(text, "{byte:02x}");
            }
        }
        text.truncate(DIGITS);
        Self(text)
    }

    /// Reads one; none where it has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Another word of as many bits that follows from this one, and leads back to it by no way. Each purpose has its own.
    #[must_use]
    pub fn derived(&self, purpose: &str) -> Zeroizing<String> {
        let bits = Zeroizing::new(blake3::derive_key(purpose, self.0.as_bytes()));
        Zeroizing::new(blake3::Hash::from_bytes(*bits).to_hex().to_string())
    }

    /// The word itself, for who is given it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> ProofHash {
        ProofHash(blake3::derive_key(CONTEXT, self.0.as_bytes()))
    }
}

impl ProofHash {
    /// The hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An API key as it is shown once: `swk_ID_PROOF`.
#[derive(Debug, Clone)]
pub struct KeyText {
    /// Which key.
    pub key: KeyId,
    /// What proves it.
    pub proof: Proof,
}

/// A refresh token: `swr_ID_PROOF`.
#[derive(Debug, Clone)]
pub struct RefreshText {
    /// Of which session.
    pub session: SessionId,
    /// What proves it.
    pub proof: Proof,
}

/// A sign-in whose first step was right: `sws_PROOF`.
#[derive(Debug, Clone)]
pub struct SecondStepText {
    /// What proves it.
    pub proof: Proof,
}

/// A code that takes the place of one of the app, once: sixteen letters and digits in four groups.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

/// A link that counts once: `swl_PROOF`.
#[derive(Debug, Clone)]
pub struct LinkText {
    /// What proves it.
    pub proof: Proof,
}

impl KeyText {
    /// How every key begins: what looks for leaked ones looks for this.
    pub const PREFIX: &'static str = "swk_";

    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, proof) = parts(text, Self::PREFIX)?;
        Some(Self { key: KeyId::parse(format!("key_{id}")).ok()?, proof })
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let id = self.key.as_str().trim_start_matches("key_");
        Zeroizing::new(format!("{}{id}_{}", Self::PREFIX, *self.proof.0))
    }
}

impl RefreshText {
    const PREFIX: &'static str = "swr_";

    /// Reads a refresh token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, proof) = parts(text, Self::PREFIX)?;
        Some(Self { session: SessionId::parse(format!("session_{id}")).ok()?, proof })
    }

    /// The text, for who has the session.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let id = self.session.as_str().trim_start_matches("session_");
        Zeroizing::new(format!("{}{id}_{}", Self::PREFIX, *self.proof.0))
    }
}

impl SecondStepText {
    const PREFIX: &'static str = "sws_";

    /// Reads one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { proof: Proof::parse(text.trim().strip_prefix(Self::PREFIX)?)? })
    }

    /// The text, for who signs in.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}", Self::PREFIX, *self.proof.0))
    }
}

impl RecoveryCode {
    /// Letters and digits of which none looks like another (Crockford's base 32, in lower case).
    const LETTERS: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// A fresh one, of 80 random bits.
    #[must_use]
    pub fn mint(entropy: &dyn Entropy) -> Self {
        let bits = entropy.bytes().into_iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(byte));
        let letter = |place: u32| usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
        Self(Zeroizing::new((0..16).map(|place| char::from(Self::LETTERS[letter(place)])).collect()))
    }

    /// Reads one, however it is written; none where it has another form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 64 {
            return None;
        }
        let read: String = text
            .chars()
            .filter(|c| *c != '-' && *c != ' ')
            .map(|c| match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                c => c,
            })
            .collect();
        let fits = read.len() == 16 && read.bytes().all(|letter| Self::LETTERS.contains(&letter));
        fits.then(|| Self(Zeroizing::new(read)))
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let groups: Vec<&str> = (0..4).map(|group| &self.0[group * 4..group * 4 + 4]).collect();
        Zeroizing::new(groups.join("-"))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> ProofHash {
        ProofHash(blake3::derive_key("swarm 2026-11-22 recovery code", self.0.as_bytes()))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl LinkText {
    const PREFIX: &'static str = "swl_";

    /// Reads a link.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { proof: Proof::parse(text.trim().strip_prefix(Self::PREFIX)?)? })
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}", Self::PREFIX, *self.proof.0))
    }
}

/// A link by which somebody answers a question, once: `swa_PROOF_SIGNATURE`.
#[derive(Debug, Clone)]
pub struct AnswerText {
    /// What proves it.
    pub proof: Proof,
    /// The signature over what it is for, in the form of a proof: as long, and shown as little.
    pub signature: Proof,
}

impl AnswerText {
    const PREFIX: &'static str = "swa_";

    /// Reads a link.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (proof, signature) = text.trim().strip_prefix(Self::PREFIX)?.split_once('_')?;
        Some(Self { proof: Proof::parse(proof)?, signature: Proof::parse(signature)? })
    }

    /// The text, for the one mail that holds it.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{}_{}", Self::PREFIX, *self.proof.0, *self.signature.0))
    }
}

impl Proof {
    /// Its digits, for who checks a signature.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

fn parts<'a>(text: &'a str, prefix: &str) -> Option<(&'a str, Proof)> {
    let (id, proof) = text.strip_prefix(prefix)?.split_once('_')?;
    let plain =
        !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if plain { Some((id, Proof::parse(proof)?)) } else { None }
}

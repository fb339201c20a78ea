//! Signed notes: a text with signatures below it, as <https://c2sp.org/signed-note> has them. Other programs that know
//! that format (Go's `sumdb/note`, the tools of transparency logs) read and verify ours.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};

/// The longest note, in bytes. Ours have some hundred.
const MAX_BYTES: usize = 16 << 10;
/// The most signatures that a note may have.
const MAX_SIGNATURES: usize = 16;
/// The byte that says "Ed25519" in keys and key ids.
const ED25519_TYPE: u8 = 1;
/// What stands before a private key, as in Go's implementation.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why a note or a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("it is no signed note: {0}")]
    Malformed(&'static str),
    /// It is no key of the form `name+id+key`.
    #[error("it is no Ed25519 key of the form `name+id+key`: {0}")]
    Key(&'static str),
    /// None of its signatures is by a key that is trusted.
    #[error("it is signed by {0}, which is not trusted")]
    UnknownKey(String),
    /// A signature by a key that is trusted is not of this text.
    #[error("its signature by {0} is not of this text")]
    Signature(String),
    /// The text is not what this kind of note says.
    #[error("its text is no {what}: {detail}")]
    Text {
        /// What it should have been: `checkpoint`.
        what: &'static str,
        /// Why it is not.
        detail: &'static str,
    },
}

/// A public key, as people pass it on: `name+id+key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    bytes: [u8; 32],
}

impl PublicKey {
    pub(crate) fn new(name: &str, bytes: [u8; 32]) -> Result<Self, NoteError> {
        if name.is_empty()
            || name.len() > 128
            || name.contains(|c: char| c.is_whitespace() || c == '+' || c < ' ')
        {
            return Err(NoteError::Key("its name is empty or too long, or holds a space or a plus sign"));
        }
        Ok(Self { name: name.to_owned(), bytes })
    }

    /// Reads a key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        // The key's own base64 may hold plus signs.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it does not have three parts"));
        };
        let key = Self::new(name, ed25519(key)?)?;
        if key.id() == id { Ok(key) } else { Err(NoteError::Key("its id is not that of name and key")) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id: eight hexadecimal digits, from its name and its bytes.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:08x}", u32::from_be_bytes(self.id_bytes()))
    }

    fn id_bytes(&self) -> [u8; 4] {
        let mut hashed = Vec::from(self.name.as_bytes());
        hashed.extend([b'\n', ED25519_TYPE]);
        hashed.extend(self.bytes);
        let hash = digest(&SHA256, &hashed);
        std::array::from_fn(|i| hash.as_ref()[i])
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(text.as_bytes(), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend(self.bytes);
        write!(f, "{}+{}+{}", self.name, self.id(), BASE64_STANDARD.encode(bytes))
    }
}

/// The 32 bytes behind the byte that says what they are.
fn ed25519(base64: &str) -> Result<[u8; 32], NoteError> {
    let bytes = BASE64_STANDARD.decode(base64).map_err(|_| NoteError::Key("it is not base64"))?;
    match bytes.split_first() {
        Some((&ED25519_TYPE, key)) => key.try_into().map_err(|_| NoteError::Key("it has not 32 bytes")),
        _ => Err(NoteError::Key("it is of another kind")),
    }
}

/// A private key.
pub(crate) struct PrivateKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl PrivateKey {
    /// The key of this seed. Its name is made by `name` from its public bytes.
    pub(crate) fn of_seed(seed: [u8; 32], name: impl FnOnce(&[u8]) -> String) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| NoteError::Key("its seed"))?;
        let bytes: [u8; 32] =
            pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key("it has not 32 bytes"))?;
        let public = PublicKey::new(&name(&bytes), bytes)?;
        Ok(Self { seed, pair, public })
    }

    /// Reads a key.
    pub(crate) fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_prefix(PRIVATE).ok_or(NoteError::Key("it is no private key"))?;
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it does not have three parts"));
        };
        let key = Self::of_seed(ed25519(key)?, |_| name.to_owned())?;
        if key.public.id() == id {
            Ok(key)
        } else {
            Err(NoteError::Key("its id is not that of name and key"))
        }
    }

    /// How it is written down. Secret.
    pub(crate) fn reveal(&self) -> String {
        let mut bytes = vec![ED25519_TYPE];
        bytes.extend(self.seed);
        format!("{PRIVATE}{}+{}+{}", self.public.name, self.public.id(), BASE64_STANDARD.encode(bytes))
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The line below a text that says that this key signed it.
    fn signature_line(&self, text: &str) -> String {
        let mut bytes = Vec::from(self.public.id_bytes());
        bytes.extend(self.pair.sign(text.as_bytes()).as_ref());
        format!("\u{2014} {} {}\n", self.public.name, BASE64_STANDARD.encode(bytes))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The note of this text, signed by these keys. The text must end with a newline.
pub(crate) fn sign(text: &str, keys: &[&PrivateKey]) -> String {
    let lines: String = keys.iter().map(|key| key.signature_line(text)).collect();
    format!("{text}\n{lines}")
}

/// A note whose signatures have not been looked at. Its text must not be believed before.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone)]
struct Signature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Note {
    pub(crate) fn parse(note: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed;
        if note.len() > MAX_BYTES {
            return Err(malformed("it is too long"));
        }
        if note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(malformed("it holds control characters"));
        }
        let end = note.rfind("\n\n").ok_or(malformed("no empty line stands before the signatures"))?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(malformed("its last line does not end"))?;
        let signatures: Vec<_> = lines.split('\n').map(signature).collect::<Result<_, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(malformed("it has too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Its text, whoever wrote it.
    pub(crate) fn unproven(&self) -> &str {
        &self.text
    }

    /// The trusted keys that signed it: at least one. A signature that a trusted key did not make is an error, those of
    /// strangers are not looked at.
    pub(crate) fn signed_by<'k>(&self, trusted: &'k [PublicKey]) -> Result<Vec<&'k PublicKey>, NoteError> {
        let mut by = Vec::new();
        for signature in &self.signatures {
            let key = trusted.iter().find(|key| key.name == signature.name && key.id_bytes() == signature.id);
            match key {
                Some(key) if !key.verifies(&self.text, &signature.bytes) => {
                    return Err(NoteError::Signature(key.id()));
                }
                Some(key) => by.push(key),
                None => {}
            }
        }
        if by.is_empty() {
            let names: Vec<_> = self.signatures.iter().map(|signature| signature.name.as_str()).collect();
            return Err(NoteError::UnknownKey(names.join(", ")));
        }
        Ok(by)
    }
}

fn signature(line: &str) -> Result<Signature, NoteError> {
    let malformed = NoteError::Malformed;
    let rest =
        line.strip_prefix("\u{2014} ").ok_or(malformed("a line that should hold a signature does not"))?;
    let (name, bytes) = rest.split_once(' ').ok_or(malformed("a signature has no name"))?;
    let bytes = BASE64_STANDARD.decode(bytes).map_err(|_| malformed("a signature is not base64"))?;
    let Some((id, bytes)) = bytes.split_first_chunk::<4>() else {
        return Err(malformed("a signature is too short"));
    };
    Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The example of golang.org/x/mod/sumdb/note, made by another implementation.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                        then you don't know what your problem is.\n";
    const LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key(seed: u8) -> PrivateKey {
        PrivateKey::of_seed([seed; 32], |_| format!("test-{seed}")).unwrap()
    }

    #[test]
    fn keys_and_notes_are_those_of_the_other_implementation() {
        let public = PublicKey::parse(PUBLIC).unwrap();
        assert_eq!(public.to_string(), PUBLIC);
        let secret = PrivateKey::parse(SECRET).unwrap();
        assert_eq!(secret.public(), &public);
        assert_eq!(secret.reveal(), SECRET);
        let note = format!("{TEXT}\n{LINE}");
        assert_eq!(sign(TEXT, &[&secret]), note, "Ed25519 signatures are deterministic");
        let parsed = Note::parse(&note).unwrap();
        assert_eq!(parsed.unproven(), TEXT);
        assert_eq!(parsed.signed_by(std::slice::from_ref(&public)).unwrap(), [&public]);
    }

    #[test]
    fn a_text_that_was_changed_is_not_the_one_that_was_signed() {
        let public = [PublicKey::parse(PUBLIC).unwrap()];
        let note = format!("{}\n{LINE}", TEXT.replace("don't", "do"));
        let error = Note::parse(&note).unwrap().signed_by(&public).unwrap_err();
        assert_eq!(error, NoteError::Signature("c74f20a3".to_owned()));
    }

    #[test]
    fn signatures_of_strangers_are_passed_over_and_are_not_enough() {
        let (ours, theirs) = (key(1), key(2));
        let both = Note::parse(&sign("a\n", &[&theirs, &ours])).unwrap();
        assert_eq!(both.signed_by(&[ours.public().clone()]).unwrap(), [ours.public()]);
        let alone = Note::parse(&sign("a\n", &[&theirs])).unwrap();
        assert!(matches!(alone.signed_by(&[ours.public().clone()]), Err(NoteError::UnknownKey(_))));
        assert!(matches!(alone.signed_by(&[]), Err(NoteError::UnknownKey(_))));
    }

    #[test]
    fn the_name_is_part_of_the_key() {
        let renamed = PUBLIC.replace("PeterNeumann", "Somebody");
        assert!(PublicKey::parse(&renamed).is_err());
        for bad in ["", "a+b", "PeterNeumann+c74f20a3+!!!!", "a b+c74f20a3+AAAA", &PUBLIC[..60], SECRET] {
            assert!(PublicKey::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_not_in_what_is_logged() {
        assert!(!format!("{:?}", PrivateKey::parse(SECRET).unwrap()).contains("AYEKFALV"));
    }

    proptest! {
        #[test]
        fn whatever_is_read_does_no_harm(note in "(\\PC|\n){0,200}") {
            let trusted = [key(1).public().clone()];
            if let Ok(note) = Note::parse(&note) {
                prop_assert!(note.signed_by(&trusted).is_err());
            }
        }

        #[test]
        fn no_byte_of_a_signed_text_can_be_changed(at in 0..20usize, to in b'a'..=b'z') {
            let ours = key(1);
            let mut note = sign("twenty letters in it\n", &[&ours]).into_bytes();
            prop_assume!(note[at] != to);
            note[at] = to;
            let note = Note::parse(&String::from_utf8(note).unwrap()).unwrap();
            prop_assert!(note.signed_by(&[ours.public().clone()]).is_err());
        }
    }
}

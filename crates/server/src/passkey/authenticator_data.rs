//! What an authenticator says (authenticator data, 6.1), and the envelope in which a new passkey comes (6.5.4).

use coset::cbor::{self, Value};
use ring::digest::{SHA256, digest};

use super::{Fault, MAX_BYTES, public_key::PublicKey};

const FORM: Fault = "what the authenticator says has another form";
/// The hash of the server's name, the flags and the counter, which are always there.
const FIXED: usize = 37;
/// The model of the authenticator, and the length of the passkey's name.
const MODEL: usize = 16;
const LENGTH: usize = 2;
/// The longest name of a passkey, in bytes (7.1, step 25).
const MAX_NAME: usize = 1023;

/// Bits by which an authenticator says what was so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flags(u8);

impl Flags {
    const PRESENT: u8 = 1;
    const VERIFIED: u8 = 1 << 2;
    const MAY_BE_BACKED_UP: u8 = 1 << 3;
    const BACKED_UP: u8 = 1 << 4;
    const HAS_PASSKEY: u8 = 1 << 6;
    const HAS_EXTENSIONS: u8 = 1 << 7;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(super) fn is_backed_up(self) -> bool {
        self.has(Self::BACKED_UP)
    }
}

#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    server: &'a [u8],
    pub(super) flags: Flags,
    pub(super) counter: u32,
    /// The passkey, where one was made.
    pub(super) made: Option<NewCredential<'a>>,
}

#[derive(Debug)]
pub(super) struct NewCredential<'a> {
    pub(super) credential: &'a [u8],
    /// A `COSE_Key` of a kind that is taken.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.len() > MAX_BYTES {
            return Err(FORM);
        }
        let (fixed, mut rest) = bytes.split_at_checked(FIXED).ok_or(FORM)?;
        let (server, fixed) = fixed.split_at(32);
        let flags = Flags(fixed[0]);
        let counter = u32::from_be_bytes(fixed[1..].try_into().map_err(|_| FORM)?);
        let mut made = None;
        if flags.has(Flags::HAS_PASSKEY) {
            let (head, behind) = rest.split_at_checked(MODEL + LENGTH).ok_or(FORM)?;
            let length = usize::from(u16::from_be_bytes([head[MODEL], head[MODEL + 1]]));
            if length == 0 || length > MAX_NAME {
                return Err(FORM);
            }
            let (credential, behind) = behind.split_at_checked(length).ok_or(FORM)?;
            let (_, taken) = PublicKey::read(behind)?;
            let (public_key, behind) = behind.split_at(taken);
            made = Some(NewCredential { credential, public_key });
            rest = behind;
        }
        // None are asked for; some authenticators say something nonetheless.
        if flags.has(Flags::HAS_EXTENSIONS) {
            let said: Value = cbor::de::from_reader(&mut rest).map_err(|_| FORM)?;
            said.as_map().ok_or(FORM)?;
        }
        if rest.is_empty() { Ok(Self { server, flags, counter, made }) } else { Err(FORM) }
    }

    /// Whether it is for the server of this name, from somebody who was there and showed who they are.
    pub(super) fn check(&self, host: &str) -> Result<(), Fault> {
        if self.server != digest(&SHA256, host.as_bytes()).as_ref() {
            return Err("it is for a server of another name");
        }
        if !self.flags.has(Flags::PRESENT) || !self.flags.has(Flags::VERIFIED) {
            return Err("the authenticator did not check who holds it, by a finger, a face or a PIN");
        }
        if self.flags.is_backed_up() && !self.flags.has(Flags::MAY_BE_BACKED_UP) {
            return Err(FORM);
        }
        Ok(())
    }
}

/// The authenticator data in the envelope of a new passkey. What its maker says of it beside is not looked at.
pub(super) fn of_attestation(mut object: &[u8]) -> Result<Vec<u8>, Fault> {
    const ENVELOPE: Fault = "the envelope of the new passkey has another form";
    if object.len() > MAX_BYTES {
        return Err(ENVELOPE);
    }
    let read: Value = cbor::de::from_reader(&mut object).map_err(|_| ENVELOPE)?;
    let fields = read.into_map().map_err(|_| ENVELOPE)?;
    let mut data =
        fields.into_iter().filter(|(name, _)| name.as_text() == Some("authData")).map(|(_, value)| value);
    match (data.next().map(Value::into_bytes), data.next(), object.is_empty()) {
        (Some(Ok(data)), None, true) => Ok(data),
        _ => Err(ENVELOPE),
    }
}

//! Public keys of passkeys (`COSE_Key`, RFC 9052 and 9053), and what they signed.

use coset::{
    Algorithm, AsCborValue, CoseKey, KeyType, Label,
    cbor::{self, Value},
    iana::{self, EnumI64},
};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::Fault;

/// What a passkey may sign with, the best first, by its number at IANA. All authenticators have one of them.
pub(crate) const ALGORITHMS: [i64; 3] =
    [iana::Algorithm::EdDSA as i64, iana::Algorithm::ES256 as i64, iana::Algorithm::RS256 as i64];

/// The kind of key decides how a signature is read, never who shows it.
#[derive(Debug)]
pub(super) enum PublicKey {
    Es256 { point: Vec<u8> },
    EdDsa { key: Vec<u8> },
    Rs256 { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// The key at the beginning of these bytes, and how many of them it takes.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), Fault> {
        const FORM: Fault = "its public key has another form";
        let mut rest = bytes;
        let value: Value = cbor::de::from_reader(&mut rest).map_err(|_| FORM)?;
        let key = CoseKey::from_cbor_value(value).map_err(|_| FORM)?;
        let unknown = "its public key is of a kind that is not taken";
        let Some(Algorithm::Assigned(algorithm)) = key.alg else { return Err(unknown) };
        let KeyType::Assigned(kind) = key.kty else { return Err(unknown) };
        let bytes_of = |number: i64| bytes_of(&key, number).ok_or(FORM);
        let is_on = |number: i64, curve: iana::EllipticCurve| {
            let is = parameter(&key, number).and_then(Value::as_integer) == Some(curve.to_i64().into());
            if is { Ok(()) } else { Err(unknown) }
        };
        let read = match (kind, algorithm) {
            (iana::KeyType::EC2, iana::Algorithm::ES256) => {
                is_on(iana::Ec2KeyParameter::Crv.to_i64(), iana::EllipticCurve::P_256)?;
                let x = bytes_of(iana::Ec2KeyParameter::X.to_i64())?;
                let y = bytes_of(iana::Ec2KeyParameter::Y.to_i64())?;
                Self::Es256 { point: [&[4], x, y].concat() }
            }
            (iana::KeyType::OKP, iana::Algorithm::EdDSA) => {
                is_on(iana::OkpKeyParameter::Crv.to_i64(), iana::EllipticCurve::Ed25519)?;
                Self::EdDsa { key: bytes_of(iana::OkpKeyParameter::X.to_i64())?.to_vec() }
            }
            (iana::KeyType::RSA, iana::Algorithm::RS256) => Self::Rs256 {
                n: bytes_of(iana::RsaKeyParameter::N.to_i64())?.to_vec(),
                e: bytes_of(iana::RsaKeyParameter::E.to_i64())?.to_vec(),
            },
            _ => return Err(unknown),
        };
        Ok((read, bytes.len() - rest.len()))
    }

    /// Whether it signed this.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::EdDsa { key } => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}

fn parameter(key: &CoseKey, number: i64) -> Option<&Value> {
    key.params.iter().find(|(label, _)| *label == Label::Int(number)).map(|(_, value)| value)
}

fn bytes_of(key: &CoseKey, number: i64) -> Option<&[u8]> {
    parameter(key, number).and_then(Value::as_bytes).map(Vec::as_slice)
}

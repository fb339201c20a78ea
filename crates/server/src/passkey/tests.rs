use data_encoding::HEXLOWER;
use proptest::prelude::*;
use serde::Deserialize;

use super::{
    Answered, Ceremony,
    authenticator_data::{AuthenticatorData, of_attestation},
    client_data::ClientData,
    public_key::PublicKey,
};
use crate::web_origin::WebOrigin;

/// One of the test vectors of W3C Web Authentication level 3, 16.2 (ES256), 16.11 (`EdDSA`) and 16.10 (RS256): what an
/// authenticator made for `https://example.org`, and what it signed, in hex.
#[derive(Deserialize)]
struct Vector {
    algorithm: String,
    attestation: String,
    made: String,
    said: String,
    shown: String,
    signature: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

/// What a passkey signs.
fn message(said: &[u8], shown: &[u8]) -> Vec<u8> {
    [said, ring::digest::digest(&ring::digest::SHA256, shown).as_ref()].concat()
}

#[test]
fn the_vectors_of_the_recommendation_are_read_and_their_signatures_hold() {
    for vector in vectors() {
        let (said, shown, signature) = (bytes(&vector.said), bytes(&vector.shown), bytes(&vector.signature));
        let data = of_attestation(&bytes(&vector.attestation)).unwrap();
        let data = AuthenticatorData::read(&data).unwrap();
        let made = data.made.unwrap();
        assert_eq!((made.credential.len(), data.counter), (32, 0), "{}", vector.algorithm);
        let (key, taken) = PublicKey::read(made.public_key).unwrap();
        assert_eq!(taken, made.public_key.len());
        assert!(key.signed(&message(&said, &shown), &signature), "{}", vector.algorithm);
        // One bit of anything.
        for at in 0..said.len() {
            let mut other = said.clone();
            other[at] ^= 1;
            assert!(!key.signed(&message(&other, &shown), &signature));
        }
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert!(!key.signed(&message(&said, &shown), &other));
        }
        let origin: WebOrigin = "https://example.org".parse().unwrap();
        assert_eq!(ClientData::read(&bytes(&vector.made), Ceremony::Create).unwrap().origin, origin);
        assert_eq!(ClientData::read(&shown, Ceremony::Get).unwrap().origin, origin);
        // What was made is no signature, and the other way round.
        assert!(ClientData::read(&bytes(&vector.made), Ceremony::Get).is_err());
        assert!(ClientData::read(&shown, Ceremony::Create).is_err());
        // Nobody showed who they are, and it is for example.org.
        let said = AuthenticatorData::read(&said).unwrap();
        assert!(said.check("example.org").unwrap_err().contains("who holds it"));
        assert!(said.check("example.com").unwrap_err().contains("another name"));
        // Their challenges are none of ours.
        assert!(Answered::read(&shown, Ceremony::Get).unwrap_err().contains("challenge"));
    }
}

#[test]
fn what_is_cut_off_or_goes_on_is_refused() {
    for vector in vectors() {
        let attestation = bytes(&vector.attestation);
        let data = of_attestation(&attestation).unwrap();
        for length in 0..attestation.len() {
            assert!(of_attestation(&attestation[..length]).is_err());
        }
        for length in 0..data.len() {
            assert!(AuthenticatorData::read(&data[..length]).is_err(), "{length} of {}", data.len());
        }
        assert!(of_attestation(&[attestation.as_slice(), &[0]].concat()).is_err());
        assert!(AuthenticatorData::read(&[data.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn a_page_inside_another_one_and_one_without_a_name_are_refused() {
    let of = |fields: &str| {
        let json = format!("{{\"type\":\"webauthn.get\",\"challenge\":\"YQ\",{fields}}}");
        ClientData::read(json.as_bytes(), Ceremony::Get)
    };
    assert!(of("\"origin\":\"http://localhost:4180\"").is_ok());
    for bad in [
        "\"origin\":\"https://example.org\",\"crossOrigin\":true",
        "\"origin\":\"https://example.org\",\"topOrigin\":\"https://evil.example\"",
        "\"origin\":\"android:apk-key-hash:x\"",
        "\"origin\":\"null\"",
        "\"origin\":7",
        "\"crossOrigin\":false",
    ] {
        assert!(of(bad).is_err(), "{bad}");
    }
    let large = format!("\"origin\":\"https://example.org\",\"more\":\"{}\"", "x".repeat(super::MAX_BYTES));
    assert!(of(&large).is_err());
}

#[test]
fn keys_of_other_kinds_are_not_taken() {
    // The ES256 key as one of P-384, as one for ECDH, as an EdDSA key, without its kind.
    let good = bytes(&vectors()[0].attestation);
    let data = of_attestation(&good).unwrap();
    let key = AuthenticatorData::read(&data).unwrap().made.unwrap().public_key.to_vec();
    assert!(PublicKey::read(&key).is_ok());
    // a5 01 02 03 26 20 01: five pairs; kty EC2, alg -7, crv P-256.
    assert_eq!(key[..7], [0xa5, 1, 2, 3, 0x26, 0x20, 1]);
    for (at, to) in [(6, 2), (6, 4), (4, 0x27), (4, 0x38), (2, 1), (2, 4), (1, 5), (3, 4)] {
        let mut other = key.clone();
        other[at] = to;
        assert!(PublicKey::read(&other).is_err(), "byte {at} as {to}");
    }
    // Lists in lists without an end.
    assert!(PublicKey::read(&[0x81; 4096]).is_err());
    assert!(of_attestation(&[0x81; 4096]).is_err());
    // Lengths that nothing could have.
    assert!(of_attestation(&[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    assert!(PublicKey::read(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
}

proptest! {
    #[test]
    fn nothing_that_is_sent_stops_the_server(sent in prop::collection::vec(any::<u8>(), 0..400), flags in any::<u8>()) {
        let _ = of_attestation(&sent);
        let _ = PublicKey::read(&sent);
        let _ = ClientData::read(&sent, Ceremony::Get);
        let mut data = vec![0; 32];
        data.push(flags);
        data.extend_from_slice(&sent);
        let _ = AuthenticatorData::read(&data);
    }
}

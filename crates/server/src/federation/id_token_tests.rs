use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};

use super::{
    fault::Fault,
    id_token::{Expected, Sealed},
    keys::KeySet,
};

const EXPECTED: Expected<'_> = Expected { issuer: "https://id.example.org", client: "swarm", nonce: "n-1" };

fn at() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The claims of a good token with changes; null takes one away.
fn claims(changes: &Value) -> Value {
    let now = at().timestamp();
    let mut all = json!({
        "iss": EXPECTED.issuer, "sub": "ada", "aud": "swarm", "exp": now + 60, "iat": now, "nonce": "n-1",
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            all.as_object_mut().unwrap().remove(name);
        } else {
            all[name] = value.clone();
        }
    }
    all
}

struct Signer {
    pair: Ed25519KeyPair,
    keys: Vec<Value>,
}

impl Signer {
    fn new() -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        let keys = vec![json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "use": "sig", "x": x })];
        Self { pair, keys }
    }

    fn keys(&self) -> KeySet {
        serde_json::from_value(json!({ "keys": self.keys })).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

fn open(token: &str, keys: &KeySet) -> Result<String, String> {
    let said = |fault| match fault {
        Fault::Answer(why) => why.to_owned(),
        other => panic!("{other:?}"),
    };
    Sealed::parse(token)
        .and_then(|sealed| sealed.open(keys, EXPECTED, at()))
        .map(|claims| claims.sub)
        .map_err(said)
}

#[test]
fn what_a_token_must_say_is_compared_one_by_one() {
    let (signer, now) = (Signer::new(), at().timestamp());
    let header = json!({ "alg": "EdDSA", "kid": "1" });
    for good in [
        json!({}),
        json!({ "aud": ["swarm"] }),
        json!({ "aud": ["other", "swarm"], "azp": "swarm" }),
        json!({ "exp": now - 59 }),
        json!({ "iat": now + 59, "nbf": now + 59 }),
        json!({ "exp": (f64::from(i32::MAX)) }),
    ] {
        assert_eq!(
            open(&signer.token(&header, &claims(&good)), &signer.keys()).as_deref(),
            Ok("ada"),
            "{good}"
        );
    }
    for bad in [
        json!({ "iss": "https://id.example.org/" }),
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "aud": null }),
        json!({ "aud": [] }),
        json!({ "aud": "Swarm" }),
        json!({ "aud": ["other", "swarm"] }),
        json!({ "azp": "other" }),
        json!({ "exp": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": -1 }),
        json!({ "exp": "never" }),
        json!({ "iat": null }),
        json!({ "iat": now + 61 }),
        json!({ "nbf": now + 61 }),
        json!({ "nonce": null }),
        json!({ "nonce": "" }),
        json!({ "nonce": "n-2" }),
    ] {
        assert!(open(&signer.token(&header, &claims(&bad)), &signer.keys()).is_err(), "{bad}");
    }
}

#[test]
fn the_key_decides_what_a_signature_is_and_a_token_names_no_other() {
    let mut signer = Signer::new();
    let keys = signer.keys();
    for bad in [
        json!({ "alg": "none", "kid": "1" }),
        json!({ "alg": "None", "kid": "1" }),
        json!({ "alg": "HS256", "kid": "1" }),
        json!({ "alg": "RS256", "kid": "1" }),
        json!({ "alg": "ES256", "kid": "1" }),
        json!({ "alg": "EdDSA", "kid": "2" }),
        json!({ "alg": "EdDSA", "kid": "1", "crit": ["exp"] }),
        json!({ "kid": "1" }),
    ] {
        assert!(open(&signer.token(&bad, &claims(&json!({}))), &keys).is_err(), "{bad}");
    }
    // A token that names none is of the only key that fits. A key that the token brings along is not looked at.
    let nameless = json!({ "alg": "EdDSA", "jwk": { "kty": "OKP" }, "jku": "https://evil.example" });
    let token = signer.token(&nameless, &claims(&json!({})));
    assert!(open(&token, &keys).is_ok());
    signer.keys.push(json!({ "kty": "OKP", "crv": "Ed25519", "kid": "2", "x": "AAAA" }));
    assert!(open(&token, &signer.keys()).is_err(), "of two nobody can say which");
    // What is for encryption, or for another way, signs nothing; what is no key at all is left out.
    for (name, value) in [("use", "enc"), ("alg", "RS256"), ("crv", "X25519"), ("kty", "RSA")] {
        let mut other = Signer::new();
        other.keys[0][name] = value.into();
        assert!(open(&token, &other.keys()).is_err(), "{name}");
    }
    signer.keys[1] = json!("nothing");
    assert!(open(&token, &signer.keys()).is_ok());
}

#[test]
fn a_changed_token_is_nobodys() {
    let signer = Signer::new();
    let token = signer.token(&json!({ "alg": "EdDSA", "kid": "1" }), &claims(&json!({})));
    let (header, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let other = encode(&claims(&json!({ "sub": "admin" })));
    for bad in [
        format!("{header}.{other}.{signature}"),
        format!("{header}.{other}."),
        format!("{header}.{other}"),
        format!("{token}="),
        format!("{token}.{signature}"),
        String::new(),
        "..".to_owned(),
        "a.b.c.d.e".to_owned(),
        "é".repeat(20_000),
    ] {
        assert!(open(&bad, &signer.keys()).is_err(), "{bad:.40}");
    }
}

#[test]
fn a_point_of_the_other_curve_is_no_key() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let half = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let key =
        json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": half(&point[1..33]), "y": half(&point[33..]) });
    let message = format!("{}.{}", encode(&json!({ "alg": "ES256" })), encode(&claims(&json!({}))));
    let token = format!("{message}.{}", half(pair.sign(&random, message.as_bytes()).unwrap().as_ref()));
    let keys = |key: &Value| serde_json::from_value::<KeySet>(json!({ "keys": [key] })).unwrap();
    assert!(open(&token, &keys(&key)).is_ok());
    for (name, value) in
        [("x", json!("")), ("y", json!(null)), ("x", key["y"].clone()), ("crv", json!("P-384"))]
    {
        let mut other = key.clone();
        other[name] = value;
        assert!(open(&token, &keys(&other)).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_refused_and_breaks_nothing(text in ".{0,300}", keys in any::<u64>()) {
        let keys: KeySet = serde_json::from_value(json!({ "keys": [keys, { "kty": "RSA", "n": text, "e": text }] })).unwrap();
        prop_assert!(open(&text, &keys).is_err());
        let token = [encode(&json!({ "alg": "RS256" })).as_str(), &*text, &*text].join(".");
        prop_assert!(open(&token, &keys).is_err());
    }
}

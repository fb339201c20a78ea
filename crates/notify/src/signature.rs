//! Signatures of webhooks as the Standard Webhooks specification has them, version 1: HMAC-SHA256 over the message's id,
//! the time of the try and the body, with each key that counts.

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::hmac;
use swarm_domain::secret::Secret;
use zeroize::Zeroizing;

/// How a key is written: this, then base64.
const PREFIX: &str = "whsec_";
/// How long a key is, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that cannot sign. It is not quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's key is `whsec_` and 24 to 64 bytes in base64")]
pub struct InvalidKey;

/// The value of the header `webhook-signature`: a signature of each key, so that a receiver can change its key at any
/// time while both count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSignature(String);

impl WebhookSignature {
    /// Signs what is sent: the message's id, the time of this try in seconds, the body.
    pub fn of(keys: &[Secret], id: &str, seconds: i64, body: &[u8]) -> Result<Self, InvalidKey> {
        let signed = |key: &Secret| {
            let tag = hmac::sign(&read(key)?, &content(id, seconds, body));
            Ok(format!("v1,{}", BASE64_STANDARD.encode(tag.as_ref())))
        };
        let all: Vec<String> = keys.iter().map(signed).collect::<Result<_, _>>()?;
        if all.is_empty() { Err(InvalidKey) } else { Ok(Self(all.join(" "))) }
    }

    /// The header's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether one of the signatures in a header is of this key: for who receives.
    #[must_use]
    pub fn holds(header: &str, key: &Secret, id: &str, seconds: i64, body: &[u8]) -> bool {
        let Ok(key) = read(key) else { return false };
        let content = content(id, seconds, body);
        header
            .split(' ')
            .filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .any(|tag| hmac::verify(&key, &content, &tag).is_ok())
    }
}

fn content(id: &str, seconds: i64, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{seconds}.").into_bytes();
    content.extend_from_slice(body);
    content
}

fn read(key: &Secret) -> Result<hmac::Key, InvalidKey> {
    let text = key.expose().strip_prefix(PREFIX).ok_or(InvalidKey)?;
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(text).map_err(|_| InvalidKey)?);
    if !KEY_BYTES.contains(&bytes.len()) {
        return Err(InvalidKey);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own reference libraries.
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_signature_is_the_one_of_the_reference_libraries() {
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = WebhookSignature::of(&[Secret::new(KEY)], id, 1_614_265_330, body).unwrap();
        assert_eq!(signed.as_str(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_two_keys_count_each_receiver_finds_its_own_and_nobody_elses() {
        let other = Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode([7; 32])));
        let third = Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode([8; 32])));
        let both = WebhookSignature::of(&[Secret::new(KEY), other.clone()], "a", 5, b"{}").unwrap();
        for key in [&Secret::new(KEY), &other] {
            assert!(WebhookSignature::holds(both.as_str(), key, "a", 5, b"{}"));
        }
        for (key, id, seconds, body) in [
            (&third, "a", 5, &b"{}"[..]),
            (&other, "b", 5, b"{}"),
            (&other, "a", 6, b"{}"),
            (&other, "a", 5, b"{ }"),
        ] {
            assert!(!WebhookSignature::holds(both.as_str(), key, id, seconds, body));
        }
    }

    #[test]
    fn what_is_no_key_signs_nothing() {
        let short = format!("{PREFIX}{}", BASE64_STANDARD.encode([1; 23]));
        let long = format!("{PREFIX}{}", BASE64_STANDARD.encode([1; 65]));
        for bad in ["", "whsec_", "whsec_!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &short, &long] {
            assert_eq!(WebhookSignature::of(&[Secret::new(bad)], "a", 1, b""), Err(InvalidKey), "{bad}");
            assert!(!WebhookSignature::holds("v1,AAAA", &Secret::new(bad), "a", 1, b""), "{bad}");
        }
        assert_eq!(WebhookSignature::of(&[], "a", 1, b""), Err(InvalidKey));
    }
}

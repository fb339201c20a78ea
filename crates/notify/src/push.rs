//! Web push: a message to one browser, by the push service that it has chosen (RFC 8030). It is sealed for that browser
//! alone (RFC 8291), so that the service cannot read it, and signed, so that nobody else can send there (RFC 8292).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{
    StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use web_push_native::{Auth, p256::PublicKey};

use crate::{Message, SendError, http, render};

/// How long a service keeps what it cannot hand over yet, in seconds: a day.
const KEPT: u32 = 24 * 60 * 60;
/// How long a signature counts, in seconds. At most a day (RFC 8292, section 2).
const SIGNED: i64 = 12 * 60 * 60;
/// The longest address of a browser, in bytes.
const LONGEST_ENDPOINT: usize = 1_024;
/// The secret that a browser shares (RFC 8291, section 3.2), in bytes.
const AUTH: usize = 16;

/// The settings of web push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PushConfig {
    /// Whether people may let their browsers be told.
    pub enabled: bool,
    /// The push services that are asked, by their hosts; those below one are meant too. A browser names its own, and whoever
    /// is signed in could name any address there is.
    pub services: Vec<String>,
    /// Whom a push service writes to when something is wrong: a mail address.
    pub contact: String,
    /// Whether a service may be on this machine or a network around it.
    pub private: bool,
    /// Whether it may be asked without TLS.
    pub http: bool,
    /// How long one try may take, in seconds.
    pub timeout_seconds: u64,
}

impl Default for PushConfig {
    fn default() -> Self {
        let usual =
            ["fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com"];
        Self {
            enabled: true,
            services: usual.map(str::to_owned).to_vec(),
            contact: String::new(),
            private: false,
            http: false,
            timeout_seconds: 20,
        }
    }
}

/// A browser that takes messages, as it tells of itself (W3C Push API, `PushSubscription`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushTarget {
    /// Its address at its push service. Who knows it and has the key that signs can send there.
    pub endpoint: String,
    /// Its public key: a point on P-256, uncompressed.
    pub p256dh: Vec<u8>,
    /// The secret that it shares.
    pub auth: Vec<u8>,
}

/// Why a browser cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// The address is none that is asked.
    #[error("its address is not that of a push service that this server asks")]
    Endpoint,
    /// The keys are not what browsers give.
    #[error("its keys are not those of a browser")]
    Keys,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The service took it.
    Taken,
    /// The browser takes none any more, and will not again.
    Gone,
}

/// The key that signs what is sent: one for all browsers of a team.
pub struct VapidKey {
    pair: EcdsaKeyPair,
}

impl PushConfig {
    /// What is wrong with the settings, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let plain = |host: &String| {
            !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-.:[]".contains(&c))
        };
        if !self.services.iter().all(plain) {
            faults.push("`push.services` are names of hosts such as `fcm.googleapis.com`".to_owned());
        }
        if !(self.contact.is_empty() || self.contact.contains('@') && !self.contact.contains([':', ' '])) {
            faults.push("`push.contact` is a mail address such as `ops@example.org`".to_owned());
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            faults.push("`push.timeout_seconds` is not between 1 and 60".to_owned());
        }
        faults
    }

    /// Whether a browser is one that can be told.
    pub fn check(&self, target: &PushTarget) -> Result<(), InvalidTarget> {
        self.address(&target.endpoint)?;
        target.keys().map(drop)
    }

    fn address(&self, endpoint: &str) -> Result<Url, InvalidTarget> {
        if endpoint.len() > LONGEST_ENDPOINT {
            return Err(InvalidTarget::Endpoint);
        }
        let url = http::target(endpoint, self.http).map_err(|_| InvalidTarget::Endpoint)?;
        let host = url.host_str().unwrap_or_default();
        let known = |service: &String| {
            host.strip_suffix(service.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if self.services.iter().any(known) { Ok(url) } else { Err(InvalidTarget::Endpoint) }
    }

    /// Hands a message over for one browser, once. A service that has the same message already puts this one in its place.
    pub async fn send(
        &self,
        message: &Message,
        target: &PushTarget,
        key: &VapidKey,
    ) -> Result<Pushed, SendError> {
        let never = |error: &dyn std::fmt::Display| SendError::Never(error.to_string());
        let url = self.address(&target.endpoint).map_err(|error| never(&error))?;
        let (public, auth) = target.keys().map_err(|error| never(&error))?;
        let text = render::push(message).to_string().into_bytes();
        let sealed = web_push_native::encrypt(text, &public, &auth).map_err(|error| never(&error))?;
        let signed = key.sign(&url, &self.contact).ok_or_else(|| never(&"it cannot be signed"))?;
        let asked = http::client(&url, self.private, self.timeout_seconds)?
            .post(url)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(AUTHORIZATION, signed)
            .header("ttl", KEPT)
            .header("urgency", "high")
            .header("topic", topic(&message.id))
            .body(sealed)
            .send()
            .await;
        if asked
            .as_ref()
            .is_ok_and(|answer| matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::GONE))
        {
            return Ok(Pushed::Gone);
        }
        http::judged(asked).map(|()| Pushed::Taken)
    }
}

/// By which a service knows a message again: at most 32 letters and digits (RFC 8030, section 5.4).
fn topic(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect()
}

impl PushTarget {
    fn keys(&self) -> Result<(PublicKey, Auth), InvalidTarget> {
        let public = PublicKey::from_sec1_bytes(&self.p256dh).map_err(|_| InvalidTarget::Keys)?;
        let auth: [u8; AUTH] = self.auth.as_slice().try_into().map_err(|_| InvalidTarget::Keys)?;
        Ok((public, Auth::from(auth)))
    }
}

impl VapidKey {
    /// A key as it is kept: PKCS #8. None where it is not one.
    #[must_use]
    pub fn of_pkcs8(bytes: &[u8]) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, &SystemRandom::new());
        pair.ok().map(|pair| Self { pair })
    }

    /// The public half, as browsers take it: `applicationServerKey`.
    #[must_use]
    pub fn public(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.pair.public_key())
    }

    /// What shows a service who sends.
    fn sign(&self, url: &Url, contact: &str) -> Option<String> {
        let mut claims = json!({ "aud": url.origin().ascii_serialization(), "exp": http::now() + SIGNED });
        if !contact.is_empty() {
            claims["sub"] = json!(format!("mailto:{contact}"));
        }
        let part = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({ "typ": "JWT", "alg": "ES256" })), part(&claims));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).ok()?;
        Some(format!("vapid t={text}.{}, k={}", BASE64_URL_SAFE_NO_PAD.encode(signature), self.public()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(endpoint: &str) -> PushTarget {
        // The keys of RFC 8291, section 5.
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        PushTarget {
            endpoint: endpoint.to_owned(),
            p256dh: decode(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: decode("BTBZMqHH6r4Tts7J_aSIgg"),
        }
    }

    #[test]
    fn only_the_services_that_are_named_are_asked_and_only_over_tls() {
        let config = PushConfig::default();
        for good in [
            "https://fcm.googleapis.com/fcm/send/x",
            "https://updates.push.services.mozilla.com/wpush/v2/x",
            "https://web.push.apple.com/x",
            "https://wns2-par02p.notify.windows.com/w/?token=x",
        ] {
            assert_eq!(config.check(&target(good)), Ok(()), "{good}");
        }
        for bad in [
            "",
            "http://fcm.googleapis.com/x",
            "https://evilfcm.googleapis.com.example.org/x",
            "https://evil-push.apple.com.org/",
            "https://xpush.apple.com/",
            "https://127.0.0.1/x",
            "https://fcm.googleapis.com@169.254.169.254/",
            "https://u:p@fcm.googleapis.com/x",
            &format!("https://fcm.googleapis.com/{}", "x".repeat(1_024)),
        ] {
            assert_eq!(config.check(&target(bad)), Err(InvalidTarget::Endpoint), "{bad}");
        }
    }

    #[test]
    fn keys_that_no_browser_gives_are_refused() {
        let config = PushConfig::default();
        let fine = target("https://fcm.googleapis.com/x");
        for bad in [
            PushTarget { p256dh: vec![4; 65], ..fine.clone() },
            PushTarget { p256dh: Vec::new(), ..fine.clone() },
            PushTarget { auth: vec![0; 15], ..fine.clone() },
            PushTarget { auth: Vec::new(), ..fine.clone() },
        ] {
            assert_eq!(config.check(&bad), Err(InvalidTarget::Keys));
        }
        assert!(VapidKey::of_pkcs8(&[]).is_none());
    }

    #[test]
    fn settings_that_mean_nothing_are_found() {
        assert_eq!(PushConfig::default().faults(), [""; 0]);
        for bad in [
            PushConfig { services: vec!["https://a.org/".to_owned()], ..PushConfig::default() },
            PushConfig { contact: "mailto:a@b".to_owned(), ..PushConfig::default() },
            PushConfig { timeout_seconds: 0, ..PushConfig::default() },
        ] {
            assert_eq!(bad.faults().len(), 1, "{bad:?}");
        }
    }
}

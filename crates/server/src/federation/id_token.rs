//! ID tokens: who a provider says somebody is, by the rules of OpenID Connect Core 3.1.3.7 and RFC 8725.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    fault::Fault,
    keys::{Algorithm, KeySet},
};

/// By how much a provider's clock may differ from ours, in seconds.
const LEEWAY: i64 = 60;
/// Tokens of providers with many groups have some 4 KB.
const MAX_BYTES: usize = 32 << 10;

/// What a token says of itself: compared, never followed.
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// What a token says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    #[serde(flatten)]
    pub(super) address: Address,
}

/// The address of somebody, here or at the endpoint for it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Address {
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
}

/// A token before anything in it is believed.
#[derive(Debug)]
pub(super) struct Sealed<'a> {
    message: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
    kid: Option<String>,
    algorithm: Algorithm,
}

impl Address {
    /// The address, where the provider says that it is verified; some say it in quotes.
    pub(super) fn verified(&self) -> Option<&str> {
        let said = self.email_verified.as_ref()?;
        let is = said.as_bool() == Some(true) || said.as_str() == Some("true");
        self.email.as_deref().filter(|_| is)
    }
}

impl<'a> Sealed<'a> {
    /// Reads the form of a token.
    pub(super) fn parse(token: &'a str) -> Result<Self, Fault> {
        const FORM: Fault = Fault::Answer("the ID token has another form");
        if token.len() > MAX_BYTES {
            return Err(FORM);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(FORM)?;
        let (header, claims) = message.split_once('.').ok_or(FORM)?;
        let header: Header = decode(header).ok_or(FORM)?;
        if header.crit.is_some() {
            return Err(Fault::Answer("the ID token asks for more than is understood"));
        }
        let unknown = Fault::Answer("the ID token is signed in a way that is not taken");
        let algorithm = Algorithm::parse(&header.alg).ok_or(unknown)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| FORM)?;
        Ok(Self { message, claims, signature, kid: header.kid, algorithm })
    }

    /// Whether these keys have the one that it names.
    pub(super) fn is_of(&self, keys: &KeySet) -> bool {
        keys.has(self.kid.as_deref(), self.algorithm)
    }

    /// What it says, where one of these keys signed it and it says what it must.
    pub(super) fn open(
        &self,
        keys: &KeySet,
        expected: Expected<'_>,
        now: DateTime<Utc>,
    ) -> Result<Claims, Fault> {
        let key = (self.kid.as_deref(), self.algorithm);
        // Nothing of what it says is read before.
        if !keys.signed(key, self.message.as_bytes(), &self.signature) {
            return Err(Fault::Answer("no key of the provider signed the ID token"));
        }
        let claims: Claims = decode(self.claims).ok_or(Fault::Answer("the ID token has another form"))?;
        claims.check(expected, now).map_err(Fault::Answer)?;
        Ok(claims)
    }
}

impl Claims {
    fn check(&self, expected: Expected<'_>, now: DateTime<Utc>) -> Result<(), &'static str> {
        #[allow(clippy::cast_precision_loss, reason = "whole seconds of this century fit a double")]
        let (now, leeway) = (now.timestamp() as f64, LEEWAY as f64);
        if self.iss != expected.issuer {
            return Err("the ID token is of another issuer");
        }
        let (ours, others) = match &self.aud {
            Audience::One(one) => (one == expected.client, false),
            Audience::Many(all) => {
                (all.iter().any(|one| one == expected.client), all.iter().any(|one| one != expected.client))
            }
        };
        if !ours {
            return Err("the ID token is for somebody else");
        }
        if self.azp.as_deref().map_or(others, |party| party != expected.client) {
            return Err("the ID token was given to somebody else");
        }
        if now >= self.exp + leeway {
            return Err("the ID token has expired");
        }
        let begun = self.iat <= now + leeway && self.nbf.is_none_or(|from| from <= now + leeway);
        if !begun {
            return Err("the ID token does not count yet");
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err("the ID token is not of this sign-in");
        }
        Ok(())
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

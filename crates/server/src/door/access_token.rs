//! Access tokens: signed statements of who is signed in, for a few minutes (RFC 7519, by the rules of RFC 8725).
//!
//! There is one algorithm, and it stands in this file: what a token says of itself is compared, never followed. A token
//! only says which session it is of; what that session may do is looked up, so one that is ended counts no more at once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use swarm_domain::{
    TenantId,
    identity::{SessionId, UserId},
};
use swarm_store::{Store, StoreError, TokenKey};

const ALGORITHM: &str = "EdDSA";
/// The type of RFC 9068: no other kind of token is taken for this one.
const TYPE: &str = "at+jwt";
const ISSUER: &str = "swarm";
/// By how much the clocks of two nodes may differ, in seconds.
const LEEWAY: i64 = 5;
/// Ours have some 400 bytes.
const MAX_BYTES: usize = 2048;
/// How often the file is read again for a key that is not known: anybody can name one.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, Serialize, Deserialize)]
// What brings its own key along, or asks for more than is understood, is not read at all.
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Claims {
    pub(crate) fn new(
        tenant: &TenantId,
        (sub, sid): (UserId, SessionId),
        now: DateTime<Utc>,
        seconds: i64,
    ) -> Self {
        let iat = now.timestamp();
        Self { iss: ISSUER.to_owned(), aud: audience(tenant), sub, sid, iat, nbf: iat, exp: iat + seconds }
    }
}

fn audience(tenant: &TenantId) -> String {
    format!("swarm:{tenant}")
}

/// The keys, as they were last read.
#[derive(Debug, Default)]
pub(crate) struct TokenKeys {
    read: Mutex<Option<(Instant, Arc<Vec<TokenKey>>)>>,
}

impl TokenKeys {
    /// The keys; those that were read before unless one is missing.
    async fn with(&self, store: &Store, id: Option<&str>) -> Result<Arc<Vec<TokenKey>>, StoreError> {
        if let Some((at, keys)) = &*self.read.lock().unwrap_or_else(PoisonError::into_inner) {
            let has = id.is_none_or(|id| keys.iter().any(|key| key.id() == id));
            if has || at.elapsed() < LOOK {
                return Ok(Arc::clone(keys));
            }
        }
        let keys = Arc::new(store.token_keys().await?);
        self.keep(Arc::clone(&keys));
        Ok(keys)
    }

    fn keep(&self, keys: Arc<Vec<TokenKey>>) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), keys));
    }

    /// The keys by which anybody can prove a token.
    pub(crate) async fn public(&self, store: &Store) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let keys = self.with(store, None).await?;
        Ok(keys.iter().map(|key| (key.id().to_owned(), key.public().to_vec())).collect())
    }

    /// Lets a new key sign.
    pub(crate) async fn rotate(&self, store: &Store) -> Result<(), StoreError> {
        self.keep(Arc::new(store.rotate_token_keys().await?));
        Ok(())
    }

    /// A token that says this.
    pub(crate) async fn sign(&self, store: &Store, claims: &Claims) -> Result<String, StoreError> {
        let keys = self.with(store, None).await?;
        let key =
            keys.first().ok_or_else(|| StoreError::NotFound { kind: "token key", id: String::new() })?;
        Ok(signed(key, claims))
    }

    /// What a token says, where it is one of ours that counts now.
    pub(crate) async fn read(
        &self,
        store: &Store,
        tenant: &TenantId,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Claims>, StoreError> {
        let Some(kid) = key_of(token) else { return Ok(None) };
        let keys = self.with(store, Some(&kid)).await?;
        let key = keys.iter().find(|key| key.id() == kid);
        Ok(key.and_then(|key| proven(key, token)).filter(|claims| counts(claims, tenant, now)))
    }
}

fn signed(key: &TokenKey, claims: &Claims) -> String {
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key.id().to_owned() };
    let mut token = format!("{}.{}", encode(&header), encode(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(token.as_bytes()));
    token.push('.');
    token.push_str(&signature);
    token
}

fn encode(value: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// The key that a token says signed it, where it is of our kind.
fn key_of(token: &str) -> Option<String> {
    if token.len() > MAX_BYTES || token.bytes().filter(|byte| *byte == b'.').count() != 2 {
        return None;
    }
    let header: Header = decode(token.split('.').next()?)?;
    (header.alg == ALGORITHM && header.typ == TYPE).then_some(header.kid)
}

fn proven(key: &TokenKey, token: &str) -> Option<Claims> {
    let (message, signature) = token.rsplit_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    // Nothing of what it says is read before.
    if key.signed(message.as_bytes(), &signature) { decode(message.split_once('.')?.1) } else { None }
}

fn counts(claims: &Claims, tenant: &TenantId, now: DateTime<Utc>) -> bool {
    let now = now.timestamp();
    claims.iss == ISSUER
        && claims.aud == audience(tenant)
        && claims.nbf <= now + LEEWAY
        && claims.iat <= now + LEEWAY
        && claims.exp > now
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};
    use swarm_store::testing::TestDatabase;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn claims() -> Claims {
        let who = (UserId::parse("user_1").unwrap(), SessionId::parse("session_1").unwrap());
        Claims::new(&TenantId::local(), who, at(), 600)
    }

    /// A token whose header and claims are those of a good one with changes, signed by the right key.
    fn forged(key: &TokenKey, header: &Value, changes: &Value) -> String {
        let good = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: key.id().to_owned() };
        let merged = |mut good: Value, changes: &Value| {
            for (name, value) in changes.as_object().unwrap() {
                if value.is_null() {
                    good.as_object_mut().unwrap().remove(name);
                } else {
                    good[name] = value.clone();
                }
            }
            good
        };
        let header = merged(serde_json::to_value(good).unwrap(), header);
        let claims = merged(serde_json::to_value(claims()).unwrap(), changes);
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    #[tokio::test]
    async fn a_token_counts_for_its_time_and_for_its_team_alone() {
        let database = TestDatabase::new("access_token").await.unwrap();
        let (store, keys) = (database.store().await.unwrap(), TokenKeys::default());
        let token = keys.sign(&store, &claims()).await.unwrap();
        let read = async |tenant: &str, seconds: i64| {
            let (tenant, now) = (TenantId::parse(tenant).unwrap(), at() + TimeDelta::seconds(seconds));
            keys.read(&store, &tenant, &token, now).await.unwrap()
        };
        assert_eq!(read("local", 0).await, Some(claims()));
        assert_eq!(read("local", 599).await, Some(claims()));
        assert_eq!(read("local", 600).await, None);
        assert_eq!(read("local", -6).await, None);
        assert_eq!(read("other", 0).await, None);
    }

    #[tokio::test]
    async fn what_is_not_just_as_we_make_it_is_not_believed() {
        let database = TestDatabase::new("forged_token").await.unwrap();
        let (store, keys) = (database.store().await.unwrap(), TokenKeys::default());
        let all = store.token_keys().await.unwrap();
        let key = &all[0];
        let good = forged(key, &json!({}), &json!({}));
        let read = async |token: &str| keys.read(&store, &TenantId::local(), token, at()).await.unwrap();
        assert_eq!(read(&good).await, Some(claims()));

        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "None" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "Ed25519" }),
            json!({ "alg": null }),
            json!({ "typ": "JWT" }),
            json!({ "typ": null }),
            json!({ "kid": null }),
            json!({ "kid": "0000000000000000" }),
            json!({ "kid": "../../etc/passwd" }),
            json!({ "jwk": { "kty": "OKP" } }),
            json!({ "jku": "https://evil.example/jwks" }),
            json!({ "crit": ["b64"], "b64": false }),
        ] {
            assert_eq!(read(&forged(key, &header, &json!({}))).await, None, "{header}");
        }
        for changes in [
            json!({ "iss": "other" }),
            json!({ "iss": null }),
            json!({ "aud": "swarm:other" }),
            json!({ "aud": ["swarm:local"] }),
            json!({ "aud": null }),
            json!({ "exp": null }),
            json!({ "exp": at().timestamp() }),
            json!({ "nbf": at().timestamp() + 60 }),
            json!({ "nbf": null }),
            json!({ "iat": at().timestamp() + 60 }),
            json!({ "sub": "../x" }),
            json!({ "sid": null }),
            json!({ "role": "owner" }),
        ] {
            assert_eq!(read(&forged(key, &json!({}), &changes)).await, None, "{changes}");
        }

        let (message, signature) = good.rsplit_once('.').unwrap();
        let (header, said) = message.split_once('.').unwrap();
        let none = encode(&json!({ "alg": "none", "typ": TYPE, "kid": key.id() }));
        let mut other = claims();
        other.sub = UserId::parse("user_2").unwrap();
        for token in [
            String::new(),
            "..".to_owned(),
            message.to_owned(),
            format!("{message}."),
            format!("{none}.{said}."),
            format!("{none}.{said}.{signature}"),
            format!("{header}.{}.{signature}", encode(&other)),
            format!("{good}="),
            format!("{good}.x"),
            format!("{header}.{said}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64])),
            "x".repeat(MAX_BYTES + 1),
        ] {
            assert_eq!(read(&token).await, None, "{token}");
        }
    }

    #[tokio::test]
    async fn after_a_rotation_the_new_key_signs_and_the_old_tokens_still_count() {
        let database = TestDatabase::new("rotated_token").await.unwrap();
        let (store, keys) = (database.store().await.unwrap(), TokenKeys::default());
        let old = keys.sign(&store, &claims()).await.unwrap();
        keys.rotate(&store).await.unwrap();
        let new = keys.sign(&store, &claims()).await.unwrap();
        assert_ne!(key_of(&old), key_of(&new));
        for token in [old, new] {
            let read = keys.read(&store, &TenantId::local(), &token, at()).await.unwrap();
            assert_eq!(read, Some(claims()));
        }
        assert_eq!(keys.public(&store).await.unwrap().len(), 2);
    }
}

//! The keys that sign access tokens: in a file of the data folder, for its owner alone, the newest first.
//!
//! One that another took the place of still proves what it signed before, until that is over.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};
use swarm_domain::{BlobHash, identity::IdentityError};
use zeroize::Zeroizing;

use crate::{Result, Store, StoreError, blob::blocking, cluster::Lock};

const NAME: &str = "token-keys.json";
const LOCK: &str = "token-keys.lock";
/// How long a key proves what it signed after another took its place. No token lives longer.
pub const KEPT_SECONDS: i64 = 3600;
/// A file with more than this is none of ours.
const MAX_BYTES: u64 = 64 << 10;

/// A key that signs access tokens, or did.
pub struct TokenKey {
    id: String,
    pair: Ed25519KeyPair,
}

/// A key as it stands in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    seed: String,
    made_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_at: Option<DateTime<Utc>>,
}

impl TokenKey {
    fn of(written: &Written) -> Option<Self> {
        let seed = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(&written.seed).ok()?);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let mut id = String::from(BlobHash::of(pair.public_key().as_ref()));
        id.truncate(16);
        Some(Self { id, pair })
    }

    /// The name by which a token says which key signed it: from the key itself.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// An Ed25519 signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// Whether the signature is of this key.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public()).verify(message, signature).is_ok()
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// The keys that sign access tokens, the newest first; one is made where there is none.
    pub async fn token_keys(&self) -> Result<Vec<TokenKey>> {
        let folder = self.data_dir().to_owned();
        let found = blocking(move || read(&folder)).await?;
        if !found.is_empty() {
            return keys(&found);
        }
        self.change_token_keys(
            |keys, now| if keys.is_empty() { fresh(now).map(|key| vec![key]) } else { Ok(keys) },
        )
        .await
    }

    /// Lets a new key sign. What the old one signed counts until it is over.
    pub async fn rotate_token_keys(&self) -> Result<Vec<TokenKey>> {
        self.change_token_keys(|mut keys, now| {
            if let Some(first) = keys.first_mut() {
                first.replaced_at = Some(now);
            }
            let kept = now - TimeDelta::seconds(KEPT_SECONDS);
            keys.retain(|key| key.replaced_at.is_some_and(|at| at > kept));
            keys.insert(0, fresh(now)?);
            Ok(keys)
        })
        .await
    }

    async fn change_token_keys(
        &self,
        change: impl FnOnce(Vec<Written>, DateTime<Utc>) -> Result<Vec<Written>> + Send + 'static,
    ) -> Result<Vec<TokenKey>> {
        let _alone = Lock::exclusive(&self.data_dir().join(LOCK)).await?;
        let (folder, now) = (self.data_dir().to_owned(), self.clock().now());
        let written = blocking(move || {
            let changed = change(read(&folder)?, now)?;
            write(&folder, &changed)?;
            Ok(changed)
        })
        .await?;
        keys(&written)
    }
}

fn keys(written: &[Written]) -> Result<Vec<TokenKey>> {
    let read = written.iter().map(TokenKey::of).collect::<Option<Vec<_>>>();
    read.ok_or_else(|| StoreError::corrupt(NAME, "a key in it has another form"))
}

fn fresh(now: DateTime<Utc>) -> Result<Written> {
    let mut seed = Zeroizing::new([0_u8; 32]);
    let filled = SystemRandom::new().fill(&mut *seed);
    filled.map_err(|_| StoreError::corrupt("the system's randomness", "it gives none"))?;
    Ok(Written { seed: BASE64_URL_SAFE_NO_PAD.encode(*seed), made_at: now, replaced_at: None })
}

fn read(folder: &Path) -> Result<Vec<Written>> {
    let path = folder.join(NAME);
    let meta = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        meta => meta.map_err(StoreError::io("read", &path))?,
    };
    // A link could lead to somebody else's keys, and who can read them can make tokens of anybody.
    if !meta.is_file() || meta.len() > MAX_BYTES || meta.permissions().mode() & 0o077 != 0 {
        return Err(IdentityError::TokenKeys.into());
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(StoreError::io("read", &path))?);
    serde_json::from_slice(&bytes).map_err(|_| StoreError::corrupt(NAME, "it has another form"))
}

/// All of it at once, for its owner alone.
fn write(folder: &Path, keys: &[Written]) -> Result<()> {
    let path = folder.join(NAME);
    let failed = |error| StoreError::io("write", &path)(error);
    let text = serde_json::to_vec_pretty(keys).map_err(|error| StoreError::corrupt(NAME, error))?;
    // A named temporary file has mode 0600 from its first moment.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(&Zeroizing::new(text)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

//! The secret by which nodes know each other's messages where those go another way than through the database.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::{Result, Store, StoreError};

/// The secret of a database. Whoever has it could tell its nodes what never happened.
#[derive(Clone)]
pub struct FanoutKey(Zeroizing<[u8; 32]>);

impl FanoutKey {
    /// Of 32 random bytes.
    #[must_use]
    pub fn of(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A name for the database that says nothing about the secret.
    #[must_use]
    pub fn name(&self) -> String {
        let name = blake3::derive_key("swarm fan-out 2026-11 name of the database", &*self.0);
        blake3::Hash::from_bytes(name).to_hex().chars().take(16).collect()
    }

    /// The mark of a message on a channel at a position: nobody without the secret can make it.
    #[must_use]
    pub fn mark(&self, channel: &str, position: u64, text: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // The lengths before: no two messages are the same bytes.
        for part in [channel.as_bytes(), &position.to_be_bytes(), text.as_bytes()] {
            hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// Whether a mark is that of the message, in a time that says nothing about it.
    #[must_use]
    pub fn is_mark(&self, mark: &[u8], channel: &str, position: u64, text: &str) -> bool {
        let Ok(mark) = <[u8; 32]>::try_from(mark) else { return false };
        blake3::Hash::from_bytes(mark) == blake3::Hash::from_bytes(self.mark(channel, position, text))
    }
}

impl fmt::Debug for FanoutKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FanoutKey(…)")
    }
}

impl Store {
    /// The secret that all nodes of this database share, made where there is none yet.
    pub async fn fanout_key(&self) -> Result<FanoutKey> {
        let mut fresh = Zeroizing::new([0u8; 32]);
        SystemRandom::new()
            .fill(&mut fresh[..])
            .map_err(|_| StoreError::corrupt("the kernel", "it gives no randomness"))?;
        sqlx::query("INSERT INTO swarm.fanout_keys (key) VALUES ($1) ON CONFLICT DO NOTHING")
            .bind(&fresh[..])
            .execute(self.pool())
            .await?;
        let kept: Zeroizing<Vec<u8>> = Zeroizing::new(
            sqlx::query_scalar("SELECT key FROM swarm.fanout_keys").fetch_one(self.pool()).await?,
        );
        let key: [u8; 32] =
            kept[..].try_into().map_err(|_| StoreError::corrupt("fanout_keys.key", "it has not 32 bytes"))?;
        Ok(FanoutKey::of(key))
    }
}

//! Purged contents that are files of the data folder: they go behind the commit that says so.

use std::time::Duration;

use swarm_domain::BlobHash;

use crate::{Result, Store, StoreError};

/// How many are swept before the database is told.
const PAGE: i64 = 500;

impl Store {
    /// Deletes the files of what was purged; what a kill left over too. One that somebody put in again meanwhile stays.
    pub(super) async fn sweep_files(&self, grace: Duration) -> Result<()> {
        loop {
            let hashes: Vec<String> =
                sqlx::query_scalar("SELECT hash FROM swarm.purged_blobs WHERE file ORDER BY hash LIMIT $1")
                    .bind(PAGE)
                    .fetch_all(self.pool())
                    .await?;
            if hashes.is_empty() {
                return Ok(());
            }
            let (mut gone, mut back) = (Vec::new(), Vec::new());
            for text in hashes {
                let hash =
                    BlobHash::parse(text).map_err(|error| StoreError::corrupt("purged_blobs.hash", error))?;
                let to = if self.blobs().sweep(&hash, grace).await? { &mut gone } else { &mut back };
                to.push(hash.as_str().to_owned());
            }
            sqlx::query("UPDATE swarm.purged_blobs SET file = false WHERE hash = ANY ($1)")
                .bind(gone)
                .execute(self.pool())
                .await?;
            sqlx::query("DELETE FROM swarm.purged_blobs WHERE hash = ANY ($1)")
                .bind(back)
                .execute(self.pool())
                .await?;
        }
    }
}

//! The version of the database's tables, against the one that this program was built for.

use crate::{Result, Store, store::migrations};

/// The numbers of the last migration: the one that ran, and the one that this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The last one that ran on the database; 0 where none did.
    pub database: u64,
    /// The last one that this program knows.
    pub program: u64,
}

impl SchemaVersion {
    /// Whether the program reads and writes the tables as they are.
    #[must_use]
    pub fn matches(self) -> bool {
        self.database == self.program
    }
}

impl Store {
    /// Asks the database. The migrations run when the store is opened; a later program may have run more since, and
    /// one that failed half-way counts as not run.
    pub async fn schema_version(&self) -> Result<SchemaVersion> {
        let applied: Option<i64> =
            sqlx::query_scalar("SELECT max(version) FROM swarm.migrations WHERE success")
                .fetch_one(self.pool())
                .await?;
        let known = migrations().iter().map(|migration| migration.version).max();
        let number = |version: Option<i64>| version.and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        Ok(SchemaVersion { database: number(applied), program: number(known) })
    }
}

//! The name that a process works under. What a process left unfinished is taken up by the next one of its name, so
//! two that live at once must not share one: each would do the other's work a second time.

use std::sync::{Mutex, PoisonError};

use sqlx::{Connection, PgConnection};

use crate::{Result, Store, StoreError};

/// How long the name of a process that just died may still be held: until the database notices.
const PATIENCE: &str = "5s";
/// What PostgreSQL answers where a lock was not to be had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A name that is held, by a session lock of the database: when this process dies, however it does, the name is free.
#[derive(Debug)]
pub struct HeldName {
    conn: Mutex<Option<PgConnection>>,
}

impl HeldName {
    /// Gives the name back.
    pub async fn release(&self) {
        let held = self.conn.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(conn) = held
            && let Err(error) = conn.close().await
        {
            tracing::debug!(%error, "the connection that holds the name was lost before");
        }
    }
}

impl Store {
    /// Holds a name on this database until it is released or dropped. Fails with [`StoreError::NameTaken`] where
    /// another process holds it.
    pub async fn hold_name(&self, name: &str) -> Result<HeldName> {
        // A connection of its own, out of the pool: the lock lives as long as its session.
        let mut conn = self.pool().acquire().await?.detach();
        sqlx::query("SELECT set_config('lock_timeout', $1, false)").bind(PATIENCE).execute(&mut conn).await?;
        let locked = sqlx::query("SELECT pg_advisory_lock(hashtextextended('swarm/' || $1, 0))")
            .bind(name)
            .execute(&mut conn)
            .await;
        match locked {
            Ok(_) => Ok(HeldName { conn: Mutex::new(Some(conn)) }),
            Err(sqlx::Error::Database(said)) if said.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
                Err(StoreError::NameTaken { name: name.to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }
}

//! Stops the product at one write of its journals, exactly, without a hook in the product.
//!
//! A journal position is a row that is about to be written to the log of events or to the engine's journal. A trigger
//! counts them; at the position that is asked for it holds the write, either before it is done (it is then lost, though
//! its effect was done: the worst case) or after it is committed and before the product hears of it.

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// The key of the lock that a stopped write waits for; `trap.sql` names it too.
const LOCK: i64 = 815;

/// What becomes of the write at the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It never happened.
    Lost,
    /// It happened, and nobody was told.
    Kept,
}

/// The harness's own session in the database of the product.
pub struct Trap {
    conn: PgConnection,
}

impl Trap {
    /// Sets the trap up in a database that has the product's tables.
    pub async fn build(url: &PgConnectOptions) -> sqlx::Result<()> {
        let mut conn = PgConnection::connect_with(url).await?;
        sqlx::raw_sql(include_str!("trap.sql")).execute(&mut conn).await?;
        conn.close().await
    }

    pub async fn open(url: &PgConnectOptions) -> sqlx::Result<Self> {
        let mut conn = PgConnection::connect_with(url).await?;
        sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut conn).await?;
        Ok(Self { conn })
    }

    /// Stops the write of this name, under this number.
    pub async fn arm(&mut self, id: usize, what: &str, write: Write) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO chaos.target (id, what, kept) VALUES ($1, $2, $3)")
            .bind(i64::try_from(id).unwrap())
            .bind(what)
            .bind(write == Write::Kept)
            .execute(&mut self.conn)
            .await
            .map(drop)
    }

    /// Stops the write that comes so many positions from now, whatever it is.
    pub async fn arm_after(&mut self, id: usize, positions: i64) -> sqlx::Result<()> {
        let at = self.passed().await? + positions;
        sqlx::query("INSERT INTO chaos.target (id, at, kept) VALUES ($1, $2, false)")
            .bind(i64::try_from(id).unwrap())
            .bind(at)
            .execute(&mut self.conn)
            .await
            .map(drop)
    }

    /// How many positions were passed so far.
    pub async fn passed(&mut self) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM chaos.position")
            .fetch_one(&mut self.conn)
            .await
    }

    /// What each position was, in order.
    pub async fn names(&mut self) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT what || ' ' || before FROM chaos.passed ORDER BY at")
            .fetch_all(&mut self.conn)
            .await
    }

    /// The number of the write that is stopped just now.
    pub async fn sprung(&mut self) -> sqlx::Result<Option<usize>> {
        let found: Option<String> = sqlx::query_scalar(
            "SELECT application_name FROM pg_stat_activity
             WHERE application_name LIKE 'chaos:%' AND datname = current_database()
               AND (wait_event_type = 'Lock' OR wait_event = 'SyncRep')
             ORDER BY pid LIMIT 1",
        )
        .fetch_optional(&mut self.conn)
        .await?;
        Ok(found.and_then(|name| name.trim_start_matches("chaos:").parse().ok()))
    }

    /// Ends every session but this one, as the death of its client does.
    pub async fn clear(&mut self) -> sqlx::Result<()> {
        loop {
            let left = sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .execute(&mut self.conn)
            .await?;
            if left.rows_affected() == 0 {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    /// Takes a target away.
    pub async fn disarm(&mut self, id: usize) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM chaos.target WHERE id = $1")
            .bind(i64::try_from(id).unwrap())
            .execute(&mut self.conn)
            .await
            .map(drop)
    }

    /// Session locks that are left beside our own.
    pub async fn locks(&mut self) -> sqlx::Result<i64> {
        sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut self.conn)
        .await
    }

    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

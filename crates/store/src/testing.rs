//! For tests: a database of their own, on a real PostgreSQL, and time that stands still.
//!
//! One throw-away server serves a whole test run, however many processes that has. It stands in the target folder
//! (`test-postgres`), keeps running for the next run, and `scripts/stop-test-postgres` stops it. With
//! `SWARM_TEST_DATABASE_URL` set, databases are made on that server instead.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use swarm_domain::{Clock, Entropy};

use crate::{Cluster, ClusterOptions, Result, Store, StoreError, SystemClock};

/// The server that tests may use instead of one of their own. Its user must be allowed to make databases.
const URL_VARIABLE: &str = "SWARM_TEST_DATABASE_URL";

/// A database for one test, with a folder for its data. Both are removed when it is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: PgConnectOptions,
    data: tempfile::TempDir,
}

impl TestDatabase {
    /// Makes an empty database. `name` shows in its name, to tell whose it is when one is left behind.
    pub async fn new(name: &str) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let server: PgConnectOptions = server_url().await?.parse()?;
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .take(30)
            .collect();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{plain}_{}_{number}", std::process::id());
        let data = tempfile::tempdir().map_err(StoreError::io("create", std::env::temp_dir()))?;
        let mut conn = PgConnection::connect_with(&server).await?;
        // One of the same name was left behind by a process that was killed.
        for statement in [
            format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"),
            format!("CREATE DATABASE \"{name}\""),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut conn).await?;
        }
        conn.close().await?;
        Ok(Self { name, server, data })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// The data folder that goes with it.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Opens it as a store that runs by the system's clock.
    pub async fn store(&self) -> Result<Store> {
        self.store_with(Arc::new(SystemClock)).await
    }

    /// Opens it as a store that runs by this clock.
    pub async fn store_with(&self, clock: Arc<dyn Clock>) -> Result<Store> {
        Store::connect(&self.url(), self.data_dir(), clock).await
    }

    /// Lets every lease on a claim run out, as if its time had passed.
    pub async fn let_claims_run_out(&self) -> Result<()> {
        self.execute("UPDATE swarm.claims SET expires = expires - interval '1 day'").await
    }

    /// Lets every lease on a notification run out, as if its time had passed.
    pub async fn let_notifications_run_out(&self) -> Result<()> {
        self.execute("UPDATE swarm.notifications SET claimed_until = claimed_until - interval '1 day'").await
    }

    /// Lets every notification be due, as if its time had come.
    pub async fn let_notifications_be_due(&self) -> Result<()> {
        self.execute("UPDATE swarm.notifications SET due_at = due_at - interval '10 days'").await
    }

    /// Lets every link that answers a question be for somebody else, as who can write there would.
    pub async fn alter_answer_links(&self) -> Result<()> {
        self.execute("UPDATE swarm.answer_links SET person = 'eve@example.org'").await
    }

    /// Lets every link that answers a question run out.
    pub async fn let_answer_links_run_out(&self) -> Result<()> {
        self.execute("UPDATE swarm.answer_links SET expires = expires - interval '1 year'").await
    }

    /// Lets every ticket for a live connection run out, as if its time had passed.
    pub async fn let_tickets_run_out(&self) -> Result<()> {
        self.execute("UPDATE swarm.live_tickets SET expires = expires - interval '1 day'").await
    }

    /// Lets every challenge for a passkey run out, as if its time had passed.
    pub async fn let_ceremonies_run_out(&self) -> Result<()> {
        self.execute("UPDATE swarm.passkey_ceremonies SET expires = expires - interval '1 day'").await
    }

    /// Lets every session have begun long ago.
    pub async fn let_sessions_be_old(&self) -> Result<()> {
        self.execute("UPDATE swarm.sessions SET begun_at = begun_at - interval '1 day'").await
    }

    /// Takes every password away, as of people who came by a provider.
    pub async fn take_passwords_away(&self) -> Result<()> {
        self.execute("DELETE FROM swarm.credentials").await
    }

    /// Breaks every connection to it, as a server that goes down does.
    pub async fn break_connections(&self) -> Result<()> {
        self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
    }

    /// Leaves the tables as a later program would: with a migration that this one does not know.
    pub async fn migrate_further(&self) -> Result<()> {
        self.execute(
            "INSERT INTO swarm.migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of a later program', true, '', 0)",
        )
        .await
    }

    async fn execute(&self, statement: &'static str) -> Result<()> {
        let mut conn = PgConnection::connect_with(&self.server.clone().database(&self.name)).await?;
        sqlx::query(statement).execute(&mut conn).await?;
        conn.close().await?;
        Ok(())
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread of its own: the test's runtime may be gone, and cannot be blocked if it is not.
        let dropped = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(StoreError::io("start", "a runtime"))?;
            runtime.block_on(async {
                let mut conn = PgConnection::connect_with(&server).await?;
                let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                sqlx::query(AssertSqlSafe(statement)).execute(&mut conn).await?;
                conn.close().await?;
                Ok(())
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            tracing::warn!(%error, database = %self.name, "a test database was left behind");
        }
    }
}

async fn server_url() -> Result<String> {
    if let Ok(url) = std::env::var(URL_VARIABLE) {
        return Ok(url);
    }
    // What a test database holds need not survive anything.
    let settings = [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let options = ClusterOptions { settings, ..ClusterOptions::default() };
    let started = match target_folder() {
        Some(target) => Cluster::start(&target.join("test-postgres"), options.clone()).await,
        None => Cluster::start(&temporary(), options.clone()).await,
    };
    let cluster = match started {
        // As root, in a home that the server's account may not enter.
        Err(StoreError::ClusterFolder { .. }) => Cluster::start(&temporary(), options).await?,
        started => started?,
    };
    Ok(cluster.database_url())
}

/// Where Cargo builds: it marks the folder.
fn target_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("swarm-test-postgres-{}", nix::unistd::geteuid()))
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct StillClock(pub DateTime<Utc>);

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Randomness that counts: every call gives other bytes, every run the same.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

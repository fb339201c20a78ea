//! The private PostgreSQL: set up, started, joined and stopped by swarm itself, for one machine.
//!
//! It listens on no port, only on a Unix socket in a folder that nobody else may enter; that folder is the password.
//! Whoever comes first starts it, whoever comes later joins it, and the last one to leave stops it. It outlives a
//! swarm that is killed, and recovers when it is killed itself.

mod account;
mod folder;
mod keep;
mod lock;
mod postmaster;
mod programs;
mod socket;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::sync::Mutex;

pub(crate) use self::lock::Lock;
use self::{account::Account, folder::Folder, postmaster::Postmaster, programs::Programs};
use crate::Result;

/// The role that owns everything.
const ROLE: &str = "swarm";
/// The database that swarm works in.
const DATABASE: &str = "swarm";
/// Part of the socket's name only: nothing listens on it.
const PORT: u16 = 5432;

/// How to run the private PostgreSQL.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// The folder with `postgres` and `initdb`; when absent, that in `SWARM_PG_BIN`, or else the
    /// usual places are searched.
    pub programs: Option<PathBuf>,
    /// Server settings beside swarm's own, such as `("shared_buffers", "1GB")`. Only who starts the server sets them.
    pub settings: Vec<(String, String)>,
}

/// How this process came by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It started the server.
    Started,
    /// The server was running already.
    Joined,
}

/// A running private PostgreSQL. Dropping it without [`Cluster::stop`] leaves the server running.
pub struct Cluster {
    folder: Folder,
    options: ClusterOptions,
    socket: PathBuf,
    origin: Origin,
    /// Held shared by everybody who uses the server. Taken out when we leave.
    in_use: Mutex<Option<Lock>>,
    postmaster: Mutex<Postmaster>,
}

impl Cluster {
    /// Starts the PostgreSQL in `data_dir/postgres`, or joins it if it runs. Makes the folder and the database when
    /// they are not there. Waits for others who start or stop it at the same time.
    pub async fn start(data_dir: &Path, options: ClusterOptions) -> Result<Self> {
        let folder = Folder::open(data_dir)?;
        let starting = Lock::exclusive(&folder.start_lock()).await?;
        let in_use = Lock::shared(&folder.use_lock()).await?;
        let (origin, postmaster, socket) = join_or_start(&folder, &options).await?;
        let cluster = Self {
            folder,
            options,
            socket,
            origin,
            in_use: Mutex::new(Some(in_use)),
            postmaster: Mutex::new(postmaster),
        };
        cluster.ensure_database(DATABASE).await?;
        drop(starting);
        tracing::debug!(folder = %cluster.folder.database().display(), origin = ?origin, "PostgreSQL is ready");
        Ok(cluster)
    }

    /// The major version of the PostgreSQL that a new private one would be made with. Starts nothing.
    pub async fn installed_version(options: &ClusterOptions) -> Result<u32> {
        Ok(Programs::newest(options.programs.as_deref()).await?.version())
    }

    /// The URL of swarm's database, for [`Store::connect`](crate::Store::connect) and the durable engine.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// Whether this process started the server or joined it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The server's process.
    pub async fn pid(&self) -> i32 {
        self.postmaster.lock().await.pid()
    }

    /// Leaves the server. The last one to leave stops it: work under way is rolled back, nothing committed is lost.
    /// Close every [`Store`](crate::Store) first. Gives back whether the server was stopped.
    pub async fn stop(&self) -> Result<bool> {
        let Some(in_use) = self.in_use.lock().await.take() else {
            return Ok(false);
        };
        let _starting = Lock::exclusive(&self.folder.start_lock()).await?;
        drop(in_use);
        let Some(_alone) = Lock::exclusive_if_free(&self.folder.use_lock())? else {
            return Ok(false);
        };
        self.postmaster.lock().await.stop(&self.folder).await?;
        if self.socket != self.folder.database() {
            // Made again at the next start; what is not empty is not ours.
            let _ = std::fs::remove_dir(&self.socket);
        }
        Ok(true)
    }

    pub(crate) fn url_of(&self, database: &str) -> String {
        options(&self.socket).database(database).to_url_lossy().to_string()
    }

    async fn ensure_database(&self, name: &str) -> Result<()> {
        let mut conn = PgConnection::connect_with(&options(&self.socket).database("postgres")).await?;
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut conn)
            .await?;
        if !known {
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&mut conn).await?;
        }
        conn.close().await?;
        Ok(())
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("folder", &self.folder.database())
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Joins the server that runs, or starts one. The lock for that is held by the caller.
async fn join_or_start(folder: &Folder, options: &ClusterOptions) -> Result<(Origin, Postmaster, PathBuf)> {
    if let Some(mut server) = Postmaster::running(folder)?
        // One that is being killed or stopped just now ends before it answers.
        && let Some(socket) = server.until_ready(folder).await?
    {
        return Ok((Origin::Joined, server, socket));
    }
    let mut server = start(folder, options).await?;
    let ready = server.until_ready(folder).await?;
    let socket = ready.ok_or_else(|| folder.failed("starting PostgreSQL", "it ended at once"))?;
    Ok((Origin::Started, server, socket))
}

async fn start(folder: &Folder, options: &ClusterOptions) -> Result<Postmaster> {
    let account = Account::for_folder(folder)?;
    account.can_enter(folder.data()).await?;
    let programs = if let Some(version) = folder.version()? {
        Programs::of_version(options.programs.as_deref(), version, folder).await?
    } else {
        let programs = Programs::newest(options.programs.as_deref()).await?;
        folder.initialise(&programs, &account).await?;
        programs
    };
    let socket = socket::folder(folder, &account)?;
    Postmaster::start(folder, &programs, &account, &socket, &options.settings).await
}

/// How to reach the server. Nothing is taken from the environment or a password file.
fn options(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(PORT)
        .username(ROLE)
        .ssl_mode(PgSslMode::Disable)
}

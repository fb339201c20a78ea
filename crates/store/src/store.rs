//! The store itself: a pool of connections, the blobs, and the migrations that run when it is opened.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection as _, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use swarm_domain::{Clock, TenantId};

use crate::{
    Blobs, Result,
    event_log::{Waiting, Wakeups},
    node::NodeLease,
    wall,
};

/// How many connections one store holds at most. The private cluster allows 100, for all of swarm's processes.
const MAX_CONNECTIONS: u32 = 16;
/// How long to wait for a free connection before the database counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that was used so lately is taken to live; an older one is asked first, which costs a round trip.
const SURELY_LIVE: Duration = Duration::from_millis(500);
/// How long a transaction may stand still between two statements. A process that is stopped in the middle of one would
/// hold its locks, and with them everybody else, for as long as it sleeps.
const IDLE_IN_TRANSACTION: (&str, &str) = ("idle_in_transaction_session_timeout", "5s");

/// Facts: the event log, the views drawn from it, and blobs. A clone is cheap and shares all of it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// The node that writes through this handle, where it is one's.
    node: Option<Arc<NodeLease>>,
    /// Who waits to append through this handle: nobody's events go in under another's token.
    waiting: Arc<Waiting>,
}

struct Inner {
    pool: PgPool,
    everyones: PgPool,
    options: PgConnectOptions,
    /// Whether tenants have a role of their own.
    has_role: bool,
    url: String,
    data_dir: PathBuf,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    wakeups: Wakeups,
}

impl Store {
    /// Connects to the database at `url` and brings its tables up to date, under a lock that other processes which
    /// do the same wait for. Large blobs are kept in `blobs` in the data folder, which is made if it is not there.
    pub async fn connect(url: &str, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("swarm").options([IDLE_IN_TRANSACTION]);
        let everyones = options.clone().options([(wall::TENANT, wall::EVERY_TENANT)]);
        let pool = pool_options().connect_with(everyones).await?;
        migrations().run(&pool).await?;
        let inner = Inner {
            has_role: wall::raise(&pool).await?,
            blobs: Blobs::open(pool.clone(), &data_dir.join("blobs")).await?,
            everyones: pool.clone(),
            pool,
            options: options.clone(),
            url: url.to_owned(),
            data_dir: data_dir.to_owned(),
            clock,
            wakeups: Wakeups::new(options),
        };
        Ok(Self { inner: Arc::new(inner), node: None, waiting: Arc::default() })
    }

    /// The same store for the work of one tenant: the database itself shows it that tenant's rows alone, and takes no
    /// others from it, whatever a query says. What is kept once for all tenants is still looked after for all of them.
    pub async fn for_tenant(self, tenant: &TenantId) -> Result<Self> {
        let Inner { everyones, options, has_role, url, data_dir, clock, .. } = &*self.inner;
        let pool = wall::behind(pool_options(), tenant, *has_role).connect_with(options.clone()).await?;
        let inner = Inner {
            pool: pool.clone(),
            everyones: everyones.clone(),
            options: options.clone(),
            has_role: *has_role,
            url: url.clone(),
            data_dir: data_dir.clone(),
            blobs: Blobs::open(pool, &data_dir.join("blobs")).await?,
            clock: Arc::clone(clock),
            wakeups: Wakeups::new(options.clone()),
        };
        Ok(Self { inner: Arc::new(inner), node: self.node, waiting: Arc::default() })
    }

    /// The URL that the store was opened with. May hold a password: never log it.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.inner.url
    }

    /// The URL for the durable engine: its transactions may not stand still for long either. May hold a password.
    #[must_use]
    pub fn engine_url(&self) -> String {
        let (name, value) = IDLE_IN_TRANSACTION;
        let sign = if self.inner.url.contains('?') { '&' } else { '?' };
        format!("{}{sign}options[{name}]={value}", self.inner.url)
    }

    /// Big texts by content hash.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(self.pool()).await?;
        Ok(())
    }

    /// Closes every connection and ends the task that listens for new events. Tails end with an error.
    pub async fn close(&self) {
        self.inner.wakeups.stop().await;
        self.inner.pool.close().await;
        self.inner.everyones.close().await;
    }

    /// This store in the hands of a node: all that it appends is checked against the node's token.
    pub(crate) fn with_node(&self, lease: NodeLease) -> Self {
        Self { inner: Arc::clone(&self.inner), node: Some(Arc::new(lease)), waiting: Arc::default() }
    }

    pub(crate) fn node_lease(&self) -> Option<&Arc<NodeLease>> {
        self.node.as_ref()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// Connections that see every tenant's rows: for what is kept once for all of them.
    pub(crate) fn everyones(&self) -> &PgPool {
        &self.inner.everyones
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    pub(crate) fn wakeups(&self) -> &Wakeups {
        &self.inner.wakeups
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Store").field("blobs", &self.inner.blobs).finish_non_exhaustive()
    }
}

fn pool_options() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|conn, found| {
            Box::pin(async move {
                if found.idle_for > SURELY_LIVE {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

/// The numbered steps that make the tables. Their record stands in our own schema: another program in the same
/// database may use sqlx as well.
pub(crate) fn migrations() -> Migrator {
    let mut migrator = sqlx::migrate!();
    migrator.create_schema("swarm");
    migrator.dangerous_set_table_name("swarm.migrations");
    migrator
}

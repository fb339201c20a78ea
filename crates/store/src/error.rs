//! What can go wrong with the store, sorted by what the caller can do about it.

use std::path::PathBuf;

use sqlx::migrate::MigrateError;
use swarm_domain::{
    BlobHash, Problem, TenantId, claim::ClaimRefusal, identity::IdentityError, interrupt::InterruptRefusal,
    quota::QuotaScope, secret::SecretError,
};

use crate::secret::SecretFault;

/// The result of everything that the store does.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached just now. Retry.
    #[error("the database cannot be reached: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a query. A fault in swarm or in the database, not in the request.
    #[error("the database refused a query: {0}")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the tables could not be brought up to date: {0}")]
    Migration(#[source] MigrateError),
    /// The key stands for another event. Do not retry with this key.
    #[error("the key `{key}` stands for event {} already, which says something else", event.seq)]
    KeyReused {
        /// The key.
        key: String,
        /// The event that has it, as it stands in the log.
        event: Box<swarm_domain::Event>,
    },
    /// The rules do not know this transition. Read the state again; somebody else was faster.
    #[error("{what} is {from} and cannot become {to}")]
    NotAllowed {
        /// What should have changed: `ticket T-1 of run_1`.
        what: String,
        /// The state that it is in.
        from: &'static str,
        /// The state that was asked for.
        to: &'static str,
    },
    /// Nothing is known under this id.
    #[error("there is no {kind} `{id}`")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// It is there already, and there can be only one.
    #[error("there is a {kind} `{id}` already")]
    Exists {
        /// What.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The event cannot be written into the log: a fault in the part that made it.
    #[error("a `{kind}` event cannot be appended: {detail}")]
    InvalidEvent {
        /// The type of the event.
        kind: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// What is stored cannot be read any more.
    #[error("{place} cannot be read: {detail}")]
    Corrupt {
        /// Where: `event 12 of local`, `runs.options`.
        place: String,
        /// What is wrong.
        detail: String,
    },
    /// An event cannot be replayed: the log says something that cannot have happened.
    #[error("event {seq} of {tenant} cannot be replayed: {source}")]
    Replay {
        /// Whose log.
        tenant: TenantId,
        /// Which event.
        seq: u64,
        /// Why.
        source: Box<StoreError>,
    },
    /// The blob is not in the store.
    #[error("there is no blob {0}")]
    BlobMissing(BlobHash),
    /// The blob's bytes are not those that were put in.
    #[error("blob {0} is damaged: its bytes do not have its hash")]
    BlobDamaged(BlobHash),
    /// More than a blob may be.
    #[error("a blob of {bytes} bytes is larger than the {limit} that are stored")]
    BlobTooLarge {
        /// How many bytes it has.
        bytes: u64,
        /// How many it may have.
        limit: u64,
    },
    /// A file or folder could not be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried: `create`, `read`.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A worker may not do this with a claim, or not any more. It must stop working on it.
    #[error(transparent)]
    Claim(#[from] ClaimRefusal),
    /// An answer to a question does not count.
    #[error(transparent)]
    Interrupt(#[from] InterruptRefusal),
    /// Somebody is not let in, or may not do what they want.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What was said of a secret cannot be.
    #[error(transparent)]
    NoSecret(#[from] SecretError),
    /// A sealed value cannot be opened or made.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// Another live process works on this database under this name.
    #[error("another process already works on this database under the name `{name}`")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Another node took over what this one worked on: it must stop at once.
    #[error("this process is not the node `{node}` any more: its token {token} is stale")]
    Fenced {
        /// Its name.
        node: String,
        /// The token that does not count any more.
        token: u64,
    },
    /// Somebody read the record in more ways than are written down in an hour.
    #[error("{reader} read the record in {} different ways within an hour", crate::MAX_READINGS_AN_HOUR)]
    TooManyReadings {
        /// Who.
        reader: String,
    },
    /// The content was deleted when its time had come.
    #[error("the content {hash} was purged: event {seq} says so")]
    BlobPurged {
        /// Its hash.
        hash: BlobHash,
        /// The event that says so.
        seq: u64,
    },
    /// The nodes of this database keep their files in another folder.
    #[error("the data folder of this database is {}, not {}", theirs.display(), ours.display())]
    OtherFolder {
        /// The folder that this process was given.
        ours: PathBuf,
        /// Where the first node found the one that counts.
        theirs: PathBuf,
    },
    /// The key that signs checkpoints cannot be used.
    #[error("the key in {} cannot be used: {detail}", path.display())]
    AuditKey {
        /// Where it stands.
        path: PathBuf,
        /// Why not.
        detail: String,
    },
    /// A log does not go on from what was signed of it. It is not signed again.
    #[error("the log {log} is not the one that was signed: event {seq}: {detail}")]
    Diverged {
        /// Its name.
        log: String,
        /// Where it parts.
        seq: u64,
        /// How.
        detail: String,
    },
    /// As many runs are under way as a quota allows.
    #[error("the quota of {scope} allows {limit} runs at once, and as many are under way")]
    QuotaReached {
        /// Whose quota.
        scope: QuotaScope,
        /// How many it allows.
        limit: u32,
    },
    /// No PostgreSQL server programs were found.
    #[error("no PostgreSQL 15 or newer was found on this machine (looked in {searched})")]
    NoPostgres {
        /// Where was looked.
        searched: String,
    },
    /// The data folder was written by another major version of PostgreSQL than those that were found.
    #[error("the database in {} was written by PostgreSQL {wanted}, and only {found} is installed", folder.display())]
    ClusterVersion {
        /// The data folder.
        folder: PathBuf,
        /// The major version that wrote it.
        wanted: u32,
        /// The versions that were found.
        found: String,
    },
    /// The folder of the private cluster cannot be used safely.
    #[error("the folder {} cannot be used for the database: {detail}", folder.display())]
    ClusterFolder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        detail: String,
    },
    /// The private PostgreSQL could not be set up, started or stopped.
    #[error("{doing} failed: {detail}")]
    Cluster {
        /// What was tried: `starting PostgreSQL`.
        doing: &'static str,
        /// What it said last.
        detail: String,
        /// Where all of it stands.
        log: PathBuf,
    },
}

impl StoreError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        const REPORT: &str = "this is a fault in swarm: please report it with the output of `swarm doctor`";
        let (code, next) = match self {
            Self::Unavailable(_) => (
                "store.unavailable",
                "run `swarm doctor`; check that the database runs and that its URL is right",
            ),
            Self::Database(_) => ("store.database", "run `swarm doctor`; the log of the database says more"),
            Self::Migration(MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_)) => (
                "store.migration",
                "this database was written by another version of swarm: run that one or a newer",
            ),
            Self::Migration(_) => {
                ("store.migration", "run `swarm doctor`; the database's user needs CREATE on it")
            }
            Self::KeyReused { .. } => ("store.key_reused", "send the same request again, or use a fresh key"),
            Self::NotAllowed { .. } => (
                "store.not_allowed",
                "look at the state with `swarm ticket list` or `swarm run show` and decide again",
            ),
            Self::NotFound { .. } => {
                ("store.not_found", "check the id: `swarm run list` and `swarm ticket list` show them")
            }
            Self::Exists { .. } => ("store.exists", "use the one that is there, or choose another id"),
            Self::Claim(refusal) => return refusal.problem(),
            Self::Interrupt(refusal) => return refusal.problem(),
            Self::Identity(error) => return error.problem(),
            Self::NoSecret(error) => return error.problem(),
            Self::Secret(fault) => return fault.problem(),
            Self::InvalidEvent { .. } => ("store.invalid_event", REPORT),
            Self::Corrupt { .. } => (
                "store.corrupt",
                "run `swarm audit verify`; if the log is whole, `swarm db rebuild` draws the views again",
            ),
            Self::Replay { .. } => {
                ("store.replay", "run `swarm audit verify` and restore the database from a backup")
            }
            Self::BlobMissing(_) => {
                ("store.blob_missing", "restore the database and the `blobs` folder from one backup")
            }
            Self::BlobDamaged(_) => {
                ("store.blob_damaged", "restore the database and the `blobs` folder from one backup")
            }
            Self::BlobPurged { .. } => (
                "store.blob_purged",
                "nothing brings it back but a backup; `swarm hold set` keeps what must not go",
            ),
            Self::TooManyReadings { .. } => (
                "audit.too_many_readings",
                "go on with a filter that was used within the hour, export the whole log, or wait",
            ),
            Self::QuotaReached { .. } => (
                "quota.reached",
                "wait until one has ended (`swarm run list`), or ask an admin for more: `swarm budget set`",
            ),
            Self::BlobTooLarge { .. } => {
                ("store.blob_too_large", "make it smaller: cut the output or the file")
            }
            Self::Io { .. } => {
                ("store.io", "check the free space and the rights of the folder: `swarm doctor`")
            }
            Self::NameTaken { .. } => (
                "worker.name_taken",
                "use that one or stop it first; a further worker takes a name of its own: `swarm worker --name NAME`",
            ),
            Self::Fenced { .. } => (
                "node.fenced",
                "nothing is lost: its work went on elsewhere, see `swarm worker list`; it joins again by itself, or start \
                 it again",
            ),
            Self::OtherFolder { .. } => (
                "worker.other_folder",
                "give it the same folder with `--data FOLDER` (shared by mount, where it is another machine)",
            ),
            Self::AuditKey { .. } => (
                "audit.key",
                "restore the folder `audit` of the data folder from a backup, with its rights (0700, files 0600)",
            ),
            Self::Diverged { .. } => (
                "audit.diverged",
                "run `swarm audit verify`, then restore database and data folder from one backup",
            ),
            Self::NoPostgres { .. } => (
                "store.no_postgres",
                "run `apt-get install postgresql`, or set SWARM_PG_BIN to the folder with `postgres` and `initdb`, or \
                 DATABASE_URL to a server of yours",
            ),
            Self::ClusterVersion { wanted, .. } => {
                let next =
                    format!("run `apt-get install postgresql-{wanted}`, or dump and load with `pg_upgrade`");
                return Problem::new("store.cluster_version", self.to_string(), next);
            }
            Self::ClusterFolder { .. } => {
                ("store.cluster_folder", "choose another data folder with `--data`")
            }
            Self::Cluster { log, .. } => {
                return Problem::new("store.cluster", self.to_string(), format!("read {}", log.display()));
            }
        };
        Problem::new(code, self.to_string(), next)
    }

    /// Whether this is the rules' answer to an event, asked before anything of it was written.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::KeyReused { .. }
                | Self::NotAllowed { .. }
                | Self::NotFound { .. }
                | Self::Exists { .. }
                | Self::Interrupt(_)
                | Self::InvalidEvent { .. }
                | Self::Identity(_)
                | Self::QuotaReached { .. }
        )
    }

    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            // Two transactions that the database could not put in order.
            Self::Database(sqlx::Error::Database(said)) => {
                said.code().is_some_and(|code| matches!(&*code, "40001" | "40P01"))
            }
            _ => false,
        }
    }

    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn corrupt(place: impl Into<String>, detail: impl std::fmt::Display) -> Self {
        Self::Corrupt { place: place.into(), detail: detail.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let away = match &error {
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
            // Connection exceptions, too many connections, shutting down or starting up.
            E::Database(said) => said.code().is_some_and(|code| {
                code.starts_with("08")
                    || matches!(&*code, "53300" | "57P01" | "57P02" | "57P03" | "3D000" | "25P03")
            }),
            _ => false,
        };
        if away { Self::Unavailable(error) } else { Self::Database(error) }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error @ (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut)) => error.into(),
            other => Self::Migration(other),
        }
    }
}

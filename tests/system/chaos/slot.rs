//! A place to play positions in, one after another: a PostgreSQL of its own, and everything before the first position
//! prepared once and copied.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};
use swarm_client::{
    Client,
    types::{NewProject, NewSpec},
};
use swarm_store::{Cluster, ClusterOptions};

use super::{Outcome, scenario, trap::Trap};
use crate::{
    model::Model,
    program::Running,
    world::{eventually, git},
};

/// Where the copies are made from.
const TEMPLATE: &str = "prepared";

/// Model calls cost something here, so that what is paid twice is seen.
const CONFIG: &str = "[flows.retry]\nwaits_ms = [10, 10, 50, 100, 200, 400, 800]\n";

/// What is lost with the machine is not what is tried here; PostgreSQL's own crash recovery needs none of it.
/// `synchronous_standby_names` lets the trap hold a commit back; by default no commit waits for it.
const SETTINGS: [(&str, &str); 6] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "32MB"),
    ("synchronous_standby_names", "nobody"),
    ("synchronous_commit", "local"),
    ("max_connections", "100"),
];

pub struct Slot {
    folder: tempfile::TempDir,
    server: tokio::sync::Mutex<Option<Cluster>>,
    started: AtomicUsize,
}

impl Slot {
    /// Prepares a slot: the product's tables, a project, a spec.
    pub async fn prepare() -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("swarm-chaos-").tempdir().map_err(said)?;
        // As root PostgreSQL runs as another user, who must be able to pass through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).map_err(said)?;
        let slot = Self { folder, server: tokio::sync::Mutex::new(None), started: AtomicUsize::new(0) };
        slot.start_server().await?;
        fs::write(slot.path().join("swarm.toml"), CONFIG).map_err(said)?;
        git(slot.path(), &["init", "-q", "-b", "main", "repo"]);
        git(&slot.repo(), &["commit", "-q", "--allow-empty", "-m", "chore: begin"]);

        let model = Model::start();
        let up = slot.up(&model).await?;
        eventually("swarm up", || Slot::is_up(&up).then_some(()));
        let client = Client::discover(&slot.data()).await.map_err(said)?;
        let repo = slot.repo().display().to_string();
        client.add_project(&NewProject { project: "names".to_owned(), repo }).await.map_err(said)?;
        let spec = NewSpec { project: "names".to_owned(), text: scenario::SPEC.to_owned() };
        client.add_spec(&spec).await.map_err(said)?;
        up.signal(Signal::SIGINT);
        let ended = up.ended();
        if ended.code != 0 {
            return Err(format!("swarm up did not end well: {ended:?}"));
        }
        Trap::build(&slot.database().await).await.map_err(said)?;
        slot.admin(&[format!("ALTER DATABASE swarm RENAME TO {TEMPLATE}")]).await?;
        for name in ["data", "repo"] {
            fs::rename(slot.path().join(name), slot.path().join(format!("{name}.{TEMPLATE}")))
                .map_err(said)?;
        }
        Ok(slot)
    }

    /// Makes everything as it was prepared.
    pub async fn reset(&self) -> Outcome<()> {
        self.start_server().await?;
        let drop = "DROP DATABASE IF EXISTS swarm WITH (FORCE)".to_owned();
        self.admin(&[drop, format!("CREATE DATABASE swarm TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")]).await?;
        for name in ["data", "repo"] {
            let to = self.path().join(name);
            if to.exists() {
                fs::remove_dir_all(&to).map_err(said)?;
            }
            let from = self.path().join(format!("{name}.{TEMPLATE}"));
            let copied = Command::new("cp").arg("-a").arg(&from).arg(&to).status().map_err(said)?;
            if !copied.success() {
                return Err(format!("cannot copy {}", from.display()));
            }
        }
        for name in ["tmp", "logs"] {
            let folder = self.path().join(name);
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).map_err(said)?;
        }
        Ok(())
    }

    /// Starts the product's worker and server.
    pub async fn up(&self, model: &Model) -> Outcome<Running> {
        let program = std::env::var("SWARM_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_swarm").to_owned());
        let mut command = Command::new(program);
        command
            .args(["up", "--json"])
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TMPDIR", self.tmp())
            .env("SWARM_DATA", self.data())
            .env("DATABASE_URL", self.url().await)
            .env("RUST_LOG", std::env::var_os("CHAOS_LOG").unwrap_or_else(|| "warn".into()))
            .env("OPENAI_BASE_URL", model.url())
            .env("OPENAI_MODEL", "scripted");
        let logs = self.path().join("logs");
        fs::create_dir_all(&logs).and_then(|()| fs::create_dir_all(self.tmp())).map_err(said)?;
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Ok(Running::start(command, &logs.join(format!("up-{number}"))))
    }

    /// Whether it says that it is up.
    pub fn is_up(up: &Running) -> bool {
        fs::read_to_string(&up.out).is_ok_and(|said| said.ends_with('\n'))
    }

    /// Asks the program to stop, and remembers that it was asked.
    pub fn stop(up: &Running) -> Outcome<()> {
        fs::write(up.out.with_extension("stopped"), "").map_err(said)?;
        up.signal(Signal::SIGINT);
        Ok(())
    }

    /// Whether the program was asked to stop.
    pub fn was_stopped(up: &Running) -> bool {
        up.out.with_extension("stopped").exists()
    }

    /// Waits until no workflow is under way: the run says that it is done a moment before its workflow does.
    pub async fn journal_is_closed(&self) -> Outcome<()> {
        let mut conn = PgConnection::connect_with(&self.database().await).await.map_err(said)?;
        loop {
            let open: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')",
            )
            .fetch_one(&mut conn)
            .await
            .map_err(said)?;
            if open == 0 {
                return conn.close().await.map_err(said);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn repo(&self) -> PathBuf {
        self.path().join("repo")
    }

    pub fn tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// The database that the product works in.
    pub async fn database(&self) -> PgConnectOptions {
        self.url().await.parse().unwrap()
    }

    async fn url(&self) -> String {
        self.server.lock().await.as_ref().unwrap().database_url()
    }

    /// Ends PostgreSQL as hard as it goes.
    pub async fn kill_server(&self) -> Outcome<()> {
        let Some(server) = self.server.lock().await.take() else { return Ok(()) };
        let pid = Pid::from_raw(server.pid().await);
        kill(pid, Signal::SIGKILL).map_err(said)?;
        drop(server);
        eventually("the end of PostgreSQL", || has_ended(pid).then_some(()));
        Ok(())
    }

    /// Starts PostgreSQL where it does not run.
    pub async fn start_server(&self) -> Outcome<()> {
        let mut server = self.server.lock().await;
        if server.is_none() {
            let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let options = ClusterOptions { settings, ..ClusterOptions::default() };
            *server = Some(Cluster::start(&self.path().join("server"), options).await.map_err(said)?);
        }
        Ok(())
    }

    async fn admin(&self, statements: &[String]) -> Outcome<()> {
        let mut conn =
            PgConnection::connect_with(&self.database().await.database("postgres")).await.map_err(said)?;
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut conn).await.map_err(said)?;
        }
        conn.close().await.map_err(said)
    }

    /// Moves everything that a failed position left to where it can be looked at.
    pub fn keep(&self, name: &str) -> PathBuf {
        let kept = std::env::temp_dir().join(format!("swarm-chaos-kept-{}-{name}", std::process::id()));
        let _ = fs::create_dir_all(&kept);
        for part in ["data", "repo", "logs", "tmp"] {
            let _ = Command::new("cp").arg("-a").arg(self.path().join(part)).arg(&kept).status();
        }
        kept
    }

    /// Stops PostgreSQL.
    pub async fn close(self) -> Outcome<()> {
        match self.server.lock().await.take() {
            Some(server) => server.stop().await.map(drop).map_err(said),
            None => Ok(()),
        }
    }
}

fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// What went wrong, for the report.
pub fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

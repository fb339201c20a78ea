//! Whether the server works, for probes and for people.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use swarm_domain::attempt::Rung;
use swarm_flows::Parts;
use swarm_store::SchemaVersion;
use tokio::{sync::Mutex, time::timeout};
use utoipa::ToSchema;

use crate::{
    app::App,
    live::fanout::LinkState,
    refusal::{Refusal, Reply},
};

/// The longest that one part may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a look at the sandboxes holds: it starts a real one.
const SANDBOX_HOLDS: Duration = Duration::from_secs(30);

/// How the whole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HealthStatus {
    /// Every part works.
    Ok,
    /// At least one part does not.
    Degraded,
}

/// How the server and its parts are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// All in all.
    pub status: HealthStatus,
    /// The version of swarm.
    pub version: String,
    /// PostgreSQL.
    pub database: DatabaseHealth,
    /// The work that waits and that is under way.
    pub queue: PartHealth,
    /// Where code runs.
    pub sandbox: SandboxHealth,
    /// What carries live updates between nodes.
    pub live: PartHealth,
}

/// How a part is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PartHealth {
    /// Whether it works.
    pub ok: bool,
    /// In a few words.
    pub detail: String,
}

/// How the database is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DatabaseHealth {
    /// Whether it answers, with the tables that this program was built for.
    pub ok: bool,
    /// In a few words.
    pub detail: String,
    /// The last migration that ran on it; absent where it does not answer.
    pub migration: Option<u64>,
    /// The last migration that this program knows.
    pub migration_known: Option<u64>,
}

/// How the sandboxes are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SandboxHealth {
    /// Whether a sandbox can be made.
    pub ok: bool,
    /// The rung of the isolation ladder that code runs on.
    pub rung: Rung,
    /// In a few words; what mends it where it does not work.
    pub detail: String,
}

/// Whether the server can be asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Probe {
    /// All in all.
    pub status: HealthStatus,
}

/// Whether the server can be asked, and on which tables it works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// All in all.
    pub status: HealthStatus,
    /// The database's last migration: the one that this program knows too.
    pub migration: Option<u64>,
}

/// The last look at the sandboxes.
#[derive(Debug, Default)]
pub(crate) struct SandboxProbe(Mutex<Option<(Instant, SandboxHealth)>>);

impl SandboxProbe {
    async fn look(&self, Parts { sandboxes, .. }: &Parts) -> SandboxHealth {
        let mut last = self.0.lock().await;
        if let Some((at, health)) = &*last
            && at.elapsed() < SANDBOX_HOLDS
        {
            return health.clone();
        }
        let (ok, detail) = match timeout(PATIENCE, sandboxes.probe()).await {
            Ok(Ok(())) => (true, "a sandbox can be made".to_owned()),
            Ok(Err(error)) => (false, error.problem().to_string()),
            Err(_) => (false, format!("no sandbox within {} s", PATIENCE.as_secs())),
        };
        let health = SandboxHealth { ok, rung: sandboxes.rung(), detail };
        *last = Some((Instant::now(), health.clone()));
        health
    }
}

/// Shows how the server and its parts are. Asks for no token.
#[utoipa::path(get, path = "/health", tag = "health", security(()),
    responses((status = OK, description = "How the parts are; `status` says it in a word.", body = Health)))]
pub(crate) async fn health(State(app): State<App>) -> Json<Health> {
    let (database, queue, sandbox) =
        tokio::join!(database(&app), queue(&app), app.sandbox.look(app.flows.parts()));
    let live = fanout(&app);
    let ok = database.ok && queue.ok && sandbox.ok && live.ok;
    Json(Health {
        status: if ok { HealthStatus::Ok } else { HealthStatus::Degraded },
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database,
        queue,
        sandbox,
        live,
    })
}

/// Says that the process lives. Asks for no token.
#[utoipa::path(get, path = "/livez", tag = "health", security(()),
    responses((status = OK, description = "It lives.", body = Probe)))]
pub(crate) async fn live() -> Json<Probe> {
    Json(Probe { status: HealthStatus::Ok })
}

/// Says whether the server can be asked: the database answers, its tables are those of this program, and the server is
/// not about to stop. Asks for no token.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = OK, description = "It can be asked.", body = Readiness)))]
pub(crate) async fn ready(State(app): State<App>) -> Reply<Response> {
    let database = database(&app).await;
    if database.ok && !app.stop.is_cancelled() {
        let migration = database.migration;
        return Ok(Json(Readiness { status: HealthStatus::Ok, migration }).into_response());
    }
    let why = if database.ok { "the server is about to stop".to_owned() } else { database.detail };
    Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "server.not_ready", why, "run `swarm doctor`"))
}

/// Nothing is lost without Redis, so a server whose Redis is away is ready, and says that it is not all well.
fn fanout(app: &App) -> PartHealth {
    let Some(fanout) = &app.live.fanout else {
        return PartHealth { ok: true, detail: "PostgreSQL carries live updates".to_owned() };
    };
    let (ok, detail) = match fanout.status().state() {
        LinkState::Live if fanout.relays() => {
            (true, "Redis carries live updates, and this server feeds it".to_owned())
        }
        LinkState::Live => (true, "Redis carries live updates".to_owned()),
        LinkState::Starting => {
            (true, "Redis was not reached yet: PostgreSQL carries live updates".to_owned())
        }
        LinkState::Away(why) => {
            (false, format!("Redis is away ({why}): PostgreSQL carries live updates, and nothing is lost"))
        }
    };
    PartHealth { ok, detail }
}

async fn database(app: &App) -> DatabaseHealth {
    let away = |detail| DatabaseHealth { ok: false, detail, migration: None, migration_known: None };
    match timeout(PATIENCE, app.store().schema_version()).await {
        Ok(Ok(version)) => {
            let SchemaVersion { database, program } = version;
            let detail = if version.matches() {
                format!("answers; its tables are at migration {database}")
            } else {
                format!("its tables are at migration {database}, and this swarm was built for {program}")
            };
            let (migration, migration_known) = (Some(database), Some(program));
            DatabaseHealth { ok: version.matches(), detail, migration, migration_known }
        }
        Ok(Err(error)) => away(error.problem().to_string()),
        Err(_) => away(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

/// The queue lives in the database; what it holds is seen by the runs that are not settled.
async fn queue(app: &App) -> PartHealth {
    match timeout(PATIENCE, app.store().runs(app.tenant())).await {
        Ok(Ok(runs)) => {
            let running = runs.iter().filter(|run| !run.state.is_settled()).count();
            let agents = app.flows.parts().config.max_agents;
            PartHealth {
                ok: true,
                detail: format!("{running} runs under way, up to {agents} agents at once here"),
            }
        }
        Ok(Err(error)) => PartHealth { ok: false, detail: error.problem().to_string() },
        Err(_) => PartHealth { ok: false, detail: format!("no answer within {} s", PATIENCE.as_secs()) },
    }
}

//! The wiring: every room of the house, made from the settings, and taken down in order.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use swarm_client::Client;
use swarm_domain::{
    BlobHash, Clock, Entropy, Problem, TenantId,
    identity::{LinkText, Proof},
    node::Takes,
};
use swarm_flows::{Flows, FlowsConfig, Parts};
use swarm_forge::{Forge, LocalPullRequests};
use swarm_sandbox::{Backend, Choice, Ladder, Process};
use swarm_server::{Server, ServerConfig, WebOrigin};
use swarm_store::{Cluster, ClusterOptions, Store, SystemClock, SystemEntropy};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    args::{EngineArgs, SandboxRung},
    commands::catalogue,
    config::{Settings, Shown},
    data,
    exit::{Failure, Result},
    models::{self, Source, environment},
    output,
};

/// The name of the one node that a private database has: what it left unfinished is its own.
const ONLY_NODE: &str = "local";

/// What a house is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// To be asked: no work begins or goes on, and nobody else finds the server.
    Read,
    /// To be asked and to work.
    Work,
    /// To work, without a server.
    Worker,
}

/// What a house is made from.
#[derive(Default)]
pub(crate) struct Wiring {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The settings.
    pub(crate) settings: Settings,
    /// The same one by one, to be shown by the server; nothing where nobody looks.
    pub(crate) shown: Vec<Shown>,
    /// What the command line says of models and recordings.
    pub(crate) engine: EngineArgs,
    /// The recording to play where no model is configured.
    pub(crate) fallback: Option<PathBuf>,
    /// The name of this node, where others share the database.
    pub(crate) node: Option<String>,
    /// Which work this node takes.
    pub(crate) takes: Takes,
    /// The right to work in the data folder, for those who need it.
    pub(crate) claim: Option<data::Claim>,
}

/// Every room, at work.
pub(crate) struct House {
    flows: Flows,
    server: Option<Server>,
    cluster: Option<Kept>,
    source: Source,
    sandboxes: Arc<dyn Backend>,
    sandbox: Option<String>,
    urls: Vec<WebOrigin>,
    // Where the server of a reader tells where it is: not in the data folder, where others would find it.
    _aside: Option<tempfile::TempDir>,
    // Given back last.
    _claim: Option<data::Claim>,
}

impl House {
    /// Opens every room. What was opened before a failure is closed again.
    pub(crate) async fn open(mut wiring: Wiring, duty: Duty) -> Result<Self> {
        data::make(&wiring.data)?;
        let claim = wiring.claim.take();
        let (url, cluster) = database(&wiring, duty).await?;
        match furnish(&wiring, duty, &url, cluster.is_some()).await {
            Ok(house) => Ok(Self { cluster: cluster.map(Kept::new), _claim: claim, ..house }),
            Err(failure) => {
                stop(cluster.as_ref()).await;
                Err(failure)
            }
        }
    }

    /// A client of our own server.
    pub(crate) fn client(&self) -> Result<Client> {
        let none =
            || Failure::usage(Problem::new("cli.no_server", "this process has no server", "run `swarm up`"));
        let server = self.server.as_ref().ok_or_else(none)?;
        Ok(Client::new(server.url(), server.token().reveal())?)
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> Option<&str> {
        self.server.as_ref().map(Server::url)
    }

    /// Which models work here.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The flows.
    pub(crate) fn flows(&self) -> &Flows {
        &self.flows
    }

    /// Where code runs, with what holds it.
    pub(crate) fn sandbox(&self) -> Option<&str> {
        self.sandbox.as_deref()
    }

    /// The link by which the first account is made; none where there is an account.
    pub(crate) async fn first_link(&self) -> Result<Option<String>> {
        let parts = self.flows.parts();
        let link = LinkText { proof: Proof::mint(&*parts.entropy) };
        let made = self.flows.store().make_first_link(&parts.config.tenant, &link).await;
        Ok(made.map_err(|error| error.problem())?.map(|_| link.reveal().to_string()))
    }

    /// Where others than this machine's own programs find the server: its names, or the place where it listens.
    pub(crate) fn public_urls(&self) -> Vec<String> {
        let Some(place) = self.server.as_ref().and_then(Server::public) else { return Vec::new() };
        let urls: Vec<_> = self.urls.iter().map(ToString::to_string).collect();
        if urls.is_empty() { vec![place.to_string()] } else { urls }
    }

    /// Whether the database is one of our own.
    pub(crate) fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    /// Closes every room: first the door, then the work, then the facts.
    pub(crate) async fn close(self) {
        if let Some(server) = self.server {
            server.shutdown().await;
        }
        self.flows.shutdown().await;
        self.sandboxes.close().await;
        self.flows.store().close().await;
        if let Some(kept) = self.cluster {
            kept.stop().await;
        }
    }
}

/// The private PostgreSQL, and the task that starts it again when it is killed.
struct Kept {
    cluster: Arc<Cluster>,
    stop: CancellationToken,
    keeper: JoinHandle<()>,
}

impl Kept {
    fn new(cluster: Cluster) -> Self {
        let (cluster, stop) = (Arc::new(cluster), CancellationToken::new());
        let (kept, stopped) = (Arc::clone(&cluster), stop.clone());
        let keeper = tokio::spawn(async move { kept.keep(&stopped).await });
        Self { cluster, stop, keeper }
    }

    async fn stop(self) {
        self.stop.cancel();
        let _ = self.keeper.await;
        stop(Some(&self.cluster)).await;
    }
}

/// The database of the environment, or a private one that is started.
async fn database(wiring: &Wiring, duty: Duty) -> Result<(String, Option<Cluster>)> {
    let name = &wiring.settings.database.url_env;
    if let Some(url) = std::env::var(name).ok().filter(|url| !url.is_empty()) {
        return Ok((url, None));
    }
    if duty == Duty::Worker {
        return Err(Failure::usage(Problem::new(
            "cli.no_database",
            format!("a worker shares the database of others, and {name} is not set"),
            format!("set {name}, or run `swarm up`, which starts a database of its own and works too"),
        )));
    }
    let cluster =
        Cluster::start(&wiring.data, ClusterOptions::default()).await.map_err(|error| error.problem())?;
    Ok((cluster.database_url(), Some(cluster)))
}

async fn furnish(wiring: &Wiring, duty: Duty, url: &str, private: bool) -> Result<House> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fallback = wiring.fallback.as_deref();
    let models = if duty == Duty::Read {
        models::nothing(&wiring.settings, clock)?
    } else {
        models::connect(&wiring.settings, &wiring.engine, fallback, clock).await?
    };
    let ground = sandboxes(wiring, duty).await?;
    let sandboxes = Arc::clone(&ground.0);
    let furnished = Box::pin(put_to_work(wiring, duty, url, private, models, ground)).await;
    if furnished.is_err() {
        // One may be ready already, to be used first.
        sandboxes.close().await;
    }
    furnished
}

async fn put_to_work(
    wiring: &Wiring,
    duty: Duty,
    url: &str,
    private: bool,
    models: models::Models,
    (sandboxes, sandbox): (Arc<dyn Backend>, Option<String>),
) -> Result<House> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let policy = Arc::new(wiring.settings.policy.load()?);
    let catalogue = Arc::new(catalogue(&wiring.settings)?);
    let forge = Forge::open(&wiring.data, Arc::clone(&clock));
    let mut notifications = wiring.settings.flows.notifications.clone();
    notifications.operator = Some(operator());
    // Channels are known where people come in: a worker elsewhere may have other settings.
    notifications.carries = duty == Duty::Work;
    let config = FlowsConfig {
        notifications,
        state_dir: wiring.data.join("flows"),
        takes: wiring.takes.clone(),
        ..wiring.settings.flows.clone()
    };
    let store = store(url, &wiring.data, Arc::clone(&clock), &config.tenant).await?;
    let parts = Parts {
        store: store.clone(),
        gateway: models.gateway,
        sandboxes: Arc::clone(&sandboxes),
        way_out: Arc::new(wiring.settings.sandbox.network.terms()?),
        forge,
        pull_requests: Arc::new(LocalPullRequests::new(&wiring.data)),
        policy,
        catalogue,
        clock,
        entropy,
        config: Arc::new(config),
    };
    let node = wiring.node.clone().unwrap_or_else(|| node(&wiring.data, duty, private));
    let flows = match duty {
        Duty::Read => Box::pin(Flows::idle(parts, &node)).await,
        Duty::Work | Duty::Worker => Box::pin(Flows::launch(parts, &node)).await,
    };
    let flows = match flows {
        Ok(flows) => flows,
        Err(error) => {
            store.close().await;
            return Err(error.problem().into());
        }
    };
    match serve(wiring, duty, &flows).await {
        Ok((server, aside)) => {
            let source = models.source;
            let house = House {
                flows,
                server,
                cluster: None,
                source,
                sandboxes,
                sandbox,
                urls: wiring.settings.server.urls.clone(),
                _aside: aside,
                _claim: None,
            };
            Ok(house)
        }
        Err(failure) => {
            flows.shutdown().await;
            store.close().await;
            Err(failure)
        }
    }
}

/// The facts of one tenant, which is all that this process works for.
async fn store(url: &str, data: &Path, clock: Arc<dyn Clock>, tenant: &TenantId) -> Result<Store> {
    let opened = async { Store::connect(url, data, clock).await?.for_tenant(tenant).await };
    Ok(opened.await.map_err(|error| error.problem())?)
}

/// The rung of the sandboxes that the settings ask for.
pub(crate) fn choice(settings: &Settings) -> Choice {
    match settings.sandbox.rung {
        SandboxRung::Auto => Choice::Strongest,
        SandboxRung::Firecracker => Choice::Only(swarm_domain::attempt::Rung::Firecracker),
        SandboxRung::Qemu => Choice::Only(swarm_domain::attempt::Rung::Qemu),
        SandboxRung::Bubblewrap => Choice::Only(swarm_domain::attempt::Rung::Bubblewrap),
        SandboxRung::Process => Choice::Only(swarm_domain::attempt::Rung::Process),
    }
}

/// The strongest rung of the ladder that was asked for, with what holds code there.
pub(crate) async fn sandboxes(wiring: &Wiring, duty: Duty) -> Result<(Arc<dyn Backend>, Option<String>)> {
    let state = wiring.data.join("sandboxes");
    if duty == Duty::Read {
        // A reader runs no code; this rung is only opened, and works everywhere.
        let process = Process::open(&state).await.map_err(|error| error.problem())?;
        return Ok((Arc::new(process), None));
    }
    let ladder = Ladder::climb(choice(&wiring.settings), &state).await.map_err(|error| error.problem())?;
    if let Some(warning) = &ladder.warning {
        output::notice(&format!("warning: {warning}"));
    }
    let said = format!("{} ({})", ladder.backend.rung(), ladder.limits);
    Ok((ladder.backend, Some(said)))
}

async fn serve(
    wiring: &Wiring,
    duty: Duty,
    flows: &Flows,
) -> Result<(Option<Server>, Option<tempfile::TempDir>)> {
    let aside = match duty {
        Duty::Worker => return Ok((None, None)),
        Duty::Read => {
            Some(tempfile::tempdir().map_err(|error| Failure::io("make a temporary folder", error))?)
        }
        Duty::Work => None,
    };
    let folder = aside.as_ref().map_or_else(|| wiring.data.clone(), |aside| aside.path().to_owned());
    let port = if duty == Duty::Read { 0 } else { wiring.settings.server.port };
    let mut config = ServerConfig::new((Ipv4Addr::LOCALHOST, port).into(), folder, operator());
    config.redis = environment(&wiring.settings.live.redis_url_env);
    config.retention = wiring.settings.retention.policy();
    config.urls.clone_from(&wiring.settings.server.urls);
    // Who only reads for a moment opens no door to others.
    config.public = wiring.settings.server.public.door().filter(|_| duty == Duty::Work);
    config.connections = wiring.settings.server.limits.connections();
    config.rates = wiring.settings.server.limits.rates();
    config.max_body_bytes = wiring.settings.server.limits.body_bytes.get();
    config.body_timeout = Duration::from_secs(wiring.settings.server.limits.body_seconds.get().into());
    config.cors_origins.clone_from(&wiring.settings.server.cors_origins);
    config.trusted_proxies.clone_from(&wiring.settings.server.trusted_proxies);
    config.sign_in.registration = wiring.settings.server.registration;
    config.sign_in.second_factor = wiring.settings.auth.second_factor;
    config.providers.clone_from(&wiring.settings.auth.providers);
    config.settings = wiring.shown.iter().map(Into::into).collect();
    let server = Server::start(config, flows.clone()).await.map_err(|error| error.problem())?;
    Ok((Some(server), aside))
}

/// The login name of who runs this.
fn operator() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten();
    user.map_or_else(|| "operator".to_owned(), |user| user.name)
}

/// What this node is called: what it left unfinished is taken up again under the same name. On a database that others
/// share, no two that live at once may have the same.
fn node(data: &Path, duty: Duty, private: bool) -> String {
    if private {
        return ONLY_NODE.to_owned();
    }
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let host = host.unwrap_or_else(|| ONLY_NODE.to_owned());
    let folder = BlobHash::of(data.as_os_str().as_encoded_bytes());
    let part = if duty == Duty::Worker { "-worker" } else { "" };
    format!("{host}-{:.8}{part}", folder.as_str())
}

async fn stop(cluster: Option<&Cluster>) {
    if let Some(cluster) = cluster
        && let Err(error) = cluster.stop().await
    {
        output::notice(&format!("warning: the private database did not stop: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_shared_database_each_folder_and_each_worker_has_a_name_of_its_own() {
        let names = [
            node(Path::new("/a"), Duty::Work, false),
            node(Path::new("/b"), Duty::Work, false),
            node(Path::new("/a"), Duty::Worker, false),
        ];
        assert!(
            names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1),
            "{names:?}"
        );
        assert_eq!(node(Path::new("/a"), Duty::Work, false), names[0], "and keeps it");
    }
}

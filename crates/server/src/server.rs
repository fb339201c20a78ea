//! A server from its start to its end.

use std::{net::SocketAddr, sync::Arc};

use axum::Router;
use swarm_domain::BlobHash;
use swarm_flows::Flows;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    app::{App, Door},
    config::ServerConfig,
    door::{self, Denials, Passwords, TokenKeys},
    error::ServerError,
    federation::Providers,
    listen::{Doors, Ends, Opened},
    live::{Live, fanout::Fanout},
    openapi,
    rates::Rates,
    server_file::ServerFile,
    token::Token,
    web_origin::WebOrigin,
};

/// A server at work. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    url: String,
    token: Token,
    public: Option<SocketAddr>,
    redirect: Option<SocketAddr>,
    ends: Ends,
    grace: std::time::Duration,
    live: Arc<Live>,
    opened: Opened,
    file: Option<ServerFile>,
}

impl Server {
    /// Listens, and tells clients where by `server.json` in the data folder.
    ///
    /// Refuses an address that other machines can reach, and a data folder on which another server works.
    pub async fn start(config: ServerConfig, flows: Flows) -> Result<Self, ServerError> {
        if !config.addr.ip().is_loopback() {
            return Err(ServerError::NotLoopback(config.addr));
        }
        let providers = Providers::new(&config.providers)
            .map_err(|(provider, what)| ServerError::Provider { provider, what })?;
        let node = name(&flows);
        let fanout = config.redis.as_deref().map(|url| Fanout::to(url, config.redis_held, node.clone()));
        let fanout = fanout.transpose().map_err(ServerError::Redis)?;
        ServerFile::refuse_second(&config.data_dir).await?;
        let doors = Doors::listen(&config).await?;
        let bound = |source| ServerError::Bind { addr: config.addr, source };
        let addr = doors.loopback().map_err(bound)?;
        let (public, redirect) = (doors.public(), doors.redirect());
        let token = Token::generate(&*flows.parts().entropy);
        let url = format!("http://{addr}");
        let file = ServerFile::write(&config.data_dir, &url, &token)?;

        let ends = Ends::default();
        let stop = ends.stop.clone();
        let grace = config.shutdown_grace;
        let parts = flows.parts();
        let mut origins = origins(addr, &config.urls);
        // What links in mails begin with: whoever stands between must pass the name on.
        origins.extend(parts.config.notifications.base().and_then(WebOrigin::of_url));
        let live = Live::start(
            flows.store().clone(),
            &parts.config.tenant,
            Arc::clone(&parts.clock),
            Arc::clone(&parts.policy),
            config.sockets.clone(),
            (node, fanout),
            stop.clone(),
        );
        let app = App {
            live: Arc::clone(&live),
            flows,
            door: Arc::new(Door {
                token: token.clone(),
                token_keys: TokenKeys::default(),
                passwords: Passwords::default(),
                denials: Denials::default(),
                origins,
                friends: config.cors_origins.clone(),
            }),
            providers: Arc::new(providers),
            rates: Arc::new(Rates::new(config.rates.clone())),
            runs: Arc::default(),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            sandbox: Arc::default(),
            stop,
            config: Arc::new(config),
        };
        let config = Arc::clone(&app.config);
        let opened = doors.open(router(app), &config, &ends);
        tracing::info!(url, ?public, "serving");
        Ok(Self { url, public, redirect, token, ends, grace, live, opened, file: Some(file) })
    }

    /// Where it listens, such as `http://127.0.0.1:4180`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where others than this machine's programs come in.
    #[must_use]
    pub fn public(&self) -> Option<SocketAddr> {
        self.public
    }

    /// Where plain HTTP is led to TLS.
    #[must_use]
    pub fn redirect(&self) -> Option<SocketAddr> {
        self.redirect
    }

    /// The token that clients must show.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Stops: takes no more requests, closes live connections, and lets what is under way end, for a bounded time.
    pub async fn shutdown(mut self) {
        self.file.take();
        self.ends.stop.cancel();
        let ended = async {
            self.opened.ended().await;
            self.live.ended().await;
        };
        if timeout(self.grace, ended).await.is_err() {
            tracing::warn!("requests that did not end in time were cut off");
        }
        self.ends.cut.cancel();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.stop.cancel();
        self.ends.cut.cancel();
    }
}

fn router(app: App) -> Router {
    door::guard(openapi::router(), &app).with_state(app)
}

/// A name for this server among those of its database.
fn name(flows: &Flows) -> String {
    let mut name = BlobHash::of(&flows.parts().entropy.bytes()).to_string();
    name.truncate(16);
    name
}

/// The names of this server: those by which this machine's own programs call it, and those that it was given.
fn origins(addr: SocketAddr, urls: &[WebOrigin]) -> Vec<WebOrigin> {
    let local = [addr.to_string(), format!("localhost:{}", addr.port())];
    local.iter().map(|host| WebOrigin::plain(host)).chain(urls.iter().cloned()).collect()
}

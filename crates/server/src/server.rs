//! A server from its start to its end.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc};

use axum::Router;
use swarm_flows::Flows;
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, Door},
    config::ServerConfig,
    door::{self, Passwords, TokenKeys},
    error::ServerError,
    federation::Providers,
    live::Live,
    openapi,
    server_file::ServerFile,
    token::Token,
};

/// A server at work. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    url: String,
    token: Token,
    stop: CancellationToken,
    grace: std::time::Duration,
    live: Arc<Live>,
    serving: Option<JoinHandle<()>>,
    abort: AbortHandle,
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
        ServerFile::refuse_second(&config.data_dir).await?;
        let bind = |source| ServerError::Bind { addr: config.addr, source };
        let listener = TcpListener::bind(config.addr).await.map_err(bind)?;
        let addr = listener.local_addr().map_err(bind)?;
        let token = Token::generate(&*flows.parts().entropy);
        let url = format!("http://{addr}");
        let file = ServerFile::write(&config.data_dir, &url, &token)?;

        let stop = CancellationToken::new();
        let grace = config.shutdown_grace;
        let parts = flows.parts();
        let live = Live::start(
            flows.store().clone(),
            &parts.config.tenant,
            Arc::clone(&parts.clock),
            config.sockets.clone(),
            stop.clone(),
        );
        let app = App {
            live: Arc::clone(&live),
            flows,
            door: Arc::new(Door {
                token: token.clone(),
                token_keys: TokenKeys::default(),
                passwords: Passwords::default(),
                hosts: hosts(addr),
            }),
            providers: Arc::new(providers),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            sandbox: Arc::default(),
            stop: stop.clone(),
            config: Arc::new(config),
        };
        let serving = tokio::spawn(serve(listener, router(app), stop.clone()));
        tracing::info!(url, "serving");
        let abort = serving.abort_handle();
        Ok(Self { url, token, stop, grace, live, serving: Some(serving), abort, file: Some(file) })
    }

    /// Where it listens, such as `http://127.0.0.1:4180`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The token that clients must show.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Stops: takes no more requests, closes live connections, and lets what is under way end, for a bounded time.
    pub async fn shutdown(mut self) {
        self.file.take();
        self.stop.cancel();
        let serving = self.serving.take();
        let ended = async {
            if let Some(serving) = serving {
                let _ = serving.await;
            }
            self.live.ended().await;
        };
        if timeout(self.grace, ended).await.is_err() {
            tracing::warn!("requests that did not end in time were cut off");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.abort.abort();
    }
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.into_future().await {
        tracing::error!(%error, "the server stopped");
    }
}

fn router(app: App) -> Router {
    door::guard(openapi::router(), &app).with_state(app)
}

/// The names by which this machine's own programs call a loopback address.
fn hosts(addr: SocketAddr) -> Vec<String> {
    vec![addr.to_string(), format!("localhost:{}", addr.port())]
}

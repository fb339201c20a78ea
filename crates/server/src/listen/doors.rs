//! The doors: where is listened, and for whom.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::{
    Arrived, By, Ends, connection,
    crowd::Crowd,
    redirect,
    tls::{self, Certificates},
};
use crate::{
    config::{ConnectionLimits, PublicDoor, Seal, ServerConfig},
    error::ServerError,
    network::Network,
};

/// How long is waited where the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Doors that are listened at, and not yet opened.
pub(crate) struct Doors {
    loopback: TcpListener,
    public: Option<Public>,
}

struct Public {
    listener: TcpListener,
    certificates: Option<Certificates>,
    redirect: Option<(TcpListener, String)>,
}

/// Doors that are open, until they are told to close.
#[derive(Debug)]
pub(crate) struct Opened {
    tasks: TaskTracker,
}

/// All that the doors share.
#[derive(Clone)]
struct House {
    router: Router,
    limits: Arc<ConnectionLimits>,
    crowd: Arc<Crowd>,
    trusted: Arc<[Network]>,
    /// Whether it answers everybody, and with nothing but the way to another door.
    leads_away: bool,
    ends: Ends,
    tasks: TaskTracker,
}

impl Doors {
    /// Listens: at the address of this machine's own programs, and at that of others where there is one.
    pub(crate) async fn listen(config: &ServerConfig) -> Result<Self, ServerError> {
        let loopback = bind(config.addr).await?;
        let public = match &config.public {
            Some(door) => Some(Public::listen(door, config).await?),
            None => None,
        };
        Ok(Self { loopback, public })
    }

    /// Where this machine's own programs come in.
    pub(crate) fn loopback(&self) -> std::io::Result<SocketAddr> {
        self.loopback.local_addr()
    }

    /// Where others do.
    pub(crate) fn public(&self) -> Option<SocketAddr> {
        self.public.as_ref()?.listener.local_addr().ok()
    }

    /// Where plain HTTP is led to TLS.
    pub(crate) fn redirect(&self) -> Option<SocketAddr> {
        self.public.as_ref()?.redirect.as_ref()?.0.local_addr().ok()
    }

    /// Opens them.
    pub(crate) fn open(self, router: Router, config: &ServerConfig, ends: &Ends) -> Opened {
        let tasks = TaskTracker::new();
        let house = House {
            router,
            limits: Arc::new(config.connections.clone()),
            crowd: Crowd::new(config.connections.max_connections, config.connections.max_per_address),
            trusted: config.trusted_proxies.clone().into(),
            leads_away: false,
            ends: ends.clone(),
            tasks: tasks.clone(),
        };
        let local = House {
            // Nobody from elsewhere may take the places of this machine's own programs.
            crowd: Crowd::new(config.connections.max_connections, usize::MAX),
            ..house.clone()
        };
        tasks.spawn(local.take(self.loopback, By::Loopback, None));
        if let Some(Public { listener, certificates, redirect }) = self.public {
            let acceptor = certificates.map(|certificates| certificates.serve(&tasks, &ends.stop));
            tasks.spawn(house.clone().take(listener, By::Public, acceptor));
            if let Some((listener, to)) = redirect {
                let house = House { router: redirect::router(to), leads_away: true, ..house };
                tasks.spawn(house.take(listener, By::Public, None));
            }
        }
        Opened { tasks }
    }
}

impl Public {
    async fn listen(door: &PublicDoor, config: &ServerConfig) -> Result<Self, ServerError> {
        let certificates = match &door.seal {
            Seal::Files(files) => Some(Certificates::of_files(files.clone())?),
            Seal::Acme(order) => Some(Certificates::ordered(order, config)?),
            Seal::Proxy if config.trusted_proxies.is_empty() => {
                return Err(ServerError::Unsealed(door.listen));
            }
            Seal::Proxy => None,
        };
        let redirect = match (door.redirect_from, config.urls.iter().find(|url| url.is_secure())) {
            (Some(from), Some(url)) => Some((bind(from).await?, url.to_string())),
            (Some(_), None) => return Err(ServerError::Nameless),
            (None, _) => None,
        };
        Ok(Self { listener: bind(door.listen).await?, certificates, redirect })
    }
}

impl Opened {
    /// Waits until every connection has ended, once they were told to.
    pub(crate) async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

impl House {
    /// Takes connections until it is told to stop.
    async fn take(self, listener: TcpListener, by: By, acceptor: Option<TlsAcceptor>) {
        let stop = self.ends.stop.clone();
        let _ = stop
            .run_until_cancelled(async {
                while let Some(permit) = self.crowd.room().await {
                    let (stream, peer) = match listener.accept().await {
                        Ok(taken) => taken,
                        Err(error) => {
                            // Too many open files, mostly: some will be closed.
                            tracing::warn!(%error, "no connection can be taken");
                            tokio::time::sleep(PAUSE).await;
                            continue;
                        }
                    };
                    let proxy = self.trusted.iter().any(|network| network.contains(peer.ip()));
                    if by == By::Public && acceptor.is_none() && !proxy && !self.leads_away {
                        tracing::debug!(%peer, "is no trusted proxy, and speaks without TLS");
                        continue;
                    }
                    let counted = !proxy && !peer.ip().to_canonical().is_loopback();
                    let Some(place) = self.crowd.enter(peer.ip(), counted, permit) else {
                        tracing::debug!(%peer, "has too many connections");
                        continue;
                    };
                    let (house, acceptor) = (self.clone(), acceptor.clone());
                    self.tasks.spawn(async move {
                        house.serve(stream, Arrived { peer, by, sealed: acceptor.is_some() }, acceptor).await;
                        drop(place);
                    });
                }
            })
            .await;
    }

    async fn serve(&self, stream: TcpStream, arrived: Arrived, acceptor: Option<TlsAcceptor>) {
        let _ = stream.set_nodelay(true);
        let router = self.router.clone();
        let Some(acceptor) = acceptor else {
            return connection::serve(stream, arrived, router, &self.limits, &self.ends).await;
        };
        let handshake = connection::within(self.limits.handshake_timeout, acceptor.accept(stream));
        let Some(Some(stream)) = self.ends.stop.run_until_cancelled(handshake).await else { return };
        if !tls::was_for_proof(&stream) {
            connection::serve(stream, arrived, router, &self.limits, &self.ends).await;
        }
    }
}

async fn bind(addr: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(addr).await.map_err(|source| ServerError::Bind { addr, source })
}

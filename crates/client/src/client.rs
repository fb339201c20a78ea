//! The client: where the server is, and one pool of connections to it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use reqwest::redirect::Policy;

use crate::{error::ClientError, place::Place};

/// A server on this machine accepts at once.
const CONNECT: Duration = Duration::from_secs(5);
/// The server gives a request up after a minute; the audit of a long log may say nothing for longer.
const SILENCE: Duration = Duration::from_mins(10);

/// A client of one server. A clone is cheap and shares its connections.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    place: Arc<RwLock<Place>>,
    source: Source,
}

/// Where to look again when the server was started anew.
#[derive(Clone, Debug)]
enum Source {
    /// Nowhere.
    Given,
    /// In the server's own file.
    DataDir(Arc<PathBuf>),
    /// For the token in a file; the address stays.
    TokenFile(Arc<PathBuf>),
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:4180`. Asks nothing yet.
    pub fn new(url: &str, token: &str) -> Result<Self, ClientError> {
        Self::at(Place::new(url, token)?, Source::Given)
    }

    /// A client of a server elsewhere, with the token that stands in a file: alone, or in a copy of the server's
    /// `server.json`. A token that the server does not take is read again, for a server makes another one each time
    /// that it starts. Asks nothing yet.
    pub fn with_token_file(url: &str, path: &Path) -> Result<Self, ClientError> {
        let place = Place::with_token_file(url, path)?;
        Self::at(place, Source::TokenFile(Arc::new(path.to_path_buf())))
    }

    /// A client of the server that works on this data folder. When that server is started again, with another port
    /// and token, the client finds it by itself.
    ///
    /// Fails with [`ClientError::Unreachable`] where none answers, also where a dead one left its file behind.
    pub async fn discover(data_dir: &Path) -> Result<Self, ClientError> {
        let client = Self::at(Place::read(data_dir)?, Source::DataDir(Arc::new(data_dir.to_path_buf())))?;
        client.live().await?;
        Ok(client)
    }

    fn at(place: Place, source: Source) -> Result<Self, ClientError> {
        Ok(Self { http: http()?, place: Arc::new(RwLock::new(place)), source })
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> String {
        self.place().url
    }

    pub(crate) fn place(&self) -> Place {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks whether the server was started again elsewhere. True where it is worth asking once more.
    pub(crate) fn moved(&self, from: &Place) -> bool {
        let now = match &self.source {
            Source::Given => return false,
            Source::DataDir(data_dir) => Place::read(data_dir),
            Source::TokenFile(path) => Place::with_token_file(&from.url, path),
        };
        let Ok(now) = now else {
            return false;
        };
        let moved = now != *from;
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = now;
        moved
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("place", &self.place())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

fn http() -> Result<reqwest::Client, ClientError> {
    // Fails if one is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder()
        .build()
        // A slim container may have no certificates at all, and a server on loopback needs none.
        .or_else(|_| builder().tls_backend_preconfigured(no_roots()).build())
        .map_err(|error| ClientError::Setup { detail: error.to_string() })
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("swarm-client/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        // A proxy for the internet must not see calls to this machine, and a redirect must not carry the token away.
        .no_proxy()
        .redirect(Policy::none())
}

fn no_roots() -> rustls::ClientConfig {
    rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

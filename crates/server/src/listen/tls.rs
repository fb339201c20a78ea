//! Certificates: from files that are read again when they change, or from an authority.

use std::{
    fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::interval,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::acme::Ordered;
use crate::{
    config::{AcmeOrder, CertificateFiles, ServerConfig},
    error::ServerError,
};

/// How often is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(5);

/// What HTTP is called in a handshake.
const HTTP: &[u8] = b"http/1.1";
/// What an authority says that only looks for a proof (RFC 8737, section 6.2).
const PROOF: &[u8] = b"acme-tls/1";

/// What clients are shown, and what keeps it fresh.
pub(super) struct Certificates {
    config: Arc<rustls::ServerConfig>,
    from: Source,
}

enum Source {
    Files(Arc<FromFiles>),
    Authority(Box<Ordered>),
}

/// The certificate that stands in files.
#[derive(Debug)]
struct FromFiles {
    files: CertificateFiles,
    now: RwLock<(Arc<CertifiedKey>, Stamp)>,
}

/// By what a change of the files is seen.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificates {
    /// Reads the files. What cannot be read, or does not belong together, is refused.
    pub(super) fn of_files(files: CertificateFiles) -> Result<Self, ServerError> {
        let stamp = files.stamp();
        let read = files.read()?;
        let from = Arc::new(FromFiles { files, now: RwLock::new((Arc::new(read), stamp)) });
        let config = config(Arc::<FromFiles>::clone(&from), &[HTTP])?;
        Ok(Self { config, from: Source::Files(from) })
    }

    /// Has them from an authority, for the names of this server.
    pub(super) fn ordered(order: &AcmeOrder, server: &ServerConfig) -> Result<Self, ServerError> {
        let ordered = Ordered::new(order, server, provider())?;
        let config = config(ordered.resolver(), &[HTTP, PROOF])?;
        Ok(Self { config, from: Source::Authority(Box::new(ordered)) })
    }

    /// Keeps them fresh, until `stop`.
    pub(super) fn serve(self, tasks: &TaskTracker, stop: &CancellationToken) -> TlsAcceptor {
        let (from, stop) = (self.from, stop.clone());
        tasks.spawn(async move {
            let follow = async {
                match from {
                    Source::Files(files) => files.follow().await,
                    Source::Authority(ordered) => ordered.follow().await,
                }
            };
            stop.run_until_cancelled(follow).await;
        });
        TlsAcceptor::from(self.config)
    }
}

/// Whether the other side came for the proof alone, which the handshake has given it.
pub(super) fn was_for_proof<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(PROOF)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn config(
    resolver: Arc<dyn ResolvesServerCert>,
    protocols: &[&[u8]],
) -> Result<Arc<rustls::ServerConfig>, ServerError> {
    let builder = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| ServerError::Certificate { detail: error.to_string() })?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

impl CertificateFiles {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        })
    }

    fn read(&self) -> Result<CertifiedKey, ServerError> {
        let chain = CertificateDer::pem_slice_iter(&bytes(&self.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| faulty(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(faulty(&self.certificate, &"there is no certificate in PEM form in it"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&bytes(&self.key)?).map_err(|error| faulty(&self.key, &error))?;
        // Also sees whether key and certificate belong together.
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| faulty(&self.key, &error))
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ServerError> {
    fs::read(path).map_err(|error| faulty(path, &error))
}

fn faulty(path: &Path, why: &dyn std::fmt::Display) -> ServerError {
    ServerError::Certificate { detail: format!("{}: {why}", path.display()) }
}

impl FromFiles {
    /// Reads the files again when they change, and when the process is told so by SIGHUP.
    async fn follow(&self) {
        let Ok(mut told) = signal(SignalKind::hangup()) else {
            return tracing::warn!("SIGHUP cannot be heard: certificates are not read again");
        };
        let mut look = interval(LOOK);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    if self.files.stamp() == self.stamp() {
                        continue;
                    }
                }
                heard = told.recv() => {
                    if heard.is_none() {
                        return;
                    }
                }
            }
            self.read_again();
        }
    }

    fn stamp(&self) -> Stamp {
        self.now.read().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Takes what the files hold now. Where that cannot be used, what was there before goes on.
    fn read_again(&self) {
        let stamp = self.files.stamp();
        let read = self.files.read();
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        now.1 = stamp;
        match read {
            Ok(read) => {
                now.0 = Arc::new(read);
                tracing::info!(certificate = %self.files.certificate.display(), "the certificate was read again");
            }
            // One of two files may be there before the other; the next change is looked at again.
            Err(error) => {
                tracing::error!(%error, "the certificate cannot be read again, and the last one goes on");
            }
        }
    }
}

impl ResolvesServerCert for FromFiles {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

//! Certificates from an authority, by ACME (RFC 8555): asked for, renewed when two thirds of their time are over, and kept
//! in the data folder.

use std::{fs, io, io::Write, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures::StreamExt;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
    server::ResolvesServerCert,
};
use rustls_acme::{AccountCache, AcmeConfig, AcmeState, CertCache};
use swarm_domain::BlobHash;

use crate::{
    config::{AcmeOrder, ServerConfig},
    error::ServerError,
};

/// An order that goes on.
pub(super) struct Ordered {
    state: AcmeState<io::Error>,
}

impl Ordered {
    /// For the names in the server's `urls`.
    pub(super) fn new(
        order: &AcmeOrder,
        server: &ServerConfig,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, ServerError> {
        let names: Vec<_> = server
            .urls
            .iter()
            .filter(|url| url.is_secure())
            .map(|url| url.authority().split(':').next().unwrap_or_default().to_owned())
            .collect();
        if names.is_empty() {
            return Err(ServerError::Nameless);
        }
        let client = client(order, provider)?;
        let folder = Folder(server.data_dir.join("acme"));
        let state = AcmeConfig::new_with_client_config(names, client)
            .contact(order.contact.iter().map(|contact| format!("mailto:{contact}")))
            .directory(&order.directory)
            .cache(folder)
            .state();
        Ok(Self { state })
    }

    /// What handshakes are answered with: the certificate, or the proof that the authority asks for.
    pub(super) fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        self.state.resolver()
    }

    /// Asks, and asks again; what fails is tried again later and later.
    pub(super) async fn follow(mut self) {
        while let Some(event) = self.state.next().await {
            match event {
                Ok(done) => tracing::info!(?done, "the certificate of the authority"),
                Err(error) => {
                    tracing::error!(%error, "no certificate was had from the authority, it is asked again later");
                }
            }
        }
    }
}

/// Trusts the public authorities, and those of the file.
fn client(order: &AcmeOrder, provider: Arc<CryptoProvider>) -> Result<Arc<ClientConfig>, ServerError> {
    let faulty = |detail: String| ServerError::Certificate { detail };
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(file) = &order.authorities {
        let place = file.display();
        let pem = fs::read(file).map_err(|error| faulty(format!("{place}: {error}")))?;
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| faulty(format!("{place}: {error}")))?;
            roots.add(certificate).map_err(|error| faulty(format!("{place}: {error}")))?;
        }
        if roots.len() == before {
            return Err(faulty(format!("{place}: there is no certificate in PEM form in it")));
        }
    }
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| faulty(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// The folder in which the account's key and the certificate with its key stand, each for its owner alone.
struct Folder(PathBuf);

impl Folder {
    fn file(&self, kind: &str, parts: &[String], directory: &str) -> PathBuf {
        let whole = format!("{}\n{directory}", parts.join("\n"));
        self.0.join(format!("{kind}-{:.16}.pem", BlobHash::of(whole.as_bytes()).as_str()))
    }

    async fn read(&self, file: PathBuf) -> io::Result<Option<Vec<u8>>> {
        match tokio::fs::read(file).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, file: PathBuf, bytes: &[u8]) -> io::Result<()> {
        let (folder, bytes) = (self.0.clone(), bytes.to_vec());
        let written = tokio::task::spawn_blocking(move || {
            fs::create_dir_all(&folder)?;
            // A named temporary file has mode 0600 from its first moment.
            let mut part = tempfile::NamedTempFile::new_in(&folder)?;
            part.write_all(&bytes)?;
            part.as_file().sync_all()?;
            part.persist(file)?;
            Ok(())
        });
        written.await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl CertCache for Folder {
    type EC = io::Error;

    async fn load_cert(&self, domains: &[String], directory: &str) -> io::Result<Option<Vec<u8>>> {
        self.read(self.file("certificate", domains, directory)).await
    }

    async fn store_cert(&self, domains: &[String], directory: &str, cert: &[u8]) -> io::Result<()> {
        self.write(self.file("certificate", domains, directory), cert).await
    }
}

#[async_trait]
impl AccountCache for Folder {
    type EA = io::Error;

    async fn load_account(&self, contact: &[String], directory: &str) -> io::Result<Option<Vec<u8>>> {
        self.read(self.file("account", contact, directory)).await
    }

    async fn store_account(&self, contact: &[String], directory: &str, account: &[u8]) -> io::Result<()> {
        self.write(self.file("account", contact, directory), account).await
    }
}

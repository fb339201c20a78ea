//! The public door: TLS by files, what a connection may cost, and what does not come in by it.

mod acme;
mod authority;
mod bounds;
mod door;

use std::{io, net::SocketAddr, sync::Arc};

use authority::Authority;
use rustls::pki_types::{CertificateDer, ServerName};
use swarm_server::{CertificateFiles, PublicDoor, Seal, ServerConfig};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::world::World;

/// The name of the server in these tests.
pub(crate) const NAME: &str = "swarm.example.org";

/// A world with a public door on a free port, by a certificate of this authority.
pub(crate) async fn sealed(authority: &Authority, change: impl FnOnce(&mut ServerConfig)) -> World {
    let files = authority.files(NAME);
    World::with(|config| {
        config.urls = vec![format!("https://{NAME}").parse().unwrap()];
        config.public = Some(public(Seal::Files(files)));
        change(config);
    })
    .await
}

pub(crate) fn public(seal: Seal) -> PublicDoor {
    PublicDoor { listen: ([127, 0, 0, 1], 0).into(), seal, redirect_from: None }
}

/// A connection that trusts this authority and wants this name.
pub(crate) async fn connect(
    authority: &Authority,
    place: SocketAddr,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    connect_by(&authority.der(), place, name).await
}

/// A connection that trusts whom this root stands for and wants this name.
pub(crate) async fn connect_by(
    root: &[u8],
    place: SocketAddr,
    name: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec())).unwrap();
    let mut config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(place).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

/// Sends a request and reads its answer, up to the end of its body, as text.
pub(crate) async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).await.unwrap_or_default();
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if length.is_some_and(|length| body.len() >= length.parse::<usize>().unwrap())
            || head.contains(" 204 ")
        {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}

/// A request by GET, to be followed by others on the same connection.
pub(crate) fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {NAME}\r\n{more}\r\n")
}

/// Files that hold no certificate that could be used.
pub(crate) fn files(certificate: &std::path::Path, key: &std::path::Path) -> CertificateFiles {
    CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() }
}

//! CONNECT: a tunnel for TLS to the host that was allowed, and for nothing else.
//!
//! What goes through a tunnel is sealed, except for its beginning: there the client says which host it wants. Where a
//! credential is to be added the tunnel ends here, with a certificate that only the sandbox trusts.

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::{
    forward::{self, Ask, rewound},
    head::{self, Head},
    hello,
    host::Target,
    proxy::{Shared, answer},
    refusal::Refusal,
    report::Entry,
};

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// Opens a tunnel and serves it to its end. `early` is what came behind the head of the request.
pub(super) async fn open<S>(
    shared: &Shared,
    mut client: S,
    early: Vec<u8>,
    mut upstream: TcpStream,
    target: &Target,
    entry: &mut Entry,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if client.write_all(ESTABLISHED).await.is_err() {
        return;
    }
    let mut client = rewound(client, early);
    let beginning = match hello::read(&mut client, target, shared.bounds()).await {
        Ok(beginning) => beginning,
        Err(refusal) => {
            entry.stopped(&refusal);
            let _ = client.write_all(&refusal.alert()).await;
            let _ = client.shutdown().await;
            return;
        }
    };
    if shared.covers(target) {
        return end_here(shared, rewound(client, beginning), upstream, target, entry).await;
    }
    if upstream.write_all(&beginning).await.is_ok() {
        entry.allowed();
        // How it ends is between the two.
        let _ = copy_bidirectional(&mut client, &mut upstream).await;
    }
}

/// Speaks TLS with both, and adds the credential in between.
async fn end_here<S>(shared: &Shared, client: S, upstream: TcpStream, target: &Target, entry: &mut Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Ok(config) = shared.authority.config(&target.host) else {
        return entry.stopped(&Refusal::NoCredential(target.clone()));
    };
    let accepting = TlsAcceptor::from(config).accept(client);
    let Ok(Ok(mut client)) = timeout(shared.bounds().head_within, accepting).await else {
        // It does not trust the certificate, or speaks another TLS.
        return entry.stopped(&Refusal::NotTls(target.clone()));
    };
    match ready(shared, &mut client, upstream, target, entry).await {
        Ok(None) => {}
        Ok(Some((raw, upstream, credentials))) => {
            let ask = Ask { target, usual_port: 443, credentials: &credentials, bounds: shared.bounds() };
            forward::exchange(rewound(client, raw), upstream, &ask, entry).await;
        }
        Err(refusal) => {
            entry.stopped(&refusal);
            answer(&mut client, &refusal).await;
        }
    }
}

type Ready = (Vec<u8>, client::TlsStream<TcpStream>, Vec<super::Credential>);

/// Reads what is asked inside, fetches the credentials and connects the TLS of the other side.
async fn ready<S>(
    shared: &Shared,
    client: &mut server::TlsStream<S>,
    upstream: TcpStream,
    target: &Target,
    entry: &mut Entry,
) -> Result<Option<Ready>, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(raw) = head::read(client, shared.bounds()).await? else {
        return Ok(None);
    };
    let head = Head::parse(&raw, shared.bounds())?;
    entry.asks(&head.method, target.host.as_str(), target.port);
    head.is_for(target)?;
    let credentials = &shared.egress.credentials;
    let credentials = credentials.credentials(target.host.as_str(), target.port).await;
    let credentials = credentials.map_err(|_| Refusal::NoCredential(target.clone()))?;
    let unreachable = |detail: String| Refusal::Unreachable { target: target.clone(), detail };
    let name = ServerName::try_from(target.host.as_str().to_owned())
        .map_err(|error| unreachable(error.to_string()))?;
    let connecting = TlsConnector::from(std::sync::Arc::clone(&shared.tls)).connect(name, upstream);
    let connected = timeout(shared.bounds().connect_within, connecting).await;
    let upstream = connected
        .map_err(|_| Refusal::TooSlow("connecting"))?
        .map_err(|error| unreachable(error.to_string()))?;
    Ok(Some((raw, upstream, credentials)))
}

//! Real servers on the host's loopback, plain and with TLS, that remember what they heard.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

/// What a server says to a request, going by its whole head.
pub type Answers = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// A running server. Ends when dropped.
pub struct Server {
    pub at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

impl Server {
    pub async fn plain(answers: Answers) -> Self {
        Self::start(None, answers).await
    }

    /// With a certificate for this name.
    pub async fn tls(house: &House, name: &str, answers: Answers) -> Self {
        Self::start(Some(house.acceptor(name)), answers).await
    }

    async fn start(tls: Option<TlsAcceptor>, answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let told = Arc::clone(&heard);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answers, told) = (tls.clone(), Arc::clone(&answers), Arc::clone(&told));
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, &answers, &told).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                answer(stream, &answers, &told).await;
                            }
                        }
                    }
                });
            }
        });
        Self { at, heard, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Each request that it heard, head and body.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// An answer with this body.
pub fn says(body: &'static str) -> Answers {
    Arc::new(move |_| with(body.as_bytes()))
}

pub fn with(body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answers: &Answers,
    heard: &Mutex<Vec<String>>,
) {
    loop {
        let mut raw = Vec::new();
        let head = loop {
            if let Some(at) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
                break String::from_utf8_lossy(&raw[..at]).into_owned();
            }
            if !matches!(stream.read_buf(&mut raw).await, Ok(1..)) {
                return;
            }
        };
        let lower = head.to_lowercase();
        let length: Option<usize> =
            lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.trim().parse().ok());
        let body = head.len() + 4;
        let whole = |raw: &[u8]| match length {
            Some(length) => raw.len() >= body + length,
            None => !lower.contains("transfer-encoding: chunked") || raw.ends_with(b"0\r\n\r\n"),
        };
        while !whole(&raw) {
            if !matches!(stream.read_buf(&mut raw).await, Ok(1..)) {
                return;
            }
        }
        heard.lock().unwrap().push(String::from_utf8_lossy(&raw).into_owned());
        if stream.write_all(&answers(&head)).await.is_err() {
            return;
        }
    }
}

/// A certificate authority of a house, for its servers.
pub struct House {
    issuer: Issuer<'static, KeyPair>,
    pub certificate: CertificateDer<'static>,
    pub pem: String,
}

impl House {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, "the house");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let made = wanted.self_signed(&key).unwrap();
        Self { certificate: made.der().clone(), pem: made.pem(), issuer: Issuer::new(wanted, key) }
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut wanted = CertificateParams::new(vec![name.to_owned()]).unwrap();
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.use_authority_key_identifier_extension = true;
        let made = wanted.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

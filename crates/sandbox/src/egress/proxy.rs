//! The way out of one sandbox: takes connections, understands what they ask, and decides.

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixListener},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

use super::{
    authority::Authority,
    dial::dial,
    forward::{self, Ask},
    head::{self, Head},
    host::Target,
    meter::{Meter, Metered, Traffic},
    refusal::Refusal,
    report::Entry,
    terms::{Bounds, Egress},
    tunnel,
};
use crate::error::SandboxError;

/// How much of a refused request is still read, and for how long, so that its sender comes to read the answer.
const LINGER_BYTES: u64 = 256 << 10;
const LINGER: Duration = Duration::from_secs(1);

/// How long taking connections pauses when the machine has no room for one.
const PAUSE: Duration = Duration::from_millis(50);

/// The proxy of one sandbox. Cheap to clone.
#[derive(Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

/// What all connections of a sandbox share.
pub(super) struct Shared {
    pub(super) egress: Egress,
    pub(super) authority: Authority,
    /// How swarm itself speaks TLS with hosts.
    pub(super) tls: Arc<ClientConfig>,
    meter: Arc<Meter>,
    places: Semaphore,
    requests: AtomicU32,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("egress", &self.shared.egress).finish_non_exhaustive()
    }
}

impl Proxy {
    /// A proxy that lets this many bytes pass, both ways together.
    pub fn new(egress: Egress, network_bytes: u64) -> Result<Self, SandboxError> {
        let failed = |error: String| SandboxError::io("make the way out", io::Error::other(error));
        let authority = Authority::make().map_err(|error| failed(error.to_string()))?;
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for certificate in &egress.terms.authorities {
            roots.add(certificate.clone()).map_err(|error| failed(error.to_string()))?;
        }
        let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let shared = Shared {
            places: Semaphore::new(egress.terms.bounds.at_once),
            meter: Arc::new(Meter::new(network_bytes)),
            requests: AtomicU32::new(0),
            tls: Arc::new(tls),
            authority,
            egress,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The certificate that the sandbox must trust for hosts whose TLS ends here, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        self.shared.authority.pem()
    }

    /// Bytes that have passed.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.shared.meter.used()
    }

    /// Whether all bytes have passed that may.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.shared.meter.is_spent()
    }

    /// Takes connections for as long as it is polled. Those that are open end with it.
    pub async fn listen(&self, listener: UnixListener) {
        let most = self.shared.bounds().at_once;
        let mut serving = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if serving.len() < most => match accepted {
                    Ok((stream, _)) => {
                        let this = self.clone();
                        serving.spawn(async move { this.serve(stream).await });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the way out of a sandbox cannot take a connection");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                Some(_) = serving.join_next() => {}
            }
        }
    }

    /// Serves one connection, whichever way it came here: one request, or one tunnel.
    pub async fn serve<S>(&self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shared = &*self.shared;
        let Ok(_place) = shared.places.acquire().await else {
            return;
        };
        let refusal = if shared.meter.is_spent() {
            Some(Refusal::Spent)
        } else if !shared.counts() {
            Some(Refusal::TooMany)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            // The head is read so that its sender gets to read the answer.
            let _ = head::read(&mut stream, shared.bounds()).await;
            return answer(&mut stream, &refusal).await;
        }
        let traffic = Arc::<Traffic>::default();
        let stream = Metered::new(stream, Arc::clone(&shared.meter), Arc::clone(&traffic));
        tokio::select! {
            () = shared.talk(stream, Arc::clone(&traffic)) => {}
            () = idle(&traffic, shared.bounds().idle) => {}
        }
    }
}

/// Ends when nothing has passed for so long.
async fn idle(traffic: &Traffic, patience: Duration) {
    let mut before = traffic.both();
    loop {
        tokio::time::sleep(patience).await;
        let now = traffic.both();
        if now == before {
            return;
        }
        before = now;
    }
}

/// Answers with a refusal and lets it be read.
pub(super) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, refusal: &Refusal) {
    let saying = async {
        stream.write_all(&refusal.answer()).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // Who does not stay to read it has gone: there is nobody to tell.
    let _ = timeout(LINGER, saying).await;
}

impl Shared {
    pub(super) fn bounds(&self) -> &Bounds {
        &self.egress.terms.bounds
    }

    /// Whether one more request may be made.
    fn counts(&self) -> bool {
        let most = self.bounds().requests;
        let next = |made: u32| (made < most).then(|| made + 1);
        self.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    async fn talk<S>(&self, mut client: S, traffic: Arc<Traffic>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let read = head::read(&mut client, self.bounds()).await;
        if matches!(read, Ok(None)) {
            return;
        }
        let mut entry = Entry::begin(traffic, self.egress.reports.clone());
        let admitted = match read {
            Ok(raw) => self.admit(raw.unwrap_or_default(), &mut entry).await,
            Err(refusal) => Err(refusal),
        };
        match admitted {
            Err(refusal) => {
                entry.stopped(&refusal);
                answer(&mut client, &refusal).await;
            }
            Ok(Admitted { head, mut raw, target, upstream }) if head.is_connect() => {
                let early = raw.split_off(head.length);
                tunnel::open(self, client, early, upstream, &target, &mut entry).await;
            }
            Ok(Admitted { raw, target, upstream, .. }) => {
                let ask = Ask { target: &target, usual_port: 80, credentials: &[], bounds: self.bounds() };
                forward::exchange(forward::rewound(client, raw), upstream, &ask, &mut entry).await;
            }
        }
    }

    /// Decides, and connects.
    async fn admit(&self, raw: Vec<u8>, entry: &mut Entry) -> Result<Admitted, Refusal> {
        let mut head = Head::parse(&raw, self.bounds())?;
        let target = head.target();
        match &target {
            Ok(target) => entry.asks(&head.method, target.host.as_str(), target.port),
            Err(_) => entry.asks(&head.method, &head.authority, 0),
        }
        let target = target?;
        if !self.egress.allowed.permits(&target.host, target.port) {
            return Err(Refusal::NotOnTheList(target));
        }
        if !head.is_connect() && self.covers(&target) {
            return Err(Refusal::InTheClear(target));
        }
        let upstream = dial(&self.egress.terms, &target).await?;
        Ok(Admitted { head, raw, target, upstream })
    }

    /// Whether a credential is added to what is sent there.
    pub(super) fn covers(&self, target: &Target) -> bool {
        self.egress.credentials.cover(target.host.as_str(), target.port)
    }
}

/// A request that may be made, and the connection for it.
struct Admitted {
    head: Head,
    raw: Vec<u8>,
    target: Target,
    upstream: TcpStream,
}

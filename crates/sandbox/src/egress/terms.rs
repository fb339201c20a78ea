//! What the operator sets for the way out of every sandbox, and what one sandbox asks for.

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc, time::Duration};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    allowed::Allowed,
    credentials::{Credentials, WithoutCredentials},
    host::Host,
    report::Report,
};

/// What is the same for every sandbox.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Hosts that may lead to private addresses. They must be on a sandbox's own list as well.
    pub private: Allowed,
    /// Where connections to a host go, instead of where DNS says: a mirror inside the house. These addresses are the
    /// operator's own words, so they may be private.
    pub places: BTreeMap<Host, SocketAddr>,
    /// Certificate authorities that are trusted beside the public ones, where swarm itself speaks TLS.
    pub authorities: Vec<CertificateDer<'static>>,
    /// How much at once, and for how long.
    pub bounds: Bounds,
}

/// A file that was to hold certificates holds none, or one that cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no certificate in it that can be read")]
pub struct NoAuthority;

impl Terms {
    /// Trusts the certificates of a PEM file as well, where swarm itself speaks TLS.
    pub fn trust(&mut self, pem: &[u8]) -> Result<(), NoAuthority> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let read = read.map_err(|_| NoAuthority)?;
        let usable =
            |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
        if read.is_empty() || !read.iter().all(usable) {
            return Err(NoAuthority);
        }
        self.authorities.extend(read);
        Ok(())
    }
}

/// The bounds of one sandbox's way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once; further ones wait.
    pub at_once: usize,
    /// Requests in all.
    pub requests: u32,
    /// Bytes of a request's head, or of the beginning of its TLS.
    pub head_bytes: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of the body of a request that swarm reads.
    pub body_bytes: u64,
    /// How long a head may take, and the beginning of its TLS.
    pub head_within: Duration,
    /// How long looking up a name and connecting may take.
    pub connect_within: Duration,
    /// How long nothing may pass either way.
    pub idle: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            at_once: 64,
            requests: 10_000,
            head_bytes: 32 << 10,
            headers: 100,
            body_bytes: 64 << 20,
            head_within: Duration::from_secs(10),
            connect_within: Duration::from_secs(10),
            idle: Duration::from_mins(2),
        }
    }
}

/// The way out of one sandbox.
#[derive(Clone)]
pub struct Egress {
    /// What it may reach.
    pub allowed: Allowed,
    /// On whose terms.
    pub terms: Arc<Terms>,
    /// What is added to requests.
    pub credentials: Arc<dyn Credentials>,
    /// Who is told of each request. It holds at most [`Bounds::requests`].
    pub reports: Option<UnboundedSender<Report>>,
}

impl Default for Egress {
    fn default() -> Self {
        Self {
            allowed: Allowed::default(),
            terms: Arc::default(),
            credentials: Arc::new(WithoutCredentials),
            reports: None,
        }
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress")
            .field("allowed", &self.allowed)
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

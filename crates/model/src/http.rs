//! The HTTP client that talks to providers.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Url};

use crate::error::ModelError;

/// A provider that does not accept a connection in this time is down.
const CONNECT: Duration = Duration::from_secs(10);

/// A client for the host of `base`. The ring crypto provider is installed for the process if none is yet.
pub(crate) fn http_client(base: &Url) -> Result<Client, ModelError> {
    // Fails if one is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder(base)
        .build()
        // A slim container may have no certificates at all, and local servers need none: use those that we carry.
        .or_else(|_| builder(base).tls_backend_preconfigured(carried_roots()).build())
        .map_err(|error| ModelError::Config { detail: format!("no HTTP client: {}", error.without_url()) })
}

fn builder(base: &Url) -> ClientBuilder {
    let client = Client::builder()
        .user_agent(concat!("swarm/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // A redirect could carry an `x-api-key` header to another host.
        .redirect(Policy::none());
    // A proxy for the internet must not see calls to a model on this machine.
    if is_local(base) { client.no_proxy() } else { client }
}

fn carried_roots() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// Whether the host is this machine or in a private network: what runs there costs nothing a token.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(host) => match host.to_string().trim_matches(['[', ']']).parse() {
            Ok(std::net::IpAddr::V4(address)) => {
                address.is_loopback() || address.is_private() || address.is_link_local()
            }
            Ok(std::net::IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
            Err(_) => {
                let name = host.to_string();
                name == "localhost"
                    || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
            }
        },
        None => false,
    }
}

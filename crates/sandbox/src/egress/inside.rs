//! What programs inside are told of the way out, on every rung alike: the variables by which they find it, and the
//! certificates that they are to trust.

use std::fs;

use swarm_guest::message::CERTIFICATES;

use super::{Proxy, RELAY_PORT};

/// Where distributions keep the certificates of public authorities in one file.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What each tool calls the file with the certificates that it trusts.
const TRUST: [&str; 8] = [
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "npm_config_cafile",
];

/// What is told inside one sandbox.
#[derive(Debug)]
pub(crate) struct Surroundings {
    certificates: String,
    trust: &'static [&'static str],
}

impl Surroundings {
    /// For a sandbox with this way out. Blocks while a file is read.
    pub(crate) fn of(proxy: &Proxy) -> Self {
        let (certificates, trust) = bundle(proxy.certificate());
        Self { certificates, trust }
    }

    /// The certificates, as PEM, that are at [`CERTIFICATES`] inside.
    pub(crate) fn certificates(&self) -> &str {
        &self.certificates
    }

    /// The variables by which programs find the way, and the certificates that they are to trust.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let proxy = format!("http://127.0.0.1:{RELAY_PORT}");
        let here = "localhost,127.0.0.1,::1".to_owned();
        let ways = ["http_proxy", "https_proxy", "all_proxy"].map(|name| (name, proxy.clone()));
        let both = ways.into_iter().chain([("no_proxy", here)]);
        let both =
            both.flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_uppercase(), value)]);
        let trust = self.trust.iter().map(|name| ((*name).to_owned(), CERTIFICATES.to_owned()));
        both.chain(trust).chain([("NODE_USE_ENV_PROXY".to_owned(), "1".to_owned())])
    }
}

/// The public authorities and the sandbox's own, and who is told of them. Where the machine has no public ones, only
/// those programs are told for which the file is an addition.
fn bundle(own: &str) -> (String, &'static [&'static str]) {
    match BUNDLES.iter().find_map(|path| fs::read_to_string(path).ok()) {
        Some(public) => (format!("{}\n{own}", public.trim_end()), &TRUST),
        None => (own.to_owned(), &["NODE_EXTRA_CA_CERTS"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandboxs_own_authority_comes_after_the_public_ones() {
        let (text, told) = bundle("OWN\n");
        assert!(text.ends_with("OWN\n"));
        assert!(told.contains(&"NODE_EXTRA_CA_CERTS"));
        assert_eq!(told.len() > 1, text.len() > 4, "without public ones nobody's trust is replaced");
    }
}

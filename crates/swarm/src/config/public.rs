//! `[server.public]`: the door that others than this machine's own programs come to.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};
use swarm_server::{AcmeOrder, CertificateFiles, PublicDoor, Seal, WebOrigin};

use super::settings::ServerSettings;

/// `[server.public]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PublicSettings {
    /// The address and port; empty for no such door.
    pub(crate) listen: Place,
    /// What seals what is said there: `files`, `acme`, or `proxy` where TLS ends before.
    pub(crate) seal: SealKind,
    /// The certificate with those between it and the root, in PEM form.
    pub(crate) certificate: PathBuf,
    /// Its private key.
    pub(crate) key: PathBuf,
    /// Where plain HTTP is taken only to be led to TLS; empty for nowhere.
    pub(crate) redirect_from: Place,
    /// `[server.public.acme]`: from whom certificates are had.
    pub(crate) acme: AcmeSettings,
}

/// `[server.public.acme]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AcmeSettings {
    /// Where the authority tells what it offers.
    pub(crate) directory: String,
    /// The mail addresses that it writes to.
    pub(crate) contact: Vec<String>,
    /// Certificates that are trusted beside the public authorities' when it is spoken to; empty for none.
    pub(crate) authorities: PathBuf,
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self {
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            contact: Vec::new(),
            authorities: PathBuf::new(),
        }
    }
}

/// What seals the door.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SealKind {
    /// A certificate in files.
    #[default]
    Files,
    /// Certificates of an authority, by ACME.
    Acme,
    /// TLS ends at a trusted proxy.
    Proxy,
}

/// An address and port, or nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Place(pub(crate) Option<SocketAddr>);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let place = text
            .parse()
            .map_err(|_| format!("`{text}` is no address and port: write it like 0.0.0.0:443"))?;
        Ok(Self(Some(place)))
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |place| place.fmt(f))
    }
}

impl PublicSettings {
    /// As the server takes it.
    pub(crate) fn door(&self) -> Option<PublicDoor> {
        let files = || CertificateFiles { certificate: self.certificate.clone(), key: self.key.clone() };
        let seal = match self.seal {
            SealKind::Files => Seal::Files(files()),
            SealKind::Acme => Seal::Acme(self.acme.order()),
            SealKind::Proxy => Seal::Proxy,
        };
        self.listen.0.map(|listen| PublicDoor { listen, seal, redirect_from: self.redirect_from.0 })
    }
}

impl AcmeSettings {
    fn order(&self) -> AcmeOrder {
        AcmeOrder {
            directory: self.directory.clone(),
            contact: self.contact.clone(),
            authorities: Some(self.authorities.clone()).filter(|file| !file.as_os_str().is_empty()),
        }
    }

    fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !self.directory.starts_with("https://") {
            let what = format!("`{}` does not begin with https://", self.directory);
            faults.push(("server.public.acme.directory", what));
        }
        for contact in &self.contact {
            if !contact.contains('@') || contact.contains([':', ' ', ',']) {
                let what = format!("`{contact}` is no mail address: write it like ops@example.org");
                faults.push(("server.public.acme.contact", what));
            }
        }
        let authorities = &self.authorities;
        if !authorities.as_os_str().is_empty() && !authorities.is_file() {
            faults
                .push(("server.public.acme.authorities", format!("`{}` is no file", authorities.display())));
        }
        faults
    }
}

/// What the types alone do not see: the key, and what is wrong.
pub(super) fn faults(server: &ServerSettings) -> Vec<(&'static str, String)> {
    let public = &server.public;
    let mut faults = Vec::new();
    if public.listen.0.is_none() {
        return faults;
    }
    let is_named = server.urls.iter().any(WebOrigin::is_secure);
    match public.seal {
        SealKind::Files => {
            for (key, file) in
                [("server.public.certificate", &public.certificate), ("server.public.key", &public.key)]
            {
                if !file.is_file() {
                    faults.push((key, format!("`{}` is no file", file.display())));
                }
            }
        }
        SealKind::Acme => {
            if !is_named {
                let what = "a certificate is for a name: name this server, `https://swarm.example.org`";
                faults.push(("server.urls", what.to_owned()));
            }
            faults.extend(uncertifiable(&server.urls).map(|what| ("server.urls", what)));
            faults.extend(public.acme.faults());
        }
        SealKind::Proxy if server.trusted_proxies.is_empty() => {
            let what = "without TLS only trusted proxies are spoken to, and there is none";
            faults.push(("server.trusted_proxies", what.to_owned()));
        }
        SealKind::Proxy => {}
    }
    if public.redirect_from.0.is_some() && !is_named {
        let what = "plain HTTP is led to a name: name this server, `https://swarm.example.org`";
        faults.push(("server.urls", what.to_owned()));
    }
    faults
}

/// What no authority gives a certificate for: an order with one such name fails for all of them.
fn uncertifiable(urls: &[WebOrigin]) -> impl Iterator<Item = String> {
    let host = |url: &WebOrigin| {
        let authority = url.authority();
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let host =
            authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
        host.to_ascii_lowercase()
    };
    let is_name = |host: &str| {
        host.contains('.') && !host.starts_with('[') && host.parse::<std::net::IpAddr>().is_err()
    };
    urls.iter().filter(|url| url.is_secure()).filter_map(move |url| {
        let name = host(url);
        let alike = urls.iter().filter(|other| other.is_secure() && host(other) == name).count();
        if !is_name(&name) {
            Some(format!("an authority certifies names such as `swarm.example.org`, not `{name}`"))
        } else if alike > 1 {
            Some(format!("`{name}` is named more than once"))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> ServerSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_a_place_there_is_no_public_door_and_no_fault() {
        assert!(server("").public.door().is_none() && faults(&server("")).is_empty());
    }

    #[test]
    fn a_door_that_could_not_be_kept_shut_is_a_fault_by_its_key() {
        let keys = |text: &str| faults(&server(text)).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let listen = "[public]\nlisten = \"0.0.0.0:443\"\n";
        assert_eq!(keys(listen), ["server.public.certificate", "server.public.key"]);
        let redirected = format!(
            "trusted_proxies = [\"10.0.0.1\"]\n{listen}seal = \"proxy\"\nredirect_from = \"0.0.0.0:80\""
        );
        assert_eq!(keys(&redirected), ["server.urls"]);
        assert_eq!(keys(&format!("{listen}seal = \"proxy\"")), ["server.trusted_proxies"]);
        let named = "urls = [\"https://swarm.example.org\"]\ntrusted_proxies = [\"10.0.0.1\"]\n";
        assert_eq!(
            keys(&format!("{named}{listen}seal = \"proxy\"\nredirect_from = \"0.0.0.0:80\"")),
            [""; 0]
        );
        let ordered =
            |more: &str| format!("urls = [\"https://swarm.example.org\"]\n{listen}seal = \"acme\"\n{more}");
        assert_eq!(keys(&ordered("")), [""; 0]);
        assert_eq!(keys(&format!("{listen}seal = \"acme\"")), ["server.urls"]);
        assert_eq!(
            keys(&ordered(
                "[public.acme]\ndirectory = \"http://ca\"\ncontact = [\"ops\"]\nauthorities = \"/nothing\""
            )),
            ["server.public.acme.directory", "server.public.acme.contact", "server.public.acme.authorities"]
        );
        for (urls, wrong) in [
            ("\"https://swarm.example.org\", \"http://10.0.0.7\"", 0),
            ("\"https://10.0.0.7\"", 1),
            ("\"https://[::1]:8443\"", 1),
            ("\"https://swarm\"", 1),
            ("\"https://swarm.example.org\", \"https://Swarm.example.org:8443\"", 2),
        ] {
            let text = format!("urls = [{urls}]\n{listen}seal = \"acme\"");
            assert_eq!(keys(&text), vec!["server.urls"; wrong], "{text}");
        }
        for bad in ["listen = \"443\"", "listen = \"example.org:443\"", "seal = \"none\"", "tls = true"] {
            assert!(toml::from_str::<PublicSettings>(bad).is_err(), "{bad}");
        }
    }
}

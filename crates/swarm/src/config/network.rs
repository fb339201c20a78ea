//! `[sandbox.network]`: what the house adds to the way out of sandboxes. Who may reach what is in the agents' files.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use swarm_domain::Problem;
use swarm_sandbox::egress::{Allowed, Host, Terms};

/// `[sandbox.network]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NetworkSettings {
    /// Hosts that may lead to private addresses.
    pub(crate) private_hosts: Allowed,
    /// Where connections to a host go, instead of where DNS says.
    pub(crate) places: BTreeMap<Host, SocketAddr>,
    /// Files with certificate authorities that are trusted where swarm itself speaks TLS, beside the public ones.
    pub(crate) authorities: Vec<PathBuf>,
}

impl NetworkSettings {
    /// The terms of every way out.
    pub(crate) fn terms(&self) -> Result<Terms, Problem> {
        let mut terms =
            Terms { private: self.private_hosts.clone(), places: self.places.clone(), ..Terms::default() };
        for file in &self.authorities {
            let read = std::fs::read(file).map_err(|error| error.to_string());
            let trusted = read.and_then(|pem| terms.trust(&pem).map_err(|fault| fault.to_string()));
            if let Err(detail) = trusted {
                return Err(Problem::new(
                    "config.invalid",
                    format!("sandbox.network.authorities: {}: {detail}", file.display()),
                    "name files with certificates in PEM form, then run `swarm config check`",
                ));
            }
        }
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_certificate_is_a_fault_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), std::path::Path::new("/no/such.pem")] {
            let settings =
                NetworkSettings { authorities: vec![path.to_owned()], ..NetworkSettings::default() };
            let problem = settings.terms().unwrap_err();
            assert!(problem.detail.contains(&path.display().to_string()), "{problem}");
        }
    }

    #[test]
    fn hosts_are_read_as_they_are_written_in_agent_files() {
        let text =
            "private_hosts = [\"git.house.example:8443\"]\n[places]\n\"pypi.org\" = \"10.0.0.5:3141\"\n";
        let settings: NetworkSettings = toml::from_str(text).unwrap();
        let terms = settings.terms().unwrap();
        assert!(terms.private.permits(&"git.house.example".parse().unwrap(), 8443));
        assert_eq!(terms.places[&"pypi.org".parse().unwrap()].port(), 3141);
        assert!(toml::from_str::<NetworkSettings>("private_hosts = [\"10.0.0.1\"]").is_err());
    }
}

//! A certificate authority that one sandbox trusts and nobody else, for the hosts whose TLS ends at swarm.
//!
//! Its key is made when the sandbox is and lives in swarm's memory only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use super::host::Host;

/// Certificates that are kept to be used again.
const KEPT: usize = 256;

/// Longer names do not fit the common name of a certificate.
const LONGEST_COMMON_NAME: usize = 64;

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    kept: Mutex<HashMap<Host, Arc<ServerConfig>>>,
}

/// Making keys or certificates failed: no randomness, or a name that no certificate can have.
#[derive(Debug, thiserror::Error)]
#[error("a certificate cannot be made: {0}")]
pub(super) struct NoCertificate(String);

impl From<rcgen::Error> for NoCertificate {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rustls::Error> for NoCertificate {
    fn from(error: rustls::Error) -> Self {
        Self(error.to_string())
    }
}

impl Authority {
    pub(super) fn make() -> Result<Self, NoCertificate> {
        let key = KeyPair::generate()?;
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name.push(DnType::CommonName, "swarm sandbox");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        wanted.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = wanted.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(wanted, key), pem, kept: Mutex::default() })
    }

    /// Its certificate, for the sandbox to trust.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// What TLS is answered with in the name of a host.
    pub(super) fn config(&self, host: &Host) -> Result<Arc<ServerConfig>, NoCertificate> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = kept.get(host) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.issue(host)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(host.clone(), Arc::clone(&config));
        Ok(config)
    }

    fn issue(&self, host: &Host) -> Result<ServerConfig, NoCertificate> {
        let key = KeyPair::generate()?;
        let mut wanted = CertificateParams::new(vec![host.as_str().to_owned()])?;
        let name: String = host.as_str().chars().take(LONGEST_COMMON_NAME).collect();
        wanted.distinguished_name.push(DnType::CommonName, name);
        wanted.use_authority_key_identifier_extension = true;
        wanted.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = wanted.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_a_host_and_two_authorities_are_not_the_same() {
        let (one, other) = (Authority::make().unwrap(), Authority::make().unwrap());
        assert!(one.pem().starts_with("-----BEGIN CERTIFICATE-----") && one.pem() != other.pem());
        let host: Host = "api.example.org".parse().unwrap();
        assert!(Arc::ptr_eq(&one.config(&host).unwrap(), &one.config(&host).unwrap()));
        assert!(!Arc::ptr_eq(
            &one.config(&host).unwrap(),
            &one.config(&"b.example.org".parse().unwrap()).unwrap()
        ));
    }
}

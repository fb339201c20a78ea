//! A certificate authority of the tests' own.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use swarm_server::CertificateFiles;
use tempfile::TempDir;

/// Gives certificates, in a folder of its own.
pub struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        let (der, pem) = (own.der().to_vec(), own.pem());
        Self { folder: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key), der, pem }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn der(&self) -> Vec<u8> {
        self.der.clone()
    }

    /// A fresh certificate for this name, in the place of the one before.
    pub fn files(&self, name: &str) -> CertificateFiles {
        let key = KeyPair::generate().unwrap();
        let given =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let path = |kind: &str| self.folder.path().join(kind);
        fs::write(path("certificate.pem"), given.pem()).unwrap();
        fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        CertificateFiles { certificate: path("certificate.pem"), key: path("key.pem") }
    }
}

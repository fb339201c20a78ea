//! What a request from a sandbox gets on its way out: the headers that let it in, and never the sandbox itself.

use std::collections::BTreeSet;

use async_trait::async_trait;
use swarm_domain::{
    EventBody, Problem, Subject,
    secret::{Secret, SecretHost, SecretId, SecretRecord, SecretVersion, for_host},
};
use swarm_sandbox::egress::{self, NoCredential};

use super::{check, reference};
use crate::parts::{Parts, part};

/// A header that is added to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// From which secret.
    pub secret: SecretId,
    /// From which of its versions.
    pub version: u32,
    /// The header's name, in lower case.
    pub header: String,
    /// The header's value.
    pub value: Secret,
}

/// The port at which a request may get a secret: the one of HTTPS. What else a host offers is another matter.
const PORT: u16 = 443;

/// The secrets as the way out of one sandbox sees them: those of its project, and each use in its name.
#[derive(Clone)]
pub struct Credentials {
    parts: Parts,
    about: Subject,
    hosts: BTreeSet<SecretHost>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("about", &self.about).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Those for work on this: its project decides which, and its attempt is named with each use. The hosts are those of
    /// now: for these a proxy must look into the request, and one that is named later is for the next sandbox.
    pub async fn of(parts: &Parts, about: Subject) -> Result<Self, Problem> {
        let new = Self { parts: parts.clone(), about, hosts: BTreeSet::new() };
        let project = new.about.project.as_ref();
        let known = new.records().await?;
        let in_scope =
            |record: &SecretRecord| record.id.project.as_ref().is_none_or(|own| Some(own) == project);
        let hosts = known.into_iter().filter(in_scope).flat_map(|record| record.hosts).collect();
        Ok(Self { hosts, ..new })
    }

    /// The hosts to which something may be sent.
    #[must_use]
    pub fn hosts(&self) -> &BTreeSet<SecretHost> {
        &self.hosts
    }

    /// The headers for a request to this host, one for each name; none where no secret is for it. Each use is recorded
    /// before the value is handed out.
    ///
    /// A secret that has expired or cannot be opened is an error: a request without it would fail where nobody can see
    /// why. While two values count, the old one is taken where the new one cannot be had.
    pub async fn for_host(&self, host: &str) -> Result<Vec<Credential>, Problem> {
        let known = self.records().await?;
        let mut credentials = Vec::new();
        for record in for_host(&known, self.about.project.as_ref(), host) {
            let (version, value) = self.newest(record).await?;
            let line =
                record.placement.written(&value).map_err(swarm_domain::secret::SecretError::problem)?;
            self.used(record, version, host).await?;
            credentials.push(Credential {
                secret: record.id.clone(),
                version: version.number,
                header: record.placement.header().to_owned(),
                value: line,
            });
        }
        Ok(credentials)
    }

    async fn records(&self) -> Result<Vec<SecretRecord>, Problem> {
        let rows = self.parts.store.secrets(&self.parts.config.tenant).await.map_err(|e| e.problem())?;
        Ok(rows.into_iter().map(|row| row.record).collect())
    }

    /// The newest value that counts and can be had.
    async fn newest<'a>(&self, record: &'a SecretRecord) -> Result<(&'a SecretVersion, Secret), Problem> {
        let mut first = None;
        for version in record.valid(self.parts.clock.now()) {
            match reference::value(&self.parts, record, version).await {
                Ok(value) => return Ok((version, value)),
                Err(problem) => {
                    let (code, version) = (&problem.code, version.number);
                    tracing::warn!(secret = %record.id, version, code, "a secret cannot be had");
                    first = first.or(Some(problem));
                }
            }
        }
        Err(first.unwrap_or_else(|| check::expired(record)))
    }

    async fn used(&self, record: &SecretRecord, version: &SecretVersion, host: &str) -> Result<(), Problem> {
        // Each use is one, whatever it has in common with others.
        let one = self.parts.entropy.bytes().map(|byte| format!("{byte:02x}")).concat();
        let key = ["secret", record.id.scope(), record.id.name.as_str(), "used", &one];
        let host = SecretHost::parse(host).map_err(swarm_domain::secret::SecretError::problem)?;
        let body = EventBody::SecretUsed { secret: record.id.clone(), version: version.number, host };
        let recorded = self.parts.record(&key, part("egress"), self.about.clone(), body).await;
        recorded.map(drop).map_err(|error| error.problem())
    }
}

#[async_trait]
impl egress::Credentials for Credentials {
    fn cover(&self, host: &str, port: u16) -> bool {
        port == PORT && self.hosts.iter().any(|known| known.is(host))
    }

    async fn credentials(&self, host: &str, port: u16) -> Result<Vec<egress::Credential>, NoCredential> {
        if port != PORT {
            return Err(NoCredential);
        }
        let found = self.for_host(host).await.map_err(|problem| {
            tracing::warn!(host, code = problem.code, detail = problem.detail, "no secret for a request");
            NoCredential
        })?;
        // It was covered when the sandbox was made: removed since then, and not silently left out.
        if found.is_empty() {
            return Err(NoCredential);
        }
        let header = |one: Credential| egress::Credential::new(&one.header, one.value.expose());
        found.into_iter().map(header).collect::<Option<_>>().ok_or(NoCredential)
    }
}

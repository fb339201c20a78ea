//! Whether each secret could be used now.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    Problem,
    secret::{SecretId, SecretRecord},
};

use super::reference;
use crate::parts::Parts;

/// How long before its end a value is worth a word.
const SOON: TimeDelta = TimeDelta::days(7);

/// What was found of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretCheck {
    /// Which secret.
    pub secret: SecretId,
    /// Which of its versions.
    pub version: u32,
    /// What is wrong; absent where it can be used.
    pub problem: Option<Problem>,
    /// What is worth knowing, though nothing is wrong yet.
    pub note: Option<String>,
}

pub(super) async fn all(parts: &Parts) -> Result<Vec<SecretCheck>, Problem> {
    let rows = parts.store.secrets(&parts.config.tenant).await.map_err(|error| error.problem())?;
    let mut found = Vec::new();
    for row in rows {
        found.extend(one(parts, &row.record).await);
    }
    Ok(found)
}

async fn one(parts: &Parts, record: &SecretRecord) -> Vec<SecretCheck> {
    let now = parts.clock.now();
    let valid = record.valid(now);
    if valid.is_empty() {
        let version = record.newest().map_or(0, |version| version.number);
        let problem = Some(expired(record));
        return vec![SecretCheck { secret: record.id.clone(), version, problem, note: None }];
    }
    let mut found = Vec::new();
    for version in valid {
        let problem = reference::value(parts, record, version).await.err();
        let ends = version.expires.filter(|expires| *expires - now < SOON);
        let note = match (version.until, ends) {
            (Some(until), _) => Some(format!("the old value counts until {}", until.format("%F %T UTC"))),
            (None, Some(expires)) => Some(format!("it expires at {}", expires.format("%F %T UTC"))),
            (None, None) => None,
        };
        found.push(SecretCheck { secret: record.id.clone(), version: version.number, problem, note });
    }
    found
}

/// What is said where no version counts any more.
pub(super) fn expired(record: &SecretRecord) -> Problem {
    Problem::new(
        "secret.expired",
        format!("the secret {} has expired", record.id),
        format!("get a new value where it comes from, then run `swarm secret rotate {}`", record.id.name),
    )
}

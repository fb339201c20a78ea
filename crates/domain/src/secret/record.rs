//! All that is known of a secret but its value, and which secrets a request gets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Placement, SecretHost, SecretId, SecretVersion};
use crate::id::ProjectId;

/// Hosts that one secret may be sent to, at the most.
pub const MAX_HOSTS: usize = 16;

/// All that is known of a secret but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretRecord {
    /// Which.
    pub id: SecretId,
    /// Where it may be sent.
    pub hosts: Vec<SecretHost>,
    /// How it is put into a request.
    pub placement: Placement,
    /// Its versions that count or did last, oldest first.
    pub versions: Vec<SecretVersion>,
    /// When it was set first.
    pub created_at: DateTime<Utc>,
    /// When its value was last rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<DateTime<Utc>>,
}

impl SecretRecord {
    /// The versions that count at this time, the newest first: that one is sent, the other only where it cannot be had.
    #[must_use]
    pub fn valid(&self, at: DateTime<Utc>) -> Vec<&SecretVersion> {
        let mut valid: Vec<_> = self.versions.iter().filter(|version| version.is_valid(at)).collect();
        valid.sort_by_key(|version| std::cmp::Reverse(version.number));
        valid
    }

    /// The newest version, whether it counts or not.
    #[must_use]
    pub fn newest(&self) -> Option<&SecretVersion> {
        self.versions.iter().max_by_key(|version| version.number)
    }

    /// Whether it may be sent to this host for this project.
    #[must_use]
    pub fn is_for(&self, project: Option<&ProjectId>, host: &str) -> bool {
        let in_scope = self.id.project.as_ref().is_none_or(|own| Some(own) == project);
        in_scope && self.hosts.iter().any(|known| known.is(host))
    }
}

/// The secrets that a request of this project to this host gets: one for each header. The project's own goes before one
/// for all projects, then the first by name.
#[must_use]
pub fn for_host<'a>(
    known: &'a [SecretRecord],
    project: Option<&ProjectId>,
    host: &str,
) -> Vec<&'a SecretRecord> {
    let mut found: Vec<_> = known.iter().filter(|record| record.is_for(project, host)).collect();
    found.sort_by_key(|record| (record.placement.header(), record.id.project.is_none(), &record.id.name));
    found.dedup_by_key(|record| record.placement.header());
    found
}

//! For how long contents are kept, and what may not go although its time has come.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::id::{InvalidId, ProjectId, RunId, TenantId};

pub use crate::id::HoldId;

/// What a legal hold keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HoldScope {
    /// Everything of the tenant.
    Everything,
    /// What belongs to a project.
    Project {
        /// Which.
        project: ProjectId,
    },
    /// What belongs to a run.
    Run {
        /// Which.
        run: RunId,
    },
}

impl HoldScope {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Project { .. } => "project",
            Self::Run { .. } => "run",
        }
    }

    /// The project or run; nothing where it is everything.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Everything => "",
            Self::Project { project } => project.as_str(),
            Self::Run { run } => run.as_str(),
        }
    }

    /// Reads what [`HoldScope::kind`] and [`HoldScope::target`] gave. None where there is no such kind.
    #[must_use]
    pub fn read(kind: &str, target: &str) -> Option<Result<Self, InvalidId>> {
        match kind {
            "everything" => Some(Ok(Self::Everything)),
            "project" => Some(ProjectId::parse(target).map(|project| Self::Project { project })),
            "run" => Some(RunId::parse(target).map(|run| Self::Run { run })),
            _ => None,
        }
    }
}

impl fmt::Display for HoldScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            other => write!(f, "{} {}", other.kind(), other.target()),
        }
    }
}

/// For how long contents are kept, tenant by tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Where nothing else is said.
    pub usual: Retention,
    /// By the name of the tenant.
    pub tenants: BTreeMap<String, Retention>,
}

impl RetentionPolicy {
    /// What counts for a tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Retention {
        self.tenants.get(tenant.as_str()).copied().unwrap_or(self.usual)
    }
}

/// For how long the contents of finished work are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// So many days after its run has settled.
    pub days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { days: 90 }
    }
}

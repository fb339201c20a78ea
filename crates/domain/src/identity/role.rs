//! Roles: what somebody may do unless more is said.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Scope;

/// What somebody is in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, and who else is an owner.
    Owner,
    /// Everything but that.
    Admin,
    /// The work, its secrets and its gates.
    Maintainer,
    /// Sees the work and answers at gates.
    Reviewer,
    /// Sees the work.
    Viewer,
    /// A program that works: takes tickets and returns them.
    Agent,
}

impl Role {
    /// All of them, those who may most first.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Admin, Self::Maintainer, Self::Reviewer, Self::Viewer, Self::Agent];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Maintainer => "maintainer",
            Self::Reviewer => "reviewer",
            Self::Viewer => "viewer",
            Self::Agent => "agent",
        }
    }

    /// Whether this role has this scope where no operator's policy says otherwise. To tell people; what is done is decided
    /// by the policies, whose tests hold them against this table.
    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        match self {
            Self::Owner | Self::Admin => true,
            Self::Maintainer => !matches!(scope, Scope::UsersWrite | Scope::SystemWrite),
            Self::Reviewer => matches!(
                scope,
                Scope::WorkRead
                    | Scope::GatesApprove
                    | Scope::UsersRead
                    | Scope::AuditRead
                    | Scope::AccountWrite
            ),
            Self::Viewer => matches!(scope, Scope::WorkRead | Scope::AccountWrite),
            Self::Agent => matches!(scope, Scope::WorkRead | Scope::ClaimsWork),
        }
    }

    /// The scopes that this role has where no operator's policy says otherwise.
    #[must_use]
    pub fn scopes(self) -> BTreeSet<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).collect()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role: there is owner, admin, maintainer, reviewer, viewer and agent")]
pub struct NoRole(String);

impl FromStr for Role {
    type Err = NoRole;
    fn from_str(text: &str) -> Result<Self, NoRole> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| NoRole(text.chars().take(64).collect()))
    }
}

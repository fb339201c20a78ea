//! What can be done, in words that a key can be bound to.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One kind of thing that can be done. Every route of the API asks for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// See projects, specs, plans, runs, tickets, events and what follows from them.
    #[serde(rename = "work:read")]
    WorkRead,
    /// Make a repository known.
    #[serde(rename = "projects:write")]
    ProjectsWrite,
    /// Add specs, draft them from code, hold them against it.
    #[serde(rename = "specs:write")]
    SpecsWrite,
    /// Plan, start, cancel, retry, replay and fork: what spends money.
    #[serde(rename = "runs:write")]
    RunsWrite,
    /// Answer where work waits for a person.
    #[serde(rename = "gates:approve")]
    GatesApprove,
    /// Take tickets as a worker, and return them.
    #[serde(rename = "claims:work")]
    ClaimsWork,
    /// See which secrets there are, never their values.
    #[serde(rename = "secrets:read")]
    SecretsRead,
    /// Set, rotate and remove secrets.
    #[serde(rename = "secrets:write")]
    SecretsWrite,
    /// See who has an account.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Invite, disable, give roles, and manage others' keys and sessions.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// Read and export the whole log, and prove it.
    #[serde(rename = "audit:read")]
    AuditRead,
    /// Change how swarm itself works: its keys, views and caches.
    #[serde(rename = "system:write")]
    SystemWrite,
    /// One's own account: password, sessions, keys.
    #[serde(rename = "account:write")]
    AccountWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::WorkRead,
        Self::ProjectsWrite,
        Self::SpecsWrite,
        Self::RunsWrite,
        Self::GatesApprove,
        Self::ClaimsWork,
        Self::SecretsRead,
        Self::SecretsWrite,
        Self::UsersRead,
        Self::UsersWrite,
        Self::AuditRead,
        Self::SystemWrite,
        Self::AccountWrite,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WorkRead => "work:read",
            Self::ProjectsWrite => "projects:write",
            Self::SpecsWrite => "specs:write",
            Self::RunsWrite => "runs:write",
            Self::GatesApprove => "gates:approve",
            Self::ClaimsWork => "claims:work",
            Self::SecretsRead => "secrets:read",
            Self::SecretsWrite => "secrets:write",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::AuditRead => "audit:read",
            Self::SystemWrite => "system:write",
            Self::AccountWrite => "account:write",
        }
    }
}

/// The first of the wanted scopes that is not among those that are there.
#[must_use]
pub fn within(wanted: &BTreeSet<Scope>, there: &BTreeSet<Scope>) -> Option<Scope> {
    wanted.difference(there).next().copied()
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope: there is work:read, runs:write and others; `swarm key scopes` lists them")]
pub struct NoScope(String);

impl FromStr for Scope {
    type Err = NoScope;
    fn from_str(text: &str) -> Result<Self, NoScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| NoScope(text.chars().take(64).collect()))
    }
}

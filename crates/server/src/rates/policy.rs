//! What is counted, and by whom.

use std::net::IpAddr;

use serde::Serialize;
use swarm_domain::{
    ProjectId, TenantId,
    identity::{KeyId, Principal, UserId, Who},
    rate::{Rate, RateLimit},
};
use utoipa::ToSchema;

use crate::{config::RateLimits, door::network};

/// A limit that holds for each of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Policy {
    /// For each address, of those who show nobody.
    Address,
    /// For each API key.
    Key,
    /// For each account, all its sessions together.
    User,
    /// For who shows the token of `server.json`.
    Operator,
    /// For each project, whoever asks about it.
    Project,
    /// For each tenant, whoever asks.
    Tenant,
}

/// Who or what is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// An address; of IPv6 the network that one customer has.
    Address(IpAddr),
    /// A key.
    Key(KeyId),
    /// An account.
    User(UserId),
    /// The operator.
    Operator,
    /// A project.
    Project(TenantId, ProjectId),
    /// A tenant.
    Tenant(TenantId),
}

/// How a count stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Of which limit.
    pub(crate) policy: Policy,
    /// What that is.
    pub(crate) rate: Rate,
    /// How many more may be asked at once now.
    pub(crate) left: u32,
    /// In how many seconds all of them may again.
    pub(crate) full_in: u64,
    /// After how many seconds to come again, where this one was too many.
    pub(crate) wait: Option<u64>,
}

impl Policy {
    /// Every one.
    pub(crate) const ALL: [Self; 6] =
        [Self::Address, Self::Key, Self::User, Self::Operator, Self::Project, Self::Tenant];

    /// What it is called in headers, settings and problems.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Key => "key",
            Self::User => "user",
            Self::Operator => "operator",
            Self::Project => "project",
            Self::Tenant => "tenant",
        }
    }

    /// What it is set to.
    pub(crate) fn of(self, limits: &RateLimits) -> RateLimit {
        match self {
            Self::Address => limits.address,
            Self::Key => limits.key,
            Self::User => limits.user,
            Self::Operator => limits.operator,
            Self::Project => limits.project,
            Self::Tenant => limits.tenant,
        }
    }
}

impl Subject {
    /// An address. Of IPv6 the network that one customer has counts.
    pub(crate) fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }

    /// Who asks. A key counts for itself: what a program does must not lock out the person whose key it has.
    pub(crate) fn of(principal: &Principal) -> Self {
        match &principal.who {
            Who::Operator { .. } => Self::Operator,
            Who::User { user, .. } => Self::User(user.clone()),
            Who::Key { key, .. } => Self::Key(key.clone()),
        }
    }

    /// The limit that holds for it.
    pub(crate) fn policy(&self) -> Policy {
        match self {
            Self::Address(_) => Policy::Address,
            Self::Key(_) => Policy::Key,
            Self::User(_) => Policy::User,
            Self::Operator => Policy::Operator,
            Self::Project(..) => Policy::Project,
            Self::Tenant(_) => Policy::Tenant,
        }
    }
}

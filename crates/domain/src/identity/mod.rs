//! Identity: who asks, and what they may do.
//!
//! A person has an account ([`UserId`]) with one [`Role`] in a team. They show a password and get a session, or make an
//! API key that may do a part of what they may. Whoever it is, a request is a [`Principal`] in the end. What they may do is
//! decided by policies, in the crate `swarm-policy`; here stand the words, and rules that no policy widens.
//!
//! ```
//! use swarm_domain::identity::{Role, Scope};
//!
//! assert!(Role::Viewer.has(Scope::WorkRead) && !Role::Viewer.has(Scope::RunsWrite));
//! ```

mod email;
mod fault;
mod federation;
mod key;
mod password;
mod principal;
mod proof;
mod role;
mod scope;
mod session;
#[cfg(test)]
mod tests;

pub use email::EmailAddress;
pub use fault::IdentityError;
pub use federation::{Admission, ExternalId, Met, ProviderTrust};
pub use key::{KeyRecord, MAX_KEY_DAYS};
pub use password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, Password};
pub use principal::{Principal, Who, may_grant};
pub use proof::{AnswerText, KeyText, LinkText, Proof, ProofHash, RecoveryCode, RefreshText, SecondStepText};
pub use role::Role;
pub use scope::{Scope, within};
pub use session::{FRESH_SECONDS, Presented, RACE_SECONDS, SessionEnd, presented};

pub use crate::id::{InvitationId, KeyId, KeyName, PasskeyId, ProviderName, SessionId, UserId};

use serde::{Deserialize, Serialize};

/// Who may make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anybody who can reach the server; they begin as viewers, once their address is verified.
    Open,
    /// Whoever was invited.
    #[default]
    Invite,
    /// Nobody; invitations that are out count no more.
    Closed,
}

/// Who must have a second factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorPolicy {
    /// Nobody; who wants sets one up.
    #[default]
    Optional,
    /// Owners and admins. Who is one and has none can do nothing but set one up.
    RequiredForAdmins,
}

impl SecondFactorPolicy {
    /// Whether somebody of this role must have one.
    #[must_use]
    pub fn wants(self, role: Role) -> bool {
        self == Self::RequiredForAdmins && matches!(role, Role::Owner | Role::Admin)
    }
}

/// How an account came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// By the link that a server prints while it has no account.
    First,
    /// By an invitation.
    Invited,
    /// By themselves.
    Registered,
    /// By a provider that says who they are, with a verified address.
    Federated,
}

/// What a link that counts once is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// To make the first account, which is the owner's.
    First,
    /// To make an account after an invitation.
    Invite,
    /// To show that an address is one's own.
    Verify,
    /// To choose another password.
    Reset,
}

impl LinkPurpose {
    /// The word that it is stored by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Invite => "invite",
            Self::Verify => "verify",
            Self::Reset => "reset",
        }
    }

    /// For how long a link counts, in seconds: the more it opens, the shorter.
    #[must_use]
    pub fn seconds(self) -> u32 {
        match self {
            Self::First => 86_400,
            Self::Invite => 7 * 86_400,
            Self::Verify => 3 * 86_400,
            Self::Reset => 3_600,
        }
    }
}

//! Who asks, and what they may let others be.

use std::collections::BTreeSet;

use super::{IdentityError, Role, Scope, within};
use crate::id::{KeyId, SessionId, TenantId, UserId};

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever can read the data folder of the server: the token of `server.json`.
    Operator {
        /// Their login name.
        name: String,
    },
    /// A person with an account, in one of their sessions.
    User {
        /// Who.
        user: UserId,
        /// Their email address.
        email: String,
        /// In which session.
        session: SessionId,
    },
    /// A program with an API key.
    Key {
        /// Which key.
        key: KeyId,
        /// Whose, where it is not the operator's.
        owner: Option<UserId>,
        /// The owner's email address, or the operator's login name.
        name: String,
    },
}

/// Who asks, in which team, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who.
    pub who: Who,
    /// As what.
    pub role: Role,
    /// What they are bound to besides, where they show a key.
    pub scopes: Option<BTreeSet<Scope>>,
}

impl Principal {
    /// The name that stands in events. A key acts in the name of who made it: what two people must do, one person with
    /// a key cannot.
    #[must_use]
    pub fn person(&self) -> &str {
        match &self.who {
            Who::Operator { name } | Who::Key { name, .. } => name,
            Who::User { email, .. } => email,
        }
    }

    /// The account behind it.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match &self.who {
            Who::Operator { .. } => None,
            Who::User { user, .. } => Some(user),
            Who::Key { owner, .. } => owner.as_ref(),
        }
    }
}

/// Whether this principal may make somebody's role from what it is, if there is one, to what it shall be, if there shall
/// be one; and whatever else would let them act as somebody of that role. Nobody gives more than they have, by a key not
/// more than the key has, and only owners decide about owners. `has` is what they may do, `worth` what a role may.
pub fn may_grant(
    by: &Principal,
    has: &BTreeSet<Scope>,
    worth: impl Fn(Role) -> BTreeSet<Scope>,
    from: Option<Role>,
    to: Option<Role>,
) -> Result<(), IdentityError> {
    for role in [from, to].into_iter().flatten() {
        let allowed = has.contains(&Scope::UsersWrite)
            && within(&worth(role), has).is_none()
            && (role != Role::Owner || by.role == Role::Owner);
        if !allowed {
            return Err(IdentityError::Grant(role));
        }
    }
    Ok(())
}

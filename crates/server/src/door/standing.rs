//! Whether somebody who was let in still is: what stays open must end with the session or the key behind it, and with the
//! role. Drawn from the log, so that it holds whichever node the change was asked of.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use swarm_domain::{
    EventBody,
    identity::{KeyId, Principal, Role, SessionId, UserId, Who},
};

/// What the log said about who is who, as far as it was followed.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    ended: Latest<SessionId>,
    revoked: Latest<KeyId>,
    disabled: HashSet<UserId>,
    roles: HashMap<UserId, Role>,
}

/// How many that ended are remembered at the least. Whoever opened something before so many others ended has long heard
/// of it.
const REMEMBERED: usize = 10_000;

/// The latest of many: two generations, of which the older one goes when the newer is full.
#[derive(Debug)]
struct Latest<T>([HashSet<T>; 2]);

impl<T: Eq + Hash> Latest<T> {
    fn insert(&mut self, one: T) -> bool {
        if self.contains(&one) {
            return false;
        }
        let Self([newer, older]) = self;
        if newer.len() >= REMEMBERED {
            *older = std::mem::take(newer);
        }
        newer.insert(one)
    }

    fn contains(&self, one: &T) -> bool {
        self.0.iter().any(|generation| generation.contains(one))
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self([HashSet::new(), HashSet::new()])
    }
}

impl Standing {
    /// Takes in what happened, and says whether it changes what anybody may.
    pub(crate) fn take(&mut self, body: &EventBody) -> bool {
        match body {
            EventBody::SessionEnded { session, .. } => self.ended.insert(session.clone()),
            EventBody::KeyRevoked { key } => self.revoked.insert(key.clone()),
            EventBody::UserDisabled { user, disabled: true } => self.disabled.insert(user.clone()),
            EventBody::UserDisabled { user, disabled: false } => self.disabled.remove(user),
            EventBody::UserRoleChanged { user, role } => {
                self.roles.insert(user.clone(), *role) != Some(*role)
            }
            _ => false,
        }
    }

    /// What the same principal is by now; none where they are nobody any more.
    pub(crate) fn now(&self, principal: &Principal) -> Option<Principal> {
        let over = match &principal.who {
            Who::Operator { .. } => false,
            Who::User { session, .. } => self.ended.contains(session),
            Who::Key { key, .. } => self.revoked.contains(key),
        };
        if over || principal.user().is_some_and(|user| self.disabled.contains(user)) {
            return None;
        }
        let role = principal.user().and_then(|user| self.roles.get(user)).copied();
        Some(Principal { role: role.unwrap_or(principal.role), ..principal.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use swarm_domain::{
        TenantId,
        identity::{Scope, SessionEnd},
    };

    use super::*;

    fn user() -> UserId {
        UserId::parse("user_1").unwrap()
    }

    fn session() -> SessionId {
        SessionId::parse("session_1").unwrap()
    }

    fn key() -> KeyId {
        KeyId::parse("key_1").unwrap()
    }

    fn principals() -> [Principal; 3] {
        let of = |who, scopes| Principal { tenant: TenantId::local(), who, role: Role::Maintainer, scopes };
        let name = || "ada@example.org".to_owned();
        [
            of(Who::User { user: user(), email: name(), session: session() }, None),
            of(
                Who::Key { key: key(), owner: Some(user()), name: name() },
                Some(BTreeSet::from([Scope::WorkRead])),
            ),
            of(Who::Operator { name: "ada".to_owned() }, None),
        ]
    }

    /// Whether the session, the key and the operator are something else after this, or nobody.
    fn other(bodies: &[EventBody]) -> [bool; 3] {
        let mut standing = Standing::default();
        for body in bodies {
            assert!(standing.take(body), "{body:?}");
        }
        principals().map(|principal| standing.now(&principal) != Some(principal))
    }

    #[test]
    fn what_ends_or_changes_somebody_is_felt_by_them_and_by_nobody_else() {
        let ended = |session| EventBody::SessionEnded { session, user: user(), how: SessionEnd::Revoked };
        assert_eq!(other(&[]), [false; 3]);
        assert_eq!(other(&[ended(session())]), [true, false, false]);
        assert_eq!(other(&[ended(SessionId::parse("session_2").unwrap())]), [false; 3]);
        assert_eq!(other(&[EventBody::KeyRevoked { key: key() }]), [false, true, false]);
        let disabled = |disabled| EventBody::UserDisabled { user: user(), disabled };
        assert_eq!(other(&[disabled(true)]), [true, true, false]);
        assert_eq!(other(&[disabled(true), disabled(false)]), [false; 3]);
        let role = |role| EventBody::UserRoleChanged { user: user(), role };
        assert_eq!(other(&[role(Role::Viewer)]), [true, true, false]);
        assert_eq!(other(&[role(Role::Viewer), role(Role::Maintainer)]), [false; 3]);
        let another = UserId::parse("user_2").unwrap();
        assert_eq!(other(&[EventBody::UserRoleChanged { user: another, role: Role::Viewer }]), [false; 3]);
    }

    #[test]
    fn of_those_that_ended_the_latest_are_remembered_and_memory_is_bounded() {
        let mut latest = Latest::default();
        for number in 0..=3 * REMEMBERED {
            assert!(latest.insert(number) && !latest.insert(number));
        }
        let last = 3 * REMEMBERED;
        assert!((last - REMEMBERED..=last).all(|number| latest.contains(&number)));
        assert!(latest.0.iter().map(HashSet::len).sum::<usize>() <= 2 * REMEMBERED);
    }

    #[test]
    fn what_is_about_the_work_changes_nothing() {
        let body = EventBody::PersonAsked { what: "cancel".to_owned(), reason: String::new() };
        assert!(!Standing::default().take(&body));
    }
}

//! Who may follow what: asked when somebody subscribes, and again whenever the log says that somebody was shut out or may
//! less than before.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use swarm_domain::{
    Event, EventBody, TenantId,
    identity::{Principal, Scope},
};
use swarm_policy::{Asked, Asker, Kind, Policy, Resource, SUBSCRIBE};
use tokio::sync::watch;

use super::path::Path;
use crate::door::Standing;

/// Whether somebody may follow a path, and with no path whether they may be here at all.
pub(crate) type Rule = Arc<dyn Fn(&Principal, Option<&Path>) -> bool + Send + Sync>;

/// The one place where that is decided.
pub(crate) struct Access {
    policy: Arc<Policy>,
    rule: RwLock<Rule>,
    standing: RwLock<Standing>,
    changed: watch::Sender<u64>,
}

impl Access {
    /// To a tenant's log, for whom the policies let.
    pub(crate) fn to(tenant: &TenantId, policy: Arc<Policy>) -> Self {
        let (tenant, asked) = (tenant.clone(), Arc::clone(&policy));
        let rule: Rule = Arc::new(move |who, path| {
            let on = path.map_or_else(|| Resource::tenant(&tenant), |path| resource(path, &tenant));
            asked.decide(&Asked::new(Asker::Known(who), SUBSCRIBE, on)).allowed
        });
        Self { policy, rule: RwLock::new(rule), standing: RwLock::default(), changed: watch::Sender::new(0) }
    }

    /// Whether somebody may follow a path.
    pub(crate) fn may_subscribe(&self, who: &Principal, path: &Path) -> bool {
        self.rule()(who, Some(path))
    }

    /// Whether somebody who follows the work may see this of it: who has an account is for those alone who may see that.
    pub(crate) fn may_see(&self, who: &Principal, event: &Event) -> bool {
        match event.body.audience() {
            // Without it nobody is here.
            Scope::WorkRead => true,
            scope => self.policy.may(who, scope),
        }
    }

    /// Whether somebody who was let in may stay: neither shut out since, nor with less to do.
    pub(crate) fn may_stay(&self, who: &Principal) -> bool {
        let now = self.standing.read().unwrap_or_else(PoisonError::into_inner).now(who);
        // Where they are what they were, so is what they may.
        let is_less = now.is_none_or(|now| {
            now.role != who.role && !self.policy.scopes(who).is_subset(&self.policy.scopes(&now))
        });
        !is_less && self.rule()(who, None)
    }

    /// Takes in what the log says, and lets every connection ask again where that changes what anybody may.
    pub(crate) fn take(&self, body: &EventBody) {
        if self.standing.write().unwrap_or_else(PoisonError::into_inner).take(body) {
            self.recheck();
        }
    }

    /// Lets another rule take the place of the one that is asked, and every connection ask again.
    #[cfg(test)]
    pub(crate) fn decide_by(&self, rule: Rule) {
        *self.rule.write().unwrap_or_else(PoisonError::into_inner) = rule;
        self.recheck();
    }

    fn recheck(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    /// Says when to ask again.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn rule(&self) -> Rule {
        Arc::clone(&self.rule.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a path is about.
fn resource(path: &Path, tenant: &TenantId) -> Resource {
    match path {
        Path::Events | Path::Approvals => Resource::tenant(tenant),
        Path::Project(project) => Resource::new(Kind::Project, project.as_str(), tenant),
        Path::Run(run) => Resource::new(Kind::Run, run.as_str(), tenant),
        Path::Ticket(run, ticket) => Resource::new(Kind::Ticket, format!("{run}/{ticket}"), tenant),
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use swarm_domain::identity::{Role, SessionEnd, SessionId, UserId, Who};

    use super::*;

    /// An operator of this name.
    pub(crate) fn operator(name: &str) -> Principal {
        let who = Who::Operator { name: name.to_owned() };
        Principal { tenant: TenantId::local(), who, role: Role::Owner, scopes: None }
    }

    fn access() -> Access {
        Access::to(&TenantId::local(), Arc::new(crate::policy(None).unwrap()))
    }

    #[test]
    fn whoever_the_log_shuts_out_is_to_go_and_everyone_else_stays() {
        let access = access();
        let mut changed = access.watch();
        let user = UserId::parse("user_1").unwrap();
        let [one, other] = ["session_1", "session_2"].map(|session| {
            let (user, session) = (user.clone(), SessionId::parse(session).unwrap());
            let who = Who::User { user, email: "ada@example.org".to_owned(), session };
            Principal { who, ..operator("ada") }
        });
        access.take(&EventBody::PersonAsked { what: "note".to_owned(), reason: String::new() });
        assert!(!changed.has_changed().unwrap() && access.may_stay(&one));
        let session = SessionId::parse("session_1").unwrap();
        access.take(&EventBody::SessionEnded { session, user, how: SessionEnd::Revoked });
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        assert!(!access.may_stay(&one) && access.may_stay(&other) && access.may_stay(&operator("ada")));
    }

    #[test]
    fn who_has_an_account_is_told_to_those_alone_who_may_see_that() {
        let user = UserId::parse("user_1").unwrap();
        let told = |body| crate::live::happened::tests::event(1, None, body);
        let about = told(EventBody::UserRoleChanged { user, role: Role::Owner });
        let work = told(EventBody::PersonAsked { what: "note".to_owned(), reason: String::new() });
        for role in Role::ALL {
            let who = Principal { role, ..operator("ada") };
            assert_eq!(access().may_see(&who, &about), role.has(Scope::UsersRead), "{role}");
            assert!(access().may_see(&who, &work));
        }
    }

    #[test]
    fn nobody_follows_the_log_of_another_tenant() {
        let access = access();
        let stranger = Principal { tenant: TenantId::parse("other").unwrap(), ..operator("eve") };
        assert!(!access.may_stay(&stranger) && !access.may_subscribe(&stranger, &Path::Events));
    }
}

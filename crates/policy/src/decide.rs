//! The decision.

use std::{collections::BTreeSet, fmt};

use cedar_policy::{Authorizer, Decision};
use swarm_domain::{
    TenantId,
    identity::{Principal, Role, Scope, Who},
};

use crate::{
    asked::{Asked, Asker},
    entity,
    load::Policy,
};

/// The name of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(pub(crate) String);

impl PolicyId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    /// Whether it is done.
    pub allowed: bool,
    /// The policies that made it so: those that permit it, or those that forbid it. None of them where nothing permits
    /// it.
    pub because: Vec<PolicyId>,
    /// What could not be decided. Whatever it was, it is not done.
    pub errors: Vec<String>,
}

impl Verdict {
    fn broken(error: String) -> Self {
        Self { allowed: false, because: Vec::new(), errors: vec![error] }
    }

    /// Whether a policy of this name made it so.
    #[must_use]
    pub fn is_by(&self, id: &str) -> bool {
        self.because.iter().any(|policy| policy.0 == id)
    }
}

impl Policy {
    /// Decides. What is unknown, what nothing permits, what something forbids and what cannot be decided for an error is
    /// not done.
    pub fn decide(&self, asked: &Asked<'_>) -> Verdict {
        let Some(action) = self.actions.get(asked.action) else {
            return Verdict::broken(format!("there is no action `{}`", asked.action));
        };
        let (request, entities) = match entity::question(self, action, asked) {
            Ok(question) => question,
            Err(error) => return Verdict::broken(error),
        };
        let response = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let errors: Vec<_> = response.diagnostics().errors().map(ToString::to_string).collect();
        let mut because: Vec<_> =
            response.diagnostics().reason().map(|id| PolicyId(id.to_string())).collect();
        because.sort();
        // Cedar leaves a policy out that it cannot evaluate. One that forbids must not be left out.
        let allowed = response.decision() == Decision::Allow && errors.is_empty();
        Verdict { allowed, because, errors }
    }

    /// Whether somebody may do a kind of thing at all.
    #[must_use]
    pub fn may(&self, who: &Principal, scope: Scope) -> bool {
        self.decide(&Asked::scope(who, scope)).allowed
    }

    /// All kinds of things that somebody may do.
    #[must_use]
    pub fn scopes(&self, who: &Principal) -> BTreeSet<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.may(who, *scope)).collect()
    }

    /// What the policies let somebody of this role do, whoever they are.
    #[must_use]
    pub fn scopes_of(&self, role: Role, tenant: &TenantId) -> BTreeSet<Scope> {
        let who = Who::Operator { name: String::new() };
        self.scopes(&Principal { tenant: tenant.clone(), who, role, scopes: None })
    }

    /// The name of who asks.
    #[must_use]
    pub fn name_of(who: Asker<'_>) -> &str {
        match who {
            Asker::Anybody(_) => "anybody",
            Asker::Known(principal) => principal.person(),
            Asker::Agent(_, name) => name,
        }
    }
}

//! Who may follow what: asked when somebody subscribes, and again whenever roles change.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use swarm_domain::TenantId;
use tokio::sync::watch;

use super::path::Path;

/// Who is behind a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscriber {
    /// Whose log they follow.
    pub(crate) tenant: TenantId,
    /// Their name.
    pub(crate) name: String,
}

/// Whether somebody may follow a path, and with no path whether they may be here at all.
pub(crate) type Rule = Arc<dyn Fn(&Subscriber, Option<&Path>) -> bool + Send + Sync>;

/// The one place where that is decided.
pub(crate) struct Access {
    rule: RwLock<Rule>,
    changed: watch::Sender<u64>,
}

impl Access {
    /// By a rule.
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule: RwLock::new(rule), changed: watch::Sender::new(0) }
    }

    /// Until there are accounts: who showed the operator's token follows all of the operator's log.
    pub(crate) fn of_operator(tenant: &TenantId) -> Self {
        let tenant = tenant.clone();
        Self::new(Arc::new(move |who, _| who.tenant == tenant))
    }

    /// Whether somebody may follow a path.
    pub(crate) fn may_subscribe(&self, who: &Subscriber, path: &Path) -> bool {
        self.rule()(who, Some(path))
    }

    /// Whether somebody may be connected at all.
    pub(crate) fn may_stay(&self, who: &Subscriber) -> bool {
        self.rule()(who, None)
    }

    /// Lets another rule take the place of the one that is asked, and every connection ask again.
    #[cfg(test)]
    pub(crate) fn decide_by(&self, rule: Rule) {
        *self.rule.write().unwrap_or_else(PoisonError::into_inner) = rule;
        self.recheck();
    }

    /// Lets every connection ask again: roles changed, a session was revoked.
    pub(crate) fn recheck(&self) {
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

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

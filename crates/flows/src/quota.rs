//! Quotas: what people say of what may be spent.

use swarm_domain::{
    EventBody, Problem, Subject,
    quota::{Quota, QuotaScope},
};
use swarm_store::{QuotaRow, StoreError};

use crate::{Asker, Flows};

impl Flows {
    /// The quotas, with what was used of them just now: the tenant's own first.
    pub async fn quotas(&self) -> Result<Vec<QuotaRow>, Problem> {
        let parts = self.parts();
        parts.store.quotas(&parts.config.tenant, parts.clock.now()).await.map_err(|error| error.problem())
    }

    /// Sets a quota in the place of the one before.
    pub async fn set_quota(&self, by: &Asker, scope: QuotaScope, quota: Quota) -> Result<QuotaRow, Problem> {
        if quota.budget.usd.is_none() && quota.budget.tokens.is_none() && quota.runs.is_none() {
            return Err(invalid("it limits nothing: give money, tokens, or a number of runs"));
        }
        if quota.runs.is_some() && !scope.has_runs() {
            return Err(invalid("an agent begins no runs: give money or tokens"));
        }
        self.say_quota(by, &scope, Some(quota)).await?;
        self.quota(&scope).await
    }

    /// Lifts a quota: it limits no more.
    pub async fn lift_quota(&self, by: &Asker, scope: &str) -> Result<(), Problem> {
        let rows = self.quotas().await?;
        let found = rows.into_iter().find(|row| row.scope.to_string() == scope);
        let row = found.ok_or_else(|| unknown(scope))?;
        self.say_quota(by, &row.scope, None).await
    }

    async fn quota(&self, scope: &QuotaScope) -> Result<QuotaRow, Problem> {
        let found = self.quotas().await?.into_iter().find(|row| row.scope == *scope);
        found.ok_or_else(|| unknown(&scope.to_string()))
    }

    async fn say_quota(&self, by: &Asker, scope: &QuotaScope, quota: Option<Quota>) -> Result<(), Problem> {
        let moment = self.parts().clock.now().timestamp_micros().to_string();
        let project = match scope {
            QuotaScope::Project { project } => Some(project.clone()),
            _ => None,
        };
        let subject = Subject { project, ..Subject::default() };
        let body = EventBody::QuotaSet { scope: scope.clone(), quota };
        self.record(by, &["quota", &scope.to_string(), &moment], subject, body).await
    }
}

fn unknown(scope: &str) -> Problem {
    let id = scope.chars().take(80).collect();
    StoreError::NotFound { kind: "quota", id }.problem()
}

fn invalid(detail: &str) -> Problem {
    Problem::new("quota.invalid", detail, "see `swarm budget set --help`")
}

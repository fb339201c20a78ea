//! Quotas: the operations of the document, one method each.

use crate::{
    Client, ClientError,
    call::api,
    types::{NewQuota, QuotaList, QuotaRow},
};

impl Client {
    /// The quotas, with what was used of each in its period.
    pub async fn budgets(&self) -> Result<Vec<QuotaRow>, ClientError> {
        Ok(self.get::<QuotaList>(api(&["budgets"])).await?.items)
    }

    /// Sets a quota, in the place of the one before.
    pub async fn set_budget(&self, new: &NewQuota) -> Result<QuotaRow, ClientError> {
        self.post(api(&["budgets"]), new).await
    }

    /// Lifts a quota.
    pub async fn lift_budget(&self, scope: &str) -> Result<(), ClientError> {
        self.delete(api(&["budgets", scope])).await
    }
}

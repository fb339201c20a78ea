//! A log up to its newest checkpoint, for those who show a part of it: what they show was signed, and each event has its
//! hash.

use swarm_domain::TenantId;

use super::{
    CheckpointRow,
    checkpoint::log_name,
    search::{AuditEntry, AuditPage, AuditSearch},
};
use crate::{Result, Store, StoreError, event_log::hash};

/// A log as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLog {
    /// Which log: `swarm/<tenant>/<the first digits of its first event's hash>`.
    pub log: String,
    /// The newest checkpoint.
    pub checkpoint: CheckpointRow,
    /// The public key that signs now, as `name+id+key`.
    pub key: String,
}

impl Store {
    /// Signs a checkpoint of a tenant's log and names it. One that does not go on from what was signed is not signed.
    pub async fn signed_log(&self, tenant: &TenantId) -> Result<SignedLog> {
        self.make_audit_key().await?;
        self.sign_checkpoint_of(tenant).await?;
        let nothing = || StoreError::NotFound { kind: "event", id: "1".to_owned() };
        let first: Option<String> =
            sqlx::query_scalar("SELECT hash FROM swarm.events WHERE tenant = $1 AND seq = 1")
                .bind(tenant.as_str())
                .fetch_optional(self.pool())
                .await?;
        let log = log_name(tenant, &first.ok_or_else(nothing)?);
        let checkpoint = self.checkpoints(tenant, 0, 1, true).await?.pop().ok_or_else(nothing)?;
        let key = self.audit_keys().await?.key.ok_or_else(nothing)?;
        Ok(SignedLog { log, checkpoint, key })
    }

    /// A page of the events that were signed, the oldest first; an event whose text has not its hash is an error.
    pub async fn signed_page(
        &self,
        tenant: &TenantId,
        signed: &SignedLog,
        search: &AuditSearch,
    ) -> Result<AuditPage> {
        let (found, page) = self.search_signed(tenant, &signed.log, signed.checkpoint.size, search).await?;
        Ok(AuditPage { items: found.into_iter().map(|(entry, _)| entry).collect(), ..page })
    }

    /// The same with the text of each event, of a log of this name up to this position.
    pub(super) async fn search_signed(
        &self,
        tenant: &TenantId,
        log: &str,
        size: u64,
        search: &AuditSearch,
    ) -> Result<(Vec<(AuditEntry, String)>, AuditPage)> {
        let (mut found, mut page) = self.search(tenant, search).await?;
        page.more &= page.cursor < size;
        found.retain(|(entry, _)| entry.event.seq <= size);
        match found.iter().find(|(entry, text)| hash(&entry.event.prev, text) != entry.event.hash) {
            None => Ok((found, page)),
            Some((entry, _)) => Err(StoreError::Diverged {
                log: log.to_owned(),
                seq: entry.event.seq,
                detail: "its text does not have its hash".to_owned(),
            }),
        }
    }
}

//! The gateway's cache of replies, kept in the store, and which of our calls may use it.
//!
//! Questions may: what a planner or surveyor is asked at first. What an attempt asks may not: the answer that let one
//! attempt fail would let the next one fail the same way.

use std::sync::Arc;

use async_trait::async_trait;
use swarm_domain::{Subject, TenantId, budget::Spend, cache::Agreement};
use swarm_model::{
    ChatReply,
    cache::{CacheConfig, CacheScope, CacheUse, KeptReply, ReplyCache},
};
use swarm_store::{CacheBounds, CachePlace, Store, StoreError};

use crate::parts::Parts;

/// Replies in the store.
struct StoredReplies {
    store: Store,
    tenant: TenantId,
    config: CacheConfig,
}

/// Lets the gateway keep replies in the store, where the configuration asks for it.
pub(crate) fn open(parts: &Parts) {
    let (store, tenant) = (parts.store.clone(), parts.config.tenant.clone());
    let config = parts.gateway.cache_config();
    parts.gateway.cache_in(Arc::new(StoredReplies { store, tenant, config }));
}

/// That a question of this agent, asked for the first time, may be answered from the cache. Not where it belongs to a
/// run: what is asked there is asked because of what happened, and again because it went wrong.
pub(crate) fn may_answer(parts: &Parts, agent: &str, subject: &Subject) -> Option<CacheUse> {
    if subject.run.is_some() {
        return None;
    }
    let scope = CacheScope {
        tenant: parts.config.tenant.to_string(),
        project: subject.project.as_ref().map(ToString::to_string).unwrap_or_default(),
        caller: agent.to_owned(),
    };
    Some(CacheUse { scope, repeatable: false })
}

fn place<'a>(scope: &'a CacheScope, key: &'a str) -> CachePlace<'a> {
    CachePlace { project: &scope.project, caller: &scope.caller, key }
}

impl StoredReplies {
    async fn load(&self, scope: &CacheScope, key: &str) -> Result<Option<KeptReply>, StoreError> {
        let kept =
            self.store.cached_reply(&self.tenant, place(scope, key), self.config.max_age_seconds).await?;
        let Some(kept) = kept else { return Ok(None) };
        let bytes = match self.store.blobs().get(&kept.reply).await {
            // A blob that is gone or damaged is asked for anew.
            Err(StoreError::BlobMissing(_) | StoreError::BlobDamaged(_)) => {
                self.store.forget_reply(&self.tenant, place(scope, key)).await?;
                return Ok(None);
            }
            bytes => bytes?,
        };
        let reply = serde_json::from_slice(&bytes).ok();
        Ok(reply.map(|reply| KeptReply { reply, spend: kept.spend, uses: kept.uses }))
    }

    async fn put(
        &self,
        scope: &CacheScope,
        key: &str,
        model: &str,
        reply: &ChatReply,
        spend: Spend,
    ) -> Result<(), StoreError> {
        let Ok(bytes) = serde_json::to_vec(reply) else { return Ok(()) };
        let hash = self.store.blobs().put(&bytes).await?;
        let bounds = CacheBounds {
            age: self.config.max_age_seconds,
            entries: self.config.max_entries,
            bytes: self.config.max_bytes,
        };
        let kept = (&hash, bytes.len() as u64);
        self.store.keep_reply(&self.tenant, place(scope, key), model, kept, spend, bounds).await
    }
}

#[async_trait]
impl ReplyCache for StoredReplies {
    async fn find(&self, scope: &CacheScope, key: &str) -> Option<KeptReply> {
        self.load(scope, key).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the cache of replies cannot be read");
            None
        })
    }

    async fn keep(&self, scope: &CacheScope, key: &str, model: &str, reply: &ChatReply, spend: Spend) {
        if let Err(error) = self.put(scope, key, model, reply, spend).await {
            tracing::warn!(%error, "a reply could not be kept in the cache");
        }
    }

    async fn forget(&self, scope: &CacheScope, key: &str) {
        if let Err(error) = self.store.forget_reply(&self.tenant, place(scope, key)).await {
            tracing::warn!(%error, "a reply could not be taken out of the cache");
        }
    }

    async fn agreement(&self, scope: &CacheScope) -> Agreement {
        let found = self.store.cache_agreement(&self.tenant, &scope.caller).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the comparisons of the cache cannot be read");
            // Not known is not enough: every answer is compared with one of the model until it is.
            Agreement { checked: u64::MAX, agreed: 0 }
        })
    }
}

//! Answering from the cache, where the call may be.

use std::sync::Arc;
use std::time::Instant;

use swarm_domain::budget::Spend;
use swarm_domain::cache::CacheOutcome;

use super::{Answer, Call, Gateway};
use crate::cache::{self, CacheConfig, CacheUse, KeptReply, ReplyCache};
use crate::chat::ChatRequest;
use crate::error::ModelError;

/// The cache, and how it is used.
pub(super) struct Cache {
    pub(super) config: CacheConfig,
    pub(super) replies: Arc<dyn ReplyCache>,
}

/// A question that may be answered from the cache.
struct Question<'a> {
    cache: &'a Cache,
    used: &'a CacheUse,
    key: String,
    /// The model that would be asked.
    model: String,
}

impl Gateway {
    /// Lets calls that may be answered from a cache be answered from this one. Only the first counts, and none where the
    /// configuration does not ask for it.
    pub fn cache_in(&self, replies: Arc<dyn ReplyCache>) {
        if self.cache_config.enabled {
            let _ = self.cache.set(Cache { config: self.cache_config, replies });
        }
    }

    /// Whether and how replies are given again.
    #[must_use]
    pub fn cache_config(&self) -> CacheConfig {
        self.cache_config
    }

    /// Asks the models of the call's policy in order until one answers; or nobody, where the call may be answered from
    /// the cache and the preferred model has said it before.
    ///
    /// If none does, the error is the one that is worth waiting for (the soonest, of several), else that of the first
    /// model. [`ModelError::BudgetReached`], [`ModelError::NotRecorded`] and [`ModelError::Cancelled`] end the call at
    /// once: going on would spend what must not be spent.
    pub async fn call(&self, call: Call) -> Result<Answer, ModelError> {
        let begun = Instant::now();
        let Some(question) = self.question(&call).await? else { return self.ask_models(&call).await };
        let Some(kept) = question.cache.replies.find(&question.used.scope, &question.key).await else {
            let answer = self.ask_models(&call).await?;
            return Ok(Answer { cache: Some(CacheOutcome::Missed), ..answer });
        };
        if cache::is_compared(&question.key, kept.uses, question.cache.config.check_percent) {
            match self.ask_models(&call).await {
                Ok(answer) => return Ok(question.compare(&kept, answer).await),
                Err(ModelError::Cancelled) => return Err(ModelError::Cancelled),
                // What is known is better than nothing, and costs nothing.
                Err(error) => tracing::debug!(%error, "a reply of the cache could not be compared"),
            }
        }
        Ok(Answer {
            reply: kept.reply,
            spend: Spend::default(),
            model: question.model,
            priced: true,
            fallbacks: Vec::new(),
            latency: begun.elapsed(),
            cache: Some(CacheOutcome::Hit { saved: kept.spend }),
        })
    }

    /// Keeps an answer for who asks the same again. For callers that have read it and could use it; what is no whole
    /// answer of a model, or came from the cache, is passed over.
    pub async fn keep(&self, used: &CacheUse, request: &ChatRequest, answer: &Answer) {
        let Some(cache) = self.cache.get() else { return };
        let from_cache = answer.cache.is_some_and(|outcome| outcome.is_hit());
        // Not asked: the cache is shut for this caller, or came up only since.
        if from_cache || answer.cache.is_none() || !used.allows(request) || !cache::is_whole(&answer.reply) {
            return;
        }
        let Ok(served) = self.find(&answer.model) else { return };
        let key = cache::key(&used.scope, &served.model.identity(), request);
        cache.replies.keep(&used.scope, &key, &answer.model, &answer.reply, answer.spend).await;
    }

    /// Gives up what the cache would answer: the caller got it and could not use it.
    pub async fn forget(&self, used: &CacheUse, request: &ChatRequest, answer: &Answer) {
        let Some(cache) = self.cache.get() else { return };
        let Ok(served) = self.find(&answer.model) else { return };
        let key = cache::key(&used.scope, &served.model.identity(), request);
        cache.replies.forget(&used.scope, &key).await;
    }

    async fn question<'a>(&'a self, call: &'a Call) -> Result<Option<Question<'a>>, ModelError> {
        let (Some(cache), Some(used)) = (self.cache.get(), &call.cache) else { return Ok(None) };
        if !used.allows(&call.request) {
            return Ok(None);
        }
        let CacheConfig { min_checks, min_agreement_percent, .. } = cache.config;
        let agreement = cache.replies.agreement(&used.scope).await;
        if !agreement.holds(min_checks, u64::from(min_agreement_percent)) {
            tracing::debug!(caller = used.scope.caller, ?agreement, "the cache is shut for a caller");
            return Ok(None);
        }
        let Some(preferred) = self.resolve(&call.models)?.into_iter().next() else { return Ok(None) };
        let key = cache::key(&used.scope, &preferred.model.identity(), &call.request);
        Ok(Some(Question { cache, used, key, model: preferred.model.name().to_owned() }))
    }
}

impl Question<'_> {
    /// What the model says now counts, whatever was kept.
    async fn compare(&self, kept: &KeptReply, answer: Answer) -> Answer {
        // Another model that stands in says nothing about what this one would have said.
        let outcome = if answer.model != self.model {
            CacheOutcome::Missed
        } else if cache::say_the_same(&kept.reply, &answer.reply) {
            CacheOutcome::Agreed
        } else {
            self.cache.replies.forget(&self.used.scope, &self.key).await;
            CacheOutcome::Differed
        };
        Answer { cache: Some(outcome), ..answer }
    }
}

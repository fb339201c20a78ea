//! A language model that answers after a fixed time, and remembers when it was asked.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use swarm_domain::{Clock, MicroUsd};
use swarm_model::{Capabilities, ChatEvent, ChatModel, ChatReply, ChatRequest, Finish, ModelError, Usage};
use swarm_store::SystemClock;
use tokio_util::sync::CancellationToken;

/// What the model says to a request.
type Answer = dyn Fn(&ChatRequest) -> String + Send + Sync;

/// One request that the model got.
#[derive(Debug, Clone)]
pub struct Heard {
    /// When.
    pub at: DateTime<Utc>,
    /// The last message of the request.
    pub last: String,
}

/// The model.
#[derive(Clone)]
pub struct Instantly {
    answer: Arc<Answer>,
    delay: Duration,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Instantly {
    /// A model that says `answer` after `delay`.
    pub fn new(delay: Duration, answer: impl Fn(&ChatRequest) -> String + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), delay, heard: Arc::default() }
    }

    /// The requests so far, and forgets them.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Instantly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instantly").field("delay", &self.delay).finish_non_exhaustive()
    }
}

#[async_trait]
impl ChatModel for Instantly {
    fn name(&self) -> &'static str {
        "bench/instant"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { tools: false, json_schema: true, context_tokens: 8_192 }
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        _cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let last = request.messages.last().map(|message| message.text().to_owned()).unwrap_or_default();
        let heard = Heard { at: SystemClock.now(), last };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
        let reply = ChatReply {
            text: (self.answer)(request),
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: Usage {
                tokens_in: 100,
                tokens_out: 20,
                cost: Some(MicroUsd::default()),
                ..Usage::default()
            },
            model: self.name().to_owned(),
            recording: None,
        };
        let delay = self.delay;
        let done = async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Ok(ChatEvent::Done { reply })
        };
        Ok(stream::once(done).boxed())
    }
}

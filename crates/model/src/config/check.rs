//! The cheapest call that shows whether a model can be used.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::chat::{ChatEvent, ChatModel, ChatRequest, Message, ReplyFormat, Usage};
use crate::error::ModelError;

/// Enough for a word, also where a provider wants room for more.
const MAX_TOKENS: u32 = 16;

/// A model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Who was asked.
    pub model: String,
    /// Who answered: with a router, or where a version is named, not the same.
    pub answered_by: String,
    /// From the question to the end of the answer.
    pub latency: Duration,
    /// What it used.
    pub usage: Usage,
}

/// Asks `model` for one word. What it says does not matter; that it answers does.
pub async fn check(model: &dyn ChatModel) -> Result<CheckReport, ModelError> {
    let begun = Instant::now();
    let request = ChatRequest {
        messages: vec![Message::User { text: "Say ok.".to_owned() }],
        tools: Vec::new(),
        format: ReplyFormat::Text,
        max_tokens: MAX_TOKENS,
        temperature_milli: 0,
        seed: None,
    };
    let mut events = model.stream(&request, CancellationToken::new()).await?;
    while let Some(event) = events.next().await {
        if let ChatEvent::Done { reply } = event? {
            return Ok(CheckReport {
                model: model.name().to_owned(),
                answered_by: reply.model,
                latency: begun.elapsed(),
                usage: reply.usage,
            });
        }
    }
    let detail = "the stream ended before the answer".to_owned();
    Err(ModelError::Unavailable { model: model.name().to_owned(), detail })
}

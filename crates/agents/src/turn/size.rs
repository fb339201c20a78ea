//! How much fits into a call.

use swarm_model::{Capabilities, ChatRequest, ReplyFormat};

use crate::{
    agent::{Limits, Protocol},
    tool::ToolName,
};

/// Tokens of one reply: never more than half of what the model can hold.
pub(crate) fn reply_tokens(capabilities: Capabilities, limits: Limits) -> u32 {
    limits.reply_tokens.min(capabilities.context_tokens / 2).max(1)
}

/// Tokens that the messages of a request may take.
pub(super) fn room(
    capabilities: Capabilities,
    limits: Limits,
    protocol: Protocol,
    tools: &[ToolName],
) -> u64 {
    let mut empty = ChatRequest {
        messages: Vec::new(),
        tools: Vec::new(),
        format: ReplyFormat::Text,
        max_tokens: reply_tokens(capabilities, limits),
        temperature_milli: 0,
        seed: None,
    };
    if protocol != Protocol::Files {
        empty.tools = tools.iter().map(|tool| tool.spec()).collect();
    }
    let taken = swarm_model::tokens::of_request(&empty) + u64::from(empty.max_tokens);
    u64::from(capabilities.context_tokens).saturating_sub(taken)
}

//! What was said so far, kept within what the model can hold.

use serde::{Deserialize, Serialize};
use swarm_model::{ChatRequest, Message, ReplyFormat, ToolCall, tokens};

use crate::tool::{Invocation, ToolName, finish::Report};

/// Bytes that are kept of a reply that could not be read.
pub(super) const MAX_UNREADABLE: usize = 4_000;
/// Messages at the end that are never shortened: the model works with them now.
const FRESH: usize = 4;
/// What takes the place of an answer that had to go.
const GONE: &str = "[left out to save room; use the tool again if you need this]";

/// The messages of an attempt. The first two are the standing orders and the task; they stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Conversation {
    messages: Vec<Message>,
}

impl Conversation {
    pub(super) fn new(system: String, task: String) -> Self {
        Self { messages: vec![Message::System { text: system }, Message::User { text: task }] }
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn user(&mut self, text: &str) {
        self.messages.push(Message::User { text: text.to_owned() });
    }

    pub(super) fn assistant(&mut self, text: &str) {
        // Providers refuse a message with nothing in it.
        let text = if text.trim().is_empty() { "(nothing)" } else { text };
        self.messages.push(Message::Assistant { text: text.to_owned(), tool_calls: Vec::new() });
    }

    pub(super) fn tool(&mut self, call_id: &str, text: &str) {
        self.messages.push(Message::Tool { call_id: call_id.to_owned(), text: text.to_owned() });
    }

    /// Goes back to its first so many messages, and adds a word to the last of them: providers want neither an answer to
    /// nothing nor two messages of one speaker.
    pub(super) fn rewind(&mut self, messages: usize, word: &str) {
        self.messages.truncate(messages.max(2));
        match self.messages.last_mut() {
            Some(Message::User { text } | Message::Tool { text, .. }) => {
                text.push_str("\n\n");
                text.push_str(word);
            }
            _ => self.user(word),
        }
    }

    /// The model's native calls, by our own numbers: those of a provider would make each conversation another one.
    pub(super) fn native(
        &mut self,
        text: &str,
        invocations: &[Invocation],
        finish: Option<&Report>,
        finish_id: &str,
    ) {
        let call = |id: &str, name: &str, arguments: String| ToolCall {
            id: id.to_owned(),
            name: sendable(name),
            arguments,
        };
        // Arguments that were no object are not sent back: providers refuse the whole request for them.
        // Their keys are sorted, so that the same arguments are the same text, and what was recorded is found again.
        let arguments = |i: &Invocation| {
            let mut arguments = i.arguments.clone();
            arguments.sort_all_objects();
            if arguments.is_object() { arguments.to_string() } else { "{}".to_owned() }
        };
        let mut tool_calls: Vec<_> =
            invocations.iter().map(|i| call(&i.call_id, &i.tool, arguments(i))).collect();
        if let Some(report) = finish {
            let arguments = serde_json::json!({"done": report.done, "summary": report.summary});
            tool_calls.push(call(finish_id, ToolName::Finish.as_str(), arguments.to_string()));
        }
        self.messages.push(Message::Assistant { text: text.to_owned(), tool_calls });
    }

    /// Leaves out the oldest answers of tools until all fits into `room` tokens. Says whether it does.
    pub(super) fn shorten(&mut self, room: u64) -> bool {
        let old = self.messages.len().saturating_sub(FRESH);
        let mut at = 2;
        while self.tokens() > room {
            if at >= old {
                return false;
            }
            match &mut self.messages[at] {
                Message::Tool { text, .. } | Message::User { text } if text.len() > GONE.len() => {
                    GONE.clone_into(text);
                }
                Message::Assistant { text, tool_calls } => {
                    if text.len() > GONE.len() {
                        GONE.clone_into(text);
                    }
                    for call in tool_calls.iter_mut().filter(|call| call.arguments.len() > 400) {
                        "{}".clone_into(&mut call.arguments);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        true
    }

    fn tokens(&self) -> u64 {
        tokens::of_request(&ChatRequest {
            messages: self.messages.clone(),
            tools: Vec::new(),
            format: ReplyFormat::Text,
            max_tokens: 0,
            temperature_milli: 0,
            seed: None,
        })
    }
}

/// A tool's name as providers accept it: a model may have made up any.
fn sendable(name: &str) -> String {
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).take(64).collect();
    if plain.is_empty() { "unknown".to_owned() } else { plain }
}

//! What a call to a language model is, whoever answers it.
//!
//! Requests are plain data with a canonical JSON form: its hash is the key of a recording.

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use swarm_domain::MicroUsd;
use tokio_util::sync::CancellationToken;

use crate::error::ModelError;

/// A language model that can be called. Two real kinds exist (OpenAI-compatible, Anthropic), and the models that ship
/// for recording, scripting and fault injection.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Its name as `provider/model`, such as `openrouter/qwen/qwen3-coder`.
    fn name(&self) -> &str;

    /// What it can do, so that a protocol can be chosen for it.
    fn capabilities(&self) -> Capabilities;

    /// Which model it is, whatever it is called: under one name another may be configured tomorrow, at another address.
    fn identity(&self) -> String {
        self.name().to_owned()
    }

    /// Where its replies come from.
    fn replies(&self) -> Replies {
        Replies::Called
    }

    /// Calls it. The stream ends with one [`ChatEvent::Done`], or with an error. Dropping the stream, or cancelling the
    /// token, ends the call.
    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError>;
}

/// Where the replies of a model come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Replies {
    /// A provider is called.
    Called,
    /// They are played back from a recording: what is not in it cannot be asked.
    Recorded {
        /// What it says about itself.
        info: RecordingInfo,
    },
    /// They come from a script: no model is called.
    Scripted,
}

/// What a model can be relied on for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Native tool calls that hold. Small local models write them as JSON into a code fence instead.
    pub tools: bool,
    /// Output that follows a JSON schema.
    pub json_schema: bool,
    /// Tokens that fit into one call, in and out together.
    pub context_tokens: u32,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// Tools that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolSpec>,
    /// What form the answer must have.
    #[serde(default)]
    pub format: ReplyFormat,
    /// At the most this many tokens of answer.
    pub max_tokens: u32,
    /// Thousandths of the sampling temperature: whole, so that a request has one canonical form.
    #[serde(default)]
    pub temperature_milli: u32,
    /// For samplers that take one; another seed asks the same question again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
}

/// What form an answer must have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyFormat {
    /// Any text.
    #[default]
    Text,
    /// JSON by a schema.
    Json {
        /// A short name for the schema.
        name: String,
        /// JSON Schema, draft 2020-12.
        schema: serde_json::Value,
    },
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// Standing orders.
    System {
        /// The text.
        text: String,
    },
    /// What is asked.
    User {
        /// The text.
        text: String,
    },
    /// What the model said.
    Assistant {
        /// The text; may be empty where it only calls tools.
        text: String,
        /// The tools that it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// The call that this answers.
        call_id: String,
        /// The answer.
        text: String,
    },
}

impl Message {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::System { text }
            | Self::User { text }
            | Self::Assistant { text, .. }
            | Self::Tool { text, .. } => text,
        }
    }
}

/// A tool, as a model is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: serde_json::Value,
}

/// A call of a tool by a model. Untrusted: the name may not exist and the arguments may not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Names the call, for the answer.
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them: JSON if all went well.
    pub arguments: String,
}

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatEvent {
    /// More text.
    Text {
        /// The next characters.
        delta: String,
    },
    /// The whole answer: the last event of each stream that ends well.
    Done {
        /// The answer.
        reply: ChatReply,
    },
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// The text.
    pub text: String,
    /// Calls of tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Finish,
    /// What was used.
    pub usage: Usage,
    /// The model that answered, as `provider/model`: with a router not always the one that was asked.
    pub model: String,
    /// Where the reply was played back from, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingInfo>,
}

/// Where a played-back reply comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingInfo {
    /// The model that was recorded.
    pub model: String,
    /// The day of the recording, as `YYYY-MM-DD`.
    pub date: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// It wants tools to be called.
    ToolCalls,
    /// `max_tokens` or the context ran out: the answer is cut.
    Length,
    /// A filter of the provider stopped it.
    Filtered,
}

/// What one call used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens in, cached ones among them.
    pub tokens_in: u64,
    /// Tokens in that came from the provider's cache.
    pub tokens_cached: u64,
    /// Tokens out.
    pub tokens_out: u64,
    /// The provider's own figure, where it gives one; else the gateway fills it in from the price table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
}

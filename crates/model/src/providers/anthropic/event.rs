//! The events of a message stream, as the provider sends them.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: Message,
    },
    ContentBlockStart {
        index: u64,
        content_block: StartedBlock,
    },
    ContentBlockDelta {
        index: u64,
        delta: Delta,
    },
    MessageDelta {
        delta: Ending,
        #[serde(default)]
        usage: Option<Counted>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    /// A whole answer: the server did not stream.
    Message(Message),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<Counted>,
    #[serde(default)]
    pub(super) content: Vec<StartedBlock>,
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum StartedBlock {
    Text {
        #[serde(default)]
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "input_json_delta")]
    Input { partial_json: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
pub(super) struct Ending {
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
}

/// Figures are running totals; one that is missing has not changed.
#[derive(Default, Deserialize)]
pub(super) struct Counted {
    #[serde(default, rename = "input_tokens")]
    pub(super) input: Option<u64>,
    #[serde(default, rename = "cache_creation_input_tokens")]
    pub(super) written: Option<u64>,
    #[serde(default, rename = "cache_read_input_tokens")]
    pub(super) cached: Option<u64>,
    #[serde(default, rename = "output_tokens")]
    pub(super) output: Option<u64>,
}

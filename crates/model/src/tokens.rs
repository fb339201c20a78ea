//! How many tokens a request may need, guessed before it is sent.
//!
//! No tokenizer is loaded: each model has its own, and a guess that is too high is the safe side here. It is one token
//! for three bytes of UTF-8. English and code take about four characters a token; scripts whose characters take three
//! bytes come to about a token a character.

use crate::chat::{ChatRequest, Message, ReplyFormat};

/// Bytes of text that are counted as one token.
const BYTES_PER_TOKEN: u64 = 3;
/// Role, separators and template of one message.
const PER_MESSAGE: u64 = 8;
/// What a provider wraps around a tool's definition.
const PER_TOOL: u64 = 16;
/// The template of the conversation.
const PER_REQUEST: u64 = 16;

/// The tokens that `text` takes, rounded up.
#[must_use]
pub fn of_text(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
}

/// The tokens that go in with `request`, its answer not among them.
#[must_use]
pub fn of_request(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(of_message).sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            PER_TOOL
                + of_text(&tool.name)
                + of_text(&tool.description)
                + of_text(&tool.parameters.to_string())
        })
        .sum();
    let format = match &request.format {
        ReplyFormat::Text => 0,
        ReplyFormat::Json { schema, .. } => PER_TOOL + of_text(&schema.to_string()),
    };
    PER_REQUEST + messages + tools + format
}

fn of_message(message: &Message) -> u64 {
    PER_MESSAGE
        + match message {
            Message::System { text } | Message::User { text } => of_text(text),
            Message::Tool { call_id, text } => of_text(call_id) + of_text(text),
            Message::Assistant { text, tool_calls } => {
                let calls: u64 = tool_calls
                    .iter()
                    .map(|call| PER_TOOL + of_text(&call.name) + of_text(&call.arguments))
                    .sum();
                of_text(text) + calls
            }
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_counts_everything_that_is_sent() {
        let mut request = ChatRequest {
            messages: vec![Message::User { text: "x".repeat(300) }],
            tools: Vec::new(),
            format: ReplyFormat::Text,
            max_tokens: 10,
            temperature_milli: 0,
            seed: None,
        };
        let plain = of_request(&request);
        assert!(plain > 100, "{plain}");
        request.format = ReplyFormat::Json {
            name: "n".into(),
            schema: serde_json::json!({"description": "y".repeat(300)}),
        };
        assert!(of_request(&request) > plain + 100);
    }

    #[test]
    fn a_character_of_three_bytes_counts_as_a_token() {
        assert_eq!(of_text("語語語"), 3);
        assert_eq!(of_text(""), 0);
    }
}

//! A reply put together from the events of a message stream.

use serde_json::Value;

use super::event::{Counted, Delta, Event, Message, StartedBlock};
use super::request::AnswerTool;
use crate::chat::{ChatReply, Finish, ToolCall, Usage};
use crate::error::ModelError;
use crate::price::Price;
use crate::providers::failure::Caller;
use crate::providers::reader::{Assembly, Step};
use crate::sse::SseEvent;

/// Blocks of one reply.
const MAX_BLOCKS: usize = 256;
/// Characters of the name that a provider reports.
const MAX_MODEL_NAME: usize = 120;

pub(super) struct MessageAssembly {
    caller: Caller,
    provider: String,
    answer_tool: Option<AnswerTool>,
    price: Option<Price>,
    blocks: Vec<(u64, Block)>,
    stop_reason: Option<String>,
    ended: bool,
    counted: Counted,
    model: Option<String>,
}

enum Block {
    Text(String),
    Call(ToolCall),
    /// Thoughts and whatever comes to be: not part of the answer.
    Other,
}

impl Counted {
    fn update(&mut self, newer: &Self) {
        self.input = newer.input.or(self.input);
        self.written = newer.written.or(self.written);
        self.cached = newer.cached.or(self.cached);
        self.output = newer.output.or(self.output);
    }

    /// Writing to the cache has a price of its own, which [`Usage`] does not tell apart: so the cost is known here.
    fn usage(&self, price: Option<Price>) -> Usage {
        let written = self.written.unwrap_or_default();
        let cached = self.cached.unwrap_or_default();
        let plain = self.input.unwrap_or_default();
        let usage = Usage {
            tokens_in: plain.saturating_add(written).saturating_add(cached),
            tokens_cached: cached,
            tokens_out: self.output.unwrap_or_default(),
            cost: None,
        };
        let was_counted = usage.tokens_in > 0 || usage.tokens_out > 0;
        Usage { cost: price.filter(|_| was_counted).map(|price| price.of(&usage, written)), ..usage }
    }
}

impl MessageAssembly {
    pub(super) fn new(
        caller: Caller,
        provider: String,
        answer_tool: Option<AnswerTool>,
        price: Option<Price>,
    ) -> Self {
        Self {
            caller,
            provider,
            answer_tool,
            price,
            blocks: Vec::new(),
            stop_reason: None,
            ended: false,
            counted: Counted::default(),
            model: None,
        }
    }

    fn start(&mut self, index: u64, started: StartedBlock) -> Result<Step, ModelError> {
        if self.blocks.len() >= MAX_BLOCKS {
            return Err(self.caller.malformed(&format!("more than {MAX_BLOCKS} blocks in one answer")));
        }
        let (block, shown) = match started {
            StartedBlock::Text { text } => (Block::Text(text.clone()), text),
            StartedBlock::ToolUse { id, name, input } => {
                let whole = input.as_object().is_some_and(|map| !map.is_empty());
                let arguments = if whole { input.to_string() } else { String::new() };
                (Block::Call(ToolCall { id, name, arguments }), String::new())
            }
            StartedBlock::Other => (Block::Other, String::new()),
        };
        self.blocks.push((index, block));
        Ok(if shown.is_empty() { Step::Quiet } else { Step::Text(shown) })
    }

    fn add(&mut self, index: u64, delta: Delta) -> Result<Step, ModelError> {
        let answer_tool = self.answer_tool.as_ref();
        let block = self.blocks.iter_mut().find(|(known, _)| *known == index).map(|(_, block)| block);
        match (block, delta) {
            (Some(Block::Text(text)), Delta::Text { text: more }) => {
                text.push_str(&more);
                Ok(Step::Text(more))
            }
            (Some(Block::Call(call)), Delta::Input { partial_json }) => {
                call.arguments.push_str(&partial_json);
                let is_answer = answer_tool.is_some_and(|tool| tool.name == call.name && !tool.wrapped);
                Ok(if is_answer { Step::Text(partial_json) } else { Step::Quiet })
            }
            (Some(_), _) | (None, Delta::Other) => Ok(Step::Quiet),
            (None, _) => Err(self.caller.malformed("a piece belongs to a block that never began")),
        }
    }

    fn take_message(&mut self, message: Message) {
        if let Some(counted) = &message.usage {
            self.counted.update(counted);
        }
        self.model = message.model.or(self.model.take());
        self.stop_reason = message.stop_reason.or(self.stop_reason.take());
    }

    fn failed(&self, error: &Value) -> ModelError {
        let code = match error.get("type").and_then(Value::as_str) {
            Some("invalid_request_error") => 400,
            Some("authentication_error") => 401,
            Some("billing_error") => 402,
            Some("permission_error") => 403,
            Some("not_found_error") => 404,
            Some("request_too_large") => 413,
            Some("rate_limit_error") => 429,
            Some("overloaded_error") => 529,
            _ => 500,
        };
        self.caller.failed_midway(Some(code), &serde_json::json!({"error": error}).to_string())
    }

    /// The answer out of the call of the answer tool.
    fn answer(&self, arguments: &str, wrapped: bool) -> Result<String, ModelError> {
        if !wrapped {
            return Ok(arguments.to_owned());
        }
        let mut object: Value = serde_json::from_str(arguments)
            .map_err(|error| self.caller.malformed(&format!("the answer is no JSON: {error}")))?;
        match object.get_mut("value") {
            Some(value) => Ok(value.take().to_string()),
            None => Err(self.caller.malformed("the answer lacks its value")),
        }
    }
}

impl Assembly for MessageAssembly {
    fn take(&mut self, event: &SseEvent) -> Result<Step, ModelError> {
        if event.data.trim().is_empty() {
            return Ok(Step::Quiet);
        }
        let event: Event = serde_json::from_str(&event.data)
            .map_err(|error| self.caller.malformed(&format!("a piece of the stream is no event: {error}")))?;
        match event {
            Event::MessageStart { message } => {
                self.take_message(message);
                Ok(Step::Quiet)
            }
            Event::ContentBlockStart { index, content_block } => self.start(index, content_block),
            Event::ContentBlockDelta { index, delta } => self.add(index, delta),
            Event::MessageDelta { delta, usage } => {
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
                self.counted.update(&usage.unwrap_or_default());
                Ok(Step::Quiet)
            }
            Event::MessageStop => {
                self.ended = true;
                Ok(Step::End)
            }
            Event::Error { error } => Err(self.failed(&error)),
            Event::Message(mut message) => {
                let blocks = std::mem::take(&mut message.content);
                self.take_message(message);
                for (index, block) in (0..).zip(blocks) {
                    self.start(index, block)?;
                }
                self.ended = true;
                Ok(Step::End)
            }
            Event::Other => Ok(Step::Quiet),
        }
    }

    fn is_whole(&self) -> bool {
        self.ended || self.stop_reason.is_some()
    }

    fn reply(&mut self) -> Result<ChatReply, ModelError> {
        let (mut text, mut tool_calls, mut answer) = (String::new(), Vec::new(), None);
        for (_, block) in std::mem::take(&mut self.blocks) {
            match block {
                Block::Text(more) => text.push_str(&more),
                Block::Call(mut call) => {
                    if call.arguments.trim().is_empty() {
                        "{}".clone_into(&mut call.arguments);
                    }
                    match &self.answer_tool {
                        Some(tool) if tool.name == call.name => answer = Some((call.arguments, tool.wrapped)),
                        _ => tool_calls.push(call),
                    }
                }
                Block::Other => {}
            }
        }
        let cut = matches!(self.stop_reason.as_deref(), Some("max_tokens" | "model_context_window_exceeded"));
        if let Some((arguments, wrapped)) = answer {
            // An answer that was cut is no JSON; the finish says why.
            text = if cut { arguments } else { self.answer(&arguments, wrapped)? };
        }
        let finish = match self.stop_reason.as_deref() {
            _ if cut => Finish::Length,
            Some("refusal") => Finish::Filtered,
            _ if tool_calls.is_empty() => Finish::Stop,
            _ => Finish::ToolCalls,
        };
        let model = self.model.take().map_or_else(
            || self.caller.model.clone(),
            |model| {
                let plain: String = model.chars().filter(|c| !c.is_control()).take(MAX_MODEL_NAME).collect();
                format!("{}/{plain}", self.provider)
            },
        );
        Ok(ChatReply {
            text,
            tool_calls,
            finish,
            usage: self.counted.usage(self.price),
            model,
            recording: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swarm_domain::MicroUsd;

    const START: &str = r#"{"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":1}}}"#;

    fn assembled(tool: Option<AnswerTool>, events: &[&str]) -> Result<ChatReply, ModelError> {
        let caller = Caller { model: "anthropic/m".into(), key: None, needed: 0, limit: 0 };
        let per_million = |dollars: u64| MicroUsd(dollars * 1_000_000);
        let price = Price {
            input: per_million(4),
            output: per_million(8),
            cached: Some(per_million(1)),
            cache_write: Some(per_million(5)),
        };
        let mut assembly = MessageAssembly::new(caller, "anthropic".into(), tool, Some(price));
        for event in events {
            if let Step::End = assembly.take(&SseEvent { kind: String::new(), data: (*event).into() })? {
                break;
            }
        }
        assembly.reply()
    }

    #[test]
    fn tokens_read_from_and_written_to_the_cache_are_counted_and_paid_each_at_its_price() {
        let reply = assembled(
            None,
            &[
                START,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
            ],
        )
        .unwrap();
        let cost = 10 * 4 + 20 * 5 + 30 + 5 * 8;
        assert_eq!(
            reply.usage,
            Usage { tokens_in: 60, tokens_cached: 30, tokens_out: 5, cost: Some(MicroUsd(cost)) }
        );
        assert_eq!(reply.model, "anthropic/claude-x");
    }

    #[test]
    fn the_answer_tools_call_is_the_text_and_no_call() {
        let tool = |wrapped| Some(AnswerTool { name: "plan".into(), wrapped });
        let begin = r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"plan","input":{}}}"#;
        let piece = r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"value\":[1]}"}}"#;
        let end = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#;
        let reply = assembled(tool(false), &[START, begin, piece, end]).unwrap();
        assert_eq!(
            (reply.text.as_str(), reply.tool_calls.len(), reply.finish),
            (r#"{"value":[1]}"#, 0, Finish::Stop)
        );
        let unwrapped = assembled(tool(true), &[START, begin, piece, end]).unwrap();
        assert_eq!(unwrapped.text, "[1]");
    }

    #[test]
    fn an_overload_in_the_middle_is_worth_a_retry_and_nonsense_is_malformed() {
        let busy = assembled(
            None,
            &[START, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#],
        );
        assert!(matches!(busy, Err(ModelError::Unavailable { .. })));
        for nonsense in [
            "{",
            "[]",
            r#"{"type":"content_block_delta","index":9,"delta":{"type":"text_delta","text":"x"}}"#,
        ] {
            assert!(matches!(assembled(None, &[nonsense]), Err(ModelError::Malformed { .. })), "{nonsense}");
        }
        assert!(
            assembled(None, &[r#"{"type":"what_comes_next","x":1}"#]).is_ok(),
            "new kinds of events are no error"
        );
    }
}

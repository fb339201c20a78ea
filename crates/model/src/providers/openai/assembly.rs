//! A reply put together from the chunks of a chat completion.

use serde_json::Value;
use swarm_domain::MicroUsd;

use super::chunk::{CallDelta, Chunk, Counted};
use crate::chat::{ChatReply, Finish, ToolCall, Usage};
use crate::error::ModelError;
use crate::providers::failure::Caller;
use crate::providers::reader::{Assembly, Step};
use crate::sse::SseEvent;

/// Calls of tools in one reply; a model that makes more is out of its mind.
const MAX_CALLS: usize = 128;
/// Characters of the name that a provider reports.
const MAX_MODEL_NAME: usize = 120;

pub(super) struct ChunkAssembly {
    caller: Caller,
    /// Before the model's name as the provider reports it; `None`: what it reports is not used.
    reported_by: Option<String>,
    text: String,
    refused: bool,
    calls: Vec<(u64, ToolCall)>,
    finish: Option<String>,
    usage: Usage,
    model: Option<String>,
}

impl ChunkAssembly {
    pub(super) fn new(caller: Caller, reported_by: Option<String>) -> Self {
        Self {
            caller,
            reported_by,
            text: String::new(),
            refused: false,
            calls: Vec::new(),
            finish: None,
            usage: Usage::default(),
            model: None,
        }
    }

    fn failed(&self, error: &Value) -> ModelError {
        let code = error.get("code").and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        let body = serde_json::json!({"error": error}).to_string();
        self.caller
            .failed_midway(code.and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400), &body)
    }

    /// Takes part of a call in. Servers that leave the index out send each call whole, or continue the last one.
    fn add_call(&mut self, part: CallDelta) -> Result<(), ModelError> {
        let starts = part.id.as_deref().is_some_and(|id| !id.is_empty())
            || part.function.as_ref().is_some_and(|function| function.name.is_some());
        let last = self.calls.last().map(|(index, _)| *index);
        let index = match (part.index, last) {
            (Some(index), _) => index,
            (None, Some(last)) if starts => last.saturating_add(1),
            (None, Some(last)) => last,
            (None, None) => 0,
        };
        let position = match self.calls.iter().position(|(known, _)| *known == index) {
            Some(position) => position,
            None if self.calls.len() >= MAX_CALLS => {
                return Err(self
                    .caller
                    .malformed(&format!("more than {MAX_CALLS} tool calls in one answer")));
            }
            None => {
                let call = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
                self.calls.push((index, call));
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[position].1;
        if call.id.is_empty() {
            call.id = part.id.unwrap_or_default();
        }
        if let Some(function) = part.function {
            call.name.push_str(&function.name.unwrap_or_default());
            match function.arguments {
                Some(Value::String(more)) => call.arguments.push_str(&more),
                Some(Value::Null) | None => {}
                // Some servers send what the arguments are and not their text.
                Some(whole) => call.arguments.push_str(&whole.to_string()),
            }
        }
        Ok(())
    }

    fn count(&mut self, counted: &Counted) {
        let cached = counted.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
        let upstream = counted.cost_details.as_ref().and_then(|details| details.upstream_inference_cost);
        let by_own_key = if counted.is_byok == Some(true) { upstream.unwrap_or_default() } else { 0.0 };
        self.usage = Usage {
            tokens_in: counted.prompt_tokens.unwrap_or_default(),
            tokens_cached: cached.unwrap_or_default(),
            tokens_out: counted.completion_tokens.unwrap_or_default(),
            cost: counted.cost.and_then(|cost| micro_usd(cost + by_own_key)),
        };
    }

    fn finish(&self) -> Finish {
        match self.finish.as_deref() {
            Some("length") => Finish::Length,
            Some("content_filter") => Finish::Filtered,
            _ if self.refused => Finish::Filtered,
            _ if !self.calls.is_empty() => Finish::ToolCalls,
            _ => Finish::Stop,
        }
    }
}

impl Assembly for ChunkAssembly {
    fn take(&mut self, event: &SseEvent) -> Result<Step, ModelError> {
        let data = event.data.trim();
        if data == "[DONE]" {
            return if self.is_whole() || !self.text.is_empty() || !self.calls.is_empty() {
                Ok(Step::End)
            } else {
                Err(self.caller.malformed("the answer is empty"))
            };
        }
        if data.is_empty() {
            return Ok(Step::Quiet);
        }
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|error| self.caller.malformed(&format!("a piece of the stream is no chunk: {error}")))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(self.failed(&error));
        }
        if let Some(counted) = &chunk.usage {
            self.count(counted);
        }
        if self.model.is_none() {
            self.model = chunk.model.filter(|model| !model.is_empty());
        }
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().next() else {
            return Ok(Step::Quiet);
        };
        if let Some(error) = choice.error.filter(|error| !error.is_null()) {
            return Err(self.failed(&error));
        }
        match choice.finish_reason.as_deref() {
            Some("error") => return Err(self.caller.unavailable("the provider broke the answer off")),
            Some(_) => self.finish = choice.finish_reason,
            None => {}
        }
        let Some(delta) = choice.delta else {
            return Ok(Step::Quiet);
        };
        for part in delta.tool_calls.unwrap_or_default() {
            self.add_call(part)?;
        }
        let mut more = delta.content.as_ref().map(content_text).unwrap_or_default();
        if let Some(refusal) = delta.refusal.filter(|refusal| !refusal.is_empty()) {
            self.refused = true;
            more.push_str(&refusal);
        }
        if more.is_empty() {
            return Ok(Step::Quiet);
        }
        self.text.push_str(&more);
        Ok(Step::Text(more))
    }

    fn is_whole(&self) -> bool {
        self.finish.is_some()
    }

    fn reply(&mut self) -> Result<ChatReply, ModelError> {
        let finish = self.finish();
        let mut tool_calls: Vec<ToolCall> = Vec::with_capacity(self.calls.len());
        for (position, (_, mut call)) in std::mem::take(&mut self.calls).into_iter().enumerate() {
            if call.id.is_empty() || tool_calls.iter().any(|known| known.id == call.id) {
                call.id = format!("call_{}", position + 1);
            }
            if call.arguments.trim().is_empty() {
                "{}".clone_into(&mut call.arguments);
            }
            tool_calls.push(call);
        }
        let model = match (&self.reported_by, self.model.take()) {
            (Some(provider), Some(model)) => {
                let plain: String = model.chars().filter(|c| !c.is_control()).take(MAX_MODEL_NAME).collect();
                format!("{provider}/{plain}")
            }
            _ => self.caller.model.clone(),
        };
        Ok(ChatReply {
            text: std::mem::take(&mut self.text),
            tool_calls,
            finish,
            usage: self.usage,
            model,
            recording: None,
        })
    }
}

/// Text, or a list of parts with text in them.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

/// Dollars as a provider reports them, rounded up; nonsense is no figure.
fn micro_usd(dollars: f64) -> Option<MicroUsd> {
    /// A single call that costs more is a misreading.
    const MOST: f64 = 1_000_000.0;
    if !(0.0..=MOST).contains(&dollars) {
        return None;
    }
    // A hair less before rounding up, so that 0.1 + 0.2 does not cost a millionth more.
    let micros = (dollars * 1e6 - 1e-6).ceil().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10^12")]
    Some(MicroUsd(micros as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(chunks: &[&str]) -> Result<ChatReply, ModelError> {
        let caller = Caller { model: "p/m".into(), key: None, needed: 0, limit: 0 };
        let mut assembly = ChunkAssembly::new(caller, Some("p".into()));
        for chunk in chunks {
            if let Step::End = assembly.take(&SseEvent { kind: String::new(), data: (*chunk).into() })? {
                break;
            }
        }
        assembly.reply()
    }

    #[test]
    fn tool_calls_that_come_in_pieces_and_out_of_turn_are_put_together() {
        let reply = assembled(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"read","arguments":"{\"p"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"list"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]},"finish_reason":"tool_calls"}]}"#,
        ])
        .unwrap();
        assert_eq!(reply.finish, Finish::ToolCalls);
        assert_eq!(reply.tool_calls[0].arguments, r#"{"p":1}"#);
        assert_eq!(
            (reply.tool_calls[1].name.as_str(), reply.tool_calls[1].arguments.as_str()),
            ("list", "{}")
        );
    }

    #[test]
    fn calls_without_an_index_or_an_id_and_with_arguments_as_a_table_are_understood() {
        let reply = assembled(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},{"function":{"name":"b","arguments":"{}"}}]},"finish_reason":"stop"}]}"#,
        ])
        .unwrap();
        let seen: Vec<_> = reply
            .tool_calls
            .iter()
            .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!(seen, [("call_1", "a", "{\"x\":1}"), ("call_2", "b", "{}")]);
        assert_eq!(reply.finish, Finish::ToolCalls, "whatever the server calls it");
    }

    #[test]
    fn the_routers_own_cost_is_taken_in_millionths_rounded_up_and_nonsense_is_not() {
        let cost = |usage: &str| {
            let chunk = format!(
                r#"{{"choices":[{{"delta":{{"content":"x"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
            );
            assembled(&[&chunk]).unwrap().usage
        };
        let usage = cost(
            r#"{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4},"cost":0.00012345}"#,
        );
        assert_eq!(
            usage,
            Usage { tokens_in: 10, tokens_cached: 4, tokens_out: 2, cost: Some(MicroUsd(124)) }
        );
        assert_eq!(cost(r#"{"cost":0.3}"#).cost, Some(MicroUsd(300_000)));
        let own_key = r#"{"cost":0.01,"is_byok":true,"cost_details":{"upstream_inference_cost":0.2}}"#;
        assert_eq!(cost(own_key).cost, Some(MicroUsd(210_000)));
        for nonsense in [r#"{"cost":-1}"#, r#"{"cost":1e300}"#, "{}"] {
            assert_eq!(cost(nonsense).cost, None, "{nonsense}");
        }
    }

    #[test]
    fn an_error_inside_a_stream_that_began_well_is_an_error() {
        let busy = assembled(&[r#"{"error":{"code":429,"message":"slow down"},"choices":[]}"#]).unwrap_err();
        assert!(matches!(busy, ModelError::RateLimited { .. }), "{busy}");
        let broken =
            assembled(&[r#"{"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#]).unwrap_err();
        assert!(matches!(broken, ModelError::Unavailable { .. }), "{broken}");
        let empty = assembled(&["[DONE]"]).unwrap_err();
        assert!(matches!(empty, ModelError::Malformed { .. }), "{empty}");
    }

    #[test]
    fn a_reply_with_more_calls_than_anyone_needs_is_refused() {
        let calls: Vec<_> =
            (0..=MAX_CALLS).map(|n| format!(r#"{{"index":{n},"function":{{"name":"x"}}}}"#)).collect();
        let chunk = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{}]}}}}]}}"#, calls.join(","));
        assert!(matches!(assembled(&[&chunk]), Err(ModelError::Malformed { .. })));
    }
}

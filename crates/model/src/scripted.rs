//! A model that says what a script says: for demos and for rehearsing what agents do with an answer.

mod rule;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::chat::{
    Capabilities, ChatEvent, ChatModel, ChatReply, ChatRequest, Finish, Message, Replies, ToolCall, Usage,
};
use crate::error::ModelError;
use crate::replay;
use crate::tokens;

use rule::Matcher;
pub use rule::{Arguments, Place, Rule, ScriptedCall, ScriptedFailure};

/// A script: rules, tried from the first to the last.
///
/// ```
/// let script: swarm_model::Script = toml::from_str(r#"
///     tools = true
///
///     [[rules]]
///     contains = "word count"
///     nth = 1
///     error = { kind = "rate_limited", retry_after_seconds = 2 }
///
///     [[rules]]
///     contains = "word count"
///     tool_calls = [{ name = "write", arguments = { path = "wc.py", text = "print(3)" } }]
///
///     [[rules]]
///     text = "Done."
/// "#)?;
/// assert_eq!(script.rules.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Script {
    /// The model's name after `scripted/`.
    pub name: String,
    /// Whether it claims native tool calls.
    pub tools: bool,
    /// Whether it claims output by JSON schema.
    pub json_schema: bool,
    /// The context that it claims.
    pub context_tokens: u32,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            name: "script".into(),
            tools: false,
            json_schema: true,
            context_tokens: 128_000,
            rules: Vec::new(),
        }
    }
}

/// Answers from a [`Script`].
#[derive(Debug)]
pub struct Scripted {
    name: String,
    script: Script,
    matchers: Vec<Matcher>,
    /// How often each rule's condition was met so far.
    met: Mutex<Vec<u32>>,
}

impl Scripted {
    /// A model that follows `script`. A regular expression that cannot be read is [`ModelError::Config`].
    pub fn new(script: Script) -> Result<Self, ModelError> {
        let matchers = script.rules.iter().map(Matcher::of).collect::<Result<Vec<_>, _>>()?;
        let met = Mutex::new(vec![0; script.rules.len()]);
        Ok(Self { name: format!("scripted/{}", script.name), script, matchers, met })
    }

    /// Reads a script from a `.json` file, or from a TOML file of any other name.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let wrong =
            |what: String| ModelError::Config { detail: format!("the script {}: {what}", path.display()) };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let script = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?
        } else {
            toml::from_str(&text).map_err(|error| wrong(error.to_string()))?
        };
        Self::new(script)
    }

    /// The rule that answers `request`; each rule whose condition is met counts it.
    fn choose(&self, request: &ChatRequest) -> Option<&Rule> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        for ((rule, matcher), count) in self.script.rules.iter().zip(&self.matchers).zip(met.iter_mut()) {
            if !matcher.is_met(rule.place, request) {
                continue;
            }
            *count += 1;
            if rule.nth.is_none_or(|nth| nth == *count) {
                return Some(rule);
            }
        }
        None
    }

    fn reply(&self, rule: &Rule, request: &ChatRequest) -> ChatReply {
        let tool_calls: Vec<ToolCall> = rule
            .tool_calls
            .iter()
            .enumerate()
            .map(|(position, call)| ToolCall {
                id: format!("call_{}", position + 1),
                name: call.name.clone(),
                arguments: call.arguments.to_text(),
            })
            .collect();
        let finish = if tool_calls.is_empty() { Finish::Stop } else { Finish::ToolCalls };
        let text = rule.text.clone().unwrap_or_default();
        let counted = || Usage {
            tokens_in: tokens::of_request(request),
            tokens_out: tokens::of_text(&text).max(1),
            ..Usage::default()
        };
        ChatReply {
            usage: rule.usage.unwrap_or_else(counted),
            finish: rule.finish.unwrap_or(finish),
            text,
            tool_calls,
            model: self.name.clone(),
            recording: None,
        }
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            tools: self.script.tools,
            json_schema: self.script.json_schema,
            context_tokens: self.script.context_tokens,
        }
    }

    fn replies(&self) -> Replies {
        Replies::Scripted
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let Some(rule) = self.choose(request) else {
            let last: String = request.messages.last().map_or("", Message::text).chars().take(120).collect();
            return Err(ModelError::Unscripted { detail: format!("no rule matches `{last}`") });
        };
        if rule.delay_ms > 0 {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(ModelError::Cancelled),
                () = tokio::time::sleep(Duration::from_millis(rule.delay_ms)) => {}
            }
        }
        if let Some(failure) = &rule.error {
            return Err(failure.to_error(&self.name));
        }
        Ok(stream::iter(replay::events(self.reply(rule, request)).into_iter().map(Ok)).boxed())
    }
}

//! One rule of a script: when it applies and what it answers.

use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::chat::{ChatRequest, Finish, Message, Usage};
use crate::error::ModelError;

/// One rule of a script. Without a condition it always applies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Applies where the message contains this.
    pub contains: Option<String>,
    /// Applies where the message matches this regular expression.
    pub matches: Option<String>,
    /// Which message is looked at.
    #[serde(rename = "in")]
    pub place: Place,
    /// Applies only the so-manieth time that its condition is met, from 1; otherwise the rules after it are tried.
    pub nth: Option<u32>,
    /// Milliseconds before the answer.
    pub delay_ms: u64,
    /// Fails in this way instead of answering.
    pub error: Option<ScriptedFailure>,
    /// The text of the answer.
    pub text: Option<String>,
    /// The tools that it calls.
    pub tool_calls: Vec<ScriptedCall>,
    /// Why the answer ends; by itself `stop`, or `tool_calls` where tools are called.
    pub finish: Option<Finish>,
    /// What it used; by itself estimated.
    pub usage: Option<Usage>,
}

/// Which message of a request is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The last one of the user.
    #[default]
    User,
    /// The last one of the system.
    System,
    /// The last one, whoever it is from: an answer of a tool, for example.
    Last,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// Arguments of a tool: a table, or text that is passed on as it is, broken JSON included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arguments {
    /// As they are.
    Text(String),
    /// Made into JSON.
    Table(serde_json::Map<String, serde_json::Value>),
}

impl Arguments {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Table(table) => serde_json::Value::Object(table.clone()).to_string(),
        }
    }
}

/// How a rule fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ScriptedFailure {
    /// 429.
    RateLimited {
        /// `Retry-After`.
        retry_after_seconds: Option<u64>,
    },
    /// 5xx.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// An answer that cannot be read.
    Malformed,
    /// A refusal.
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

impl ScriptedFailure {
    pub(super) fn to_error(&self, model: &str) -> ModelError {
        let (model, detail) = (model.to_owned(), "the script says so".to_owned());
        match self {
            Self::RateLimited { retry_after_seconds } => {
                ModelError::RateLimited { model, retry_after: retry_after_seconds.map(Duration::from_secs) }
            }
            Self::Unavailable => ModelError::Unavailable { model, detail },
            Self::TimedOut => ModelError::TimedOut { model, after: Duration::ZERO },
            Self::Malformed => ModelError::Malformed { model, detail },
            Self::Refused { status } => ModelError::Refused { model, status: *status, detail },
        }
    }
}

/// A rule's condition, ready to be tested.
#[derive(Debug)]
pub(super) struct Matcher {
    contains: Option<String>,
    matches: Option<Regex>,
}

impl Matcher {
    pub(super) fn of(rule: &Rule) -> Result<Self, ModelError> {
        let matches = rule.matches.as_deref().map(Regex::new).transpose().map_err(|error| {
            ModelError::Config { detail: format!("a script's regular expression cannot be read: {error}") }
        })?;
        if rule.nth == Some(0) {
            return Err(ModelError::Config { detail: "a script's `nth` counts from 1".to_owned() });
        }
        Ok(Self { contains: rule.contains.clone(), matches })
    }

    pub(super) fn is_met(&self, place: Place, request: &ChatRequest) -> bool {
        if self.contains.is_none() && self.matches.is_none() {
            return true;
        }
        let message = request.messages.iter().rev().find(|message| match place {
            Place::User => matches!(message, Message::User { .. }),
            Place::System => matches!(message, Message::System { .. }),
            Place::Last => true,
        });
        let text = message.map_or("", Message::text);
        self.contains.as_ref().is_none_or(|part| text.contains(part.as_str()))
            && self.matches.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

//! Questions with one answer, as JSON by a schema: the skeleton of a plan, the text of a ticket, a review, a summary.
//!
//! What can be computed is not asked. What comes back is untrusted: checked against the schema, bounded, its ids held
//! against those that there are, its text stripped of what hides something.

mod conflict;
mod derive;
mod drafting;
mod review;
mod skeleton;
mod summary;
mod ticket;

use jsonschema::Validator;
use serde_json::Value;
use swarm_domain::finding::{Finding, FindingCode};
use swarm_model::{Capabilities, ChatReply, ChatRequest, Finish, Message, ReplyFormat};

pub use conflict::{Conflict, ConflictSide, conflict_request, read_conflict};
pub use derive::{derive_portions, derive_request, read_derived};
pub use drafting::{DraftingRequest, drafting_request, read_proposal};
pub use review::{read_review, review_request};
pub use skeleton::{read_skeleton, skeleton_portions, skeleton_request};
pub use summary::{Summary, SummaryLine, read_summary, summary_request};
pub use ticket::{TicketText, read_ticket, ticket_request};

use crate::{
    agent::Agent,
    prompt::Room,
    protocol::{MAX_REPLY_BYTES, json},
    text,
    tool::output,
    turn::reply_tokens,
};

/// Why an answer could not be used, and what the model is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Misread {
    /// What was wrong with it.
    pub detail: String,
    /// What to answer instead.
    pub hint: String,
}

impl Misread {
    fn new(detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { detail: detail.into(), hint: hint.into() }
    }

    /// As a finding, for when asking again did not help.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            code: FindingCode::Malformed,
            detail: self.detail.clone(),
            evidence: String::new(),
            hint: self.hint.clone(),
            requirement: None,
            path: None,
        }
    }
}

/// The same question again, with the answer that could not be used and the reason: with no more of the answer than the
/// model can hold beside the question. Ask at the most [`MAX_RE_ASKS`](crate::MAX_RE_ASKS) times.
#[must_use]
pub fn asked_again(
    request: &ChatRequest,
    reply: &ChatReply,
    misread: &Misread,
    capabilities: Capabilities,
) -> ChatRequest {
    let fits = |request: &ChatRequest| {
        swarm_model::tokens::of_request(request) + u64::from(request.max_tokens)
            <= u64::from(capabilities.context_tokens)
    };
    let tries = [MAX_SAID, MAX_SAID / 4].map(|said| again(request, reply, misread, said));
    // Where not even a part of it fits, the question alone is asked once more.
    tries.into_iter().find(fits).unwrap_or_else(|| request.clone())
}

/// Bytes of an answer that are shown to the one who gave it.
const MAX_SAID: usize = 2_000;

fn again(request: &ChatRequest, reply: &ChatReply, misread: &Misread, said: usize) -> ChatRequest {
    let mut request = request.clone();
    let said = output::cut(&text::passage(&reply.text, 4_000), said);
    let said = if said.is_empty() { "(nothing)".to_owned() } else { said };
    request.messages.push(Message::Assistant { text: said, tool_calls: Vec::new() });
    let text = format!("I could not use that: {}. {}", misread.detail, misread.hint);
    request.messages.push(Message::User { text });
    request
}

/// What a question consists of.
struct Question<'a> {
    agent: &'a Agent,
    capabilities: Capabilities,
    name: &'a str,
    schema: Value,
    /// The answer's form, by example: schemas alone are beyond the smallest models.
    example: Value,
}

impl Question<'_> {
    /// The bytes that the body of the question may take.
    fn room(&self) -> Room {
        let reply = u64::from(reply_tokens(self.capabilities, self.agent.limits));
        let taken = (self.agent.prompt.len() + self.schema.to_string().len() * 2 + 400) / 3;
        let left = u64::from(self.capabilities.context_tokens).saturating_sub(reply + taken as u64);
        // The rest is for asking again.
        Room::of_tokens(left * 3 / 4)
    }

    fn request(mut self, body: &str) -> ChatRequest {
        // The same question is the same text, whichever way `serde_json` keeps its keys.
        self.example.sort_all_objects();
        self.schema.sort_all_objects();
        let form = format!("Answer with one JSON object and nothing else, of this form:\n{}", self.example);
        let format = if self.capabilities.json_schema {
            ReplyFormat::Json { name: self.name.to_owned(), schema: self.schema }
        } else {
            ReplyFormat::Text
        };
        ChatRequest {
            messages: vec![
                Message::System { text: format!("{}\n\n{form}", self.agent.prompt) },
                Message::User { text: body.trim().to_owned() },
            ],
            tools: Vec::new(),
            format,
            max_tokens: reply_tokens(self.capabilities, self.agent.limits),
            temperature_milli: self.agent.temperature_milli,
            seed: None,
        }
    }
}

/// The object of an answer, if it fits the schema.
fn answer(reply: &ChatReply, schema: &Value) -> Result<Value, Misread> {
    if reply.text.len() > MAX_REPLY_BYTES {
        let detail = format!("the answer has {} bytes; {MAX_REPLY_BYTES} are read", reply.text.len());
        return Err(Misread::new(detail, "Answer more briefly."));
    }
    if reply.finish == Finish::Length {
        return Err(Misread::new("the answer was too long and was cut off", "Answer more briefly."));
    }
    let value = json::object(&reply.text).ok_or_else(|| {
        Misread::new("the answer has no JSON object in it", "Answer with one JSON object and nothing else.")
    })?;
    let mut schema = schema.clone();
    schema.sort_all_objects();
    let schema = Validator::new(&schema).map_err(|error| Misread::new(error.to_string(), String::new()))?;
    match json::complaints(&schema, &value) {
        Some(what) => Err(Misread::new(
            format!("the JSON does not have the form that was asked for: {what}"),
            "Answer again in that form.",
        )),
        None => Ok(value),
    }
}

/// A text of the answer, as one line.
fn line_of(value: &Value, key: &str, limit: usize) -> String {
    text::line(value[key].as_str().unwrap_or_default(), limit)
}

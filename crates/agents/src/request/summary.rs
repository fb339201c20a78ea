//! A summary in a few sentences, for the reader of a pull request. The facts beside it are not the model's.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use swarm_domain::spec::Spec;
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{agent::Agent, text};

/// Characters of a title and of the text below it.
const MAX_TITLE: usize = 72;
const MAX_TEXT: usize = 1_000;

/// What was done, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// One line.
    pub title: String,
    /// A few sentences.
    pub text: String,
}

/// A ticket and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryLine<'a> {
    /// The ticket's title.
    pub title: &'a str,
    /// What became of it, such as `merged`.
    pub outcome: &'a str,
}

/// Asks a summariser for a title and a few sentences.
#[must_use]
pub fn summary_request(
    agent: &Agent,
    spec: &Spec,
    lines: &[SummaryLine<'_>],
    capabilities: Capabilities,
) -> ChatRequest {
    let example = json!({"title": "...", "text": "..."});
    let question = Question { agent, capabilities, name: "summary", schema: schema(), example };
    let mut room = question.room();
    let mut done = String::new();
    for line in lines {
        let _ = writeln!(done, "- {} ({})", text::line(line.title, 120), text::line(line.outcome, 40));
    }
    let overview = room.take(spec.overview.trim(), 40);
    let done = room.take(&done, 95);
    question.request(&format!("# {}\n\n{overview}\n\nTickets:\n{done}", text::line(&spec.title, 200)))
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": MAX_TITLE},
            "text": {"type": "string", "maxLength": MAX_TEXT}
        },
        "required": ["title", "text"],
        "additionalProperties": false
    })
}

/// Reads the summariser's answer.
pub fn read_summary(reply: &ChatReply) -> Result<Summary, Misread> {
    // A text that is too long is cut, not refused.
    let least = json!({"type": "object", "required": ["title", "text"]});
    let value = answer(reply, &least)?;
    let title = line_of(&value, "title", MAX_TITLE).trim_end_matches('.').to_owned();
    let text = text::passage(value["text"].as_str().unwrap_or_default(), MAX_TEXT);
    let is_empty = |text: &str| text.chars().all(|c| c == '.');
    if is_empty(&title) || is_empty(&text) {
        return Err(Misread::new("the title or the text is empty", "Answer with both."));
    }
    Ok(Summary { title, text })
}

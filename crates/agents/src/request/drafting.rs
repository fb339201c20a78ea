//! What somebody wants, in the words of requirements. What comes back is a proposal: what of it holds, whoever asked
//! finds out.

use std::fmt::Write as _;

use serde_json::{Value, json};
use swarm_domain::{
    drafting::{
        Conversation, MAX_CHANGES, MAX_OUTPUT, Proposal, ProposedExample, ProposedRequirement, Speaker,
    },
    spec::Spec,
};
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{
    agent::Agent,
    prompt::{Room, fenced},
    text,
};

/// Characters of an answer's parts.
const MAX_REPLY: usize = 1_200;
const MAX_TITLE: usize = 80;
const MAX_TEXT: usize = 2_000;
const MAX_ID: usize = 64;
const MAX_COMMAND: usize = 400;
/// Of what an example prints: more than a spec takes, so that one without an end is known by its length.
const READ_OUTPUT: usize = MAX_OUTPUT + 100;
const MAX_QUESTION: usize = 240;
/// How many of each there may be.
const MAX_EXAMPLES: usize = 4;
const MAX_QUESTIONS: usize = 3;
/// Hundredths of the room that the conversation may take. What was said last stands in it whatever came before.
const TALK: usize = 60;

/// A question, and how much of the spec stands in it.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftingRequest {
    /// The question.
    pub request: ChatRequest,
    /// Whether the whole spec is in it; else only the ids and titles of its requirements, as far as there was room.
    pub is_whole: bool,
}

/// Asks how what was said last would be put as requirements. `spec` is what the conversation's text is read as, where it
/// is a spec already.
#[must_use]
pub fn drafting_request(
    agent: &Agent,
    conversation: &Conversation,
    spec: Option<&Spec>,
    capabilities: Capabilities,
) -> DraftingRequest {
    let example = json!({
        "reply": "...", "title": "...", "overview": "...",
        "requirements": [{
            "id": "", "title": "...", "text": "WHEN ... THE SYSTEM SHALL ...",
            "examples": [{"command": "...", "output": "..."}]
        }],
        "removed": [], "questions": []
    });
    let question = Question { agent, capabilities, name: "proposal", schema: schema(), example };
    let mut room = question.room();
    let talk = said(conversation, &mut room);
    let whole = conversation.text.trim();
    let is_whole = room.fits(whole);
    let shown = match spec {
        _ if whole.is_empty() => "There is no spec yet.".to_owned(),
        _ if is_whole => format!("The spec as it stands:\n\n{}", fenced("markdown", whole)),
        Some(spec) => format!(
            "The spec is too long to be shown. It has these requirements; change none of them, only add:\n\n{}",
            room.take(&titles(spec), 100)
        ),
        None => format!(
            "The beginning of the text as it stands:\n\n{}",
            fenced("markdown", &room.take(whole, 90))
        ),
    };
    let request = question.request(&format!("{shown}\n\n# The conversation\n\n{talk}"));
    DraftingRequest { request, is_whole }
}

/// What was said, as much of it as fits: the newest of it.
fn said(conversation: &Conversation, room: &mut Room) -> String {
    let mut left = room.bytes() / 100 * TALK;
    let mut turns: Vec<String> = Vec::new();
    for said in conversation.talk.iter().rev() {
        let who = match said.by {
            Speaker::Person => "Person",
            Speaker::Writer => "You",
        };
        let words = text::passage(&said.text, usize::MAX);
        let turn = format!("{who}: {words}");
        if turn.len() > left {
            if turns.is_empty() {
                turns.push(crate::tool::output::cut(&turn, left));
            }
            break;
        }
        left -= turn.len();
        turns.push(turn);
    }
    turns.reverse();
    let talk = turns.join("\n\n");
    room.spend(talk.len());
    talk
}

fn titles(spec: &Spec) -> String {
    let mut titles = String::new();
    for one in &spec.requirements {
        let _ = writeln!(titles, "- {}: {}", one.id, text::line(&one.title, MAX_TITLE));
    }
    titles
}

fn schema() -> Value {
    let line = |most: usize| json!({"type": "string", "maxLength": most});
    json!({
        "type": "object",
        "properties": {
            "reply": line(MAX_REPLY),
            "title": line(MAX_TITLE),
            "overview": line(MAX_TEXT),
            "requirements": {
                "type": "array", "maxItems": MAX_CHANGES,
                "items": {
                    "type": "object",
                    "properties": {
                        "id": line(MAX_ID),
                        "title": line(MAX_TITLE),
                        "text": line(MAX_TEXT),
                        "examples": {
                            "type": "array", "maxItems": MAX_EXAMPLES,
                            "items": {
                                "type": "object",
                                "properties": {"command": line(MAX_COMMAND), "output": line(READ_OUTPUT)},
                                "required": ["command", "output"],
                                "additionalProperties": false
                            }
                        }
                    },
                    "required": ["id", "title", "text", "examples"],
                    "additionalProperties": false
                }
            },
            "removed": {"type": "array", "maxItems": MAX_CHANGES, "items": line(MAX_ID)},
            "questions": {"type": "array", "maxItems": MAX_QUESTIONS, "items": line(MAX_QUESTION)}
        },
        "required": ["reply", "title", "overview", "requirements", "removed", "questions"],
        "additionalProperties": false
    })
}

/// Reads the proposal. An answer that changes nothing, asks nothing and says nothing is none.
pub fn read_proposal(reply: &ChatReply) -> Result<Proposal, Misread> {
    let least = json!({
        "type": "object",
        "properties": {"requirements": {"type": "array", "items": {"type": "object"}}},
        "required": ["requirements"]
    });
    let value = answer(reply, &least)?;
    // Small models copy the example of the form.
    let meant = |line: String| if line.chars().all(|c| c == '.' || c == ' ') { String::new() } else { line };
    let list = |key: &str| value[key].as_array().into_iter().flatten();
    let lines = |key: &str, many: usize, limit: usize| -> Vec<String> {
        let lines = list(key).filter_map(Value::as_str).map(|one| meant(text::line(one, limit)));
        lines.filter(|line| !line.is_empty()).take(many).collect()
    };
    let proposal = Proposal {
        reply: meant(text::passage(value["reply"].as_str().unwrap_or_default(), MAX_REPLY)),
        title: meant(line_of(&value, "title", MAX_TITLE)),
        overview: meant(line_of(&value, "overview", MAX_TEXT)),
        requirements: list("requirements").take(MAX_CHANGES).filter_map(requirement).collect(),
        removed: lines("removed", MAX_CHANGES, MAX_ID),
        questions: lines("questions", MAX_QUESTIONS, MAX_QUESTION),
    };
    let is_empty = proposal.reply.is_empty()
        && proposal.requirements.is_empty()
        && proposal.removed.is_empty()
        && proposal.questions.is_empty();
    if is_empty {
        return Err(Misread::new(
            "the answer has neither a requirement nor a question",
            "Answer with at least one of them, or say in `reply` why there is none.",
        ));
    }
    Ok(proposal)
}

fn requirement(entry: &Value) -> Option<ProposedRequirement> {
    let title = line_of(entry, "title", MAX_TITLE).trim_end_matches('.').to_owned();
    let body = text::passage(entry["text"].as_str().unwrap_or_default(), MAX_TEXT);
    if title.is_empty() || body.contains("WHEN ... THE SYSTEM") {
        return None;
    }
    let examples = entry["examples"].as_array().into_iter().flatten().take(MAX_EXAMPLES).map(|example| {
        ProposedExample {
            command: line_of(example, "command", MAX_COMMAND),
            output: text::passage(example["output"].as_str().unwrap_or_default(), READ_OUTPUT),
        }
    });
    Some(ProposedRequirement {
        id: line_of(entry, "id", MAX_ID),
        title,
        text: body,
        examples: examples.filter(|example| !example.command.trim_matches(['.', ' ']).is_empty()).collect(),
    })
}

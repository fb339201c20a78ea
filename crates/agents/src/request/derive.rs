//! What code is seen to do, in the words of a requirement. The code is a stranger's and so is the answer: what it rests
//! on is looked up by whoever asked.

use std::{fmt::Write as _, ops::Range};

use serde_json::{Value, json};
use swarm_domain::derived::{Citation, Thing, Words};
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{agent::Agent, prompt::fenced, text, tool::output};

/// Things that are asked about at once.
const MAX_PORTION: usize = 8;
/// Bytes of one thing's code, and of one test's.
const MAX_CODE: usize = 1_800;
const MAX_TEST: usize = 700;
/// Tests of a thing that are shown.
const MAX_TESTS: usize = 2;
/// Characters of an answer's parts.
const MAX_TITLE: usize = 72;
const MAX_TEXT: usize = 400;
const MAX_QUESTION: usize = 160;
/// Citations of one requirement.
const MAX_CITED: usize = 6;
/// Bytes of a question beside its things.
const PORTION_FRAME: usize = 300;

/// The things in portions that a model can be asked about one after another: as many as fit into what it can hold, each
/// with code enough to be understood.
#[must_use]
pub fn derive_portions(agent: &Agent, things: &[Thing], capabilities: Capabilities) -> Vec<Range<usize>> {
    let most: Vec<String> = (0..MAX_PORTION).map(label).collect();
    let question = question(agent, capabilities, &most);
    let room = question.room().bytes().saturating_sub(PORTION_FRAME);
    let mut portions: Vec<Range<usize>> = Vec::new();
    let mut taken = 0;
    for (place, thing) in things.iter().enumerate() {
        let cost = told("E99", thing, room).len();
        // One file at a time: what stands together is understood together.
        let last = portions.last_mut().filter(|portion| {
            portion.len() < MAX_PORTION
                && taken + cost <= room
                && things[portion.start].at.path == thing.at.path
        });
        if let Some(portion) = last {
            taken += cost;
            portion.end = place + 1;
        } else {
            taken = cost;
            portions.push(place..place + 1);
        }
    }
    portions
}

/// Asks how these things would be put as requirements.
#[must_use]
pub fn derive_request(agent: &Agent, things: &[Thing], capabilities: Capabilities) -> ChatRequest {
    let labels: Vec<String> = (0..things.len()).map(label).collect();
    let question = question(agent, capabilities, &labels);
    let room = question.room().bytes().saturating_sub(PORTION_FRAME);
    let mut body = String::new();
    for (label, thing) in labels.iter().zip(things) {
        body.push_str(&told(label, thing, room));
    }
    let _ = writeln!(body, "One entry for each of: {}", labels.join(", "));
    question.request(&body)
}

fn question<'a>(agent: &'a Agent, capabilities: Capabilities, labels: &[String]) -> Question<'a> {
    let example = json!({"requirements": [
        {"id": "E1", "title": "...", "text": "WHEN ... THE SYSTEM SHALL ...", "evidence": ["path:12-20"], "question": ""}
    ]});
    Question { agent, capabilities, name: "derive", schema: schema(labels), example }
}

fn label(place: usize) -> String {
    format!("E{}", place + 1)
}

/// A thing with its numbered lines: no more than fits.
fn told(label: &str, thing: &Thing, room: usize) -> String {
    let code = numbered(&thing.excerpt, thing.at.first_line, MAX_CODE.min(room / 2));
    let mut told = format!(
        "# {label}: {} `{}` at {}\n{}\n",
        thing.kind.name(),
        output::cut(&thing.name, 120),
        thing.at,
        fenced("", &code)
    );
    for test in thing.tests.iter().take(MAX_TESTS) {
        let code = numbered(&test.excerpt, test.at.first_line, MAX_TEST.min(room / 6));
        let _ = writeln!(told, "Its test at {}:\n{}", test.at, fenced("", &code));
    }
    told.push('\n');
    told
}

/// Whole lines from the first on, each with its number.
fn numbered(code: &str, first: u32, limit: usize) -> String {
    let mut text = String::new();
    for (number, line) in (first..).zip(code.lines()) {
        let indent = " ".repeat((line.len() - line.trim_start().len()).min(40));
        let line = format!("{number} {indent}{}\n", output::cut(&text::passage(line, 300), 300));
        if text.len() + line.len() > limit {
            text.push_str("...\n");
            break;
        }
        text.push_str(&line);
    }
    text
}

fn schema(labels: &[String]) -> Value {
    json!({
        "type": "object",
        "properties": {"requirements": {
            "type": "array", "maxItems": labels.len(),
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "enum": labels},
                    "title": {"type": "string", "maxLength": MAX_TITLE},
                    "text": {"type": "string", "maxLength": MAX_TEXT},
                    "evidence": {"type": "array", "maxItems": MAX_CITED, "items": {"type": "string"}},
                    "question": {"type": "string", "maxLength": MAX_QUESTION}
                },
                "required": ["id", "title", "text", "evidence", "question"],
                "additionalProperties": false
            }
        }},
        "required": ["requirements"],
        "additionalProperties": false
    })
}

/// Reads the answer: the words for each thing by its place, and how many citations named no place at all. Whether the
/// others hold is not looked at here.
pub fn read_derived(reply: &ChatReply, things: &[Thing]) -> Result<(Vec<(usize, Words)>, u32), Misread> {
    let least = json!({
        "type": "object",
        "properties": {"requirements": {"type": "array", "items": {"type": "object"}}},
        "required": ["requirements"]
    });
    let value = answer(reply, &least)?;
    let mut found: Vec<(usize, Words)> = Vec::new();
    let mut unread = 0;
    for entry in value["requirements"].as_array().into_iter().flatten().take(things.len() * 2) {
        let named = entry["id"].as_str().unwrap_or_default().trim();
        let Some(place) = (0..things.len()).find(|place| label(*place) == named) else { continue };
        if found.iter().any(|(known, _)| *known == place) {
            continue;
        }
        let cited: Vec<&str> = entry["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .take(MAX_CITED)
            .collect();
        let evidence: Vec<Citation> = cited.iter().filter_map(|text| Citation::parse(text).ok()).collect();
        unread += u32::try_from(cited.len() - evidence.len()).unwrap_or(u32::MAX);
        let question = line_of(entry, "question", MAX_QUESTION);
        let is_copied = |text: &str| text.chars().all(|c| c == '.' || c == ' ');
        let words = Words {
            title: line_of(entry, "title", MAX_TITLE).trim_end_matches('.').to_owned(),
            text: line_of(entry, "text", MAX_TEXT),
            evidence,
            question: (!is_copied(&question)).then_some(question),
        };
        // Small models copy the example of the form.
        if !is_copied(&words.title) && !words.text.contains("...") {
            found.push((place, words));
        }
    }
    if found.is_empty() && !things.is_empty() {
        return Err(Misread::new(
            "the answer has an entry for none of the ids",
            format!("Answer with one entry for each of E1 to {}.", label(things.len() - 1)),
        ));
    }
    Ok((found, unread))
}

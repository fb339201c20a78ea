//! The skeleton of a plan: which tickets there are. Their ids, checks, dependencies and budgets are computed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use swarm_domain::{
    skeleton::{ProposedSkeleton, ProposedTicket},
    spec::{Requirement, Spec},
};
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{agent::Agent, path::WorkPath, text, tool::output};

/// Tickets that a plan may have, and files that one may name.
const MAX_TICKETS: usize = 200;
const MAX_FILES: usize = 8;
/// Requirements that a planner is asked about at once: of more, the answer is too long for a small model.
const MAX_PORTION: usize = 24;
/// Bytes of a question beside its requirements: the words between them, and the schema's.
const PORTION_FRAME: usize = 600;
/// Characters of a ticket's title.
const MAX_TITLE: usize = 80;

/// Asks a planner how the requirements of a spec are cut into tickets.
#[must_use]
pub fn skeleton_request(agent: &Agent, spec: &Spec, capabilities: Capabilities) -> ChatRequest {
    let first = spec.requirements.first().map_or("REQ-1", |r| r.id.as_str());
    let example = json!({"tickets": [
        {"title": "...", "requirements": [first], "files": ["..."], "kind": "code"}
    ]});
    let question = Question { agent, capabilities, name: "skeleton", schema: schema(spec), example };
    let mut room = question.room();
    let mut body = format!("# {}\n\n", text::line(&spec.title, 200));
    let overview = room.take(spec.overview.trim(), 20);
    if !overview.is_empty() {
        let _ = writeln!(body, "{overview}\n");
    }
    let share = 60_usize.div_ceil(spec.requirements.len().max(1));
    for requirement in &spec.requirements {
        let _ = writeln!(body, "{}", room.take(&told(requirement), share.max(2)));
    }
    let ids: Vec<_> = spec.requirements.iter().map(|r| r.id.as_str()).collect();
    let _ = writeln!(
        body,
        "\nEach of these ids must be in exactly one ticket: {}",
        room.take(&ids.join(", "), 100)
    );
    question.request(&body)
}

/// The spec in portions that a planner can be asked about one after another, each with the requirements of a stretch of
/// the text: as many as fit into what the model can hold, said in full. A small spec is one portion; a spec without
/// requirements is none.
#[must_use]
pub fn skeleton_portions(agent: &Agent, spec: &Spec, capabilities: Capabilities) -> Vec<Spec> {
    let empty = Spec { requirements: Vec::new(), ..spec.clone() };
    let question =
        Question { agent, capabilities, name: "skeleton", schema: schema(&empty), example: json!({}) };
    let room = question.room().bytes();
    let overview = spec.overview.trim().len().min(room / 5) + text::line(&spec.title, 200).len();
    let room = room.saturating_sub(overview + PORTION_FRAME);
    let mut portions: Vec<Spec> = Vec::new();
    let mut taken = 0;
    for requirement in &spec.requirements {
        // Said once, and its id in the list, in the schema, and in what a schema costs besides.
        let cost = told(requirement).len() + 5 * (requirement.id.as_str().len() + 4);
        let last = portions
            .last_mut()
            .filter(|portion| portion.requirements.len() < MAX_PORTION && taken + cost <= room);
        if let Some(portion) = last {
            taken += cost;
            portion.requirements.push(requirement.clone());
        } else {
            taken = cost;
            portions.push(Spec { requirements: vec![requirement.clone()], ..empty.clone() });
        }
    }
    portions
}

fn told(requirement: &Requirement) -> String {
    let mut told = format!("- {}: {}", requirement.id, text::line(&requirement.title, 160));
    if requirement.text.trim() != requirement.title.trim() {
        let _ = write!(told, "\n  {}", text::line(&requirement.text, 400));
    }
    if !requirement.files.is_empty() {
        let _ = write!(told, "\n  files: {}", requirement.files.join(", "));
    }
    told
}

fn schema(spec: &Spec) -> Value {
    let ids: Vec<_> = spec.requirements.iter().map(|r| r.id.as_str()).collect();
    json!({
        "type": "object",
        "properties": {"tickets": {
            "type": "array", "minItems": 1, "maxItems": ids.len().clamp(1, MAX_TICKETS),
            "items": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "maxLength": MAX_TITLE},
                    "requirements": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ids}},
                    "files": {"type": "array", "items": {"type": "string"}},
                    "kind": {"type": "string", "enum": ["code", "test"]}
                },
                "required": ["title", "requirements", "files", "kind"],
                "additionalProperties": false
            }
        }},
        "required": ["tickets"],
        "additionalProperties": false
    })
}

/// What is checked: the bare form. Everything else is mended or left out, as no plan fails for one wrong word.
fn least() -> Value {
    json!({
        "type": "object",
        "properties": {"tickets": {"type": "array", "minItems": 1, "maxItems": MAX_TICKETS, "items": {"type": "object"}}},
        "required": ["tickets"]
    })
}

/// Reads the planner's answer. Requirements that the spec does not have and paths that are none are left out; one
/// named by its text is taken for its id.
pub fn read_skeleton(reply: &ChatReply, spec: &Spec) -> Result<ProposedSkeleton, Misread> {
    let value = answer(reply, &least())?;
    let none = Vec::new();
    let all = value["tickets"].as_array().unwrap_or(&none);
    let tickets: Vec<_> =
        all.iter().map(|ticket| proposed(ticket, spec)).filter(|t| !t.requirements.is_empty()).collect();
    if tickets.is_empty() {
        let ids: Vec<_> = spec.requirements.iter().map(|r| r.id.as_str()).collect();
        return Err(Misread::new(
            "no ticket names a requirement of the spec",
            format!("Use these ids: {}", output::cut(&ids.join(", "), 1_000)),
        ));
    }
    Ok(ProposedSkeleton { tickets })
}

fn proposed(ticket: &Value, spec: &Spec) -> ProposedTicket {
    let words = |key: &str| ticket[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut requirements: Vec<String> = Vec::new();
    for word in words("requirements").take(MAX_TICKETS) {
        if let Some(requirement) = meant(word, spec)
            && !requirements.iter().any(|id| id == requirement.id.as_str())
        {
            requirements.push(requirement.id.to_string());
        }
    }
    let mut files: Vec<String> = Vec::new();
    for path in words("files").filter_map(|path| WorkPath::parse(path.trim()).ok()).take(MAX_FILES) {
        if !files.contains(&path.to_string()) {
            files.push(path.to_string());
        }
    }
    let kind = if line_of(ticket, "kind", 10).eq_ignore_ascii_case("test") { "test" } else { "code" };
    // Small models copy the example of the form.
    let title = Some(line_of(ticket, "title", MAX_TITLE)).filter(|title| title.chars().any(|c| c != '.'));
    let title = title.unwrap_or_default();
    files.retain(|path| path.chars().any(|c| c != '.'));
    ProposedTicket { title, requirements, files, kind: kind.to_owned() }
}

/// The requirement that a model means: by its id, or by its id and title, or by its text.
fn meant<'a>(word: &str, spec: &'a Spec) -> Option<&'a Requirement> {
    let word = word.trim();
    let same = |a: &str| a.trim().eq_ignore_ascii_case(word);
    spec.requirements.iter().find(|r| same(r.id.as_str()) || same(&r.title) || same(&r.text)).or_else(|| {
        let id = word.split([':', ' ']).next().unwrap_or_default();
        spec.requirements.iter().find(|r| r.id.as_str().eq_ignore_ascii_case(id))
    })
}

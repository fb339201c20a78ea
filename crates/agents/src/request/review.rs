//! A review: what someone other than the author says of a diff. It adds to the checks and never stands in for one.

use std::fmt::Write as _;

use serde_json::{Value, json};
use swarm_domain::{
    finding::{Finding, FindingCode},
    scope::Scope,
    spec::Requirement,
    ticket::Ticket,
};
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{agent::Agent, path::WorkPath, prompt::fenced, text};

/// Faults of one review.
const MAX_FAULTS: usize = 10;
/// Characters of what is wrong, and of what to change.
const MAX_WORDS: usize = 400;

/// Asks a reviewer what is wrong with a diff.
#[must_use]
pub fn review_request(
    agent: &Agent,
    ticket: &Ticket,
    requirements: &[Requirement],
    diff: &str,
    capabilities: Capabilities,
) -> ChatRequest {
    let example = json!({"faults": [
        {"path": "...", "problem": "...", "fix": "..."}
    ]});
    let question = Question { agent, capabilities, name: "review", schema: schema(), example };
    let mut room = question.room();
    let mut told = String::new();
    for requirement in requirements {
        let _ =
            writeln!(told, "{}: {}\n{}\n", requirement.id, requirement.title.trim(), requirement.text.trim());
    }
    let told = room.take(&told, 40);
    let diff = fenced("diff", &room.take(diff, 95));
    question.request(&format!("# {}\n\n{told}\n\n## The diff\n\n{diff}\n", text::line(&ticket.title, 200)))
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"faults": {
            "type": "array", "maxItems": MAX_FAULTS,
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string"},
                    "problem": {"type": "string", "maxLength": MAX_WORDS},
                    "fix": {"type": "string", "maxLength": MAX_WORDS}
                },
                "required": ["path", "problem", "fix"],
                "additionalProperties": false
            }
        }},
        "required": ["faults"],
        "additionalProperties": false
    })
}

/// Reads the reviewer's answer: one finding a fault, none where it found none. Faults in files that the ticket may not
/// write are left out: its author could not mend them.
pub fn read_review(reply: &ChatReply, ticket: &Ticket) -> Result<Vec<Finding>, Misread> {
    let least = json!({
        "type": "object",
        "properties": {"faults": {"type": "array", "items": {"type": "object"}}},
        "required": ["faults"]
    });
    let value = answer(reply, &least)?;
    let scope = Scope::new(&ticket.touches).ok();
    let is_ours = |path: &WorkPath| scope.as_ref().is_none_or(|scope| scope.allows(path.as_str()));
    let mut findings: Vec<Finding> = Vec::new();
    for fault in value["faults"].as_array().into_iter().flatten().take(MAX_FAULTS) {
        let path = WorkPath::parse(fault["path"].as_str().unwrap_or_default().trim()).ok();
        let detail = line_of(fault, "problem", MAX_WORDS);
        if detail.chars().all(|c| c == '.') || path.as_ref().is_some_and(|path| !is_ours(path)) {
            continue;
        }
        let finding = Finding {
            code: FindingCode::Review,
            detail,
            evidence: String::new(),
            hint: line_of(fault, "fix", MAX_WORDS),
            requirement: None,
            path: path.map(|path| path.to_string()),
        };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    Ok(findings)
}

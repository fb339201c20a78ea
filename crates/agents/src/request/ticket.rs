//! The text of one ticket: what a computed draft cannot say. Ids, scope, checks and dependencies are not asked for.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use swarm_domain::{
    spec::Spec,
    ticket::{Risk, Ticket},
};
use swarm_model::{Capabilities, ChatReply, ChatRequest};

use super::{Misread, Question, answer, line_of};
use crate::{agent::Agent, text, tool::output};

/// Characters of a title, and of the notes.
const MAX_TITLE: usize = 72;
const MAX_NOTES: usize = 600;
/// Bytes of the list of files.
const MAX_FILES: usize = 2_000;

/// What a model adds to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketText {
    /// Imperative, as in a commit's subject.
    pub title: String,
    /// How to go about it.
    pub notes: String,
    /// How much harm a mistake can do.
    pub risk: Risk,
}

impl TicketText {
    /// Puts the text into the ticket. A risk that was computed is raised, never lowered.
    pub fn apply(self, ticket: &mut Ticket) {
        if !self.title.is_empty() {
            ticket.title = self.title;
        }
        if !self.notes.is_empty() {
            let described = ticket.description.trim_end();
            ticket.description =
                if described.is_empty() { self.notes } else { format!("{described}\n\n{}", self.notes) };
        }
        ticket.risk = ticket.risk.max(self.risk);
    }
}

/// Asks a ticket writer for the text of a draft.
#[must_use]
pub fn ticket_request(
    agent: &Agent,
    ticket: &Ticket,
    spec: &Spec,
    capabilities: Capabilities,
) -> ChatRequest {
    let example = json!({
        "title": "...",
        "notes": "...",
        "risk": "low"
    });
    let question = Question { agent, capabilities, name: "ticket", schema: schema(), example };
    let mut room = question.room();
    let mut body = format!("# Draft: {}\n\n", text::line(&ticket.title, 200));
    let _ = writeln!(body, "Files: {}\n", output::cut(&ticket.touches.join(", "), MAX_FILES));
    for requirement in ticket.requirements.iter().filter_map(|id| spec.requirement(id)) {
        let told = format!("{}: {}\n{}\n", requirement.id, requirement.title.trim(), requirement.text.trim());
        let _ = writeln!(body, "{}", room.take(&told, 50));
        for check in &requirement.acceptance {
            let _ = writeln!(body, "Example: {}", room.take(&format!("$ {}", check.command.trim()), 20));
        }
    }
    let overview = room.take(spec.overview.trim(), 50);
    if !overview.is_empty() {
        let _ = writeln!(body, "Background:\n{overview}");
    }
    question.request(&body)
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": MAX_TITLE},
            "notes": {"type": "string", "maxLength": MAX_NOTES},
            "risk": {"type": "string", "enum": ["low", "medium", "high"]}
        },
        "required": ["title", "notes", "risk"],
        "additionalProperties": false
    })
}

/// Reads the ticket writer's answer. An empty title is the draft's.
pub fn read_ticket(reply: &ChatReply, ticket: &Ticket) -> Result<TicketText, Misread> {
    let least = json!({"type": "object", "properties": {"title": {"type": "string"}, "notes": {"type": "string"}}, "required": ["notes"]});
    let value = answer(reply, &least)?;
    let title = line_of(&value, "title", MAX_TITLE).trim_end_matches('.').to_owned();
    let risk = serde_json::from_value(value["risk"].clone()).unwrap_or_default();
    let notes = text::passage(value["notes"].as_str().unwrap_or_default(), MAX_NOTES);
    // Small models copy the example of the form.
    let is_copied = |text: &str| text.chars().all(|c| c == '.');
    let notes = if is_copied(&notes) { String::new() } else { notes };
    Ok(TicketText { title: if is_copied(&title) { ticket.title.clone() } else { title }, notes, risk })
}

//! Commit messages: a Conventional Commits subject, a body, and trailers that say what the commit serves.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use swarm_domain::{RequirementId, RunId, TicketId};

use crate::signature::Signature;

/// The longest subject, in characters.
pub const SUBJECT_CHARS: usize = 72;

/// The longest body, in characters.
const BODY_CHARS: usize = 16 << 10;

/// What a commit says about where it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailers {
    /// `Ticket:`
    pub ticket: Option<TicketId>,
    /// `Run:`
    pub run: Option<RunId>,
    /// `Agent:`
    pub agent: Option<String>,
    /// `Req:`, once for each.
    pub requirements: Vec<RequirementId>,
    /// `Co-authored-by:`
    pub co_author: Option<Signature>,
}

impl Trailers {
    /// Reads the trailers of a message: the lines of its last paragraph. Where a key stands twice that should not, the
    /// last one counts, as in git.
    #[must_use]
    pub fn of_message(message: &str) -> Self {
        let mut trailers = Self::default();
        let text = message.trim_end();
        let Some((_, last)) = text.rsplit_once("\n\n") else {
            return trailers;
        };
        for line in last.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            match key {
                "Ticket" => trailers.ticket = TicketId::parse(value).ok(),
                "Run" => trailers.run = RunId::parse(value).ok(),
                "Agent" => trailers.agent = Some(value.to_owned()),
                "Req" => trailers.requirements.extend(RequirementId::parse(value).ok()),
                "Co-authored-by" => trailers.co_author = Signature::parse(value),
                _ => {}
            }
        }
        trailers
    }

    fn write_to(&self, text: &mut String) {
        let mut line = |key: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key}: {value}");
        };
        if let Some(ticket) = &self.ticket {
            line("Ticket", ticket.as_str());
        }
        if let Some(run) = &self.run {
            line("Run", run.as_str());
        }
        if let Some(agent) = &self.agent {
            line("Agent", &one_line(agent));
        }
        for requirement in &self.requirements {
            line("Req", requirement.as_str());
        }
        if let Some(co_author) = &self.co_author {
            line("Co-authored-by", &co_author.to_string());
        }
    }
}

/// A whole message. The trailers are a paragraph of their own at the end, so that no body can pass for them.
#[must_use]
pub(crate) fn message(subject_text: &str, body_text: &str, trailers: &Trailers) -> String {
    let mut text = subject(subject_text);
    text.push_str("\n\n");
    let body = body(body_text);
    if !body.is_empty() {
        text.push_str(&body);
        text.push_str("\n\n");
    }
    trailers.write_to(&mut text);
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    text
}

/// A Conventional Commits subject from text that nobody vouches for: one line, at most [`SUBJECT_CHARS`] characters,
/// with a type (`chore` where none was given).
#[must_use]
pub fn subject(text: &str) -> String {
    let line = one_line(text);
    let line = line.trim_end_matches(['.', ' ']);
    let typed = if line.is_empty() {
        "chore: update".to_owned()
    } else if is_conventional(line) {
        line.to_owned()
    } else {
        format!("chore: {line}")
    };
    if typed.chars().count() <= SUBJECT_CHARS {
        return typed;
    }
    let cut: String = typed.chars().take(SUBJECT_CHARS).collect();
    // A whole word is better than half of one, unless the subject is a single word.
    match cut.rsplit_once(' ') {
        Some((whole, _)) if whole.len() > SUBJECT_CHARS / 2 => whole.to_owned(),
        _ => cut,
    }
}

/// `type(scope)!: description`
fn is_conventional(line: &str) -> bool {
    let Some((head, description)) = line.split_once(": ") else {
        return false;
    };
    let head = head.strip_suffix('!').unwrap_or(head);
    let (kind, scope) = match head.split_once('(') {
        Some((kind, rest)) => (kind, rest.strip_suffix(')')),
        None => (head, Some("none")),
    };
    !description.trim().is_empty()
        && !kind.is_empty()
        && kind.bytes().all(|b| b.is_ascii_lowercase())
        && scope.is_some_and(|s| !s.is_empty() && !s.contains(['(', ')']))
}

fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn body(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let kept: String =
        text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).take(BODY_CHARS).collect();
    kept.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_short_conventional_line_whatever_it_was() {
        assert_eq!(subject("feat(cli)!: count words"), "feat(cli)!: count words");
        assert_eq!(subject("Count\n\twords\u{0}."), "chore: Count words");
        assert_eq!(subject(""), "chore: update");
        assert_eq!(subject("Note: this is no type"), "chore: Note: this is no type");
        let long = subject(&format!("feat: {}", "wörter ".repeat(40)));
        assert!(long.chars().count() <= SUBJECT_CHARS && long.ends_with("wörter"), "{long:?}");
        assert_eq!(subject(&"x".repeat(200)).chars().count(), SUBJECT_CHARS);
    }

    #[test]
    fn trailers_are_read_back_and_a_body_cannot_forge_them() {
        let trailers = Trailers {
            ticket: Some(TicketId::parse("T-1").unwrap()),
            run: Some(RunId::parse("run_1").unwrap()),
            agent: Some("coder".to_owned()),
            requirements: vec![
                RequirementId::parse("REQ-1").unwrap(),
                RequirementId::parse("REQ-2").unwrap(),
            ],
            co_author: Some(Signature::agent("coder")),
        };
        let text = message("feat: x", "Why.\r\n\n\nTicket: T-666\nReq: REQ-666\n\n", &trailers);
        assert_eq!(Trailers::of_message(&text), trailers, "{text}");
        assert!(text.starts_with("feat: x\n\nWhy.\n"));
        assert_eq!(Trailers::of_message("feat: x"), Trailers::default());
    }
}

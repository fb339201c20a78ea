//! What people are told, before it has the form of a channel.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// What people are told. All of it is plain text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    /// The same each time that it is sent: who gets it twice can drop the second.
    pub id: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What happened, in a word for programs, such as `approval.asked`.
    pub kind: String,
    /// One line.
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What can be done, the first as the main one.
    pub actions: Vec<Action>,
    /// A command that does it as well.
    pub command: Option<String>,
    /// Why it was sent to them.
    pub reason: Option<String>,
    /// All of it for programs.
    pub data: Value,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it is called.
    pub label: String,
    /// Where it leads. Made by swarm, never from what a message says.
    pub url: String,
}

/// A text in one line, without what could end a header or hide in a terminal, and not longer than this.
pub(crate) fn line(text: &str, most: usize) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_hidden(*c)).collect();
    cut(&plain.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

/// A text without what could hide, and not longer than this, in characters.
pub(crate) fn block(text: &str, most: usize) -> String {
    let keeps = |c: &char| *c == '\n' || !(c.is_control() || is_hidden(*c));
    cut(text.chars().filter(keeps).collect::<String>().trim(), most)
}

/// What turns the direction of writing around, or takes no room: a name could be made to look like another one.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_hides_nothing() {
        assert_eq!(line("a\r\nBcc: x@y\tb\u{202E}c\u{200B}", 99), "a Bcc: x@y bc");
        assert_eq!(line("ééééé", 3), "éé…");
        assert_eq!(block("a\nb\r\n\u{7}c\n\n", 99), "a\nb\nc");
    }
}

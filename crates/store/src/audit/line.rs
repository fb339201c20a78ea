//! A line of JSON: what an exported log consists of, and the files of the audit's folder.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical;

/// The version of the form.
pub(crate) const FORM: u32 = 1;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Line {
    /// The first line of an exported log.
    Log(Opening),
    /// The first line of a part of a log.
    Excerpt(ExcerptOpening),
    /// What is signed of a part of a log: a signed note.
    Statement(String),
    /// That one key took another's place: a signed note.
    Handover(String),
    /// An event.
    Event(EventLine),
    /// A checkpoint: a signed note.
    Checkpoint(String),
}

/// What an exported log begins with. Nothing of it is signed, and nothing is believed for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) form: u32,
    pub(crate) tenant: String,
    /// How many events follow.
    pub(crate) events: u64,
}

/// What a part of a log begins with. Nothing of it is believed that the statement at the end does not say too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExcerptOpening {
    pub(crate) form: u32,
    pub(crate) tenant: String,
    pub(crate) log: String,
    pub(crate) filter: String,
}

/// An event with its hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventLine {
    /// What it says: the hash is of its canonical text, behind `prev`.
    pub(crate) says: Value,
    pub(crate) prev: String,
    pub(crate) hash: String,
}

/// The line of an event, from its canonical text as it is stored.
pub(crate) fn event(text: &str, prev: &str, hash: &str) -> String {
    format!(r#"{{"event":{{"says":{text},"prev":"{prev}","hash":"{hash}"}}}}"#)
}

impl EventLine {
    /// The text that was hashed. None where it cannot be that of an event.
    pub(crate) fn text(&self) -> Option<String> {
        canonical::text(&self.says).ok()
    }
}

impl Line {
    /// As it is written, without the newline.
    pub(crate) fn text(&self) -> String {
        // A line of strings and values cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads one, with or without the newline. None where it is none.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_with_the_very_text_that_was_hashed() {
        let text = "{\"a\":\"\u{e9}\u{2028}\",\"b\":[1,{}]}";
        let line = event(text, "00", "ff");
        let Some(Line::Event(read)) = Line::read(line.as_bytes()) else { panic!("{line}") };
        assert_eq!(read.text().unwrap(), text);
        assert_eq!((&*read.prev, &*read.hash), ("00", "ff"));
    }

    #[test]
    fn what_is_no_line_is_none() {
        for text in ["", "{}", "[]", r#"{"other":1}"#, r#"{"checkpoint":"a","log":1}"#, r#"{"checkpoint":"#] {
            assert_eq!(Line::read(text.as_bytes()), None, "{text}");
        }
    }
}

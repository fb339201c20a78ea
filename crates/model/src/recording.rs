//! The file format of recordings: JSON lines, a header first, then one line for each reply.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chat::{Capabilities, ChatReply, ChatRequest, Message, ReplyFormat};
use crate::error::ModelError;

/// The version of the format, in each header.
pub(crate) const FORMAT: u32 = 1;
/// A line longer than this is no recording of ours.
const MAX_LINE: usize = 32 * 1024 * 1024;
/// Characters of the question that a line shows to people.
const SUMMARY_CHARS: usize = 120;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingHeader {
    /// The version of the format.
    pub swarm_recording: u32,
    /// The full name of the model that was recorded first.
    pub model: String,
    /// The day of the recording, as `YYYY-MM-DD`.
    pub date: String,
    /// The version of swarm that recorded.
    pub swarm: String,
    /// What the model can do: a protocol is chosen by it, so playback must say the same.
    pub capabilities: Capabilities,
}

/// A request and its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedLine {
    /// [`request_key`] of the request.
    pub key: String,
    /// What was asked, for people who read the file.
    pub request: RequestSummary,
    /// The reply.
    pub reply: ChatReply,
}

/// A request in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// How many messages it had.
    pub messages: usize,
    /// The tools that it offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The name of the schema, where it wanted JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The beginning of its last message.
    pub last: String,
}

impl RequestSummary {
    pub(crate) fn of(request: &ChatRequest) -> Self {
        let last = request.messages.last().map_or("", Message::text);
        Self {
            messages: request.messages.len(),
            tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
            format: match &request.format {
                ReplyFormat::Text => None,
                ReplyFormat::Json { name, .. } => Some(name.clone()),
            },
            last: last.chars().take(SUMMARY_CHARS).collect(),
        }
    }
}

/// Names a request by what it says: the BLAKE3 hash, in hex, of its JSON with sorted keys and without white space.
/// Equal requests have equal keys, whoever sends them and when.
#[must_use]
pub fn request_key(request: &ChatRequest) -> String {
    // A `ChatRequest` is plain data with text keys: turning it into a value cannot fail.
    canonical_hash(&serde_json::to_value(request).unwrap_or_default())
}

/// The BLAKE3 hash, in hex, of a value with sorted keys and without white space.
pub(crate) fn canonical_hash(value: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(value, &mut canonical);
    blake3::hash(canonical.as_bytes()).to_hex().to_string()
}

/// Sorted by hand: whether `serde_json` sorts depends on a feature that any crate of the build may switch on.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (position, (key, item)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(item, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Reads a recording. A last line that was cut off by a crash is left out; any other damage is an error.
pub(crate) fn read(path: &Path) -> Result<(RecordingHeader, Vec<RecordedLine>), ModelError> {
    let damaged = |line: usize, what: &dyn std::fmt::Display| ModelError::Config {
        detail: format!("the recording {}, line {line}: {what}", path.display()),
    };
    let file = File::open(path).map_err(|error| ModelError::Config {
        detail: format!("the recording {} cannot be read: {error}", path.display()),
    })?;
    let mut reader = BufReader::new(file);
    let mut header = None;
    let mut lines = Vec::new();
    let mut text = Vec::new();
    for number in 1_usize.. {
        text.clear();
        let read = reader.read_until(b'\n', &mut text).map_err(|error| damaged(number, &error))?;
        if read == 0 {
            break;
        }
        if text.len() > MAX_LINE {
            return Err(damaged(number, &"the line is too long"));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        if header.is_none() {
            let parsed: RecordingHeader = serde_json::from_slice(&text).map_err(|_| {
                damaged(number, &"this is not a recording of swarm (its first line is the header)")
            })?;
            if parsed.swarm_recording != FORMAT {
                return Err(damaged(number, &format!("format {} is not known", parsed.swarm_recording)));
            }
            header = Some(parsed);
            continue;
        }
        match serde_json::from_slice(&text) {
            Ok(line) => lines.push(line),
            Err(_) if !text.ends_with(b"\n") => {
                tracing::warn!(path = %path.display(), line = number, "left out the cut-off last line of a recording");
            }
            Err(error) => return Err(damaged(number, &error)),
        }
    }
    let header = header.ok_or_else(|| damaged(1, &"the file is empty"))?;
    Ok((header, lines))
}

/// Opens a recording to append to it, cutting off what a crash may have left of a last line.
pub(crate) fn open_to_append(path: &Path) -> Result<File, ModelError> {
    let failed = |error: std::io::Error| ModelError::Config {
        detail: format!("the recording {} cannot be written: {error}", path.display()),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed)?;
    let whole = whole_lines(&file).map_err(failed)?;
    file.set_len(whole).map_err(failed)?;
    Ok(file)
}

/// Bytes up to and including the last line end.
fn whole_lines(file: &File) -> std::io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut whole, mut text) = (0, Vec::new());
    while reader.read_until(b'\n', &mut text)? > 0 {
        if text.ends_with(b"\n") {
            whole += text.len() as u64;
        }
        text.clear();
    }
    Ok(whole)
}

/// Appends one line in one write.
pub(crate) fn append(file: &mut File, line: &impl Serialize) -> Result<(), ModelError> {
    let failed =
        |detail: String| ModelError::Config { detail: format!("the recording cannot be written: {detail}") };
    let mut text = serde_json::to_vec(line).map_err(|error| failed(error.to_string()))?;
    text.push(b'\n');
    file.write_all(&text).and_then(|()| file.flush()).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(schema: &str) -> ChatRequest {
        ChatRequest {
            messages: vec![Message::User { text: "hi".into() }],
            tools: Vec::new(),
            format: ReplyFormat::Json { name: "s".into(), schema: serde_json::from_str(schema).unwrap() },
            max_tokens: 5,
            temperature_milli: 0,
            seed: Some(1),
        }
    }

    #[test]
    fn the_order_of_keys_does_not_change_a_request_and_anything_else_does() {
        let key = request_key(&request(r#"{"a": {"x": 1, "y": [1, 2]}, "b": 2}"#));
        assert_eq!(key, request_key(&request(r#"{"b":2,"a":{"y":[1,2],"x":1}}"#)));
        assert_ne!(key, request_key(&request(r#"{"b":2,"a":{"y":[2,1],"x":1}}"#)));
        assert_ne!(
            key,
            request_key(&ChatRequest { seed: None, ..request(r#"{"a":{"x":1,"y":[1,2]},"b":2}"#) })
        );
    }

    #[test]
    fn the_key_is_that_of_the_shipped_recordings() {
        // A changed key would silently void every recording: change FORMAT with it.
        let plain = ChatRequest { format: ReplyFormat::Text, ..request("1") };
        let mut text = String::new();
        write_canonical(&serde_json::to_value(&plain).unwrap(), &mut text);
        assert_eq!(
            text,
            r#"{"format":{"kind":"text"},"max_tokens":5,"messages":[{"role":"user","text":"hi"}],"seed":1,"temperature_milli":0}"#
        );
    }
}

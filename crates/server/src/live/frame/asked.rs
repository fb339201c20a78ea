//! What a client says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::CorrelationId;
use crate::live::{
    meter::Heard,
    version::{Version, newer},
};

/// A frame from a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientFrame {
    /// Answers name it as `re`. At most 64 characters.
    pub id: Option<String>,
    /// Answers carry it; where it is absent, the id of the request that the connection came by.
    #[schema(value_type = Option<String>)]
    pub correlation_id: Option<CorrelationId>,
    /// What is asked.
    #[serde(flatten)]
    pub asked: Asked,
}

/// What a client asks, by its `type`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Asked {
    /// To be spoken to in another version; only as the first frame.
    Hello {
        /// The date of the version.
        version: String,
    },
    /// To be told of events on paths.
    Subscribe {
        /// The paths. All or none are subscribed to.
        paths: Vec<String>,
        /// Also of those behind this position that happened before.
        #[serde(default)]
        after: Option<u64>,
    },
    /// Not to be told any more.
    Unsubscribe {
        /// The paths.
        paths: Vec<String>,
    },
    /// To be sent again what is behind a position, on the paths that are subscribed to.
    Resume {
        /// The position.
        after: u64,
    },
    /// To hear that the server lives.
    Ping {},
}

/// Why a message is no frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// It is no JSON object.
    #[error("the message is not one JSON object: {0}")]
    NotJson(String),
    /// It has no type that there is.
    #[error("`{0}` is no type of frame: there are hello, subscribe, unsubscribe, resume and ping")]
    UnknownType(String),
    /// A field is missing, of another form, or not known.
    #[error("the `{kind}` frame cannot be read: {detail}")]
    Field {
        /// Of which type it is.
        kind: String,
        /// What is wrong.
        detail: String,
    },
}

const TYPES: [&str; 5] = ["hello", "subscribe", "unsubscribe", "resume", "ping"];
const MAX_ID: usize = 64;

impl ClientFrame {
    /// Reads a message in a version. The id goes with the fault where it could be read, so that the answer can name it.
    pub(crate) fn parse(text: &str, version: Version) -> Result<Self, (Malformed, Option<String>)> {
        let mut said: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| (Malformed::NotJson(error.to_string()), None))?;
        let id = match said.remove("id") {
            Some(Value::String(id)) if id.chars().count() <= MAX_ID => Some(id),
            None | Some(Value::Null) => None,
            Some(_) => return Err((field("frame", "`id` is a text of at most 64 characters"), None)),
        };
        Self::of(said, id.clone(), version).map_err(|fault| (fault, id))
    }

    /// What answers carry, where the client gave it.
    pub(crate) fn correlation(&self) -> Option<&str> {
        self.correlation_id.as_ref().map(CorrelationId::as_str)
    }

    fn of(mut said: Map<String, Value>, id: Option<String>, version: Version) -> Result<Self, Malformed> {
        let kind = said.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !TYPES.contains(&kind.as_str()) {
            return Err(Malformed::UnknownType(kind.chars().take(32).collect()));
        }
        let correlation_id = match said.remove("correlation_id") {
            None | Some(Value::Null) => None,
            Some(given) => Some(given.as_str().and_then(CorrelationId::parse).ok_or_else(|| {
                field(&kind, "`correlation_id` is 1 to 128 letters, digits, `-`, `_`, `.` or `:`")
            })?),
        };
        if version == Version::PREVIOUS {
            said = newer(said);
        }
        let given: Vec<String> = said.keys().cloned().collect();
        let asked: Asked =
            serde_json::from_value(Value::Object(said)).map_err(|e| field(&kind, e.to_string()))?;
        let known = serde_json::to_value(&asked).unwrap_or_default();
        match given.iter().find(|name| known.get(name.as_str()).is_none()) {
            Some(name) => Err(field(&kind, format!("`{name}` is no field of it"))),
            None => Ok(Self { id, correlation_id, asked }),
        }
    }
}

impl Asked {
    /// How it is counted.
    pub(crate) fn kind(&self) -> Heard {
        match self {
            Self::Hello { .. } => Heard::Hello,
            Self::Subscribe { .. } => Heard::Subscribe,
            Self::Unsubscribe { .. } => Heard::Unsubscribe,
            Self::Resume { .. } => Heard::Resume,
            Self::Ping {} => Heard::Ping,
        }
    }
}

fn field(kind: &str, detail: impl Into<String>) -> Malformed {
    Malformed::Field { kind: kind.to_owned(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Asked, Malformed> {
        ClientFrame::parse(text, Version::CURRENT).map(|frame| frame.asked).map_err(|(fault, _)| fault)
    }

    #[test]
    fn what_is_no_frame_is_told_apart() {
        for text in ["", "x", "[]", "\"subscribe\"", "{", "{}{}"] {
            assert!(matches!(read(text), Err(Malformed::NotJson(_))), "{text}");
        }
        for text in ["{}", r#"{"type":1}"#, r#"{"type":"drop"}"#, r#"{"type":"Subscribe"}"#] {
            assert!(matches!(read(text), Err(Malformed::UnknownType(_))), "{text}");
        }
        for text in [
            r#"{"type":"subscribe"}"#,
            r#"{"type":"subscribe","paths":"events"}"#,
            r#"{"type":"subscribe","paths":[],"aftr":1}"#,
            r#"{"type":"resume","after":-1}"#,
            r#"{"type":"ping","id":7}"#,
            r#"{"type":"ping","correlation_id":"a b"}"#,
            r#"{"type":"subscribe","channel":"events"}"#,
        ] {
            assert!(matches!(read(text), Err(Malformed::Field { .. })), "{text}");
        }
    }

    #[test]
    fn an_answer_can_name_the_frame_that_was_wrong() {
        let (fault, id) = ClientFrame::parse(r#"{"id":"q1","type":"drop"}"#, Version::CURRENT).unwrap_err();
        assert_eq!((fault, id.as_deref()), (Malformed::UnknownType("drop".to_owned()), Some("q1")));
    }

    #[test]
    fn the_version_before_subscribes_to_one_channel_at_a_time() {
        let text = r#"{"type":"subscribe","channel":"runs/run_1"}"#;
        let frame = ClientFrame::parse(text, Version::PREVIOUS).unwrap();
        assert_eq!(frame.asked, Asked::Subscribe { paths: vec!["runs/run_1".to_owned()], after: None });
    }

    proptest! {
        #[test]
        fn no_message_brings_the_reader_down(text in "\\PC{0,200}|[\\[{\"}\\]:,a-z0-9]{0,80}") {
            let _ = read(&text);
        }
    }
}

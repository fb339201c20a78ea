//! What goes over a live connection. A frame has an id, a type, the contract's version, a time and a correlation id: its
//! fields are private and [`Frame::new`] asks for all of them, so that none can be built without.

mod asked;
mod close;
mod said;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use swarm_domain::Event;
use utoipa::ToSchema;

pub(crate) use asked::{Asked, ClientFrame, Malformed};
pub(crate) use close::Close;
pub(crate) use said::{Limits, Said, SourceState, Watchers};

use super::version::{Version, older};

/// A frame from the server.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Frame {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    said: Said,
}

/// What every frame has.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Head {
    /// Of an event: its position, the same each time that it is sent. Of others: unique within the connection.
    id: String,
    /// The version of the contract that it is written in.
    version: Version,
    /// When it was made; of an event, when that was appended to the log.
    time: DateTime<Utc>,
    /// What it belongs to: the request that led to an event, or the one that the connection came by.
    correlation_id: CorrelationId,
}

/// What binds frames, log lines and events together. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String)]
pub(crate) struct CorrelationId(String);

impl CorrelationId {
    /// The longest that is taken over.
    pub(crate) const MAX_LEN: usize = 128;

    /// Takes over an id that can stand in a log line, a header and a query.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b':');
        ((1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The request that a connection came by.
    pub(crate) fn of_request(id: &str) -> Self {
        Self::parse(id).unwrap_or_else(|| Self("unknown".to_owned()))
    }

    /// The request that led to an event; where none did, the event itself.
    pub(crate) fn of(event: &Event) -> Self {
        let given = event.correlation.as_deref().filter(|text| !text.is_empty());
        given.map_or_else(|| Self(format!("event-{}", event.seq)), |text| Self(text.to_owned()))
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A frame as the version before had it.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "it is there for its schema: such frames are made of those of today")]
pub(crate) struct PreviousFrame {
    /// As today.
    id: String,
    /// Of an event its alias, else its name; of others as today.
    r#type: String,
    /// Always `2026-10-01`.
    version: Version,
    /// As `time` of today.
    timestamp: DateTime<Utc>,
    /// As today.
    correlation_id: CorrelationId,
    /// What is said; of an event `position`, `paths` and `data`, the event.
    #[schema(value_type = Object)]
    payload: Map<String, Value>,
}

impl Frame {
    /// A frame.
    pub(crate) fn new(id: String, time: DateTime<Utc>, correlation_id: CorrelationId, said: Said) -> Self {
        Self { head: Head { id, version: Version::CURRENT, time, correlation_id }, said }
    }

    /// What it says.
    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// As it is sent in a version; nothing where that version knows no such frame.
    pub(crate) fn text(&self, version: Version) -> Option<String> {
        if version == Version::CURRENT {
            return serde_json::to_string(self).ok();
        }
        older(&serde_json::to_value(self).ok()?).map(|old| old.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_has_its_head_in_both_versions() {
        let correlation = CorrelationId::parse("c-1").unwrap();
        let said = Said::Pong { position: 3, re: Some("x".to_owned()) };
        let frame = Frame::new("f-1".to_owned(), DateTime::UNIX_EPOCH, correlation, said);
        let now: Value = serde_json::from_str(&frame.text(Version::CURRENT).unwrap()).unwrap();
        assert_eq!(
            now,
            json!({ "id": "f-1", "version": "2026-11-21", "time": "1970-01-01T00:00:00Z", "correlation_id": "c-1",
                "type": "pong", "position": 3, "re": "x" })
        );
        let old: Value = serde_json::from_str(&frame.text(Version::PREVIOUS).unwrap()).unwrap();
        assert_eq!(
            old,
            json!({ "id": "f-1", "version": "2026-10-01", "timestamp": "1970-01-01T00:00:00Z", "correlation_id": "c-1",
                "type": "pong", "payload": { "position": 3, "re": "x" } })
        );
    }

    #[test]
    fn an_id_that_could_break_a_log_line_correlates_nothing() {
        for bad in ["", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert_eq!(CorrelationId::parse(bad), None, "{bad:?}");
        }
    }
}

//! An event as it is hashed: its canonical JSON behind the hash of the event before it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{Actor, Event, EventBody, NewEvent, Subject, TenantId};

use crate::{Result, StoreError, canonical};

/// The largest event, in bytes of canonical JSON. What is bigger belongs into a blob.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// The hash before the first event.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What is hashed: an event without its two hashes.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) seq: u64,
    pub(super) key: String,
    pub(super) tenant: TenantId,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: Actor,
    pub(super) subject: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) correlation: Option<String>,
    pub(super) body: EventBody,
}

/// An event ready to be stored: read back from the very text that is hashed, so that the views are drawn from the
/// same words now and when they are rebuilt.
pub(super) struct Sealed {
    pub(super) event: Event,
    pub(super) text: String,
}

pub(super) fn seal(new: &NewEvent, seq: u64, at: DateTime<Utc>, prev: &str) -> Result<Sealed> {
    let kind = new.body.name();
    let invalid = |detail: String| StoreError::InvalidEvent { kind, detail };
    let content = Content {
        seq,
        key: new.key.as_str().to_owned(),
        tenant: new.tenant.clone(),
        at,
        actor: new.actor.clone(),
        subject: new.subject.clone(),
        correlation: new.correlation.clone(),
        body: new.body.clone(),
    };
    let mut value = serde_json::to_value(content).map_err(|e| invalid(e.to_string()))?;
    canonical::without_nul(&mut value);
    let text = canonical::text(&value).map_err(|e| invalid(e.to_string()))?;
    if text.len() > MAX_EVENT_BYTES {
        return Err(invalid(format!(
            "{} bytes are more than the {MAX_EVENT_BYTES} that an event may have",
            text.len()
        )));
    }
    let hash = hash(prev, &text);
    let event = read_event(&text, prev.to_owned(), hash).map_err(|e| invalid(e.to_string()))?;
    Ok(Sealed { event, text })
}

/// Whether a stored event says what the new one says.
pub(super) fn says_the_same(stored: &Event, new: &NewEvent) -> Result<bool> {
    let resealed = seal(new, stored.seq, stored.at, &stored.prev)?;
    Ok(resealed.event.body == stored.body)
}

/// The key under which the event with this text was appended.
pub(super) fn read_key(text: &str) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    struct Key {
        key: String,
    }
    serde_json::from_str(text).map(|Key { key }| key)
}

/// The event that this text holds.
pub(crate) fn read_event(text: &str, prev: String, hash: String) -> serde_json::Result<Event> {
    let Content { seq, key: _, tenant, at, actor, subject, correlation, body } = serde_json::from_str(text)?;
    Ok(Event { seq, tenant, at, actor, subject, correlation, body, prev, hash })
}

/// The hash of an event's text behind the hash of the event before it.
pub(crate) fn hash(prev: &str, text: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(prev.as_bytes());
    hasher.update(text.as_bytes());
    hasher.finalize().to_hex().to_string()
}

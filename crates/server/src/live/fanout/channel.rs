//! An entry of the stream: an event's text, its position as the id, and the mark of those who may read the database.

use redis::streams::StreamId;
use swarm_domain::{Event, TenantId};
use swarm_store::FanoutKey;

/// The fields of an entry.
const TEXT: &str = "e";
const MARK: &str = "m";

/// Where the events of a tenant's log are, and how they are known.
pub(super) struct Channel {
    key: FanoutKey,
    tenant: TenantId,
    /// The stream's name in Redis.
    pub(super) stream: String,
    /// The name of the place that the node which relays holds.
    pub(super) seat: String,
}

/// What an entry is that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    #[error("its id is no position")]
    Id,
    #[error("it has not the fields of an event")]
    Form,
    #[error("nobody who may read the database put it there")]
    Mark,
}

impl Channel {
    pub(super) fn new(key: FanoutKey, tenant: TenantId) -> Self {
        // Two databases may share a Redis: the name says which one this is.
        let base = format!("swarm:{}:{tenant}", key.name());
        Self { key, tenant, stream: format!("{base}:events"), seat: format!("{base}:relay") }
    }

    /// The command that puts an event into the stream, of which about so many entries are kept.
    pub(super) fn put(&self, position: u64, text: &str, held: usize) -> redis::Cmd {
        let mark = self.key.mark(&self.stream, position, text);
        let mut put = redis::cmd("XADD");
        put.arg(&self.stream).arg("MAXLEN").arg("~").arg(held).arg(id(position));
        put.arg(TEXT).arg(text).arg(MARK).arg(&mark[..]);
        put
    }

    /// The event of an entry.
    pub(super) fn read(&self, entry: &StreamId) -> Result<Event, Foreign> {
        let position = position(&entry.id).ok_or(Foreign::Id)?;
        let text: String = entry.get(TEXT).ok_or(Foreign::Form)?;
        let mark: Vec<u8> = entry.get(MARK).ok_or(Foreign::Form)?;
        if !self.key.is_mark(&mark, &self.stream, position, &text) {
            return Err(Foreign::Mark);
        }
        let event: Event = serde_json::from_str(&text).map_err(|_| Foreign::Form)?;
        if event.seq == position && event.tenant == self.tenant { Ok(event) } else { Err(Foreign::Form) }
    }
}

/// The id of the entry of an event.
pub(super) fn id(position: u64) -> String {
    format!("{position}-0")
}

/// The position that an id says.
pub(super) fn position(id: &str) -> Option<u64> {
    id.strip_suffix("-0")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use redis::Value;
    use swarm_domain::EventBody;

    use super::*;
    use crate::live::happened::tests::event;

    fn entry(channel: &Channel, position: u64, text: &str) -> StreamId {
        let mark = channel.key.mark(&channel.stream, position, text).to_vec();
        let text = Value::BulkString(text.as_bytes().to_vec());
        let map = HashMap::from([(TEXT.to_owned(), text), (MARK.to_owned(), Value::BulkString(mark))]);
        StreamId { id: id(position), map, ..StreamId::default() }
    }

    #[test]
    fn an_entry_is_taken_with_the_mark_of_its_place_alone() {
        let channel = Channel::new(FanoutKey::of([7; 32]), TenantId::local());
        let other = Channel::new(FanoutKey::of([8; 32]), TenantId::local());
        let body = EventBody::PersonAsked { what: "note".to_owned(), reason: "ö".to_owned() };
        let event = event(5, None, body);
        let text = serde_json::to_string(&event).unwrap();
        let good = entry(&channel, 5, &text);
        assert_eq!(channel.read(&good), Ok(event));

        let moved = StreamId { id: id(6), ..good.clone() };
        assert_eq!(channel.read(&moved), Err(Foreign::Mark));
        assert_eq!(channel.read(&entry(&channel, 6, &text)), Err(Foreign::Form), "it says another position");
        assert_eq!(channel.read(&entry(&other, 5, &text)), Err(Foreign::Mark));
        assert_eq!(channel.read(&entry(&channel, 5, "{")), Err(Foreign::Form));
        assert_eq!(channel.read(&StreamId { id: "5-1".to_owned(), ..good.clone() }), Err(Foreign::Id));
        let mut changed = good.clone();
        changed.map.insert(TEXT.to_owned(), Value::BulkString(text.replace('ö', "o").into_bytes()));
        assert_eq!(channel.read(&changed), Err(Foreign::Mark));
        changed.map.remove(MARK);
        assert_eq!(channel.read(&changed), Err(Foreign::Form));
    }
}

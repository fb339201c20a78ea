//! An event on its way to many: what it is called, where it is told, and its text, which is written once for all.

use std::sync::OnceLock;

use axum::extract::ws::Utf8Bytes;
use swarm_domain::{Event, RunId};

use super::{
    frame::{CorrelationId, Frame, Said},
    name::{Alias, state_key},
    path::Path,
    version::Version,
};

/// An event on its way to many.
#[derive(Debug)]
pub(crate) struct Happened {
    event: Event,
    alias: Option<Alias>,
    paths: Vec<Path>,
    state: Option<String>,
    /// The event alone, as JSON.
    json: Utf8Bytes,
    frames: [OnceLock<Option<Utf8Bytes>>; Version::ALL.len()],
}

impl Happened {
    /// Makes an event ready.
    pub(crate) fn new(event: Event) -> Self {
        let alias = Alias::of(&event);
        Self {
            paths: Path::of(&event, alias.is_some_and(Alias::is_approval)),
            state: state_key(&event),
            json: serde_json::to_string(&event).unwrap_or_default().into(),
            frames: Default::default(),
            alias,
            event,
        }
    }

    /// The event itself.
    pub(crate) fn event(&self) -> &Event {
        &self.event
    }

    /// Its place in the log.
    pub(crate) fn position(&self) -> u64 {
        self.event.seq
    }

    /// What it is the latest state of.
    pub(crate) fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The event alone, as JSON.
    pub(crate) fn json(&self) -> &Utf8Bytes {
        &self.json
    }

    /// Whether it is about a run, or told on a path.
    pub(crate) fn is_told(&self, run: Option<&RunId>, path: Option<&Path>) -> bool {
        (run.is_none() || self.event.subject.run.as_ref() == run)
            && path.is_none_or(|path| self.paths.contains(path))
    }

    /// Whether one of the paths that it is told on is wanted.
    pub(crate) fn is_wanted(&self, wanted: impl Fn(&Path) -> bool) -> bool {
        self.paths.iter().any(wanted)
    }

    /// Its frame in a version; the event itself is left out where the frame would be larger than `max` bytes.
    pub(crate) fn frame(&self, version: Version, max: usize) -> Option<Utf8Bytes> {
        let place = Version::ALL.iter().position(|known| *known == version)?;
        self.frames.get(place)?.get_or_init(|| self.write(version, max)).clone()
    }

    fn write(&self, version: Version, max: usize) -> Option<Utf8Bytes> {
        let whole = (self.json.len() < max).then(|| self.said(true).text(version)).flatten();
        let text = whole.filter(|text| text.len() <= max).or_else(|| self.said(false).text(version));
        text.map(Utf8Bytes::from)
    }

    fn said(&self, whole: bool) -> Frame {
        let Event { seq, at, body, .. } = &self.event;
        let read = format!("/api/events?after={}&limit=1", seq.saturating_sub(1));
        let said = Said::Event {
            position: *seq,
            name: body.name().to_owned(),
            alias: self.alias,
            paths: self.paths.iter().map(Path::to_string).collect(),
            data: whole.then(|| Box::new(self.event.clone())),
            read: (!whole).then_some(read),
        };
        Frame::new(seq.to_string(), *at, CorrelationId::of(&self.event), said)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::DateTime;
    use serde_json::Value;
    use swarm_domain::{Actor, EventBody, Subject, TenantId, TicketId, run::RunState, ticket::TicketState};

    use super::*;

    /// An event of a run: a note, or where the run or a ticket of it stands.
    pub(crate) fn event(seq: u64, ticket: Option<&str>, body: EventBody) -> Event {
        Event {
            seq,
            tenant: TenantId::local(),
            at: DateTime::UNIX_EPOCH,
            actor: Actor::Person { name: "ada".to_owned() },
            subject: Subject {
                run: Some(RunId::parse("run_1").unwrap()),
                ticket: ticket.map(|ticket| TicketId::parse(ticket).unwrap()),
                ..Subject::default()
            },
            correlation: None,
            body,
            prev: String::new(),
            hash: String::new(),
        }
    }

    /// A ticket that is worked on.
    pub(crate) fn working(seq: u64, ticket: &str) -> Happened {
        Happened::new(event(seq, Some(ticket), EventBody::TicketStateChanged { to: TicketState::Working }))
    }

    /// A note of some length.
    pub(crate) fn note(seq: u64, length: usize) -> Happened {
        let body = EventBody::PersonAsked { what: "note".to_owned(), reason: "x".repeat(length) };
        Happened::new(event(seq, None, body))
    }

    fn frame(happened: &Happened, max: usize) -> Value {
        serde_json::from_str(&happened.frame(Version::CURRENT, max).unwrap()).unwrap()
    }

    #[test]
    fn a_frame_says_where_it_is_told_and_what_led_to_it() {
        let working = frame(&working(7, "T-1"), 1 << 16);
        assert_eq!((&working["id"], &working["position"]), (&"7".into(), &7.into()));
        assert_eq!(
            (&working["name"], &working["alias"]),
            (&"ticket_state_changed".into(), &"sessionUpdate".into())
        );
        assert_eq!(working["paths"], serde_json::json!(["events", "runs/run_1", "runs/run_1/tickets/T-1"]));
        assert_eq!((&working["correlation_id"], &working["data"]["seq"]), (&"event-7".into(), &7.into()));
    }

    #[test]
    fn an_event_that_is_larger_than_a_frame_may_be_is_told_without_itself() {
        let large = note(7, 70_000);
        let told = frame(&large, 1 << 16);
        assert!(told["data"].is_null());
        assert_eq!(told["read"], "/api/events?after=6&limit=1");
        assert!(large.frame(Version::PREVIOUS, 1 << 16).unwrap().len() < 1 << 16);
    }

    #[test]
    fn a_person_who_is_needed_is_told_on_the_path_of_approvals() {
        let problem = swarm_domain::Problem::new("store.not_found", "why", "next");
        let needed = EventBody::RunStateChanged { to: RunState::NeedsPerson { problem } };
        let needed = Happened::new(event(1, None, needed));
        assert!(needed.is_told(None, Some(&Path::Approvals)));
        assert_eq!(needed.state(), Some("run run_1"));
        assert!(!working(2, "T-1").is_told(None, Some(&Path::Approvals)));
    }
}

//! A line of the report: an event in the words of its fields.

use chrono::{DateTime, Utc};
use serde_json::Value;
use swarm_domain::audit::AuditOutcome;
use swarm_store::AuditEntry;

/// An event as the report shows it; its texts are as they were said.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) who: String,
    pub(super) what: String,
    pub(super) outcome: Option<AuditOutcome>,
    pub(super) about: String,
    pub(super) says: String,
    pub(super) hash: String,
}

impl Row {
    pub(super) fn of(entry: &AuditEntry) -> Self {
        let (event, subject) = (&entry.event, &entry.event.subject);
        let who = entry.who();
        let own = who.strip_prefix("person:").is_some_and(|name| entry.on_behalf.as_deref() == Some(name));
        let who = match entry.on_behalf.as_deref().filter(|_| !own) {
            Some(name) => format!("{who} for {name}"),
            None => who,
        };
        let about = [
            subject.project.as_ref().map(ToString::to_string),
            subject.run.as_ref().map(ToString::to_string),
            subject.ticket.as_ref().map(ToString::to_string),
            subject.attempt.as_ref().map(ToString::to_string),
        ];
        Self {
            position: event.seq,
            at: event.at,
            who,
            what: event.body.name().to_owned(),
            outcome: entry.outcome,
            about: about.into_iter().flatten().collect::<Vec<_>>().join(" "),
            says: serde_json::to_value(&event.body).map(|body| says(&body)).unwrap_or_default(),
            hash: event.hash.clone(),
        }
    }
}

/// The fields of an event, each with its name: all that it says, in the order in which it is hashed.
fn says(body: &Value) -> String {
    let Value::Object(fields) = body else { return body.to_string() };
    let told = fields.iter().filter(|(name, value)| *name != "type" && !value.is_null());
    let words = told.map(|(name, value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_of_an_event_is_told() {
        let body =
            json!({"type": "merged", "commit": "abc", "partial": false, "n": null, "of": ["a", {"b": 1}]});
        assert_eq!(says(&body), r#"commit: abc; partial: false; of: ["a",{"b":1}]"#);
    }
}

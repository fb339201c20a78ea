//! The versions of the contract, by date. The current one and the one before it are served.

use serde::Serialize;
use serde_json::{Map, Value, json};
use swarm_domain::Problem;
use utoipa::ToSchema;

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) enum Version {
    /// One subscription a message (`channel`), what is said stands in `payload`, events are typed by their alias.
    #[serde(rename = "2026-10-01")]
    V20261001,
    /// The one of today.
    #[serde(rename = "2026-11-21")]
    V20261121,
}

/// What a subprotocol begins with; the version follows.
const SUBPROTOCOL: &str = "swarm.";

impl Version {
    /// The one of today.
    pub(crate) const CURRENT: Self = Self::V20261121;
    /// The one before it.
    pub(crate) const PREVIOUS: Self = Self::V20261001;
    /// Every one that is served, the newest first.
    pub(crate) const ALL: [Self; 2] = [Self::CURRENT, Self::PREVIOUS];
    /// When the previous one was superseded, as the `Deprecation` header has it (RFC 9745).
    pub(crate) const SUPERSEDED: &str = "@1795219200";

    /// Its date.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V20261001 => "2026-10-01",
            Self::V20261121 => "2026-11-21",
        }
    }

    /// Reads a date.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// How it is asked for when a connection is made.
    pub(crate) fn subprotocol(self) -> String {
        format!("{SUBPROTOCOL}{}", self.as_str())
    }

    /// The first of a client's subprotocols that is served. An error where it names versions and none is.
    pub(crate) fn negotiate<'a>(offered: impl Iterator<Item = &'a str>) -> Result<Option<Self>, String> {
        let mut unknown = None;
        for name in offered {
            let Some(date) = name.trim().strip_prefix(SUBPROTOCOL) else { continue };
            match Self::parse(date) {
                Some(version) => return Ok(Some(version)),
                None => unknown = Some(date.chars().take(32).collect()),
            }
        }
        unknown.map_or(Ok(None), Err)
    }
}

/// The words of today's head; the rest of a frame is what it says.
const HEAD: [&str; 3] = ["id", "version", "correlation_id"];

/// Writes a frame of today as the version before had it; nothing where that version did not know such a frame.
pub(crate) fn older(frame: &Value) -> Option<Value> {
    let frame = frame.as_object()?;
    let kind = frame.get("type")?.as_str()?;
    let mut old = Map::new();
    for name in HEAD {
        old.insert(name.to_owned(), frame.get(name)?.clone());
    }
    old.insert("version".to_owned(), json!(Version::PREVIOUS));
    old.insert("timestamp".to_owned(), frame.get("time")?.clone());
    let rest = frame
        .iter()
        .filter(|(name, _)| !HEAD.contains(&name.as_str()) && !["time", "type"].contains(&name.as_str()));
    let mut payload: Map<String, Value> = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    let kind = match kind {
        "event" => {
            let name = payload.remove("name")?;
            payload.remove("alias").filter(|alias| !alias.is_null()).unwrap_or(name)
        }
        // It had no word for what was left out: to it that is an error to recover from.
        "gap" => {
            let problem = gap(payload.get("after")?, payload.get("until")?);
            payload.clone_from(serde_json::to_value(problem).ok()?.as_object()?);
            json!("error")
        }
        "subscribed" | "unsubscribed" => {
            let channels = payload.remove("paths")?;
            payload.insert("channels".to_owned(), channels);
            json!(kind)
        }
        _ => json!(kind),
    };
    old.insert("type".to_owned(), kind);
    old.insert("payload".to_owned(), Value::Object(payload));
    Some(Value::Object(old))
}

fn gap(after: &Value, until: &Value) -> Problem {
    let detail = format!("events between {after} and {until} were left out");
    Problem::new("live.gap", detail, format!("read them: /api/events?after={after}"))
}

/// Reads what a client of the version before says as one of today would say it.
pub(crate) fn newer(mut said: Map<String, Value>) -> Map<String, Value> {
    if let Some(channel) = said.remove("channel") {
        said.insert("paths".to_owned(), json!([channel]));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rest: &Value) -> Value {
        let mut frame = json!({ "id": "7", "version": "2026-11-21", "time": "T", "correlation_id": "c" });
        for (name, value) in rest.as_object().unwrap() {
            frame[name] = value.clone();
        }
        frame
    }

    #[test]
    fn an_event_goes_to_an_older_client_under_the_name_that_it_knows() {
        let event = json!({ "type": "event", "name": "plan_proposed", "alias": "ticketsGenerated", "position": 7,
            "paths": ["events"], "data": { "seq": 7 } });
        let old = older(&frame(&event)).unwrap();
        assert_eq!(
            old,
            json!({ "id": "7", "version": "2026-10-01", "type": "ticketsGenerated", "timestamp": "T",
                "correlation_id": "c", "payload": { "position": 7, "paths": ["events"], "data": { "seq": 7 } } })
        );
        let mut without = event;
        without["alias"] = Value::Null;
        assert_eq!(older(&frame(&without)).unwrap()["type"], "plan_proposed");
    }

    #[test]
    fn a_gap_is_an_error_to_an_older_client() {
        let gap = json!({ "type": "gap", "after": 3, "until": 9, "superseded": 1, "dropped": 4 });
        let old = older(&frame(&gap)).unwrap();
        assert_eq!((&old["type"], &old["payload"]["code"]), (&json!("error"), &json!("live.gap")));
        assert_eq!(old["payload"]["next"], "read them: /api/events?after=3");
    }

    #[test]
    fn what_has_no_head_is_not_sent_to_anybody() {
        assert_eq!(older(&json!({ "type": "event" })), None);
        assert_eq!(older(&json!([])), None);
    }

    #[test]
    fn the_first_version_that_is_served_is_taken_and_an_unknown_one_is_named() {
        assert_eq!(Version::negotiate([].into_iter()), Ok(None));
        assert_eq!(Version::negotiate(["graphql-ws"].into_iter()), Ok(None));
        let offered = ["swarm.2019-01-01", " swarm.2026-10-01", "swarm.2026-11-21"];
        assert_eq!(Version::negotiate(offered.into_iter()), Ok(Some(Version::PREVIOUS)));
        assert_eq!(Version::negotiate(["swarm.2019-01-01"].into_iter()), Err("2019-01-01".to_owned()));
    }
}

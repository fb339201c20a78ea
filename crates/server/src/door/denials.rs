//! Denials as events, in bounds: who asks again and again is written down once a minute, and all together not so often that
//! they fill the log.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, Subject,
    identity::{Principal, Who},
};
use swarm_policy::{Asked, Verdict};

use crate::{app::App, token::hex};

/// How long the same denial of the same principal is not written down again.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// How many are written down in such a time, of all principals together.
const MAX_WRITTEN: usize = 60;

/// What was written down lately.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<Lately>);

#[derive(Debug, Default)]
struct Lately {
    /// When each was written down; never more than [`MAX_WRITTEN`].
    written: HashMap<(String, String), DateTime<Utc>>,
    unsaid: u64,
}

impl Denials {
    /// Whether this is to be written down, and then how many before it were not.
    fn take(&self, who: &str, action: &str, now: DateTime<Utc>) -> Option<u64> {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not keep them for ever.
        lately.written.retain(|_, at| *at <= now && now - *at < AGAIN);
        let key = (who.to_owned(), action.to_owned());
        if lately.written.len() >= MAX_WRITTEN || lately.written.contains_key(&key) {
            lately.unsaid = lately.unsaid.saturating_add(1);
            return None;
        }
        lately.written.insert(key, now);
        Some(std::mem::take(&mut lately.unsaid))
    }
}

/// Writes a denial down, if it is to be. That it cannot be written down lets nobody in.
pub(super) async fn note(
    app: &App,
    asked: &Asked<'_>,
    who: &Principal,
    verdict: &Verdict,
    correlation: Option<String>,
) {
    let parts = app.flows.parts();
    let name = match &who.who {
        Who::Key { key, .. } => key.as_str(),
        Who::Operator { .. } | Who::User { .. } => who.person(),
    };
    let Some(unsaid) = app.door.denials.take(name, asked.action, parts.clock.now()) else { return };
    let about: String = asked.on.id.chars().filter(|c| !c.is_control()).take(200).collect();
    let event = NewEvent {
        tenant: app.tenant().clone(),
        actor: Actor::Person { name: who.person().to_owned() },
        subject: Subject::default(),
        key: IdempotencyKey::of(&["denied", &hex(&parts.entropy.bytes())]),
        correlation,
        body: EventBody::AccessDenied {
            action: asked.action.to_owned(),
            about: format!("{} {about}", asked.on.kind.name()),
            because: verdict.because.iter().map(ToString::to_string).collect(),
            unsaid,
        },
    };
    if let Err(error) = app.store().append(event).await {
        tracing::warn!(%error, action = asked.action, "a denial could not be written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_denial_is_written_once_a_minute_and_a_flood_of_others_is_counted() {
        let (denials, start) = (Denials::default(), DateTime::UNIX_EPOCH);
        let at = |seconds| start + TimeDelta::seconds(seconds);
        assert_eq!(denials.take("eve", "POST /api/runs", at(0)), Some(0));
        for second in 0..60 {
            assert_eq!(denials.take("eve", "POST /api/runs", at(second)), None);
        }
        assert_eq!(denials.take("bob", "POST /api/runs", at(59)), Some(60), "another's is another");
        assert_eq!(denials.take("eve", "POST /api/runs", at(60)), Some(0));
        let written =
            (0..10_000).filter(|n| denials.take(&format!("key_{n}"), "x", at(61)).is_some()).count();
        assert_eq!(written, MAX_WRITTEN - 2);
        let lately = denials.0.lock().unwrap();
        assert!(lately.written.len() <= MAX_WRITTEN && lately.unsaid == 10_000 - written as u64);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nothing() {
        let denials = Denials::default();
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        assert!(denials.take("eve", "x", start).is_some());
        assert!(denials.take("eve", "x", start - TimeDelta::hours(2)).is_some());
    }
}

//! From the log to the outbox: who is told of an event, by what, and not before when.

use chrono::{DateTime, Utc};
use swarm_domain::{
    Actor, Event, EventBody, InterruptId, NotificationId,
    interrupt::InterruptState,
    notification::{IN_APP, Person, Stage, WEB_PUSH},
    ticket::Risk,
};
use swarm_notify::ChannelConfig;
use swarm_store::{EventFilter, InterruptRow, NewNotification, StoreError};

use super::people::{Directory, MOST_TOLD, assign};
use crate::{error::FlowError, parts::Parts};

/// Events that are read at once.
const PAGE: u32 = 100;

/// Events about other things that are looked over again, at the most.
const SKIPPED: u64 = 1_000;

/// The events from which something follows here.
const TYPES: [&str; 7] = [
    "interrupt_raised",
    "interrupt_routed",
    "interrupt_answered",
    "interrupt_delegated",
    "interrupt_reminded",
    "interrupt_escalated",
    "interrupt_expired",
];

/// Reads on in the log, a page. False where there was nothing new, or somebody else reads too.
pub(super) async fn read_on(parts: &Parts) -> Result<bool, FlowError> {
    let tenant = &parts.config.tenant;
    let from = parts.store.notified_up_to(tenant).await?;
    // Before the events are read: what is appended meanwhile is behind it.
    let end = parts.store.last_position(tenant).await?;
    if end <= from {
        return Ok(false);
    }
    let types = TYPES.map(str::to_owned).to_vec();
    let filter = EventFilter { after: from, limit: PAGE, types, ..EventFilter::default() };
    let events = parts.store.events(tenant, &filter).await?;
    let full = events.len() >= PAGE as usize;
    let to = match events.last() {
        Some(last) if full => last.seq,
        _ => end.max(events.last().map_or(0, |last| last.seq)),
    };
    // Most of a log is about other things: that so much was read is not written down for every few of them.
    if events.is_empty() && end - from < SKIPPED {
        return Ok(false);
    }
    let mut new = Vec::new();
    if !events.is_empty() {
        let directory = Directory::of(parts).await?;
        for event in &events {
            of_event(parts, &directory, event, &mut new).await?;
        }
    }
    Ok(parts.store.notify_up_to(tenant, (from, to), &new).await?)
}

async fn of_event(
    parts: &Parts,
    directory: &Directory,
    event: &Event,
    new: &mut Vec<NewNotification>,
) -> Result<(), FlowError> {
    let Some(id) = about(&event.body) else { return Ok(()) };
    let row = match parts.store.interrupt(&parts.config.tenant, id).await {
        Ok(row) => row,
        Err(StoreError::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let waits = row.standing.state == InterruptState::Waiting;
    let make = Make { parts, directory, row: &row, now: parts.clock.now() };
    let named = |names: &[String]| names.iter().filter_map(|name| directory.person(name)).collect::<Vec<_>>();
    match &event.body {
        EventBody::InterruptRaised { .. } if waits && row.routed.is_none() => {
            assign(parts, directory, &row).await?;
        }
        EventBody::InterruptRouted { to, .. } if waits => {
            let names: Vec<String> = to.iter().map(|one| one.person.clone()).collect();
            make.people(Stage::Asked, &named(&names), new);
            make.rooms(Stage::Asked, new);
        }
        EventBody::InterruptDelegated { to, .. } if waits => {
            make.people(Stage::Handed, &named(std::slice::from_ref(to)), new);
        }
        // It waits although some were told: now all who may answer are.
        EventBody::InterruptReminded { number, .. } if waits => {
            let all = directory.eligible(&row.interrupt, &row.standing);
            make.people(Stage::Reminded(*number), &all, new);
            make.rooms(Stage::Reminded(*number), new);
        }
        EventBody::InterruptEscalated { number, to, .. } if waits => {
            make.people(Stage::Escalated(*number), &named(to), new);
            make.rooms(Stage::Escalated(*number), new);
        }
        EventBody::InterruptAnswered { .. } | EventBody::InterruptExpired { .. } if !waits => {
            make.settled(&event.actor, new);
        }
        _ => {}
    }
    Ok(())
}

fn about(body: &EventBody) -> Option<&InterruptId> {
    match body {
        EventBody::InterruptRaised { interrupt } => Some(&interrupt.id),
        EventBody::InterruptRouted { interrupt, .. }
        | EventBody::InterruptAnswered { interrupt, .. }
        | EventBody::InterruptDelegated { interrupt, .. }
        | EventBody::InterruptReminded { interrupt, .. }
        | EventBody::InterruptEscalated { interrupt, .. }
        | EventBody::InterruptExpired { interrupt, .. } => Some(interrupt),
        _ => None,
    }
}

/// Makes the rows of one event.
struct Make<'a> {
    parts: &'a Parts,
    directory: &'a Directory,
    row: &'a InterruptRow,
    now: DateTime<Utc>,
}

impl Make<'_> {
    fn people(&self, stage: Stage, people: &[Person], new: &mut Vec<NewNotification>) {
        for person in people.iter().take(MOST_TOLD) {
            new.push(self.one(stage, &person.name, IN_APP, self.now));
            let due = due(self.parts, person, self.row.interrupt.risk, self.now);
            for channel in self.channels().filter(|channel| reaches(channel, person)) {
                new.push(self.one(stage, &person.name, channel.name(), due));
            }
            if self.directory.has_browser(person) {
                new.push(self.one(stage, &person.name, WEB_PUSH, due));
            }
        }
    }

    fn rooms(&self, stage: Stage, new: &mut Vec<NewNotification>) {
        let rooms = self.channels().filter(|channel| !channel.is_for_people());
        for room in rooms.filter(|room| room.takes(Some(&self.row.project), self.row.interrupt.risk)) {
            new.push(self.one(stage, "", room.name(), self.now));
        }
    }

    /// Who was asked sees who decided, in the app alone; who decided knows.
    fn settled(&self, by: &Actor, new: &mut Vec<NewNotification>) {
        let by = match by {
            Actor::Person { name } => name.as_str(),
            _ => "",
        };
        for one in self.row.routed.iter().flatten().filter(|one| !one.person.eq_ignore_ascii_case(by)) {
            new.push(self.one(Stage::Settled, &one.person, IN_APP, self.now));
        }
        self.rooms(Stage::Settled, new);
    }

    fn channels(&self) -> impl Iterator<Item = &ChannelConfig> {
        self.parts.config.notifications.channels.iter()
    }

    fn one(&self, stage: Stage, person: &str, channel: &str, due_at: DateTime<Utc>) -> NewNotification {
        NewNotification {
            id: NotificationId::mint(&*self.parts.clock, &*self.parts.entropy),
            about: self.row.interrupt.id.to_string(),
            stage,
            person: person.to_owned(),
            channel: channel.to_owned(),
            due_at,
        }
    }
}

fn reaches(channel: &ChannelConfig, person: &Person) -> bool {
    let wanted = person.channels.is_empty() || person.channels.iter().any(|name| name == channel.name());
    channel.is_for_people() && wanted && person.address().is_some()
}

/// Not before their quiet hours are over, unless the risk breaks through them.
pub(super) fn due(parts: &Parts, person: &Person, risk: Risk, now: DateTime<Utc>) -> DateTime<Utc> {
    let breaks = parts.config.notifications.breaks_quiet.is_some_and(|from| risk >= from);
    if breaks { now } else { person.hours().quiet_until(now).unwrap_or(now) }
}

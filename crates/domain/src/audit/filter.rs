//! Which events of the record.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use super::{AuditOutcome, Wildcard, outcome, who};
use crate::{
    event::{Actor, Event},
    id::{ProjectId, RunId, TicketId},
};

/// Which events of the record. Every part that is set must let an event through; one that is not lets all through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who did it: `person:ada`, `agent:*`; without a kind, of any kind.
    pub who: Option<Wildcard>,
    /// The person on whose behalf it was done, themself or by the run that they started.
    pub on_behalf: Option<String>,
    /// The kinds of events, such as `run_*`; of any kind where there is none.
    pub what: Vec<Wildcard>,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub to: Option<DateTime<Utc>>,
    /// About this project.
    pub project: Option<ProjectId>,
    /// About this run.
    pub run: Option<RunId>,
    /// About this ticket.
    pub ticket: Option<TicketId>,
    /// How it came out.
    pub outcome: Option<AuditOutcome>,
}

impl AuditFilter {
    /// Whether it lets everything through.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether what this one did is let through. Takes the form of [`who`].
    #[must_use]
    pub fn takes_who(&self, actor: &str) -> bool {
        self.who.as_ref().is_none_or(|wanted| {
            let name = actor.split_once(':').map_or(actor, |(_, name)| name);
            if wanted.as_str().contains(':') { wanted.matches(actor) } else { wanted.matches(name) }
        })
    }

    /// Whether events of this kind are let through.
    #[must_use]
    pub fn takes_kind(&self, kind: &str) -> bool {
        self.what.is_empty() || self.what.iter().any(|wanted| wanted.matches(kind))
    }

    /// Whether an event is let through. `starter` is the person who started its run, where it has one.
    #[must_use]
    pub fn takes(&self, event: &Event, starter: Option<&str>) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        let subject = &event.subject;
        self.takes_who(&who(&event.actor))
            && self.takes_kind(event.body.name())
            && self.on_behalf.as_deref().is_none_or(|wanted| behalf(event, starter) == Some(wanted))
            && self.from.is_none_or(|from| event.at >= from)
            && self.to.is_none_or(|to| event.at < to)
            && is(self.project.as_ref(), subject.project.as_ref())
            && is(self.run.as_ref(), subject.run.as_ref())
            && is(self.ticket.as_ref(), subject.ticket.as_ref())
            && (self.outcome.is_none() || self.outcome == outcome(&event.body))
    }
}

/// On whose behalf it was done: by a person for themself, by anybody else for who started the run.
#[must_use]
pub(super) fn behalf<'a>(event: &'a Event, starter: Option<&'a str>) -> Option<&'a str> {
    match &event.actor {
        Actor::Person { name } => Some(name),
        _ => starter,
    }
}

/// As it is written into the record when somebody read by it: every part that is set, in one order.
impl fmt::Display for AuditFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let what: Vec<_> = self.what.iter().map(Wildcard::as_str).collect();
        let parts = [
            ("who", self.who.as_ref().map(|who| who.as_str().to_owned())),
            ("on_behalf", self.on_behalf.clone()),
            ("what", (!what.is_empty()).then(|| what.join(","))),
            ("from", self.from.as_ref().map(time)),
            ("to", self.to.as_ref().map(time)),
            ("project", self.project.as_ref().map(ToString::to_string)),
            ("run", self.run.as_ref().map(ToString::to_string)),
            ("ticket", self.ticket.as_ref().map(ToString::to_string)),
            ("outcome", self.outcome.map(|outcome| outcome.name().to_owned())),
        ];
        let set: Vec<_> =
            parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
        f.write_str(if set.is_empty() { "everything" } else { "" })?;
        f.write_str(&set.join(" "))
    }
}

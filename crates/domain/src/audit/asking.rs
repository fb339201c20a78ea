//! A filter as somebody asks for it: words, checked before they are used.

use chrono::{DateTime, Utc};

use super::{AuditFilter, AuditOutcome, Wildcard};
use crate::id::{InvalidId, ProjectId, RunId, TicketId};

/// The most kinds that one filter names.
const MAX_KINDS: usize = 32;

/// What somebody asked for, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who did it.
    pub who: Option<String>,
    /// On whose behalf.
    pub on_behalf: Option<String>,
    /// The kinds of events, with commas between them.
    pub what: Option<String>,
    /// Not before this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub to: Option<DateTime<Utc>>,
    /// About this project.
    pub project: Option<String>,
    /// About this run.
    pub run: Option<String>,
    /// About this ticket.
    pub ticket: Option<String>,
    /// How it came out.
    pub outcome: Option<AuditOutcome>,
}

/// A filter that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// A name or pattern that cannot be one.
    #[error("`{name}` must have 1 to 200 characters, `*` for any, and no control characters")]
    Pattern {
        /// Which part of the filter.
        name: &'static str,
    },
    /// More kinds than one filter names.
    #[error("`what` names more than {MAX_KINDS} kinds")]
    Kinds,
    /// An id that is none.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// It ends before it begins.
    #[error("`to` is not later than `from`: nothing can be between")]
    Times,
}

impl Asked {
    /// The filter, or what is wrong with it.
    pub fn filter(self) -> Result<AuditFilter, FilterError> {
        let pattern = |name, text: &str| Wildcard::parse(text).ok_or(FilterError::Pattern { name });
        let kinds: Vec<_> = self.what.as_deref().map(|what| what.split(',').collect()).unwrap_or_default();
        if kinds.len() > MAX_KINDS {
            return Err(FilterError::Kinds);
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && to <= from
        {
            return Err(FilterError::Times);
        }
        let on_behalf = self.on_behalf.map(|name| pattern("on_behalf", &name)).transpose()?;
        Ok(AuditFilter {
            who: self.who.map(|who| pattern("who", &who)).transpose()?,
            on_behalf: on_behalf.map(|name| name.as_str().to_owned()),
            what: kinds.into_iter().map(|kind| pattern("what", kind.trim())).collect::<Result<_, _>>()?,
            from: self.from,
            to: self.to,
            project: self.project.map(ProjectId::parse).transpose()?,
            run: self.run.map(RunId::parse).transpose()?,
            ticket: self.ticket.map(TicketId::parse).transpose()?,
            outcome: self.outcome,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Actor, Event, EventBody, Subject},
        id::TenantId,
    };

    fn asked(change: impl FnOnce(&mut Asked)) -> Asked {
        let mut asked = Asked::default();
        change(&mut asked);
        asked
    }

    fn event() -> Event {
        Event {
            seq: 7,
            tenant: TenantId::local(),
            at: DateTime::from_timestamp(1_000, 0).unwrap(),
            actor: Actor::Agent { name: "coder".to_owned() },
            subject: Subject { run: Some(RunId::parse("run_1").unwrap()), ..Subject::default() },
            correlation: None,
            body: EventBody::PersonAsked { what: "cancel".to_owned(), reason: String::new() },
            prev: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn every_part_must_let_an_event_through() {
        type Change = fn(&mut Asked);
        let takes = |change: Change| asked(change).filter().unwrap().takes(&event(), Some("ada"));
        let through: [Change; 8] = [
            |_| {},
            |a| a.who = Some("agent:coder".into()),
            |a| a.who = Some("cod*".into()),
            |a| a.on_behalf = Some("ada".into()),
            |a| a.what = Some("run_*, person_asked".into()),
            |a| a.run = Some("run_1".into()),
            |a| a.from = DateTime::from_timestamp(1_000, 0),
            |a| a.to = DateTime::from_timestamp(1_001, 0),
        ];
        let not: [Change; 8] = [
            |a| a.who = Some("person:coder".into()),
            |a| a.who = Some("agent".into()),
            |a| a.on_behalf = Some("coder".into()),
            |a| a.what = Some("run_*".into()),
            |a| a.ticket = Some("T-1".into()),
            |a| a.from = DateTime::from_timestamp(1_001, 0),
            |a| a.to = DateTime::from_timestamp(1_000, 0),
            |a| a.outcome = Some(AuditOutcome::Failed),
        ];
        for (number, change) in through.into_iter().enumerate() {
            assert!(takes(change), "{number}");
        }
        for (number, change) in not.into_iter().enumerate() {
            assert!(!takes(change), "{number}");
        }
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_by_name() {
        let no = |change: fn(&mut Asked)| asked(change).filter().unwrap_err();
        assert_eq!(no(|a| a.who = Some(String::new())), FilterError::Pattern { name: "who" });
        assert_eq!(no(|a| a.on_behalf = Some("a\0b".into())), FilterError::Pattern { name: "on_behalf" });
        assert_eq!(no(|a| a.what = Some("a,,b".into())), FilterError::Pattern { name: "what" });
        assert_eq!(no(|a| a.what = Some("a,".repeat(40))), FilterError::Kinds);
        assert!(matches!(no(|a| a.run = Some("../x".into())), FilterError::Id(_)));
        let backwards = |a: &mut Asked| {
            (a.from, a.to) = (DateTime::from_timestamp(2, 0), DateTime::from_timestamp(2, 0));
        };
        assert_eq!(no(backwards), FilterError::Times);
    }

    #[test]
    fn a_filter_is_written_in_one_way() {
        assert_eq!(AuditFilter::default().to_string(), "everything");
        let filter = asked(|a| {
            a.who = Some("ada".into());
            a.what = Some("run_*,merged".into());
            a.from = DateTime::from_timestamp(0, 0);
            a.outcome = Some(AuditOutcome::Refused);
        });
        assert_eq!(
            filter.filter().unwrap().to_string(),
            "who=ada what=run_*,merged from=1970-01-01T00:00:00Z outcome=refused"
        );
    }
}

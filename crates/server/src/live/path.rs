//! What can be subscribed to: paths in a small grammar.
//!
//! ```text
//! path = "events" / "approvals" / "projects/" PROJECT / "runs/" RUN [ "/tickets/" TICKET ]
//! ```
//!
//! A slash too many and the case of the fixed words do not matter; ids are taken as they are. What is read is kept in one
//! form, so that two ways to write a path are one subscription.

use std::fmt;

use swarm_domain::{Event, ProjectId, RunId, TicketId, id::InvalidId};

/// The longest path that is read, in bytes.
pub(crate) const MAX_PATH_BYTES: usize = 256;

/// A path, in its one form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Path {
    /// All that happens.
    Events,
    /// What waits for a person, and what a person decided.
    Approvals,
    /// A project.
    Project(ProjectId),
    /// A run.
    Run(RunId),
    /// A ticket of a run.
    Ticket(RunId, TicketId),
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    /// It has no part.
    #[error("the path is empty")]
    Empty,
    /// It is longer than any path.
    #[error("the path has {0} bytes, and at most {MAX_PATH_BYTES} are read")]
    TooLong(usize),
    /// It begins or goes on with a word that stands for nothing.
    #[error(
        "`{0}` is not a path: there are `events`, `approvals`, `projects/P`, `runs/R` and `runs/R/tickets/T`"
    )]
    Unknown(String),
    /// An id is none.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl Path {
    /// Reads a path.
    pub(crate) fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong(text.len()));
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let Some(first) = parts.first() else {
            return Err(PathError::Empty);
        };
        let first = first.to_ascii_lowercase();
        match (first.as_str(), &parts[1..]) {
            ("events", []) => Ok(Self::Events),
            ("approvals", []) => Ok(Self::Approvals),
            ("projects", [project]) => Ok(Self::Project(ProjectId::parse(*project)?)),
            ("runs", [run]) => Ok(Self::Run(RunId::parse(*run)?)),
            ("runs", [run, word, ticket]) if word.eq_ignore_ascii_case("tickets") => {
                Ok(Self::Ticket(RunId::parse(*run)?, TicketId::parse(*ticket)?))
            }
            _ => Err(PathError::Unknown(text.chars().take(64).collect())),
        }
    }

    /// The paths on which an event is told.
    pub(crate) fn of(event: &Event, about_approval: bool) -> Vec<Self> {
        let subject = &event.subject;
        let mut paths = vec![Self::Events];
        if about_approval {
            paths.push(Self::Approvals);
        }
        paths.extend(subject.project.clone().map(Self::Project));
        paths.extend(subject.run.clone().map(Self::Run));
        if let (Some(run), Some(ticket)) = (&subject.run, &subject.ticket) {
            paths.push(Self::Ticket(run.clone(), ticket.clone()));
        }
        paths
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events => f.write_str("events"),
            Self::Approvals => f.write_str("approvals"),
            Self::Project(project) => write!(f, "projects/{project}"),
            Self::Run(run) => write!(f, "runs/{run}"),
            Self::Ticket(run, ticket) => write!(f, "runs/{run}/tickets/{ticket}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_path_is_refused_with_its_reason() {
        assert_eq!(Path::parse(""), Err(PathError::Empty));
        assert_eq!(Path::parse("///"), Err(PathError::Empty));
        assert_eq!(Path::parse(&"x".repeat(257)), Err(PathError::TooLong(257)));
        for unknown in [
            "event",
            "events/1",
            "runs",
            "runs/a/tickets",
            "runs/a/steps/1",
            "projects",
            "*",
            "runs/a/tickets/T-1/x",
        ] {
            assert!(matches!(Path::parse(unknown), Err(PathError::Unknown(_))), "{unknown}");
        }
        for bad in
            ["runs/..", "runs/a b", "runs/%2e%2e", "projects/*", "runs/a/tickets/ü", "runs/.a", "runs/a\u{0}"]
        {
            assert!(matches!(Path::parse(bad), Err(PathError::Id(_))), "{bad}");
        }
    }

    #[test]
    fn many_ways_to_write_a_path_are_one() {
        for text in ["runs/run_1/tickets/T-1", "/runs/run_1/tickets/T-1/", "RUNS//run_1/Tickets/T-1"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), "runs/run_1/tickets/T-1");
        }
        assert_ne!(Path::parse("runs/A").unwrap(), Path::parse("runs/a").unwrap());
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_in_the_form_that_is_read_again(text in "[a-zA-Z/_.*%0-9 -]{0,40}|\\PC{0,80}") {
            if let Ok(path) = Path::parse(&text) {
                let written = path.to_string();
                prop_assert!(written.len() <= MAX_PATH_BYTES);
                prop_assert!(written.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.".contains(&b)));
                prop_assert_eq!(Path::parse(&written), Ok(path));
            }
        }

        #[test]
        fn every_path_of_ids_is_read(run in "[a-z0-9][a-zA-Z0-9_-]{0,20}", ticket in "[A-Z]-[a-z0-9]{1,20}", slashes in "/{1,3}") {
            let text = format!("{slashes}runs{slashes}{run}{slashes}tickets{slashes}{ticket}{slashes}");
            prop_assert_eq!(Path::parse(&text).unwrap().to_string(), format!("runs/{run}/tickets/{ticket}"));
        }
    }
}

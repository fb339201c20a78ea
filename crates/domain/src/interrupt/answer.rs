//! Who may answer what: four eyes, the people that were asked, the answers that are taken.

use chrono::{DateTime, Utc};

use super::{HumanResponse, Interrupt, PlanEdit, ResponseKind, Standing};
use crate::Problem;

/// The longest answer in words, in characters.
pub const MAX_WORDS: usize = 4_000;
/// The longest name that a question can be handed to, in characters.
const MAX_NAME: usize = 100;

/// Why an answer does not count. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InterruptRefusal {
    /// Somebody, or time, was faster.
    #[error("it is decided: {how}")]
    Decided {
        /// What was decided, by whom and when.
        how: String,
    },
    /// It is too late, though nobody has said so yet.
    #[error("it is too late: answers were taken until {until}")]
    TooLate {
        /// Until when.
        until: String,
    },
    /// This kind of answer is not taken.
    #[error("`{given}` is no answer to a {kind}; it takes {}", allowed.join(", "))]
    NotAllowed {
        /// What was given.
        given: &'static str,
        /// The kind of question.
        kind: &'static str,
        /// What is taken.
        allowed: Vec<&'static str>,
    },
    /// The arguments do not fit the kind of answer.
    #[error("the answer cannot be carried out: {0}")]
    Malformed(String),
    /// It is their own request.
    #[error("{by} asked for this, and nobody decides on a request of their own")]
    OwnRequest {
        /// Who tried.
        by: String,
    },
    /// Others were asked.
    #[error("{by} was not asked; asked are {}", people.join(", "))]
    NotAsked {
        /// Who tried.
        by: String,
        /// Who was asked.
        people: Vec<String>,
    },
    /// They have answered, and another person must too.
    #[error("{by} has accepted it; another person must answer too")]
    Twice {
        /// Who tried.
        by: String,
    },
    /// A link that was used, was never one, or whose time is over.
    #[error("the link counts no more: it was used, or its time is over")]
    Link,
    /// A part of swarm or an agent tried.
    #[error("only a person can answer")]
    NoPerson,
}

impl InterruptRefusal {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Decided { .. } => {
                ("interrupt.decided", "see what was decided with `swarm approvals --all`")
            }
            Self::TooLate { .. } => (
                "interrupt.too_late",
                "see what follows with `swarm run show`; `swarm ticket retry TICKET` asks again",
            ),
            Self::NotAllowed { .. } => {
                ("interrupt.not_allowed", "see what is asked with `swarm approvals ID`")
            }
            Self::Malformed(_) => ("interrupt.malformed", "see what is asked with `swarm approvals ID`"),
            Self::OwnRequest { .. } => (
                "interrupt.own_request",
                "have another person answer, or set `four_eyes = false` in the rule if one person is all there is",
            ),
            Self::NotAsked { .. } => (
                "interrupt.not_asked",
                "have one of them answer, or hand it to you with `swarm delegate ID NAME`",
            ),
            Self::Twice { .. } => ("interrupt.twice", "have another person answer"),
            Self::Link => ("interrupt.link", "sign in and answer there: `swarm approvals` shows what waits"),
            Self::NoPerson => ("interrupt.no_person", "answer as a person: `swarm approve ID`"),
        };
        Problem::new(code, self.to_string(), next)
    }
}

/// Whether two names are of the same person.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Whether this person may answer at all, whatever they say.
pub fn may_answer(interrupt: &Interrupt, standing: &Standing, by: &str) -> Result<(), InterruptRefusal> {
    let by_name = || by.to_owned();
    if interrupt.terms.four_eyes && interrupt.asked_by.iter().any(|other| same(other, by)) {
        return Err(InterruptRefusal::OwnRequest { by: by_name() });
    }
    let people = standing.people(interrupt);
    if !people.is_empty() && !people.iter().any(|other| same(other, by)) {
        return Err(InterruptRefusal::NotAsked { by: by_name(), people });
    }
    if standing.accepts.iter().any(|accept| same(&accept.by, by)) {
        return Err(InterruptRefusal::Twice { by: by_name() });
    }
    Ok(())
}

impl Standing {
    /// Whether an answer counts. `raised` is when it was asked, `now` when the answer came.
    pub fn takes(
        &self,
        interrupt: &Interrupt,
        raised: DateTime<Utc>,
        by: &str,
        response: &HumanResponse,
        now: DateTime<Utc>,
    ) -> Result<(), InterruptRefusal> {
        self.is_open(interrupt, raised, now)?;
        response.fits(interrupt)?;
        may_answer(interrupt, self, by)
    }

    /// Whether a person may hand the question to another one.
    pub fn hands(
        &self,
        interrupt: &Interrupt,
        raised: DateTime<Utc>,
        by: &str,
        to: &str,
        now: DateTime<Utc>,
    ) -> Result<(), InterruptRefusal> {
        self.is_open(interrupt, raised, now)?;
        if to.trim().is_empty() || to.chars().count() > MAX_NAME || to.chars().any(char::is_control) {
            return Err(InterruptRefusal::Malformed(format!("a name has 1 to {MAX_NAME} plain characters")));
        }
        may_answer(interrupt, self, by)?;
        let after = self.clone().handed(to);
        may_answer(interrupt, &after, to)
    }

    fn is_open(
        &self,
        interrupt: &Interrupt,
        raised: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), InterruptRefusal> {
        if let Some(how) = self.how() {
            return Err(InterruptRefusal::Decided { how });
        }
        match interrupt.terms.ends(raised) {
            Some(end) if now >= end => {
                Err(InterruptRefusal::TooLate { until: end.format("%Y-%m-%d %H:%M:%S UTC").to_string() })
            }
            _ => Ok(()),
        }
    }
}

impl HumanResponse {
    /// Whether it is an answer to this question at all, whoever gives it.
    pub fn fits(&self, interrupt: &Interrupt) -> Result<(), InterruptRefusal> {
        let config = interrupt.request.config;
        if !config.allows(self.r#type) {
            return Err(InterruptRefusal::NotAllowed {
                given: self.r#type.name(),
                kind: interrupt.kind.words(),
                allowed: config.allowed(),
            });
        }
        fits(interrupt, self).map_err(InterruptRefusal::Malformed)
    }
}

/// What is wrong with the arguments of an answer.
fn fits(interrupt: &Interrupt, response: &HumanResponse) -> Result<(), String> {
    match response.r#type {
        ResponseKind::Ignore | ResponseKind::Accept if response.args.is_null() => Ok(()),
        ResponseKind::Ignore => Err("`ignore` has no arguments".to_owned()),
        // The Agent Inbox sends the request back with an accept: it must be the one that was asked.
        ResponseKind::Accept => match response.action() {
            Some(action) if action == interrupt.request.action_request => Ok(()),
            _ => Err("`accept` changes nothing; send `edit` for other arguments".to_owned()),
        },
        ResponseKind::Edit => {
            let action = response.action().ok_or("`edit` has an action with its arguments")?;
            PlanEdit::read(&action).map(drop).map_err(|error| error.to_string())
        }
        ResponseKind::Response => {
            let words = response.args.as_str().ok_or("`response` has words")?;
            match words.trim().chars().count() {
                0 => Err("the words are empty".to_owned()),
                count if count > MAX_WORDS => Err(format!("{count} characters are more than {MAX_WORDS}")),
                _ => Ok(()),
            }
        }
    }
}

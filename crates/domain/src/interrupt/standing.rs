//! Where a question stands, and what time does to it. What is written here says what follows from what happened; what
//! may happen is asked before ([`Standing::takes`], [`Standing::timer`]).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{ActionRequest, HumanResponse, Interrupt, OnExpiry, ResponseKind, Terms, answer::same};
use crate::ticket::Risk;

/// Where a question stands, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InterruptState {
    /// Nobody has decided yet.
    #[default]
    Waiting,
    /// It may be done.
    Accepted,
    /// Words came back.
    Answered,
    /// It is left undone.
    Ignored,
    /// Nobody answered in time, and it is turned down.
    Expired,
    /// What it was about was given up.
    Withdrawn,
}

/// A person's word that it may be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accept {
    /// Whose.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where a question stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// In a word.
    pub state: InterruptState,
    /// Who accepted it so far.
    pub accepts: Vec<Accept>,
    /// The action as it was changed last.
    pub edit: Option<ActionRequest>,
    /// What was answered in words.
    pub words: Option<String>,
    /// To whom it was handed, the last at the end.
    pub handed_to: Vec<String>,
    /// How many of the reminders are over.
    pub reminded: u32,
    /// How many steps of the escalation are over.
    pub escalated: u32,
    /// Who decided; nobody where time did.
    pub settled_by: Option<String>,
    /// When it was decided.
    pub settled_at: Option<DateTime<Utc>>,
}

/// What time does to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Timer {
    /// Its people are reminded. The number of the reminder, from 1.
    Remind(u32),
    /// Others are asked too: the number of the step, from 1, and who.
    Escalate(u32, Vec<String>),
    /// It is over; whether it counts as accepted.
    Expire(bool),
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// It may be done.
    Accepted {
        /// With this action in place of the one that was asked.
        edit: Option<ActionRequest>,
    },
    /// Words came back.
    Answered {
        /// The words.
        words: String,
        /// Whose they are.
        by: String,
    },
    /// It is left undone.
    Ignored {
        /// By whom.
        by: String,
    },
    /// Nobody answered in time.
    Expired,
    /// What it was about was given up.
    Withdrawn,
}

impl InterruptState {
    /// Its name in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::Ignored => "ignored",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

fn after(raised: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let seconds =
        TimeDelta::try_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(TimeDelta::MAX);
    raised.checked_add_signed(seconds).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Terms {
    /// When it is too late to answer.
    #[must_use]
    pub fn ends(&self, raised: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.expire_seconds.map(|seconds| after(raised, seconds))
    }
}

impl Standing {
    /// Who may answer now; everybody where none is named.
    #[must_use]
    pub fn people(&self, interrupt: &Interrupt) -> Vec<String> {
        let terms = &interrupt.terms;
        if terms.people.is_empty() {
            return Vec::new();
        }
        let mut people = terms.people.clone();
        let steps = terms.escalate.iter().take(self.escalated as usize);
        for name in steps.flat_map(|step| &step.to).chain(&self.handed_to) {
            if !people.iter().any(|known| same(known, name)) {
                people.push(name.clone());
            }
        }
        people
    }

    /// What was decided, if anything was.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        let by = || self.settled_by.clone().unwrap_or_default();
        match self.state {
            InterruptState::Waiting => None,
            InterruptState::Accepted => Some(Decision::Accepted { edit: self.edit.clone() }),
            InterruptState::Answered => {
                Some(Decision::Answered { words: self.words.clone().unwrap_or_default(), by: by() })
            }
            InterruptState::Ignored => Some(Decision::Ignored { by: by() }),
            InterruptState::Expired => Some(Decision::Expired),
            InterruptState::Withdrawn => Some(Decision::Withdrawn),
        }
    }

    /// What was decided, by whom and when, in words.
    #[must_use]
    pub fn how(&self) -> Option<String> {
        if self.state == InterruptState::Waiting {
            return None;
        }
        let by = match &self.settled_by {
            Some(by) => format!(" by {by}"),
            None if self.state == InterruptState::Accepted => " because nobody answered in time".to_owned(),
            None => String::new(),
        };
        let at = self.settled_at.map(|at| at.format(" at %Y-%m-%d %H:%M:%S UTC").to_string());
        Some(format!("{}{by}{}", self.state.name(), at.unwrap_or_default()))
    }

    /// What is due now. Reminders that were missed are one; what is over is not escalated any more.
    #[must_use]
    pub fn timer(&self, interrupt: &Interrupt, raised: DateTime<Utc>, now: DateTime<Utc>) -> Option<Timer> {
        if self.state != InterruptState::Waiting {
            return None;
        }
        let terms = &interrupt.terms;
        if terms.ends(raised).is_some_and(|end| now >= end) {
            return Some(Timer::Expire(interrupt.accepts_by_itself()));
        }
        if let Some(step) = terms.escalate.get(self.escalated as usize)
            && now >= after(raised, step.after_seconds)
        {
            return Some(Timer::Escalate(self.escalated + 1, step.to.clone()));
        }
        let over = terms.remind_seconds.iter().filter(|seconds| now >= after(raised, **seconds)).count();
        let over = u32::try_from(over).unwrap_or(u32::MAX);
        (over > self.reminded).then_some(Timer::Remind(over))
    }

    /// When something is due next.
    #[must_use]
    pub fn next_due(&self, interrupt: &Interrupt, raised: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let terms = &interrupt.terms;
        let times = [
            terms.remind_seconds.get(self.reminded as usize).copied(),
            terms.escalate.get(self.escalated as usize).map(|step| step.after_seconds),
            terms.expire_seconds,
        ];
        times.into_iter().flatten().min().map(|seconds| after(raised, seconds))
    }

    /// After an answer that counts.
    #[must_use]
    pub fn answered(
        mut self,
        interrupt: &Interrupt,
        by: &str,
        response: &HumanResponse,
        at: DateTime<Utc>,
    ) -> Self {
        let settles = match response.r#type {
            ResponseKind::Accept | ResponseKind::Edit => {
                if response.r#type == ResponseKind::Edit {
                    self.edit = response.action();
                }
                self.accepts.push(Accept { by: by.to_owned(), at });
                let enough = self.accepts.len() >= interrupt.terms.answers.max(1) as usize;
                enough.then_some(InterruptState::Accepted)
            }
            ResponseKind::Response => {
                self.words = response.args.as_str().map(|words| words.trim().to_owned());
                Some(InterruptState::Answered)
            }
            ResponseKind::Ignore => Some(InterruptState::Ignored),
        };
        match settles {
            Some(state) => Self { settled_by: Some(by.to_owned()), ..self.settled(state, at) },
            None => self,
        }
    }

    /// After it was handed to somebody.
    #[must_use]
    pub fn handed(mut self, to: &str) -> Self {
        self.handed_to.push(to.trim().to_owned());
        self
    }

    /// After what time did.
    #[must_use]
    pub fn timed(self, timer: &Timer, at: DateTime<Utc>) -> Self {
        match timer {
            Timer::Remind(number) => Self { reminded: *number, ..self },
            Timer::Escalate(number, _) => Self { escalated: *number, ..self },
            Timer::Expire(true) => self.settled(InterruptState::Accepted, at),
            Timer::Expire(false) => self.settled(InterruptState::Expired, at),
        }
    }

    /// After what it was about was given up.
    #[must_use]
    pub fn withdrawn(self, at: DateTime<Utc>) -> Self {
        self.settled(InterruptState::Withdrawn, at)
    }

    fn settled(self, state: InterruptState, at: DateTime<Utc>) -> Self {
        Self { state, settled_at: Some(at), ..self }
    }
}

impl Interrupt {
    /// Whether it counts as accepted when nobody answers: only what is of low risk, and only where the policy says so.
    #[must_use]
    pub fn accepts_by_itself(&self) -> bool {
        self.terms.on_expiry == OnExpiry::AcceptLowRisk && self.risk == Risk::Low
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;

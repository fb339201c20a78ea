//! Telling people that something waits for them: whom, by what, and when.
//!
//! A notification is one for a question, a stage of it, a person and a channel. Here is said who is told and when; what
//! carries it to them is another matter.

mod hours;
mod person;
mod routing;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use hours::{Hours, InvalidHours, Span, TimeZone};
pub use person::Person;
pub use routing::{Candidate, Routed, eligible, route};

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A question was asked.
    Asked,
    /// It still waits: the number of the reminder.
    Reminded(u32),
    /// Nobody answered, and they are asked too: the number of the step.
    Escalated(u32),
    /// It was handed to them.
    Handed,
    /// It is decided.
    Settled,
    /// Somebody tries whether a channel works.
    Tried,
    /// They are to show that an address is theirs.
    Verify,
    /// They want to choose another password.
    Reset,
}

/// A word that is no stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stage of a notification")]
pub struct NoStage(String);

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked"),
            Self::Reminded(number) => write!(f, "reminded.{number}"),
            Self::Escalated(number) => write!(f, "escalated.{number}"),
            Self::Handed => f.write_str("handed"),
            Self::Settled => f.write_str("settled"),
            Self::Tried => f.write_str("tried"),
            Self::Verify => f.write_str("verify"),
            Self::Reset => f.write_str("reset"),
        }
    }
}

impl FromStr for Stage {
    type Err = NoStage;
    fn from_str(text: &str) -> Result<Self, NoStage> {
        let none = || NoStage(text.chars().take(64).collect());
        Ok(match text.split_once('.') {
            Some(("reminded", number)) => Self::Reminded(number.parse().map_err(|_| none())?),
            Some(("escalated", number)) => Self::Escalated(number.parse().map_err(|_| none())?),
            None => match text {
                "asked" => Self::Asked,
                "handed" => Self::Handed,
                "settled" => Self::Settled,
                "tried" => Self::Tried,
                "verify" => Self::Verify,
                "reset" => Self::Reset,
                _ => return Err(none()),
            },
            Some(_) => return Err(none()),
        })
    }
}

impl Stage {
    /// Whether it is about a question to people.
    #[must_use]
    pub fn is_of_a_question(self) -> bool {
        matches!(self, Self::Asked | Self::Reminded(_) | Self::Escalated(_) | Self::Handed | Self::Settled)
    }
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationState {
    /// It is to be sent.
    Pending,
    /// The other side took it; in the app, it is there.
    Sent,
    /// It could not be sent, and is not tried again by itself.
    Dead,
    /// What it was about was over before it was sent.
    Withdrawn,
}

impl NotificationState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The channel that needs no carrier: what is shown in swarm itself.
pub const IN_APP: &str = "in_app";

/// The channel to the browsers in which somebody is signed in.
pub const WEB_PUSH: &str = "web_push";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_read_back_as_it_was_written() {
        for stage in [
            Stage::Asked,
            Stage::Reminded(3),
            Stage::Escalated(1),
            Stage::Handed,
            Stage::Settled,
            Stage::Tried,
            Stage::Verify,
            Stage::Reset,
        ] {
            assert_eq!(stage.to_string().parse(), Ok(stage));
        }
        for bad in ["", "reminded", "reminded.", "reminded.-1", "asked.1", "gone"] {
            assert!(bad.parse::<Stage>().is_err(), "{bad}");
        }
    }
}

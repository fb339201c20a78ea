//! What is known of somebody who can be told something.

use chrono::Weekday;
use serde::{Deserialize, Serialize};

use super::{Hours, Span, TimeZone};
use crate::{ProjectId, identity::EmailAddress};

/// Somebody who can be told something. Said in the configuration, or known by an account of theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// Their name: the email address of their account, or the operator's login name.
    pub name: String,
    /// Where mail reaches them; the address of their account where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<EmailAddress>,
    /// What they know about: `migration`, `auth`, `public_api`, `dependencies`, `delivery`, `removal`, `plan`, `spec`.
    pub skills: Vec<String>,
    /// The projects that are theirs.
    pub projects: Vec<ProjectId>,
    /// Where their clock hangs.
    pub time_zone: TimeZone,
    /// When they work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<Span>,
    /// On which days.
    pub days: Vec<Weekday>,
    /// When they want no message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Span>,
    /// The channels by which they are told what is for them; all that there are where none is named.
    pub channels: Vec<String>,
}

impl Person {
    /// Somebody of whom nothing but the name is known. One that is an address is where mail reaches them.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), mail: EmailAddress::parse(name).ok(), ..Self::default() }
    }

    /// Their hours.
    #[must_use]
    pub fn hours(&self) -> Hours {
        Hours { time_zone: self.time_zone, work: self.work, days: self.days.clone(), quiet: self.quiet }
    }

    /// Where mail reaches them.
    #[must_use]
    pub fn address(&self) -> Option<EmailAddress> {
        self.mail.clone().or_else(|| EmailAddress::parse(&self.name).ok())
    }
}

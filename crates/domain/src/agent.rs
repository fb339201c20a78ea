//! What an agent is to the rest of swarm: a name, a version of its file, and what it can do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of work a ticket wants and an agent offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Turns requirements into a skeleton of tickets.
    Plan,
    /// Fills in one ticket.
    Ticket,
    /// Writes code.
    Code,
    /// Writes tests.
    Test,
    /// Reads a diff and says what is wrong with it.
    Review,
    /// Mends what a check found.
    Fix,
    /// Makes two changes fit that clash, for neither side.
    Resolve,
    /// Says in a few sentences what was done.
    Summarise,
    /// Puts what code is seen to do into the words of a requirement.
    Derive,
    /// Puts what people want into the words of requirements.
    Specify,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Ticket => "ticket",
            Self::Code => "code",
            Self::Test => "test",
            Self::Review => "review",
            Self::Fix => "fix",
            Self::Resolve => "resolve",
            Self::Summarise => "summarise",
            Self::Derive => "derive",
            Self::Specify => "specify",
        })
    }
}

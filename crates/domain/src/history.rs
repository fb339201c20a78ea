//! Past work as facts: what a finished ticket or attempt was like, what it took and how it ended.
//!
//! Estimates, the choice of agents and the statistics are functions of these facts and of nothing else.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    agent::Capability,
    budget::Spend,
    failure::FailureClass,
    id::{AttemptId, RunId, TicketId},
    ticket::Ticket,
};

/// What a piece of work is like, as far as that tells what a similar one will take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkKind {
    /// What the agent must offer.
    pub capability: Capability,
    /// The language of the files that may be touched: `python`, `rust`; `mixed` for several, `other` where none is
    /// known.
    pub language: String,
    /// How much of it there is.
    pub size: Size,
}

/// How much work a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Up to [`Size::SMALL`] points.
    Small,
    /// Up to [`Size::MEDIUM`] points.
    Medium,
    /// More.
    Large,
}

/// How alike past work must be to count for an estimate, the most alike first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The same capability, language and size.
    Same,
    /// The same capability and size.
    CapabilityAndSize,
    /// The same capability.
    Capability,
    /// Everything that was ever finished.
    All,
}

/// A ticket that has settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFact {
    /// In which run.
    pub run: RunId,
    /// Which ticket.
    pub ticket: TicketId,
    /// What it was like.
    pub kind: WorkKind,
    /// What all its attempts have cost.
    pub spend: Spend,
    /// Milliseconds that agents and validator worked on it, waiting left out.
    pub millis: u64,
    /// How many attempts it took.
    pub attempts: u32,
    /// Whether its work was merged; else a person was needed.
    pub merged: bool,
    /// When its first attempt began.
    pub began_at: DateTime<Utc>,
    /// When it settled.
    pub ended_at: DateTime<Utc>,
}

/// An attempt that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFact {
    /// In which run.
    pub run: RunId,
    /// Which attempt.
    pub attempt: AttemptId,
    /// Its number among those of its ticket, from 1.
    pub number: u32,
    /// What the ticket was like, and what was asked of this agent.
    pub kind: WorkKind,
    /// Who made it.
    pub agent: String,
    /// With which model it began.
    pub model: String,
    /// What it cost.
    pub spend: Spend,
    /// Milliseconds from its beginning to its judgement.
    pub millis: u64,
    /// Why it was not accepted; absent where it was.
    pub failure: Option<FailureClass>,
    /// When it began.
    pub began_at: DateTime<Utc>,
}

impl AttemptFact {
    /// Whether the validator, and the merge train after it, took the work.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.failure.is_none()
    }
}

impl Level {
    /// Every level, the most alike first.
    pub const ALL: [Self; 4] = [Self::Same, Self::CapabilityAndSize, Self::Capability, Self::All];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same capability, language and size",
            Self::CapabilityAndSize => "same capability and size",
            Self::Capability => "same capability",
            Self::All => "all finished tickets",
        })
    }
}

impl Size {
    /// The most points of a small ticket.
    pub const SMALL: usize = 4;
    /// The most points of a medium ticket.
    pub const MEDIUM: usize = 9;
    /// Bytes of text that count as much as a file.
    const BYTES: usize = 2_000;

    /// A point for each file, each requirement, each pair of acceptance commands and each 2,000 bytes of text.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        let text = ticket.title.len() + ticket.description.len();
        let points = ticket.touches.len().max(1)
            + ticket.requirements.len()
            + ticket.acceptance.len().div_ceil(2)
            + text / Self::BYTES;
        match points {
            points if points <= Self::SMALL => Self::Small,
            points if points <= Self::MEDIUM => Self::Medium,
            _ => Self::Large,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        })
    }
}

impl WorkKind {
    /// What a ticket is like.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        Self {
            capability: ticket.capability,
            language: language(&ticket.touches).to_owned(),
            size: Size::of(ticket),
        }
    }

    /// The same work, asked of another kind of agent.
    #[must_use]
    pub fn asked_of(self, capability: Capability) -> Self {
        Self { capability, ..self }
    }

    /// Whether work of that kind tells about work of this one.
    #[must_use]
    pub fn is_like(&self, other: &Self, level: Level) -> bool {
        match level {
            Level::Same => self == other,
            Level::CapabilityAndSize => self.capability == other.capability && self.size == other.size,
            Level::Capability => self.capability == other.capability,
            Level::All => true,
        }
    }
}

impl fmt::Display for WorkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capability, language, size } = self;
        write!(f, "{size} {language} {capability}")
    }
}

/// The language of these globs, by their endings. Endings without a language (`*.md`, `*.json`) do not count beside one
/// that has one.
fn language(touches: &[String]) -> &'static str {
    let mut found = None;
    for known in touches.iter().filter_map(|glob| by_ending(glob)) {
        match found {
            Some(before) if before != known => return "mixed",
            _ => found = Some(known),
        }
    }
    found.unwrap_or("other")
}

fn by_ending(glob: &str) -> Option<&'static str> {
    let (_, ending) = glob.rsplit_once('/').map_or(glob, |(_, name)| name).rsplit_once('.')?;
    Some(match ending {
        "py" | "pyi" => "python",
        "rs" => "rust",
        "ts" | "tsx" | "mts" | "cts" => "typescript",
        "js" | "jsx" | "mjs" | "cjs" => "javascript",
        "go" => "go",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "c" | "h" => "c",
        "cc" | "cpp" | "cxx" | "hpp" => "c++",
        "cs" => "c#",
        "rb" => "ruby",
        "php" => "php",
        "swift" => "swift",
        "sh" | "bash" => "shell",
        "sql" => "sql",
        "html" | "css" | "scss" => "web",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{skeleton, spec};

    fn ticket(text: &str) -> Ticket {
        let spec =
            format!("# T\n\n## REQ-1: a\n\n{text}\n\nFile `a.py`.\n\n```console\n$ python3 a.py\n1\n```\n");
        skeleton::draft(&spec::parse(&spec).unwrap(), None).tickets.remove(0)
    }

    #[test]
    fn a_ticket_is_known_by_what_it_asks_for_the_language_and_the_size() {
        let small = WorkKind::of(&ticket("It adds."));
        assert_eq!(small.to_string(), "small python code");
        assert!(WorkKind::of(&ticket(&"It adds. ".repeat(2_000))).size > small.size);
    }

    #[test]
    fn a_language_is_read_from_the_globs_and_never_guessed() {
        let of = |globs: &[&str]| language(&globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["src/a.rs", "README.md", "src/**/*.rs"]), "rust");
        assert_eq!(of(&["a.py", "b.ts"]), "mixed");
        assert_eq!(of(&["docs/*.md"]), "other");
        assert_eq!(of(&["src/**", "v1.rs/Makefile", ".py"]), "python");
        assert_eq!(of(&["v1.rs/Makefile"]), "other");
        assert_eq!(of(&[]), "other");
    }

    #[test]
    fn each_level_takes_in_all_that_the_one_before_took_in() {
        let a = WorkKind::of(&ticket("It adds."));
        let others = [
            a.clone(),
            WorkKind { language: "rust".to_owned(), ..a.clone() },
            WorkKind { size: Size::Large, ..a.clone() },
            a.clone().asked_of(Capability::Test),
        ];
        let counts = Level::ALL.map(|level| others.iter().filter(|other| a.is_like(other, level)).count());
        assert_eq!(counts, [1, 2, 3, 4]);
    }
}

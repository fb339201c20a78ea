//! A spec that is read off code: a draft whose every requirement says where it was seen.
//!
//! What is there is found by grammar, with path and lines. A model may put it into words; what it says counts only
//! where its citations hold and where the text is read as exactly one requirement. Else the computed words stand.

mod citation;
mod draft;
mod section;

use serde::{Deserialize, Serialize};

pub use citation::{Citation, InvalidCitation};
pub use draft::{Frame, draft};
pub(crate) use section::visible;

use crate::id::RequirementId;

/// Requirements of one draft. A person has to read them all.
pub const MAX_THINGS: usize = 400;

/// Something that code offers to those who use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// What it is.
    pub kind: ThingKind,
    /// Its name: `count_words`, `--limit`, `GET /items`.
    pub name: String,
    /// How it is defined, on one line.
    pub shown: String,
    /// What the code says about it.
    pub doc: Option<String>,
    /// Where it is defined.
    pub at: Citation,
    /// The lines of its definition, cut to a bound.
    pub excerpt: String,
    /// The tests that name it.
    pub tests: Vec<Proof>,
    /// A command that fails where it is gone.
    pub presence: String,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ThingKind {
    /// A function that stands by itself.
    Function,
    /// A class, struct or record.
    Class,
    /// An interface or trait.
    Interface,
    /// An enumeration.
    Enum,
    /// An option of a command.
    Option,
    /// A route of an HTTP server.
    Route,
}

impl ThingKind {
    /// In a word, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Class => "class",
            Self::Interface => "interface",
            Self::Enum => "enumeration",
            Self::Option => "option",
            Self::Route => "route",
        }
    }
}

/// A test that names a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Where it stands.
    pub at: Citation,
    /// Its lines, cut to a bound.
    pub excerpt: String,
    /// The command that runs it and nothing else, where that is known.
    pub command: Option<String>,
}

/// How a model puts a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// In a few words.
    pub title: String,
    /// What the system shall do.
    pub text: String,
    /// What that rests on.
    pub evidence: Vec<Citation>,
    /// What the code leaves open.
    pub question: Option<String>,
}

/// How much speaks for a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing but that it is there.
    Low,
    /// The code says what it is for.
    Medium,
    /// A test runs it.
    High,
}

impl Confidence {
    /// What speaks for a thing.
    #[must_use]
    pub fn of(thing: &Thing) -> Self {
        if thing.tests.iter().any(|test| test.command.is_some()) {
            Self::High
        } else if thing.doc.is_some() {
            Self::Medium
        } else {
            Self::Low
        }
    }

    /// In a word, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A requirement of a draft, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DerivedRequirement {
    /// Its label in the draft.
    pub id: RequirementId,
    /// Its heading.
    pub title: String,
    /// What the thing behind it is.
    pub kind: ThingKind,
    /// Where it was seen: each of them was looked up.
    pub evidence: Vec<Citation>,
    /// How much speaks for it.
    pub confidence: Confidence,
    /// Whether a model put it into words.
    pub worded: bool,
    /// What the code leaves open.
    pub question: Option<String>,
}

/// A file that was not read, or not as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unread {
    /// Which.
    pub path: String,
    /// Why.
    pub why: String,
}

/// A spec that was read off code. It is to be read by a person before anything is built from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    /// The spec, as Markdown.
    pub text: String,
    /// Its requirements.
    pub requirements: Vec<DerivedRequirement>,
    /// Citations of a model that did not hold.
    pub dropped_citations: u32,
    /// Answers of a model that were not used: their citations or their form did not hold.
    pub dropped_words: u32,
    /// What was not read, and why.
    pub unread: Vec<Unread>,
}

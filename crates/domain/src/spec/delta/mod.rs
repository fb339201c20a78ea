//! What differs between two versions of a spec: requirement by requirement, and by what is in it.
//!
//! White space is no difference, and neither is a line number. A requirement is known by its id; where the id is gone,
//! one of the same title, or of nearly the same text, is the same requirement under a new name.

mod apply;
mod error;
mod file;
mod matching;
mod place;
mod render;
mod same;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

pub use apply::apply;
pub use error::DeltaError;
pub use file::DeltaFile;

use super::{Requirement, Spec};
use crate::id::RequirementId;

/// What differs between two versions of a spec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecDelta {
    /// One by one: those of the new version in its order, then those that it has no more.
    pub requirements: Vec<RequirementDelta>,
    /// Files of the examples that came, changed or went.
    pub fixtures: Vec<FixtureDelta>,
    /// Whether the title differs.
    pub title: bool,
    /// Whether the text outside of the requirements differs.
    pub overview: bool,
}

/// What became of one requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum RequirementDelta {
    /// Only the new version has it.
    Added {
        /// As it is.
        after: Requirement,
    },
    /// Both have it, and it asks for something else now.
    Modified {
        /// As it was.
        before: Requirement,
        /// As it is.
        after: Requirement,
        /// What of it differs.
        fields: Vec<Field>,
    },
    /// Only the old version has it.
    Removed {
        /// As it was.
        before: Requirement,
    },
    /// Both have it, and it asks for the same.
    Unchanged {
        /// Its id.
        id: RequirementId,
        /// Its id in the old version: another one where it was only renamed.
        was: RequirementId,
    },
}

/// A part of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The heading.
    Title,
    /// The words.
    Text,
    /// What is run to prove it.
    Acceptance,
    /// A file that its acceptance commands read.
    Fixtures,
    /// What it needs first.
    DependsOn,
    /// The files that it names.
    Files,
}

impl Field {
    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Acceptance => "acceptance",
            Self::Fixtures => "fixtures",
            Self::DependsOn => "depends on",
            Self::Files => "files",
        }
    }
}

/// What became of a file of the examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FixtureDelta {
    /// Its path.
    pub path: String,
    /// What became of it.
    pub change: FixtureChange,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FixtureChange {
    /// Only the new version shows it.
    Added,
    /// Its content differs.
    Modified,
    /// Only the old version shows it.
    Removed,
}

/// How many requirements came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeltaCounts {
    /// Only in the new version.
    pub added: usize,
    /// Asking for something else.
    pub modified: usize,
    /// Only in the old version.
    pub removed: usize,
    /// Asking for the same.
    pub unchanged: usize,
}

impl SpecDelta {
    /// What differs from `before` to `after`.
    ///
    /// ```
    /// use swarm_domain::spec::{delta::SpecDelta, parse};
    ///
    /// let one = parse("# T\n\n## REQ-1: Adds\n\nIt adds.\n\n## REQ-2: Prints\n\nIt prints.\n").unwrap();
    /// let two = parse("# T\n\n## REQ-1: Adds\n\nIt   adds.\n\n## REQ-3: Stops\n\nIt stops.\n").unwrap();
    /// let counts = SpecDelta::between(&one, &two).counts();
    /// assert_eq!((counts.unchanged, counts.added, counts.removed, counts.modified), (1, 1, 1, 0));
    /// ```
    #[must_use]
    pub fn between(before: &Spec, after: &Spec) -> Self {
        let pairs = matching::pairs(before, after);
        let fixtures = fixtures(before, after);
        let touched: HashSet<&str> = fixtures.iter().map(|fixture| fixture.path.as_str()).collect();
        let renamed: HashMap<&RequirementId, &RequirementId> = pairs
            .iter()
            .enumerate()
            .filter_map(|(at, was)| Some((&before.requirements[(*was)?].id, &after.requirements[at].id)))
            .collect();
        let mut requirements: Vec<RequirementDelta> = after
            .requirements
            .iter()
            .zip(&pairs)
            .map(|(now, was)| match was.map(|was| &before.requirements[was]) {
                None => RequirementDelta::Added { after: now.clone() },
                Some(was) => {
                    let fields = same::differing(was, now, &renamed, &touched);
                    if fields.is_empty() {
                        RequirementDelta::Unchanged { id: now.id.clone(), was: was.id.clone() }
                    } else {
                        RequirementDelta::Modified { before: was.clone(), after: now.clone(), fields }
                    }
                }
            })
            .collect();
        let kept: HashSet<usize> = pairs.iter().flatten().copied().collect();
        let gone = before.requirements.iter().enumerate().filter(|(at, _)| !kept.contains(at));
        requirements.extend(gone.map(|(_, was)| RequirementDelta::Removed { before: was.clone() }));
        Self {
            requirements,
            fixtures,
            title: !same::words(&before.title, &after.title),
            overview: !same::words(&before.overview, &after.overview),
        }
    }

    /// How many requirements came to what.
    #[must_use]
    pub fn counts(&self) -> DeltaCounts {
        let mut counts = DeltaCounts::default();
        for requirement in &self.requirements {
            *match requirement {
                RequirementDelta::Added { .. } => &mut counts.added,
                RequirementDelta::Modified { .. } => &mut counts.modified,
                RequirementDelta::Removed { .. } => &mut counts.removed,
                RequirementDelta::Unchanged { .. } => &mut counts.unchanged,
            } += 1;
        }
        counts
    }

    /// Whether nothing differs but white space.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let same = |r: &RequirementDelta| matches!(r, RequirementDelta::Unchanged { id, was } if id == was);
        !self.title && !self.overview && self.fixtures.is_empty() && self.requirements.iter().all(same)
    }

    /// For each requirement that asks for the same as before: its id now, and its id then.
    #[must_use]
    pub fn unchanged(&self) -> HashMap<&RequirementId, &RequirementId> {
        self.requirements
            .iter()
            .filter_map(|r| match r {
                RequirementDelta::Unchanged { id, was } => Some((id, was)),
                _ => None,
            })
            .collect()
    }

    /// The requirements that only the old version has.
    pub fn removed(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().filter_map(|r| match r {
            RequirementDelta::Removed { before } => Some(before),
            _ => None,
        })
    }

    /// Whether the two versions have anything in common: a requirement that asks for the same in both.
    #[must_use]
    pub fn shares_something(&self) -> bool {
        self.counts().unchanged > 0
    }
}

fn fixtures(before: &Spec, after: &Spec) -> Vec<FixtureDelta> {
    let then: HashMap<&str, &str> =
        before.fixtures.iter().map(|f| (f.path.as_str(), f.content.as_str())).collect();
    let now: HashSet<&str> = after.fixtures.iter().map(|f| f.path.as_str()).collect();
    let told = |path: &str, change| FixtureDelta { path: path.to_owned(), change };
    let came = after.fixtures.iter().filter_map(|f| match then.get(f.path.as_str()) {
        None => Some(told(&f.path, FixtureChange::Added)),
        Some(content) if *content != f.content => Some(told(&f.path, FixtureChange::Modified)),
        Some(_) => None,
    });
    let went = before.fixtures.iter().filter(|f| !now.contains(f.path.as_str()));
    came.chain(went.map(|f| told(&f.path, FixtureChange::Removed))).collect()
}

#[cfg(test)]
#[path = "../delta_tests.rs"]
mod tests;

//! Nodes: the processes that work on one database, and which work each of them takes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::Label;

/// The most labels that a node may have: it listens to a queue for each combination of them.
pub const MAX_LABELS: usize = 6;

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It works.
    Live,
    /// It ends what it has begun, and begins nothing.
    Draining,
    /// Its time ran out: its work went to the others.
    Dead,
    /// It went, and left nothing undone.
    Left,
}

impl NodeState {
    /// Whether what it has begun is its own.
    #[must_use]
    pub fn holds_work(self) -> bool {
        matches!(self, Self::Live | Self::Draining)
    }
}

/// Which work a node takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Takes {
    /// What it offers: work that needs some of these, and nothing else.
    pub labels: BTreeSet<Label>,
    /// Whether it leaves work that needs no label to others.
    #[serde(default)]
    pub only_labelled: bool,
}

impl Takes {
    /// Whether work that needs all of these goes to this node.
    #[must_use]
    pub fn serves(&self, needed: &BTreeSet<Label>) -> bool {
        needed.is_subset(&self.labels) && !(self.only_labelled && needed.is_empty())
    }

    /// Every combination of labels that work for this node may need; none at all is one of them, where it takes that.
    #[must_use]
    pub fn combinations(&self) -> Vec<BTreeSet<Label>> {
        let mut all = vec![BTreeSet::new()];
        for label in self.labels.iter().take(MAX_LABELS) {
            let with = |some: &BTreeSet<Label>| some.iter().chain([label]).cloned().collect();
            let more: Vec<BTreeSet<Label>> = all.iter().map(with).collect();
            all.extend(more);
        }
        all.retain(|needed| self.serves(needed));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> BTreeSet<Label> {
        names.iter().map(|name| Label::parse(*name).unwrap()).collect()
    }

    #[test]
    fn a_node_serves_what_needs_no_more_than_it_offers() {
        let node = Takes { labels: labels(&["gpu", "eu"]), only_labelled: false };
        for (needed, served) in [
            (labels(&[]), true),
            (labels(&["gpu"]), true),
            (labels(&["eu", "gpu"]), true),
            (labels(&["eu", "kvm"]), false),
        ] {
            assert_eq!(node.serves(&needed), served, "{needed:?}");
        }
        let picky = Takes { only_labelled: true, ..node };
        assert!(!picky.serves(&labels(&[])));
        assert!(picky.serves(&labels(&["eu"])));
        assert!(Takes::default().serves(&labels(&[])));
        assert!(!Takes::default().serves(&labels(&["eu"])));
    }

    #[test]
    fn its_combinations_are_exactly_what_it_serves() {
        let node = Takes { labels: labels(&["a", "b", "c"]), only_labelled: false };
        assert_eq!(node.combinations().len(), 8);
        let picky = Takes { only_labelled: true, ..node };
        assert_eq!(picky.combinations().len(), 7);
        assert!(picky.combinations().iter().all(|needed| picky.serves(needed)));
        assert_eq!(Takes::default().combinations(), [labels(&[])]);
    }
}

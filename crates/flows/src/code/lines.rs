//! The lines of a file that a change touches.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::source::line_of;

/// Which lines of the new file a change added, and where it took lines away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Numbers of added lines, from 1.
    pub(crate) added: BTreeSet<u32>,
    /// Numbers of the lines before which something was removed.
    pub(crate) cut: BTreeSet<u32>,
}

impl Lines {
    /// Every line of a file.
    pub(crate) fn whole(bytes: &[u8]) -> Self {
        let count = bytes.split(|byte| *byte == b'\n').count();
        Self { added: (1..=u32::try_from(count).unwrap_or(u32::MAX)).collect(), cut: BTreeSet::new() }
    }

    /// Every line of a text.
    #[cfg(test)]
    pub(crate) fn all(text: &str) -> Self {
        Self::whole(text.as_bytes())
    }

    /// Whether the change touches a node: adds one of its lines, or takes something out of it.
    pub(super) fn touch(&self, node: Node<'_>) -> bool {
        let (first, last) = (line_of(node.start_position().row), line_of(node.end_position().row));
        self.added.range(first..=last).next().is_some()
            || (first < last && self.cut.range(first + 1..=last).next().is_some())
    }
}

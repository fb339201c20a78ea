//! The lines that a diff adds, and the places where it takes some away: what the checks of a change read.

use std::collections::BTreeMap;

use super::diff::{hunks, sideless, unquoted};
use crate::code::Lines;

/// A line that a diff adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddedLine<'a> {
    /// The file, as it is named after the change.
    pub(crate) path: &'a str,
    /// From 1, in the file after the change.
    pub(crate) number: u32,
    /// The text without its end of line.
    pub(crate) text: &'a str,
}

/// What a diff adds and takes away.
#[derive(Debug, Default)]
pub(crate) struct Added<'a> {
    /// The added lines in order; a path that git quotes stays quoted here.
    pub(crate) lines: Vec<AddedLine<'a>>,
    by_path: BTreeMap<String, Lines>,
}

impl Added<'_> {
    /// What was changed in a file, by its real name.
    pub(crate) fn of(&self, path: &str) -> Lines {
        self.by_path.get(path).cloned().unwrap_or_default()
    }
}

/// Reads a unified diff as `git diff` prints it.
pub(crate) fn added(diff: &str) -> Added<'_> {
    let mut found = Added::default();
    for hunk in hunks(diff) {
        let path = sideless(hunk.after, "b/");
        // An empty side is named by the line before it.
        let mut number = if hunk.new_count == 0 { hunk.new_start + 1 } else { hunk.new_start };
        for line in hunk.lines {
            if line.on_new && !line.on_old {
                let text = line.text.trim_end_matches('\n');
                let text = text.strip_suffix('\r').unwrap_or(text);
                found.lines.push(AddedLine { path, number, text });
                found.by_path.entry(unquoted(path)).or_default().added.insert(number);
            } else if !line.on_new {
                found.by_path.entry(unquoted(path)).or_default().cut.insert(number);
            }
            number += u32::from(line.on_new);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_are_found_with_their_file_and_number() {
        let diff = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@\n one\n+++ not a header\n-gone\n+new\n";
        let found = added(diff);
        let lines: Vec<_> = found.lines.iter().map(|l| (l.path, l.number, l.text)).collect();
        assert_eq!(lines, [("a.py", 2, "++ not a header"), ("a.py", 3, "new")]);
        let lines = found.of("a.py");
        assert_eq!((lines.added, lines.cut), ([2, 3].into(), [3].into()));
    }

    #[test]
    fn lines_that_are_taken_away_at_the_end_belong_to_their_own_file() {
        let diff = "--- a/a.py\n+++ b/a.py\n@@ -1,3 +1 @@\n def f():\n-    x\n-    y\n--- a/b.py\n+++ b/b.py\n@@ -0,0 +1 @@\n+z\n";
        let found = added(diff);
        assert_eq!(found.of("a.py").cut, [2].into());
        assert_eq!(found.of("b.py").added, [1].into());
    }

    #[test]
    fn a_path_that_git_quotes_is_known_by_its_real_name() {
        let diff = "--- /dev/null\n+++ \"b/gr\\303\\274n.py\"\n@@ -0,0 +1 @@\n+x = 1\n";
        assert_eq!(added(diff).of("grün.py").added, [1].into());
    }
}

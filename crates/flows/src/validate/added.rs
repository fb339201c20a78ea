//! The lines that a diff adds, and the places where it takes some away: what the checks of a change read.

use std::collections::BTreeMap;

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
    let mut path = "";
    let mut number = 0;
    // Lines of the current hunk still to come on each side: inside a hunk `+++ x` is content, not a header.
    let (mut old_left, mut new_left) = (0_u32, 0_u32);
    for line in diff.lines() {
        if old_left == 0 && new_left == 0 {
            if let Some(name) = line.strip_prefix("+++ ") {
                let name = name.trim_end_matches('\t').trim_matches('"');
                path = name.strip_prefix("b/").unwrap_or(name);
            } else if let Some((old, _, start, new)) = sides(line) {
                // An empty side is named by the line before it.
                number = if new == 0 { start + 1 } else { start };
                (old_left, new_left) = (old, new);
            }
            continue;
        }
        match line.as_bytes().first() {
            Some(b'+') => {
                found.lines.push(AddedLine { path, number, text: &line[1..] });
                found.by_path.entry(unquoted(path)).or_default().added.insert(number);
                number += 1;
                new_left = new_left.saturating_sub(1);
            }
            Some(b'-') => {
                found.by_path.entry(unquoted(path)).or_default().cut.insert(number);
                old_left = old_left.saturating_sub(1);
            }
            Some(b' ') | None => {
                number += 1;
                (old_left, new_left) = (old_left.saturating_sub(1), new_left.saturating_sub(1));
            }
            _ => {}
        }
    }
    found
}

/// The old side's length and start and the new one's start and length in `@@ -1,2 +3,4 @@`.
pub(super) fn sides(line: &str) -> Option<(u32, u32, u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let new = rest.split_once(" @@")?.0;
    let (old_start, old_count) = old.split_once(',').unwrap_or((old, "1"));
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    Some((old_count.parse().ok()?, old_start.parse().ok()?, start.parse().ok()?, count.parse().ok()?))
}

/// A path as it is, where git printed it with escapes.
pub(super) fn unquoted(path: &str) -> String {
    if !path.contains('\\') {
        return path.to_owned();
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for next in rest.by_ref().take(2) {
                    value = value * 8 + u32::from(next.saturating_sub(b'0'));
                }
                bytes.push(u8::try_from(value & 0xff).unwrap_or(b'?'));
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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

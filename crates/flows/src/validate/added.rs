//! The lines that a diff adds: what the placeholder and secret checks read.

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

/// Reads a unified diff as `git diff` prints it.
pub(crate) fn added_lines(diff: &str) -> Vec<AddedLine<'_>> {
    let mut lines = Vec::new();
    let mut path = "";
    let mut number = 0;
    // Lines of the current hunk still to come on the new side: inside a hunk `+++ x` is content, not a header.
    let mut left = 0_u32;
    for line in diff.lines() {
        if left == 0 {
            if let Some(name) = line.strip_prefix("+++ ") {
                let name = name.trim_end_matches('\t').trim_matches('"');
                path = name.strip_prefix("b/").unwrap_or(name);
            } else if let Some((start, count)) = new_side(line) {
                (number, left) = (start, count);
            }
            continue;
        }
        match line.as_bytes().first() {
            Some(b'+') => {
                lines.push(AddedLine { path, number, text: &line[1..] });
                number += 1;
                left -= 1;
            }
            Some(b' ') | None => {
                number += 1;
                left -= 1;
            }
            _ => {}
        }
    }
    lines
}

/// Start and length of the new side in `@@ -1,2 +3,4 @@`.
fn new_side(line: &str) -> Option<(u32, u32)> {
    let range = line.strip_prefix("@@ -")?.split_once(" +")?.1.split_once(" @@")?.0;
    let (start, count) = range.split_once(',').unwrap_or((range, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_are_found_with_their_file_and_number() {
        let diff = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,3 @@\n one\n+++ not a header\n-gone\n+new\n";
        let found: Vec<_> = added_lines(diff).into_iter().map(|l| (l.path, l.number, l.text)).collect();
        assert_eq!(found, [("a.py", 2, "++ not a header"), ("a.py", 3, "new")]);
    }
}

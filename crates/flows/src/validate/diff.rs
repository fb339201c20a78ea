//! A unified diff as `git diff` prints it, hunk by hunk.

/// A hunk as it stands in a diff.
#[derive(Debug)]
pub(super) struct Hunk<'a> {
    /// The file before and after, as git shows it: with its side, and quoted where it must be.
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    /// Where it begins on each side; an empty side is named by the line before it.
    pub(super) old_start: u32,
    pub(super) new_start: u32,
    pub(super) lines: Vec<Line<'a>>,
    /// How many lines of the new side it says that it has.
    pub(super) new_count: u32,
    /// Whether the diff goes on to its end.
    pub(super) is_whole: bool,
}

/// A line of a hunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) on_old: bool,
    pub(super) on_new: bool,
    /// With its end, where it has one in the file.
    pub(super) text: &'a str,
}

/// The hunks of a diff, in its order.
pub(super) fn hunks(diff: &str) -> Vec<Hunk<'_>> {
    let mut found: Vec<Hunk<'_>> = Vec::new();
    let (mut before, mut after) = ("", "");
    // Lines of the current hunk still to come on each side: inside of it `+++ x` is content, not a header.
    let (mut old_left, mut new_left) = (0_u32, 0_u32);
    for line in diff.split_inclusive('\n') {
        // Stands behind the last line of a side, so also behind the last of a hunk.
        if line.starts_with('\\') {
            if let Some(last) = found.last_mut().and_then(|hunk| hunk.lines.last_mut()) {
                last.text = last.text.trim_end_matches('\n');
            }
            continue;
        }
        if old_left == 0 && new_left == 0 {
            let bare = line.trim_end_matches(['\n', '\r']);
            if let Some(name) = bare.strip_prefix("--- ") {
                before = name;
            } else if let Some(name) = bare.strip_prefix("+++ ") {
                after = name;
            } else if let Some((old_count, old_start, new_start, new_count)) = sides(bare) {
                let is_whole = old_count == 0 && new_count == 0;
                let lines = Vec::new();
                found.push(Hunk { before, after, old_start, new_start, lines, new_count, is_whole });
                (old_left, new_left) = (old_count, new_count);
            }
            continue;
        }
        let (on_old, on_new, text) = match line.as_bytes().first() {
            Some(b'-') => (true, false, &line[1..]),
            Some(b'+') => (false, true, &line[1..]),
            Some(b' ') => (true, true, &line[1..]),
            // An empty line, of which some settings of git leave out the space too.
            Some(b'\n' | b'\r') => (true, true, line),
            _ => continue,
        };
        old_left = old_left.saturating_sub(u32::from(on_old));
        new_left = new_left.saturating_sub(u32::from(on_new));
        if let Some(hunk) = found.last_mut() {
            hunk.lines.push(Line { on_old, on_new, text });
            hunk.is_whole = old_left == 0 && new_left == 0;
        }
    }
    found
}

/// The old side's length and start and the new one's start and length in `@@ -1,2 +3,4 @@`.
fn sides(line: &str) -> Option<(u32, u32, u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let new = rest.split_once(" @@")?.0;
    let (old_start, old_count) = old.split_once(',').unwrap_or((old, "1"));
    let (start, count) = new.split_once(',').unwrap_or((new, "1"));
    Some((old_count.parse().ok()?, old_start.parse().ok()?, start.parse().ok()?, count.parse().ok()?))
}

/// A shown path without its side: `b/x` has a tab behind it where there is a space in it, and quotes where git escapes it.
pub(super) fn sideless<'a>(shown: &'a str, side: &str) -> &'a str {
    let shown = shown.trim_end_matches('\t').trim_matches('"');
    shown.strip_prefix(side).unwrap_or(shown)
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
